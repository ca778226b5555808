#include "formats/dcap_quote.h"

#include <gtest/gtest.h>

#include <string>

#include "common/text.h"
#include "tests/support/make_dcap_quote.h"

namespace tally {
namespace {

using test::Counting;
using test::MakeQuote;
using test::TestQuote;

std::string QuoteRefusal(const Bytes& file) {
  const auto quote = ParseDcapQuote(file);
  return quote ? "accepted" : quote.error().message();
}

std::string QuoteRefusal(const TestQuote& quote) {
  return QuoteRefusal(MakeQuote(quote));
}

// The refusal of a quote with other bytes at `offset`.
std::string QuoteRefusal(const TestQuote& quote, size_t offset,
                         const Bytes& bytes) {
  Bytes file = MakeQuote(quote);
  std::copy(bytes.begin(), bytes.end(),
            file.begin() + static_cast<ptrdiff_t>(offset));
  return QuoteRefusal(file);
}

template <typename T>
std::string HexOf(const T& bytes) {
  return Hex(bytes);
}

TEST(DcapQuote, ReadsEveryFieldOfVersion4) {
  const Bytes file = MakeQuote({});
  const auto quote = ParseDcapQuote(file);
  ASSERT_TRUE(quote) << quote.error().ToString();
  EXPECT_EQ(quote->header.version, 4);
  EXPECT_EQ(quote->header.tee_type, kTeeTypeTdx);
  EXPECT_EQ(quote->header.qe_svn, 0x1111);
  EXPECT_EQ(quote->header.pce_svn, 0x2222);
  EXPECT_EQ(HexOf(quote->header.user_data), HexOf(Counting(20, 0x05)));
  EXPECT_EQ(quote->body_type, 0);
  ASSERT_NE(quote->td(), nullptr);
  const TdReport& td = *quote->td();
  EXPECT_EQ(HexOf(td.tee_tcb_svn), HexOf(Counting(16, 0x01)));
  EXPECT_EQ(HexOf(td.mr_seam), HexOf(Counting(48, 0x11)));
  EXPECT_EQ(HexOf(td.mr_signer_seam), HexOf(Counting(48, 0x21)));
  EXPECT_EQ(HexOf(td.seam_attributes), HexOf(Counting(8, 0x31)));
  EXPECT_EQ(HexOf(td.td_attributes), HexOf(Counting(8, 0x41)));
  EXPECT_EQ(HexOf(td.xfam), HexOf(Counting(8, 0x51)));
  EXPECT_EQ(HexOf(td.mr_td), HexOf(Counting(48, 0x61)));
  EXPECT_EQ(HexOf(td.mr_config_id), HexOf(Counting(48, 0x62)));
  EXPECT_EQ(HexOf(td.mr_owner), HexOf(Counting(48, 0x63)));
  EXPECT_EQ(HexOf(td.mr_owner_config), HexOf(Counting(48, 0x64)));
  for (uint8_t i = 0; i < 4; ++i) {
    EXPECT_EQ(HexOf(td.rt_mr[i]),
              HexOf(Counting(48, static_cast<uint8_t>(0x65 + i))));
  }
  EXPECT_EQ(HexOf(td.report_data), HexOf(Counting(64, 0x71)));
  EXPECT_FALSE(td.version15);
  EXPECT_EQ(quote->signed_bytes.size(), 48u + 584);
  EXPECT_EQ(HexOf(quote->signature), HexOf(Counting(64, 0x03)));
  EXPECT_EQ(HexOf(quote->attestation_key), HexOf(Counting(64, 0x43)));
  EXPECT_EQ(HexOf(quote->qe_report_bytes), HexOf(test::MakeSgxReport({})));
  EXPECT_EQ(HexOf(quote->qe_report_signature), HexOf(Counting(64, 0x83)));
  EXPECT_EQ(HexOf(quote->qe_auth_data), HexOf(Counting(32, 0xc3)));
  EXPECT_EQ(quote->pck_certificates, "certificates");
  EXPECT_EQ(quote->padding_bytes, 0u);
}

TEST(DcapQuote, ReadsWhatTdx15Added) {
  const Bytes file = MakeQuote(test::Tdx15TestQuote());
  const auto quote = ParseDcapQuote(file);
  ASSERT_TRUE(quote) << quote.error().ToString();
  EXPECT_EQ(quote->body_type, 3);
  EXPECT_EQ(quote->signed_bytes.size(), 48u + 6 + 648);
  ASSERT_TRUE(quote->td()->version15);
  EXPECT_EQ(HexOf(quote->td()->version15->tee_tcb_svn2),
            HexOf(Counting(16, 0x81)));
  EXPECT_EQ(HexOf(quote->td()->version15->mr_service_td),
            HexOf(Counting(48, 0x91)));
}

TEST(DcapQuote, ReadsATdx10BodyInVersion5) {
  TestQuote made = test::Tdx15TestQuote();
  made.body_type = 2;
  made.body_size_bytes = 584;
  made.body = test::MakeTdReport(false);
  const Bytes file = MakeQuote(made);
  const auto quote = ParseDcapQuote(file);
  ASSERT_TRUE(quote) << quote.error().ToString();
  EXPECT_FALSE(quote->td()->version15);
}

TEST(DcapQuote, ReadsEveryFieldOfAnSgxReport) {
  const Bytes file = MakeQuote(test::SgxTestQuote());
  const auto quote = ParseDcapQuote(file);
  ASSERT_TRUE(quote) << quote.error().ToString();
  ASSERT_NE(quote->sgx(), nullptr);
  EXPECT_EQ(quote->td(), nullptr);
  const SgxReport& report = *quote->sgx();
  EXPECT_EQ(HexOf(report.cpu_svn), HexOf(Counting(16, 0x10)));
  EXPECT_EQ(report.misc_select, 0x11223344u);
  EXPECT_EQ(HexOf(report.isv_ext_prod_id), HexOf(Counting(16, 0x20)));
  EXPECT_EQ(HexOf(report.attributes), HexOf(Counting(16, 0x30)));
  EXPECT_EQ(HexOf(report.mr_enclave), HexOf(Counting(32, 0x40)));
  EXPECT_EQ(HexOf(report.mr_signer), HexOf(Counting(32, 0x60)));
  EXPECT_EQ(HexOf(report.config_id), HexOf(Counting(64, 0x80)));
  EXPECT_EQ(report.isv_prod_id, 0x0102);
  EXPECT_EQ(report.isv_svn, 0x0304);
  EXPECT_EQ(report.config_svn, 0x0506);
  EXPECT_EQ(HexOf(report.isv_family_id), HexOf(Counting(16, 0x90)));
  EXPECT_EQ(HexOf(report.report_data), HexOf(Counting(64, 0xa0)));
}

TEST(DcapQuote, KnowsDebugAndMigration) {
  SgxReport report;
  EXPECT_FALSE(report.debug());
  report.attributes[0] = 0x02;
  EXPECT_TRUE(report.debug());
  TdReport td;
  EXPECT_FALSE(td.debug());
  EXPECT_FALSE(td.migratable());
  td.td_attributes[0] = 0x80;
  EXPECT_TRUE(td.debug());
  td.td_attributes = {0, 0, 0, 0x20};
  EXPECT_FALSE(td.debug());
  EXPECT_TRUE(td.migratable());
}

TEST(DcapQuote, TakesOneZeroBehindTheCertificatesAndPadding) {
  TestQuote made;
  made.certificates = std::string("pem\0", 4);
  made.trailing = Bytes(70);
  const Bytes file = MakeQuote(made);
  const auto quote = ParseDcapQuote(file);
  ASSERT_TRUE(quote) << quote.error().ToString();
  EXPECT_EQ(quote->pck_certificates, "pem");
  EXPECT_EQ(quote->padding_bytes, 70u);
}

TEST(DcapQuote, RejectsEveryTruncation) {
  for (const TestQuote& made :
       {TestQuote(), test::SgxTestQuote(), test::Tdx15TestQuote()}) {
    const Bytes file = MakeQuote(made);
    for (size_t size = 0; size < file.size(); ++size) {
      EXPECT_FALSE(ParseDcapQuote(ByteSpan(file).first(size))) << size;
    }
  }
  EXPECT_EQ(QuoteRefusal(Bytes(3)),
            "quote: version at 0x0: found 0, expected 3 "
            "(SGX), 4 or 5 (TDX)");
}

TEST(DcapQuote, RejectsBadHeaders) {
  EXPECT_EQ(QuoteRefusal(TestQuote(), 0, {6, 0}),
            "quote: version at 0x0: found 6, expected 3 (SGX), 4 or 5 (TDX)");
  EXPECT_EQ(QuoteRefusal(TestQuote(), 2, {3, 0}),
            "quote: attestation key type at 0x2: found 3, expected 2 (ECDSA on "
            "P-256)");
  EXPECT_EQ(QuoteRefusal(TestQuote(), 4, {0}),
            "quote: tee type at 0x4: found 0x0, expected 0x81");
  EXPECT_EQ(QuoteRefusal(test::SgxTestQuote(), 4, {0x81}),
            "quote: attestation key data at 0x4: found 0x81, expected zero");
  EXPECT_EQ(QuoteRefusal(TestQuote(), 12, {0x92}),
            "quote: qe vendor id at 0xc: found "
            "929a7233f79c4ca9940a0db3957f0607, expected Intel's "
            "939a7233f79c4ca9940a0db3957f0607");
}

TEST(DcapQuote, RejectsBadBodies) {
  EXPECT_EQ(QuoteRefusal(test::Tdx15TestQuote(), 48, {1}),
            "quote: body type at 0x30: found 1, expected 2 (TDX 1.0) or 3 (TDX "
            "1.5)");
  EXPECT_EQ(QuoteRefusal(test::Tdx15TestQuote(), 48, {2}),
            "quote: body size at 0x32: found 648, expected 584");
  EXPECT_EQ(QuoteRefusal(test::SgxTestQuote(), 48 + 20, {1}),
            "quote: reserved 1 at 0x44: found 0x1, expected zero");
  EXPECT_EQ(QuoteRefusal(test::SgxTestQuote(), 48 + 96, {1}),
            "quote: reserved 2 at 0x90: found 0x1, expected zero");
  EXPECT_EQ(QuoteRefusal(test::SgxTestQuote(), 48 + 160, {1}),
            "quote: reserved 3 at 0xd0: found 0x1, expected zero");
  EXPECT_EQ(QuoteRefusal(test::SgxTestQuote(), 48 + 262, {1}),
            "quote: reserved 4 at 0x136: found 0x1, expected zero");
}

TEST(DcapQuote, RejectsBadSignatureData) {
  EXPECT_EQ(QuoteRefusal(TestQuote(), 632, {0, 0, 1}),
            "quote: signature data at 0x27c: needs 65536 bytes, 634 left");
  EXPECT_EQ(QuoteRefusal(TestQuote(), 632, {127, 0, 0}),
            "signature data: attestation key at 0x2bc: needs 64 bytes, 63 "
            "left");
  TestQuote made;
  made.outer_type = 5;
  EXPECT_EQ(QuoteRefusal(made),
            "signature data: certification data type at 0x2fc: found 5 (PCK "
            "certificate chain), expected 6 (QE report certification data)");
  made = {};
  made.inner_type = 3;
  EXPECT_EQ(QuoteRefusal(made),
            "certification data: certification data type at 0x4e4: found 3 "
            "(PPID encrypted with RSA-3072), expected 5 (PCK certificate "
            "chain)");
  made = test::SgxTestQuote();
  made.inner_type = 9;
  EXPECT_EQ(QuoteRefusal(made),
            "signature data: certification data type at 0x416: found 9 "
            "(unknown), expected 5 (PCK certificate chain)");
  EXPECT_EQ(QuoteRefusal(TestQuote(), 632 + 4 + 128 + 6 + 20, {1}),
            "qe report: reserved 1 at 0x316: found 0x1, expected zero");
}

TEST(DcapQuote, RejectsTrailingBytesEverywhere) {
  TestQuote made;
  made.after_certificates = {0};
  EXPECT_EQ(QuoteRefusal(made),
            "certification data: end at 0x4f6: 1 trailing bytes, expected the "
            "end of the data");
  made = {};
  made.after_nested = {0};
  EXPECT_EQ(QuoteRefusal(made),
            "signature data: end at 0x4f6: 1 trailing bytes, expected the end "
            "of the data");
  made = test::SgxTestQuote();
  made.after_nested = {0};
  EXPECT_EQ(QuoteRefusal(made),
            "signature data: end at 0x428: 1 trailing bytes, expected the end "
            "of the data");
  made = {};
  made.trailing = {0, 0, 7};
  EXPECT_EQ(QuoteRefusal(made),
            "quote: padding at 0x4f8: found 0x7, expected zero");
}

TEST(DcapQuote, NamesCertificationData) {
  EXPECT_EQ(CertificationDataName(1), "PPID in plain text");
  EXPECT_EQ(CertificationDataName(7), "platform manifest");
  EXPECT_EQ(CertificationDataName(8), "unknown");
}

}  // namespace
}  // namespace tally
