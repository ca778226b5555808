#include "formats/snp_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "common/hash.h"
#include "common/text.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

template <size_t N>
std::array<uint8_t, N> Counted(uint8_t first) {
  std::array<uint8_t, N> array = {};
  for (size_t i = 0; i < N; ++i) array[i] = static_cast<uint8_t>(first + i);
  return array;
}

// AllDistinct has another value in every field.
SnpReport AllDistinct() {
  return {.version = 5,
          .guest_svn = 0x11121314,
          .policy = 0x2122232425262728,
          .family_id = Counted<16>(0x30),
          .image_id = Counted<16>(0x40),
          .vmpl = 0x51525354,
          .current_tcb = Counted<8>(0x60),
          .platform_info = 0x7172737475767778,
          .author_key_en = true,
          .mask_chip_key = true,
          .signing_key = 5,
          .report_data = Counted<64>(0x80),
          .measurement = Counted<48>(0x90),
          .host_data = Counted<32>(0xa0),
          .id_key_digest = Counted<48>(0xb0),
          .author_key_digest = Counted<48>(0xc0),
          .report_id = Counted<32>(0xd0),
          .report_id_ma = Counted<32>(0xe0),
          .reported_tcb = Counted<8>(0xf0),
          .cpuid = {.family = 0x19, .model = 0x11, .stepping = 0x02},
          .chip_id = Counted<64>(0x01),
          .committed_tcb = Counted<8>(0x12),
          .current_version = {.build = 1, .minor = 2, .major = 3},
          .committed_version = {.build = 4, .minor = 5, .major = 6},
          .launch_tcb = Counted<8>(0x23),
          .launch_mit_vector = 0x3132333435363738,
          .current_mit_vector = 0x4142434445464748,
          .signature = {.r = Counted<48>(0x55), .s = Counted<48>(0x66)}};
}

// ReportRefusal parses the report with bytes replaced at `offset`.
std::string ReportRefusal(size_t offset, const Bytes& replacement,
                          uint32_t version = 5) {
  SnpReport report = AllDistinct();
  report.version = version;
  if (version < 4) {
    report.launch_mit_vector = 0;
    report.current_mit_vector = 0;
  }
  if (version < 3) report.cpuid = {};
  Bytes bytes = EncodeSnpReport(report);
  std::ranges::copy(replacement,
                    bytes.begin() + static_cast<ptrdiff_t>(offset));
  const auto parsed = ParseSnpReport(bytes);
  return parsed ? "accepted" : parsed.error().ToString();
}

TEST(SnpReport, HasTheBytesOfTheSpecification) {
  // Written with python3 struct and hashlib after AMD 56860, table "ATTESTATION
  // REPORT Structure":
  //   f = lambda a, n: bytes((a + i) % 256 for i in range(n))
  //   b = pack('<IIQ', 5, 0x11121314, 0x2122232425262728) + f(0x30, 16)
  //     + f(0x40, 16) + pack('<II', 0x51525354, 1) + f(0x60, 8)
  //     + pack('<QII', 0x7172737475767778, 1 | 2 | 5 << 2, 0) + f(0x80, 64)
  //     + f(0x90, 48) + f(0xa0, 32) + f(0xb0, 48) + f(0xc0, 48) + f(0xd0, 32)
  //     + f(0xe0, 32) + f(0xf0, 8) + bytes([0x19, 0x11, 2]) + bytes(21)
  //     + f(1, 64) + f(0x12, 8) + bytes([1, 2, 3, 0, 4, 5, 6, 0]) + f(0x23, 8)
  //     + pack('<QQ', 0x3132333435363738, 0x4142434445464748) + bytes(152)
  //     + f(0x55, 48)[::-1] + bytes(24) + f(0x66, 48)[::-1] + bytes(24)
  //     + bytes(368)
  const Bytes bytes = EncodeSnpReport(AllDistinct());
  EXPECT_EQ(bytes.size(), kSnpReportBytes);
  EXPECT_EQ(Sha256(bytes).hex(),
            "164c5f2247995d4a81c5479757478795a0da8d10949b49e62a042d85fdf148e4");
}

TEST(SnpReport, RoundTrips) {
  const auto parsed = ParseSnpReport(EncodeSnpReport(AllDistinct()));
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  EXPECT_EQ(*parsed, AllDistinct());
}

TEST(SnpReport, VersionsHaveTheirFields) {
  EXPECT_EQ(ReportRefusal(0x188, {1}, 2),
            "snp report: reserved at 0x188: found 0x1, expected zero");
  EXPECT_EQ(ReportRefusal(0x188, {1}, 3), "accepted");
  EXPECT_EQ(ReportRefusal(0x18b, {1}, 3),
            "snp report: reserved at 0x18b: found 0x1, expected zero");
  EXPECT_EQ(ReportRefusal(0x1f8, {1}, 3),
            "snp report: reserved at 0x1f8: found 0x1, expected zero");
  EXPECT_EQ(ReportRefusal(0x1f8, {1}, 4), "accepted");
  EXPECT_EQ(ReportRefusal(0x208, {1}, 4),
            "snp report: reserved at 0x208: found 0x1, expected zero");
  SnpReport report = AllDistinct();
  EXPECT_EQ(report.product(), SnpProduct::kGenoa);
  report.version = 2;
  EXPECT_EQ(report.product(), std::nullopt);
}

TEST(SnpReport, RejectsWhatItDoesNotKnow) {
  EXPECT_EQ(ReportRefusal(0, {1}),
            "snp report: version at 0x0: found 1, expected 2 to 5");
  EXPECT_EQ(ReportRefusal(0, {6}),
            "snp report: version at 0x0: found 6, expected 2 to 5");
  EXPECT_EQ(ReportRefusal(0x34, {0}),
            "snp report: signature_algo at 0x34: found 0, expected 1 (ECDSA "
            "P-384 with SHA-384)");
  EXPECT_EQ(ReportRefusal(0x48, {0x20}),
            "snp report: key_info at 0x48: found 0x20, expected reserved bits "
            "31:5 to be zero");
}

TEST(SnpReport, RejectsReservedBytes) {
  EXPECT_EQ(ReportRefusal(0x4f, {1}),
            "snp report: reserved at 0x4f: found 0x1, expected zero");
  EXPECT_EQ(ReportRefusal(0x1eb, {1}),
            "snp report: reserved at 0x1eb: found 0x1, expected zero");
  EXPECT_EQ(ReportRefusal(0x1ef, {1}),
            "snp report: reserved at 0x1ef: found 0x1, expected zero");
  EXPECT_EQ(ReportRefusal(0x29f, {1}),
            "snp report: reserved at 0x29f: found 0x1, expected zero");
  EXPECT_EQ(ReportRefusal(0x2d0, {1}),
            "snp report: signature r above 384 bits at 0x2d0: found 0x1, "
            "expected zero");
  EXPECT_EQ(ReportRefusal(0x32f, {1}),
            "snp report: signature s above 384 bits at 0x32f: found 0x1, "
            "expected zero");
  EXPECT_EQ(ReportRefusal(0x49f, {1}),
            "snp report: signature reserved at 0x49f: found 0x1, expected "
            "zero");
}

TEST(SnpReport, RejectsOtherSizes) {
  Bytes bytes = EncodeSnpReport(AllDistinct());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(ParseSnpReport(ByteSpan(bytes).first(size))) << size;
  }
  bytes.push_back(0);
  EXPECT_EQ(ParseSnpReport(bytes).error().message(),
            "snp report: end at 0x4a0: 1 trailing bytes, expected the end of "
            "the data");
}

TEST(SnpReport, RealReportsRoundTrip) {
  TALLY_NEED_VECTOR(directory, "snp-reports");
  for (const char* name :
       {"go-sev-guest/attestation.bin", "trustee/test-report.bin",
        "trustee/test-vlek-report.bin"}) {
    const Bytes bytes = test::MustRead(directory / name);
    const auto report = ParseSnpReport(bytes);
    ASSERT_TRUE(report) << name << report.error().ToString();
    EXPECT_EQ(EncodeSnpReport(*report), bytes) << name;
  }
}

TEST(SnpProduct, IsFoundByCpuid) {
  EXPECT_EQ(SnpProductOf(0x19, 0x01), SnpProduct::kMilan);
  EXPECT_EQ(SnpProductOf(0x19, 0x11), SnpProduct::kGenoa);
  EXPECT_EQ(SnpProductOf(0x19, 0xa0), SnpProduct::kGenoa);  // Bergamo
  EXPECT_EQ(SnpProductOf(0x1a, 0x02), SnpProduct::kTurin);
  EXPECT_EQ(SnpProductOf(0x1a, 0x11), SnpProduct::kTurin);  // Turin Dense
  EXPECT_EQ(SnpProductOf(0x1a, 0x50), std::nullopt);        // Venice
  EXPECT_EQ(SnpProductOf(0x19, 0x20), std::nullopt);
  EXPECT_EQ(SnpProductOf(0x17, 0x31), std::nullopt);  // Rome
}

TEST(SnpProduct, NamesAreReadBack) {
  for (const SnpProduct product :
       {SnpProduct::kMilan, SnpProduct::kGenoa, SnpProduct::kTurin}) {
    EXPECT_EQ(FindSnpProduct(SnpProductName(product)), product);
  }
  EXPECT_EQ(FindSnpProduct("milan"), std::nullopt);
}

TEST(SnpProduct, HasItsLayoutOfTcbVersions) {
  const SnpTcb tcb = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(SnpTcbText(tcb, SnpProduct::kMilan),
            "bootloader 1 tee 2 snp 7 microcode 8");
  EXPECT_EQ(SnpTcbText(tcb, SnpProduct::kGenoa),
            "bootloader 1 tee 2 snp 7 microcode 8");
  EXPECT_EQ(SnpTcbText(tcb, SnpProduct::kTurin),
            "fmc 1 bootloader 2 tee 3 snp 4 microcode 8");
}

}  // namespace
}  // namespace tally
