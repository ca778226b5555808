#include "formats/tpm_attest.h"

#include <gtest/gtest.h>

#include <string>

#include "common/json.h"
#include "common/text.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

// Written field by field with python3 struct after Part 2, all fields distinct:
//   pack('>IH', 0xff544347, 0x8018), pack('>H3s', 3, b'sig'),
//   pack('>H5s', 5, b'extra'), pack('>QIIB', 0x0102030405060708, 0x11121314,
//   0x21222324, 1), pack('>Q', 0x3132333435363738), pack('>I', 2),
//   pack('>HB3s', 0xb, 3, b'\x91\x00\x80'), pack('>HB4s', 4, 4, b'\x01\0\0\0'),
//   pack('>H4s', 4, b'\xd1\xd2\xd3\xd4')
constexpr const char* kQuote =
    "ff54434780180003736967000565787472610102030405060708111213142122232401"
    "313233343536373800000002000b0391008000040401000000"
    "0004d1d2d3d4";

TpmQuote ExampleQuote() {
  return {.qualified_signer = ToBytes(AsBytes("sig")),
          .extra_data = ToBytes(AsBytes("extra")),
          .clock_info = {.clock = 0x0102030405060708,
                         .reset_count = 0x11121314,
                         .restart_count = 0x21222324,
                         .safe = true},
          .firmware_version = 0x3132333435363738,
          .pcr_select = {{.hash = HashAlgorithm::kSha256, .pcrs = 0x800091},
                         {.hash = HashAlgorithm::kSha1,
                          .pcrs = 1,
                          .select_bytes = 4}},
          .pcr_digest = {0xd1, 0xd2, 0xd3, 0xd4}};
}

// AttestRefusal parses the example with bytes replaced at `offset`.
std::string AttestRefusal(size_t offset, const Bytes& replacement) {
  Bytes bytes = ParseHex(kQuote).value();
  std::copy(replacement.begin(), replacement.end(),
            bytes.begin() + static_cast<ptrdiff_t>(offset));
  const auto quote = ParseTpmQuote(bytes);
  return quote ? "accepted" : quote.error().message();
}

TEST(TpmQuote, HasTheBytesOfTheSpecification) {
  const Bytes bytes = ParseHex(kQuote).value();
  EXPECT_EQ(EncodeTpmQuote(ExampleQuote()), bytes);
  const auto quote = ParseTpmQuote(bytes);
  ASSERT_TRUE(quote) << quote.error().ToString();
  EXPECT_EQ(*quote, ExampleQuote());
}

TEST(TpmQuote, SelectsBankAfterBankInAscendingOrder) {
  EXPECT_EQ(SelectedPcrs(ExampleQuote().pcr_select),
            (std::vector<TpmPcr>{{HashAlgorithm::kSha256, 0},
                                 {HashAlgorithm::kSha256, 4},
                                 {HashAlgorithm::kSha256, 7},
                                 {HashAlgorithm::kSha256, 23},
                                 {HashAlgorithm::kSha1, 0}}));
}

TEST(TpmQuote, RejectsEachFlaw) {
  EXPECT_EQ(AttestRefusal(0, {0xfe}),
            "tpm quote: magic at 0x0: found 0xfe544347, expected 0xff544347 "
            "(TPM_GENERATED_VALUE)");
  EXPECT_EQ(AttestRefusal(4, {0x80, 0x17}),
            "tpm quote: type at 0x4: found 0x8017, expected 0x8018 "
            "(TPM_ST_ATTEST_QUOTE)");
  EXPECT_EQ(AttestRefusal(6, {0, 67}),
            "tpm quote: qualifiedSigner at 0x6: found 67, expected at most 66");
  EXPECT_EQ(AttestRefusal(11, {0xff, 0xff}),
            "tpm quote: extraData at 0xb: found 65535, expected at most 66");
  EXPECT_EQ(AttestRefusal(34, {2}),
            "tpm quote: safe at 0x22: found 2, expected at most 1");
  EXPECT_EQ(AttestRefusal(43, {0, 0, 0, 17}),
            "tpm quote: pcrSelections at 0x2b: found 17, expected at most 16");
  EXPECT_EQ(AttestRefusal(43, {0, 0, 0, 0}),
            "tpm quote: pcrSelections at 0x2b: found 0, expected at least one "
            "bank");
  EXPECT_EQ(AttestRefusal(47, {0, 0x12}),
            "tpm quote: hash at 0x2f: found algorithm sm3_256, expected sha1, "
            "sha256, sha384 or sha512");
  EXPECT_EQ(AttestRefusal(49, {5}),
            "tpm quote: sizeofSelect at 0x31: found 5, expected 3 or 4");
  EXPECT_EQ(AttestRefusal(53, {0, 0xb}),
            "tpm quote: hash at 0x35: found bank 'sha256' twice");
  EXPECT_EQ(AttestRefusal(59, {1}),
            "tpm quote: pcrSelect at 0x3b: found 0x1, expected zero");
  EXPECT_EQ(AttestRefusal(60, {0, 65}),
            "tpm quote: pcrDigest at 0x3c: found 65, expected at most 64");
  EXPECT_EQ(AttestRefusal(60, {0, 3}),
            "tpm quote: end at 0x41: 1 trailing bytes, expected the end of the "
            "data");
}

TEST(TpmQuote, RejectsEveryTruncation) {
  const Bytes bytes = ParseHex(kQuote).value();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseTpmQuote(ByteSpan(bytes).first(size))) << size;
  }
}

TEST(TpmQuote, ReadsAndWritesTheQuotesOfAzure) {
  for (const char* name : {"evidence-v1.json", "evidence-v2.json"}) {
    TALLY_NEED_VECTOR(path, std::string("azure-vtpm/trustee/") + name);
    const Bytes file = test::MustRead(path);
    const Json evidence = ParseJson(AsText(file)).value();
    const Bytes message =
        ParseHex(*evidence.Find("tpm_quote")->Find("message")->text()).value();
    const auto quote = ParseTpmQuote(message);
    ASSERT_TRUE(quote) << quote.error().ToString();
    EXPECT_EQ(EncodeTpmQuote(*quote), message);
    EXPECT_EQ(quote->pcr_select, (std::vector<TpmPcrBank>{{.pcrs = 0xffffff}}));
    EXPECT_EQ(quote->qualified_signer.size(), 34u);
  }
}

TEST(TpmSignature, HasTheBytesOfTheSpecification) {
  const TpmSignature rsa = {.scheme = TpmSignatureScheme::kRsaPss,
                            .hash = HashAlgorithm::kSha384,
                            .value = TpmRsaSignature{{1, 2, 3}}};
  EXPECT_EQ(Hex(EncodeTpmSignature(rsa)), "0016000c0003010203");
  EXPECT_EQ(ParseTpmSignature(EncodeTpmSignature(rsa)).value(), rsa);
  const TpmSignature ecdsa = {.scheme = TpmSignatureScheme::kEcdsa,
                              .hash = HashAlgorithm::kSha256,
                              .value = TpmEcdsaSignature{{1, 2}, {3}}};
  EXPECT_EQ(Hex(EncodeTpmSignature(ecdsa)), "0018000b00020102000103");
  EXPECT_EQ(ParseTpmSignature(EncodeTpmSignature(ecdsa)).value(), ecdsa);
}

TEST(TpmSignature, RejectsEachFlaw) {
  const auto refusal = [](const char* hex) {
    const auto signature = ParseTpmSignature(ParseHex(hex).value());
    return signature ? "accepted" : signature.error().message();
  };
  EXPECT_EQ(refusal("0005000b0000"),
            "tpm signature: sigAlg at 0x0: found 0x5, expected 0x14 (RSASSA), "
            "0x16 (RSAPSS) or 0x18 (ECDSA)");
  EXPECT_EQ(refusal("001400100000"),
            "tpm signature: hash at 0x2: found algorithm 0x10, expected sha1, "
            "sha256, sha384 or sha512");
  EXPECT_EQ(refusal("0014000b0201"),
            "tpm signature: sig at 0x4: found 513, expected at most 512");
  EXPECT_EQ(refusal("0018000b0043"),
            "tpm signature: signatureR at 0x4: found 67, expected at most 66");
  EXPECT_EQ(refusal("0014000b0001aabb"),
            "tpm signature: end at 0x7: 1 trailing bytes, expected the end of "
            "the data");
  EXPECT_EQ(refusal(""), "tpm signature: sigAlg at 0x0: needs 2 bytes, 0 left");
}

}  // namespace
}  // namespace tally
