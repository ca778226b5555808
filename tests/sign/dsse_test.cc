#include "sign/dsse.h"

#include <gtest/gtest.h>

#include "common/text.h"
#include "tests/sign/keys.h"

namespace tally {
namespace {

using test::NewSigner;
using test::Openssl;
using test::Replaced;
using test::Scratch;

// origin: secure-systems-lab/dsse protocol.md, "Test Vectors". The signature
// there is the raw r || s; here it is the same pair in DER, as sigstore wants.
constexpr std::string_view kVectorType = "http://example.com/HelloWorld";
constexpr std::string_view kVectorEnvelope =
    R"({"payload": "aGVsbG8gd29ybGQ=",
 "payloadType": "http://example.com/HelloWorld",
 "signatures": [{"sig": "A3JqsQGtVsJ2O2xqrI5IcnXip5GToJ3F+FnZ+O88SjtR6rDAajabZKciJTfUiHqJPcIAriEGAHTVeCUjW2JIZA=="}]})";
// X and Y of the vector, in hexadecimal, as a SubjectPublicKeyInfo.
constexpr std::string_view kVectorSpki =
    "3059301306072a8648ce3d020106082a8648ce3d03010703420004"
    "67cd390f77aa359cb08c2235f652270493a9ed832b0abcc01f70954c0390d238"
    "0c782bd54e269125a44f4433aff1432ce94e12bca73aa67ac80cea12608ddf74";

DsseEnvelope Parsed(std::string_view text) {
  return ParseDsse(ParseJson(text).value()).value();
}

std::string EnvelopeFailureOf(std::string_view text) {
  const Result<DsseEnvelope> envelope = ParseDsse(ParseJson(text).value());
  if (envelope) return "";
  EXPECT_EQ(envelope.error().code(), ErrorCode::kInput);
  return envelope.error().ToString();
}

TEST(Dsse, MatchesTheSpecificationsPreAuthEncoding) {
  EXPECT_EQ(AsText(PreAuthEncoding(kVectorType, AsBytes("hello world"))),
            "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
}

TEST(Dsse, CountsBytesAndHasNoLeadingZeros) {
  EXPECT_EQ(AsText(PreAuthEncoding("", {})), "DSSEv1 0  0 ");
  EXPECT_EQ(AsText(PreAuthEncoding("\xc3\xa9", AsBytes(std::string(10, 'x')))),
            "DSSEv1 2 \xc3\xa9 10 xxxxxxxxxx");
}

TEST(Dsse, VerifiesTheSpecificationsEnvelope) {
  DsseEnvelope envelope = Parsed(kVectorEnvelope);
  EXPECT_EQ(AsText(envelope.payload), "hello world");
  EXPECT_EQ(envelope.payload_type, kVectorType);
  ASSERT_EQ(envelope.signatures.size(), 1u);
  Bytes& signature = envelope.signatures[0].signature;
  ASSERT_EQ(signature.size(), 64u);
  // Neither r nor s has its high bit set: 30 44 02 20 r 02 20 s.
  ASSERT_LT(signature[0], 0x80);
  ASSERT_LT(signature[32], 0x80);
  ByteWriter der;
  der.U8(0x30).U8(0x44).U8(0x02).U8(0x20);
  der.Raw(ByteSpan(signature).first(32)).U8(0x02).U8(0x20);
  der.Raw(ByteSpan(signature).last(32));
  signature = der.bytes();
  const PublicKey key =
      PublicKey::FromSpki(ParseHex(kVectorSpki).value()).value();
  EXPECT_TRUE(VerifyDsse(envelope, key));
  envelope.payload_type += "2";
  EXPECT_FALSE(VerifyDsse(envelope, key));
}

TEST(Dsse, RoundTrips) {
  const FileSigner signer = NewSigner();
  const DsseEnvelope envelope =
      SignDsse("text/x", AsBytes("payload"), signer).value();
  EXPECT_EQ(ParseDsse(DsseJson(envelope)).value(), envelope);
  EXPECT_TRUE(VerifyDsse(envelope, signer.public_key()));
  EXPECT_EQ(DsseJson(envelope).Canonical().find("keyid"), std::string::npos);
}

TEST(Dsse, OpensslVerifiesOverThePreAuthEncoding) {
  TALLY_NEED_PROGRAM(openssl, "openssl");
  const Scratch scratch;
  const FileSigner signer = NewSigner();
  const DsseEnvelope envelope =
      SignDsse(kInTotoPayloadType, AsBytes("{}"), signer).value();
  scratch.Write("key.pub", signer.public_key().pem());
  scratch.Write("pae", "DSSEv1 28 application/vnd.in-toto+json 2 {}");
  scratch.Write("sig", envelope.signatures[0].signature);
  const ToolOutput output = Openssl(
      openssl, scratch.path(),
      {"dgst", "-sha256", "-verify", "key.pub", "-signature", "sig", "pae"});
  EXPECT_EQ(output.stdout_text, "Verified OK\n") << output.stderr_text;
}

TEST(Dsse, VerifiesIfAnySignatureIsByTheKey) {
  const FileSigner ours = NewSigner();
  const FileSigner other = NewSigner(KeyType::kEd25519);
  DsseEnvelope envelope = SignDsse("t", AsBytes("p"), other).value();
  envelope.signatures.push_back(
      SignDsse("t", AsBytes("p"), ours)->signatures[0]);
  EXPECT_TRUE(VerifyDsse(envelope, ours.public_key()));
  EXPECT_TRUE(VerifyDsse(envelope, other.public_key()));
  EXPECT_FALSE(VerifyDsse(envelope, NewSigner().public_key()));
}

TEST(Dsse, RejectsAChangedPayloadTypeOrSignature) {
  const FileSigner signer = NewSigner();
  const DsseEnvelope envelope = SignDsse("t", AsBytes("p"), signer).value();
  DsseEnvelope changed = envelope;
  changed.payload.push_back('q');
  EXPECT_FALSE(VerifyDsse(changed, signer.public_key()));
  changed = envelope;
  changed.payload_type = "u";
  EXPECT_FALSE(VerifyDsse(changed, signer.public_key()));
  changed = envelope;
  changed.signatures[0].signature[10] ^= 1;
  EXPECT_FALSE(VerifyDsse(changed, signer.public_key()));
  // A keyid is a hint and decides nothing.
  changed = envelope;
  changed.signatures[0].keyid = "someone else";
  EXPECT_TRUE(VerifyDsse(changed, signer.public_key()));
}

TEST(Dsse, RejectsAnEnvelopeWithoutSignature) {
  const Status status =
      VerifyDsse(Parsed(R"({"payload":"","payloadType":"t","signatures":[]})"),
                 NewSigner().public_key());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(), "envelope: no signature");
}

TEST(Dsse, AcceptsBothAlphabets) {
  const Bytes payload = {0xfb, 0xff, 0xfe};
  for (const char* text : {"+//+", "-__-"}) {
    const std::string envelope = std::string(R"({"payload":")") + text +
                                 R"(","payloadType":"t","signatures":[)"
                                 R"({"sig":")" +
                                 text + R"("}]})";
    EXPECT_EQ(Parsed(envelope).payload, payload);
    EXPECT_EQ(Parsed(envelope).signatures[0].signature, payload);
  }
}

TEST(Dsse, PassesOverUnknownFields) {
  EXPECT_EQ(
      EnvelopeFailureOf(R"({"payload":"","payloadType":"t","x":1,)"
                        R"("signatures":[{"keyid":"k","sig":"AA==","y":[]}]})"),
      "");
}

TEST(Dsse, RejectsEachFlaw) {
  constexpr const char* kGood =
      R"({"payload":"AA==","payloadType":"t","signatures":[{"sig":"AA=="}]})";
  EXPECT_EQ(EnvelopeFailureOf(kGood), "");
  const auto with = [&](const char* from, const char* to) {
    return EnvelopeFailureOf(Replaced(kGood, from, to));
  };
  EXPECT_EQ(EnvelopeFailureOf("[]"), "envelope: expected an object");
  EXPECT_EQ(with("payloadType", "p"),
            "envelope: field 'payloadType' is missing, expected text");
  EXPECT_EQ(with("\"t\"", "7"), "envelope: field 'payloadType' is not text");
  EXPECT_EQ(with("\"payload\"", "\"p\""),
            "envelope: field 'payload' is missing, expected text");
  EXPECT_EQ(with("signatures", "s"),
            "envelope: field 'signatures' is missing, expected an array");
  EXPECT_EQ(with("[{\"sig\":\"AA==\"}]", "{}"),
            "envelope: field 'signatures' is missing, expected an array");
  EXPECT_EQ(with("{\"sig\":\"AA==\"}", "7"), "signature: expected an object");
  EXPECT_EQ(with("\"sig\"", "\"s\""),
            "signature: field 'sig' is missing, expected text");
  EXPECT_EQ(with("\"sig\":\"AA==\"", "\"sig\":\"\""),
            "signature: field 'sig' is empty");
  EXPECT_EQ(with("\"sig\"", "\"keyid\":1,\"sig\""),
            "signature: field 'keyid' is not text");
}

TEST(Dsse, RejectsLooseBase64) {
  for (const char* text : {"AA", "AA=", "AB==", "A A==", "A+-A", "_+AA"}) {
    const std::string failure =
        EnvelopeFailureOf(std::string(R"({"payload":")") + text +
                          R"(","payloadType":"t","signatures":[]})");
    EXPECT_TRUE(failure.starts_with("envelope: field 'payload': ")) << failure;
  }
}

}  // namespace
}  // namespace tally
