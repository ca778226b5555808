// Keys: loading, refusing, generating, and agreement with the openssl program.
#include <gtest/gtest.h>

#include "common/text.h"
#include "tests/sign/keys.h"

namespace tally {
namespace {

using test::MustRead;
using test::MustReadText;
using test::NewSigner;
using test::Openssl;
using test::Replaced;
using test::Scratch;

constexpr const char* kNotWanted = ", expected ECDSA P-256 or Ed25519";

std::string KeyFailureOf(const Result<PublicKey>& key) {
  if (key) return "";
  EXPECT_EQ(key.error().code(), ErrorCode::kInput);
  return key.error().ToString();
}

std::string SignerFailureOf(std::string_view pem) {
  const Result<FileSigner> signer = FileSigner::FromPem(pem);
  if (signer) return "";
  EXPECT_EQ(signer.error().code(), ErrorCode::kInput);
  return signer.error().ToString();
}

class EveryKeyType : public testing::TestWithParam<KeyType> {};
INSTANTIATE_TEST_SUITE_P(Keys, EveryKeyType,
                         testing::Values(KeyType::kEcdsaP256,
                                         KeyType::kEd25519));

TEST_P(EveryKeyType, SignsWhatItsPublicHalfVerifies) {
  const FileSigner signer = NewSigner(GetParam());
  const Bytes signature = signer.Sign(AsBytes("message")).value();
  EXPECT_EQ(signer.public_key().type(), GetParam());
  EXPECT_TRUE(signer.public_key().Verify(AsBytes("message"), signature));
}

TEST_P(EveryKeyType, RejectsAnyOtherMessageSignatureOrKey) {
  const FileSigner signer = NewSigner(GetParam());
  const PublicKey& key = signer.public_key();
  const Bytes signature = signer.Sign(AsBytes("message")).value();
  const Status status = key.Verify(AsBytes("massage"), signature);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kMismatch);
  EXPECT_EQ(status.error().ToString(), "the signature is not by " +
                                           KeyTypeName(GetParam()) + " key " +
                                           key.hint() + " over these bytes");
  for (size_t i = 0; i < signature.size(); ++i) {
    Bytes changed = signature;
    changed[i] ^= 1;
    EXPECT_FALSE(key.Verify(AsBytes("message"), changed)) << i;
  }
  Bytes longer = signature;
  longer.push_back(0);
  EXPECT_FALSE(key.Verify(AsBytes("message"), longer));
  EXPECT_FALSE(key.Verify(AsBytes("message"), {}));
  EXPECT_FALSE(
      NewSigner(GetParam()).public_key().Verify(AsBytes("message"), signature));
}

TEST_P(EveryKeyType, PublicPemComesBack) {
  const KeyPair pair = GenerateKey(GetParam()).value();
  const PublicKey key = PublicKey::FromPem(pair.public_pem).value();
  EXPECT_EQ(key.pem(), pair.public_pem);
  EXPECT_EQ(PublicKey::FromSpki(key.spki()).value(), key);
  EXPECT_EQ(PublicKey::FromPem(pair.private_pem).value(), key);
  EXPECT_EQ(FileSigner::FromPem(pair.private_pem).value().public_key(), key);
}

TEST_P(EveryKeyType, OpensslReadsWhatWeGenerate) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  const KeyPair pair = GenerateKey(GetParam()).value();
  EXPECT_TRUE(pair.private_pem.starts_with("-----BEGIN PRIVATE KEY-----\n"));
  scratch.Write("key.pem", pair.private_pem);
  const ToolOutput output =
      Openssl(openssl, scratch.path(), {"pkey", "-in", "key.pem", "-pubout"});
  EXPECT_EQ(output.stdout_text, pair.public_pem) << output.stderr_text;
}

TEST(GenerateKey, DrawsAFreshKeyEachTime) {
  EXPECT_NE(GenerateKey(KeyType::kEcdsaP256)->private_pem,
            GenerateKey(KeyType::kEcdsaP256)->private_pem);
}

TEST(FileSigner, OpensslVerifiesItsSignature) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  const FileSigner signer = NewSigner();
  scratch.Write("key.pub", signer.public_key().pem());
  scratch.Write("message", "message");
  scratch.Write("signature", signer.Sign(AsBytes("message")).value());
  const ToolOutput output = Openssl(openssl, scratch.path(),
                                    {"dgst", "-sha256", "-verify", "key.pub",
                                     "-signature", "signature", "message"});
  EXPECT_EQ(output.stdout_text, "Verified OK\n") << output.stderr_text;
}

// origin: RFC 8032 section 7.1, test 2.
TEST(FileSigner, MatchesTheEd25519Vector) {
  const Bytes pkcs8 = ParseHex(
                          "302e020100300506032b657004220420"
                          "4ccd089b28ff96da9db6c346ec114e0f"
                          "5b8a319f35aba624da8cf6ed4fb8a6fb")
                          .value();
  const FileSigner signer =
      FileSigner::FromPem("-----BEGIN PRIVATE KEY-----\n" + Base64(pkcs8) +
                          "\n-----END PRIVATE KEY-----\n")
          .value();
  EXPECT_EQ(Hex(signer.public_key().spki()).substr(24),
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c");
  const Bytes message = {0x72};
  EXPECT_EQ(Hex(signer.Sign(message).value()),
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00");
}

// origin: sigstore-conformance, managed-key-happy-path: the hint of the bundle
// is that of the key beside it.
TEST(PublicKey, HintIsWhatSigstoreWrites) {
  TALLY_NEED_VECTOR(path,
                    "signing/sigstore-conformance/test/assets/bundle-verify/"
                    "managed-key-happy-path/key.pub");
  EXPECT_EQ(PublicKey::Load(path)->hint(),
            "TLMsSDfG3ajPsWge+z/vX5T/zluXnmvbkTkwLIV68Tk=");
}

TEST(PublicKey, RejectsAPointThatIsNotOnTheCurve) {
  TALLY_NEED_VECTOR(path,
                    "signing/sigstore-conformance/test/assets/bundle-verify/"
                    "managed-key-wrong-key_fail/key.pub");
  EXPECT_EQ(KeyFailureOf(PublicKey::Load(path)),
            "the public key is malformed\n  while reading key '" +
                path.string() + "'");
  Bytes spki = NewSigner().public_key().spki();
  spki[90] ^= 1;
  EXPECT_EQ(KeyFailureOf(PublicKey::FromSpki(spki)),
            "the public key is not a point of its curve");
}

TEST(PublicKey, RejectsOtherTypesWithTheReason) {
  TALLY_NEED_VECTOR(path, "signing/real-tool-outputs/cosign-3.1.1");
  EXPECT_EQ(KeyFailureOf(PublicKey::FromPem(MustReadText(path / "rsa.pub"))),
            std::string("found RSA key of 3072 bits") + kNotWanted);
  const Result<PublicKey> p384 =
      PublicKey::FromPem(MustReadText(path / "p384.pub"));
  EXPECT_EQ(KeyFailureOf(p384),
            std::string("found EC key on curve 'secp384r1'") + kNotWanted);
  EXPECT_EQ(p384.error().hints(),
            std::vector<std::string>{
                "other keys do not verify in every client (P-384 with SHA-384 "
                "fails in cosign); 'tally keygen' makes a good one"});
}

TEST(PublicKey, RejectsWhatIsNotAKey) {
  EXPECT_EQ(KeyFailureOf(PublicKey::FromPem("hello")),
            "not a PEM file, expected '-----BEGIN PUBLIC KEY-----' or "
            "'-----BEGIN PRIVATE KEY-----'");
  EXPECT_EQ(KeyFailureOf(PublicKey::FromPem("-----BEGIN CERTIFICATE-----\n")),
            "found PEM 'CERTIFICATE', expected 'PUBLIC KEY' or 'PRIVATE KEY'");
  EXPECT_EQ(KeyFailureOf(PublicKey::FromPem("-----BEGIN PUBLIC KEY-----\nAAAA\n"
                                            "-----END PUBLIC KEY-----\n")),
            "the public key is malformed");
  EXPECT_EQ(KeyFailureOf(PublicKey::FromPem("-----BEGIN ")),
            "found PEM '', expected 'PUBLIC KEY' or 'PRIVATE KEY'");
  EXPECT_EQ(KeyFailureOf(PublicKey::FromPem(std::string(70000, 'x'))),
            "PEM text is too long");
}

TEST(PublicKey, RejectsOtherEncodingsOfTheSameKey) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  scratch.Write("key.pem", GenerateKey(KeyType::kEcdsaP256)->private_pem);
  const ToolOutput output =
      Openssl(openssl, scratch.path(),
              {"ec", "-in", "key.pem", "-pubout", "-conv_form", "compressed"});
  ASSERT_EQ(output.exit_status, 0) << output.stderr_text;
  EXPECT_EQ(KeyFailureOf(PublicKey::FromPem(output.stdout_text)),
            "found another encoding, expected the public key as a "
            "SubjectPublicKeyInfo of ECDSA P-256 (named curve, uncompressed "
            "point) or Ed25519");
}

TEST(PublicKey, LoadNamesTheFile) {
  const Scratch scratch;
  const fs::path path = scratch.Write("key", "hello");
  EXPECT_EQ(KeyFailureOf(PublicKey::Load(path)),
            "not a PEM file, expected '-----BEGIN PUBLIC KEY-----' or "
            "'-----BEGIN PRIVATE KEY-----'\n  while reading key '" +
                path.string() + "'");
}

TEST(FileSigner, LoadsFromAFile) {
  const Scratch scratch;
  const KeyPair pair = GenerateKey(KeyType::kEcdsaP256).value();
  const fs::path path = scratch.Write("key.pem", pair.private_pem);
  EXPECT_EQ(FileSigner::Load(path)->public_key().pem(), pair.public_pem);
  EXPECT_EQ(PublicKey::Load(path)->pem(), pair.public_pem);
}

TEST(FileSigner, ReadsTheFormsThatOpensslWrites) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {"ecparam", "-name", "prime256v1", "-genkey"},
           {"ecparam", "-name", "prime256v1", "-genkey", "-noout"},
           {"genpkey", "-algorithm", "EC", "-pkeyopt",
            "ec_paramgen_curve:P-256"},
           {"genpkey", "-algorithm", "ED25519"}}) {
    const ToolOutput output = Openssl(openssl, scratch.path(), args);
    ASSERT_EQ(output.exit_status, 0) << output.stderr_text;
    EXPECT_EQ(SignerFailureOf(output.stdout_text), "") << args[0];
  }
}

TEST(FileSigner, RejectsEncryptedKeysWithoutAsking) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  scratch.Write("key.pem", GenerateKey(KeyType::kEcdsaP256)->private_pem);
  for (const std::vector<std::string>& args :
       std::vector<std::vector<std::string>>{
           {"pkey", "-in", "key.pem", "-aes256", "-passout", "pass:x"},
           {"ec", "-in", "key.pem", "-aes256", "-passout", "pass:x"}}) {
    const ToolOutput output = Openssl(openssl, scratch.path(), args);
    ASSERT_EQ(output.exit_status, 0) << output.stderr_text;
    EXPECT_EQ(SignerFailureOf(output.stdout_text),
              "the private key is encrypted, expected a plain one");
    EXPECT_EQ(KeyFailureOf(PublicKey::FromPem(output.stdout_text)),
              "the private key is encrypted, expected a plain one");
  }
  const Result<FileSigner> cosign =
      FileSigner::FromPem("-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n");
  ASSERT_FALSE(cosign);
  EXPECT_EQ(cosign.error().message(),
            "the private key is encrypted, expected a plain one");
  EXPECT_EQ(cosign.error().hints(),
            std::vector<std::string>{
                "decrypt it into a file that only you can read: openssl pkey "
                "-in KEY -out PLAIN"});
}

TEST(FileSigner, RejectsOtherTypes) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  const ToolOutput p384 = Openssl(openssl, scratch.path(),
                                  {"ecparam", "-name", "secp384r1", "-genkey"});
  EXPECT_EQ(SignerFailureOf(p384.stdout_text),
            std::string("found EC key on curve 'secp384r1'") + kNotWanted);
  const ToolOutput rsa = Openssl(openssl, scratch.path(),
                                 {"genpkey", "-algorithm", "RSA", "-pkeyopt",
                                  "rsa_keygen_bits:2048", "-quiet"});
  if (rsa.exit_status == 0) {
    EXPECT_EQ(SignerFailureOf(rsa.stdout_text),
              std::string("found RSA key of 2048 bits") + kNotWanted);
  }
}

TEST(FileSigner, RejectsAPublicKeyAndDamage) {
  const KeyPair pair = GenerateKey(KeyType::kEcdsaP256).value();
  EXPECT_EQ(SignerFailureOf(pair.public_pem),
            "found a public key, expected a private key");
  EXPECT_EQ(SignerFailureOf(Replaced(pair.private_pem, "M", "!")),
            "the private key is malformed");
  EXPECT_EQ(SignerFailureOf(pair.private_pem.substr(0, 60)),
            "the private key is malformed");
}

}  // namespace
}  // namespace tally
