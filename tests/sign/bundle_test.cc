#include "sign/bundle.h"

#include <gtest/gtest.h>

#include <functional>

#include "common/text.h"
#include "tests/sign/keys.h"

namespace tally {
namespace {

using test::MustRead;
using test::MustReadText;
using test::NewSigner;
using test::Replaced;

constexpr const char* kConformance =
    "signing/sigstore-conformance/test/assets/bundle-verify";
constexpr const char* kCosign = "signing/real-tool-outputs/cosign-3.1.1";

std::string BundleFailureOf(std::string_view text) {
  const Result<Bundle> bundle = ParseBundle(text);
  if (bundle) return "";
  EXPECT_EQ(bundle.error().code(), ErrorCode::kInput);
  return bundle.error().ToString();
}

// MismatchOf returns the text of a failure that must be a mismatch.
template <typename T>
std::string MismatchOf(const Result<T>& result) {
  if (result) return "";
  EXPECT_EQ(result.error().code(), ErrorCode::kMismatch);
  return result.error().ToString();
}

// With parses a bundle, lets `change` at it, and writes it again.
std::string With(const std::string& text,
                 const std::function<void(Json::Object*)>& change) {
  Json value = ParseJson(text).value();
  change(value.object());
  return value.Canonical();
}

Json::Object& Inner(Json::Object* object, const char* key) {
  return *(*object)[key].object();
}

TEST(Bundle, HasExactlyTheDocumentedFields) {
  const FileSigner signer = NewSigner(KeyType::kEd25519);
  const DsseEnvelope envelope =
      SignDsse(kInTotoPayloadType, AsBytes("{}"), signer).value();
  EXPECT_EQ(FormatBundle(envelope, signer.public_key()),
            R"({"dsseEnvelope":{"payload":"e30=","payloadType":)"
            R"("application/vnd.in-toto+json","signatures":[{"sig":")" +
                Base64(envelope.signatures[0].signature) +
                R"("}]},"mediaType":)"
                R"("application/vnd.dev.sigstore.bundle.v0.3+json",)"
                R"("verificationMaterial":{"publicKey":{"hint":")" +
                signer.public_key().hint() + "\"}}}\n");
}

TEST(Bundle, RoundTrips) {
  const FileSigner signer = NewSigner();
  const std::string text = SignBundle("{}", signer).value();
  const Bundle bundle = ParseBundle(text).value();
  EXPECT_EQ(bundle.key_hint, signer.public_key().hint());
  EXPECT_EQ(FormatBundle(*bundle.envelope, signer.public_key()), text);
  const VerifiedStatement verified =
      VerifyBundle(text, signer.public_key()).value();
  EXPECT_EQ(AsText(verified.payload), "{}");
  EXPECT_EQ(verified.payload_type, kInTotoPayloadType);
}

TEST(Bundle, RejectsTamperingAndOtherKeys) {
  const FileSigner signer = NewSigner();
  const PublicKey& key = signer.public_key();
  const std::string text = SignBundle("{}", signer).value();
  const std::string mismatch = "the signature is not by ECDSA P-256 key " +
                               key.hint() + " over these bytes";

  // "{}" becomes "[]".
  EXPECT_EQ(MismatchOf(VerifyBundle(Replaced(text, "e30=", "W10="), key)),
            mismatch);
  EXPECT_EQ(MismatchOf(VerifyBundle(
                Replaced(text, "vnd.in-toto+json", "vnd.in-toto2+json"), key)),
            mismatch);
  Bytes signature = ParseBundle(text)->envelope->signatures[0].signature;
  const std::string good = Base64(signature);
  signature.back() ^= 1;
  EXPECT_EQ(
      MismatchOf(VerifyBundle(Replaced(text, good, Base64(signature)), key)),
      mismatch);

  const FileSigner other = NewSigner();
  const Result<VerifiedStatement> result =
      VerifyBundle(text, other.public_key());
  EXPECT_EQ(MismatchOf(result), "the signature is not by ECDSA P-256 key " +
                                    other.public_key().hint() +
                                    " over these bytes");
  EXPECT_EQ(result.error().hints(),
            std::vector<std::string>{"the bundle says that key '" + key.hint() +
                                     "' signed it"});
}

TEST(Bundle, TheHintDecidesNothing) {
  const FileSigner signer = NewSigner();
  const FileSigner other = NewSigner();
  const std::string text = SignBundle("{}", signer).value();
  const std::string lying =
      Replaced(text, signer.public_key().hint(), other.public_key().hint());
  EXPECT_TRUE(VerifyBundle(lying, signer.public_key()));
  EXPECT_FALSE(VerifyBundle(lying, other.public_key()));
}

// origin: real-tool-outputs/README.txt: written by cosign 3.1.1 (c3.*), or
// accepted by it, except the one whose keyid it does not understand.
TEST(Bundle, VerifiesStatementsOfCosign) {
  TALLY_NEED_VECTOR(dir, kCosign);
  const PublicKey p256 = PublicKey::Load(dir / "p256.pub").value();
  const PublicKey ed = PublicKey::Load(dir / "ed.pub").value();
  for (const char* name :
       {"c3.czi.dsse.json", "p256.dsse.nokeyid.json", "p256.dsse.ssh.json",
        "p256.dsse.json", "m1.json", "m2.json", "m3.json", "m4.json"}) {
    const std::string text = MustReadText(dir / name);
    const Result<VerifiedStatement> verified = VerifyBundle(text, p256);
    ASSERT_TRUE(verified) << name << ": " << verified.error().ToString();
    EXPECT_EQ(verified->payload_type, kInTotoPayloadType);
    EXPECT_TRUE(AsText(verified->payload).starts_with("{\"_type\":"));
    EXPECT_NE(MismatchOf(VerifyBundle(text, ed)), "") << name;
  }
  const std::string text = MustReadText(dir / "ed.dsse.nokeyid.json");
  EXPECT_TRUE(VerifyBundle(text, ed));
  EXPECT_NE(MismatchOf(VerifyBundle(text, p256)), "");
}

// cosign 3.1.1 signs statements with Ed25519ph (RFC 8032 section 5.1) where it
// is given an Ed25519 key, and refuses the result itself.
TEST(Bundle, RejectsEd25519phAsCosignDoes) {
  TALLY_NEED_VECTOR(dir, kCosign);
  const PublicKey ed = PublicKey::Load(dir / "ed.pub").value();
  EXPECT_NE(
      MismatchOf(VerifyBundle(MustReadText(dir / "c3.cze.dsse.json"), ed)), "");
}

TEST(Bundle, VerifiesMessageSignaturesOfCosign) {
  TALLY_NEED_VECTOR(dir, kCosign);
  const Bytes message = MustRead(dir / "art.txt");
  const PublicKey p256 = PublicKey::Load(dir / "p256.pub").value();
  const PublicKey ed = PublicKey::Load(dir / "ed.pub").value();
  for (const char* name : {"c3.czi.msg.json", "p256.msg.json"}) {
    const std::string text = MustReadText(dir / name);
    EXPECT_TRUE(VerifyMessageBundle(text, message, p256)) << name;
    EXPECT_NE(MismatchOf(VerifyMessageBundle(text, AsBytes("x"), p256)), "");
  }
  for (const char* name : {"c3.cze.msg.json", "ed.msg.json"}) {
    EXPECT_TRUE(VerifyMessageBundle(MustReadText(dir / name), message, ed))
        << name;
  }
}

// origin: sigstore-conformance README: the directory's name says the outcome.
TEST(Bundle, AgreesWithTheConformanceSuiteOnManagedKeys) {
  TALLY_NEED_VECTOR(dir, kConformance);
  const Bytes message = MustRead(dir / "a.txt");
  for (const char* name :
       {"managed-key-happy-path", "managed-key-and-trusted-root"}) {
    const PublicKey key = PublicKey::Load(dir / name / "key.pub").value();
    const std::string text = MustReadText(dir / name / "bundle.sigstore.json");
    const Status status = VerifyMessageBundle(text, message, key);
    EXPECT_TRUE(status) << status.error().ToString();
    EXPECT_NE(MismatchOf(
                  VerifyMessageBundle(text, message, NewSigner().public_key())),
              "");
  }
  // The wrong key of that case is not even a key.
  EXPECT_FALSE(PublicKey::Load(dir / "managed-key-wrong-key_fail" / "key.pub"));
}

// Bundles with certificates are not for us to verify, but they parse.
TEST(Bundle, ReadsEveryConformanceBundleOrRefusesItAsTheSuiteDoes) {
  TALLY_NEED_VECTOR(dir, kConformance);
  int num_parsed = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(dir)) {
    if (!entry.is_directory()) continue;
    const std::string name = entry.path().filename();
    const std::string failure =
        BundleFailureOf(MustReadText(entry.path() / "bundle.sigstore.json"));
    if (failure.empty()) {
      ++num_parsed;
    } else {
      EXPECT_TRUE(name.ends_with("_fail")) << name << ": " << failure;
    }
  }
  EXPECT_GT(num_parsed, 50);
  EXPECT_EQ(BundleFailureOf(MustReadText(dir / "bundle-unknown-version_fail" /
                                         "bundle.sigstore.json"))
                .substr(0, 32),
            "bundle: found media type 'applic");
}

TEST(Bundle, RejectsAWrongMessageDigest) {
  TALLY_NEED_VECTOR(dir, kCosign);
  const std::string text =
      With(MustReadText(dir / "p256.msg.json"), [](Json::Object* bundle) {
        Inner(&Inner(bundle, "messageSignature"), "messageDigest")["digest"] =
            Base64(Sha256Digest().span());
      });
  EXPECT_EQ(
      MismatchOf(
          VerifyMessageBundle(text, MustRead(dir / "art.txt"),
                              PublicKey::Load(dir / "p256.pub").value())),
      "message digest in the bundle\n  expected " + Sha256Digest().hex() +
          "\n       got "
          "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03");
}

TEST(Bundle, RejectsTheOtherKindOfContent) {
  const FileSigner signer = NewSigner();
  const std::string text = SignBundle("{}", signer).value();
  const Status status =
      VerifyMessageBundle(text, AsBytes("{}"), signer.public_key());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "bundle: found a statement, expected a message signature "
            "('messageSignature')");
  const std::string message = With(text, [](Json::Object* bundle) {
    bundle->erase("dsseEnvelope");
    (*bundle)["messageSignature"] = Json::Object{{"signature", "AAAA"}};
  });
  const Result<VerifiedStatement> verified =
      VerifyBundle(message, signer.public_key());
  ASSERT_FALSE(verified);
  EXPECT_EQ(verified.error().ToString(),
            "bundle: found a message signature, expected a statement "
            "('dsseEnvelope')");
}

TEST(Bundle, RejectsTwoSignaturesAndNone) {
  const FileSigner signer = NewSigner();
  const std::string text = SignBundle("{}", signer).value();
  const auto with_count = [&](size_t count) {
    return With(text, [&](Json::Object* bundle) {
      Json::Array& signatures =
          *Inner(bundle, "dsseEnvelope")["signatures"].array();
      const Json first = signatures[0];
      signatures.assign(count, first);
    });
  };
  EXPECT_EQ(BundleFailureOf(with_count(2)),
            "bundle: found 2 signatures, expected exactly 1");
  EXPECT_EQ(BundleFailureOf(with_count(0)),
            "bundle: found 0 signatures, expected exactly 1");
  EXPECT_EQ(BundleFailureOf(with_count(1)), "");
}

TEST(Bundle, RejectsEachFlaw) {
  const std::string text = SignBundle("{}", NewSigner()).value();
  const auto with = [&](const std::function<void(Json::Object*)>& change) {
    return BundleFailureOf(With(text, change));
  };
  EXPECT_EQ(BundleFailureOf("[]"), "bundle: expected an object");
  EXPECT_EQ(BundleFailureOf("{").substr(0, 26), "JSON: syntax error at byte");
  EXPECT_EQ(with([](Json::Object* b) { b->erase("mediaType"); }),
            "bundle: field 'mediaType' is missing, expected text");
  EXPECT_EQ(with([](Json::Object* b) { b->erase("verificationMaterial"); }),
            "bundle: field 'verificationMaterial' is missing, expected an "
            "object");
  EXPECT_EQ(with([](Json::Object* b) { b->erase("dsseEnvelope"); }),
            "bundle: expected one of 'dsseEnvelope' and 'messageSignature'");
  EXPECT_EQ(
      with([](Json::Object* b) { (*b)["messageSignature"] = Json::Object(); }),
      "bundle: expected one of 'dsseEnvelope' and 'messageSignature'");
  EXPECT_EQ(with([](Json::Object* b) { (*b)["mediaTypes"] = 1; }),
            "bundle: unknown field 'mediaTypes', did you mean 'mediaType'?");
  EXPECT_EQ(with([](Json::Object* b) { (*b)["mediaType"] = "text/x"; }),
            "bundle: found media type 'text/x', expected "
            "'application/vnd.dev.sigstore.bundle.v0.3+json'");
  EXPECT_EQ(with([](Json::Object* b) {
              Inner(b, "verificationMaterial")["publicKeys"] = 1;
            }),
            "bundle: verificationMaterial: unknown field 'publicKeys', did you "
            "mean 'publicKey'?");
  EXPECT_EQ(with([](Json::Object* b) {
              Inner(&Inner(b, "verificationMaterial"), "publicKey")["hint"] = 1;
            }),
            "bundle: publicKey: field 'hint' is not text");
  EXPECT_EQ(with([](Json::Object* b) { Inner(b, "dsseEnvelope").clear(); }),
            "envelope: field 'payloadType' is missing, expected text");
}

TEST(Bundle, RejectsMessageSignatureFlaws) {
  const std::string text = SignBundle("{}", NewSigner()).value();
  const auto with = [&](Json::Object message) {
    return BundleFailureOf(With(text, [&](Json::Object* bundle) {
      bundle->erase("dsseEnvelope");
      (*bundle)["messageSignature"] = std::move(message);
    }));
  };
  EXPECT_EQ(with({}),
            "bundle: messageSignature: field 'signature' is missing, expected "
            "text");
  EXPECT_EQ(with({{"signature", "AAAA"},
                  {"messageDigest",
                   Json::Object{{"algorithm", "SHA2_256"}, {"digest", 7}}}}),
            "bundle: messageDigest: field 'digest' is not text\n  while "
            "reading the message digest");
  EXPECT_EQ(with({{"signature", "AAAA"},
                  {"messageDigest", Json::Object{{"algorithm", "SHA2_256"},
                                                 {"digest", "AAAA"}}}}),
            "digest has 3 bytes, expected 32\n  while reading the message "
            "digest");
  EXPECT_EQ(with({{"signature", "AAAA"},
                  {"messageDigest", Json::Object{{"algorithm", "SHA2_512"},
                                                 {"digest", "AAAA"}}}}),
            "");
  EXPECT_NE(with({{"signature", "A"}}), "");
}

TEST(Bundle, RejectsOneThatIsTooLong) {
  EXPECT_EQ(BundleFailureOf(std::string((size_t{64} << 20) + 1, ' ')),
            "bundle has 64.0 MiB, expected at most 64.0 MiB");
}

}  // namespace
}  // namespace tally
