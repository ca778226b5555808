#include "formats/igvm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string>

#include "common/hash.h"
#include "measure/igvm_plan.h"
#include "measure/igvm_sev.h"
#include "measure/igvm_snp.h"
#include "measure/igvm_vsm.h"
#include "measure/snp.h"
#include "tests/measure/igvm_pages.h"
#include "tests/support/kept_events.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Context;
using test::IgvmOf;
using test::kIgvmMask;
using test::kVmsaAddress;
using test::MeasuredPage;
using test::Snp;
using test::UnmeasuredPage;

IgvmPageData PageOfType(uint64_t gpa, IgvmPageType type) {
  return {.gpa = gpa, .compatibility_mask = kIgvmMask, .type = type};
}

std::string SnpHex(const Igvm& igvm,
                   IgvmZeroPages zero_pages = IgvmZeroPages::kNormal) {
  const auto measured = MeasureIgvmSnp(igvm, zero_pages);
  return measured ? measured->launch_digest.hex() : measured.error().ToString();
}

// Folded is the digest of the pages said by hand.
std::string Folded(const std::vector<SnpPage>& pages) {
  SnpLaunchDigest digest;
  for (const SnpPage& page : pages) digest = ExtendSnp(digest, page);
  return digest.hex();
}

SnpPage Of(SnpPageType type, uint64_t gpa, ByteSpan contents = {}) {
  return {.contents = contents.empty() ? Sha384Digest() : Sha384(contents),
          .type = type,
          .gpa = gpa};
}

TEST(IgvmSnp, OfTheCleanExampleMatchesItsAuthors) {
  TALLY_NEED_VECTOR(path, "igvm/constructed/cleanexample_gce.igvm");
  const Bytes file = test::MustRead(path);
  const auto igvm = ParseIgvm(file);
  ASSERT_TRUE(igvm) << igvm.error().ToString();
  EXPECT_EQ(SnpHex(*igvm),
            "20ec0dbd1c0a26d184a6f11ec5a796d68ec03c9d101bdd84c03f3d9cbbc4a292a9"
            "fad098edacfa04da0da58f20be885e");
}

TEST(IgvmSnp, OfAmdSevWithoutKernelMatchesSevSnpMeasure) {
  TALLY_NEED_VECTOR(path, "igvm/constructed/amdsev_nokernel_nativezero.igvm");
  const Bytes file = test::MustRead(path);
  const auto igvm = ParseIgvm(file);
  ASSERT_TRUE(igvm) << igvm.error().ToString();
  EXPECT_EQ(SnpHex(*igvm, IgvmZeroPages::kNative),
            "19358ba9a7615534a9a1e2f0dfc29384dcd4dcb7062ff9c6013b26869a5fc6ecab"
            "e033c48dd6f6db5d6d76e7c5df632d");
}

// AsDirective expresses one step of a launch; contents come from the firmware
// or the VMSAs.
IgvmDirective AsDirective(const Event& event, const SnpLaunch& launch,
                          const SnpVmsas& vmsas) {
  const uint64_t gpa = event.gpa.value();
  if (event.type == "vmsa") {
    return Context(gpa, event.what == "vcpu 0" ? vmsas.first : vmsas.other);
  }
  if (event.type == "secrets") return PageOfType(gpa, IgvmPageType::kSecrets);
  if (event.type == "cpuid") return PageOfType(gpa, IgvmPageType::kCpuidXf);
  if (event.type == "unmeasured") return UnmeasuredPage(gpa);
  if (event.type == "zero") return MeasuredPage(gpa, ByteSpan());
  const uint64_t base = (uint64_t{1} << 32) - launch.firmware.size();
  return MeasuredPage(gpa, launch.firmware.subspan(gpa - base, kSnpPageBytes));
}

TEST(IgvmSnp, OfAFileThatSaysWhatQemuDoesIsTheDigestOfQemu) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  const SnpLaunch launch{.firmware = firmware, .vcpu_signature = 0x800f12};
  const std::array<uint32_t, 1> vcpus = {4};
  const auto snp = MeasureSnp(launch, vcpus);
  ASSERT_TRUE(snp) << snp.error().ToString();
  const SnpVmsas vmsas = VmsasOfLaunch(launch).value();
  std::vector<IgvmDirective> directives;
  for (const Event& event : snp->events) {
    directives.push_back(AsDirective(event, launch, vmsas));
  }
  const Bytes file = WriteIgvm(Snp(std::move(directives))).value();
  const Igvm igvm = ParseIgvm(file).value();
  EXPECT_EQ(SnpHex(igvm, IgvmZeroPages::kNative),
            snp->cells[0].launch_digest.hex());
}

TEST(IgvmSnp, EveryKindOfPageHasItsType) {
  const Bytes page(4096, 5);
  const Bytes zeros(4096, 0);
  const Igvm igvm =
      Snp({MeasuredPage(0x1000, page), MeasuredPage(0x2000, ByteSpan()),
           UnmeasuredPage(0x3000), PageOfType(0x4000, IgvmPageType::kSecrets),
           PageOfType(0x5000, IgvmPageType::kCpuidData),
           PageOfType(0x6000, IgvmPageType::kCpuidXf),
           Context(kVmsaAddress, page)});
  std::vector<SnpPage> pages = {Of(SnpPageType::kNormal, 0x1000, page),
                                Of(SnpPageType::kNormal, 0x2000, zeros),
                                Of(SnpPageType::kUnmeasured, 0x3000),
                                Of(SnpPageType::kSecrets, 0x4000),
                                Of(SnpPageType::kCpuid, 0x5000),
                                Of(SnpPageType::kCpuid, 0x6000),
                                Of(SnpPageType::kVmsa, kVmsaAddress, page)};
  EXPECT_EQ(SnpHex(igvm), Folded(pages));
  pages[1] = Of(SnpPageType::kZero, 0x2000);
  EXPECT_EQ(SnpHex(igvm, IgvmZeroPages::kNative), Folded(pages));
}

TEST(IgvmSnp, AWholeParameterAreaIsUnmeasuredPages) {
  const Igvm igvm = Snp(
      {IgvmParameterArea{.size_bytes = 0x2000, .index = 3},
       IgvmParameterInsert{
           .gpa = 0x8000, .compatibility_mask = kIgvmMask, .area_index = 3}});
  EXPECT_EQ(SnpHex(igvm), Folded({Of(SnpPageType::kUnmeasured, 0x8000),
                                  Of(SnpPageType::kUnmeasured, 0x9000)}));
}

TEST(IgvmSnp, ALargePageIs512Pages) {
  const Bytes large(kIgvm2MbPageBytes, 9);
  IgvmPageData page = MeasuredPage(0x200000, large);
  page.is_2mb_page = true;
  std::vector<SnpPage> pages;
  for (uint64_t i = 0; i < 512; ++i) {
    pages.push_back(Of(SnpPageType::kNormal, 0x200000 + i * 0x1000,
                       ByteSpan(large).first(4096)));
  }
  EXPECT_EQ(SnpHex(Snp({page})), Folded(pages));
}

TEST(IgvmSnp, SharedPagesAndThoseOfOthersDoNotCount) {
  const Bytes page(4096, 5);
  IgvmPageData shared = MeasuredPage(0x2000, page);
  shared.shared = true;
  Igvm igvm = Snp({MeasuredPage(0x1000, page), shared});
  const std::string expected = Folded({Of(SnpPageType::kNormal, 0x1000, page)});
  EXPECT_EQ(SnpHex(igvm), expected);
  igvm.platforms.push_back(
      IgvmPlatform{.compatibility_mask = 2, .type = IgvmPlatformType::kSevEs});
  IgvmVpContext other = Context(kVmsaAddress, page);
  other.compatibility_mask = 2;
  igvm.directives.push_back(other);
  EXPECT_EQ(SnpHex(igvm), expected);
}

TEST(IgvmSnp, ReportsAnIdBlockThatExpectsAnotherDigest) {
  IgvmSnpIdBlock block{.compatibility_mask = kIgvmMask};
  block.launch_digest.fill(0xab);
  Igvm igvm = Snp({UnmeasuredPage(0x1000), block});
  const auto measured = MeasureIgvmSnp(igvm, IgvmZeroPages::kNormal);
  ASSERT_TRUE(measured) << measured.error().ToString();
  const Status status = CheckIgvmIdBlock(*measured);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kMismatch);
  block.launch_digest = measured->launch_digest.array();
  igvm.directives[1] = block;
  EXPECT_TRUE(
      CheckIgvmIdBlock(MeasureIgvmSnp(igvm, IgvmZeroPages::kNormal).value()));
}

TEST(IgvmSnp, RejectsWhatItCannotMeasure) {
  const Bytes page(4096, 5);
  EXPECT_EQ(
      SnpHex(IgvmOf(IgvmPlatformType::kVsm, {MeasuredPage(0x1000, page)})),
      "igvm: the file supports vsm, not sev-snp");
  EXPECT_EQ(SnpHex(Snp({})), "igvm: the file loads nothing for sev-snp");
  std::vector<IgvmDirective> many;
  for (uint64_t i = 0; i <= kMaxIgvmPages / 512; ++i) {
    many.push_back(IgvmPageData{.gpa = i * kIgvm2MbPageBytes,
                                .compatibility_mask = kIgvmMask,
                                .is_2mb_page = true});
  }
  EXPECT_EQ(SnpHex(Snp(many)),
            "igvm: directive 512: all pages together are more than 262144");
}

TEST(IgvmSev, HashesWhatIsLoadedAndZerosToo) {
  const Bytes page(4096, 5);
  const Bytes zeros(4096, 0);
  test::KeptEvents kept;
  const auto measured = MeasureIgvmSev(
      IgvmOf(IgvmPlatformType::kSevEs,
             {MeasuredPage(0x1000, page), MeasuredPage(0x2000, ByteSpan()),
              UnmeasuredPage(0x3000), Context(kVmsaAddress, page)}),
      SevMode::kSevEs, kept.Folding());
  ASSERT_TRUE(measured) << measured.error().ToString();
  EXPECT_EQ(
      measured->launch_digest.hex(),
      Sha256Hasher().Update(page).Update(zeros).Update(page).Finish().hex());
  EXPECT_EQ(kept.events.size(), 3u);
}

TEST(IgvmSev, PlainSevMeasuresNoRegisters) {
  const Bytes page(4096, 5);
  const Bytes context(4096, 0);
  const auto measured =
      MeasureIgvmSev(IgvmOf(IgvmPlatformType::kSev,
                            {MeasuredPage(0x1000, page), Context(0, context)}),
                     SevMode::kSev);
  ASSERT_TRUE(measured) << measured.error().ToString();
  EXPECT_EQ(measured->launch_digest.hex(), Sha256(page).hex());
}

TEST(IgvmSev, RejectsPagesOfSnp) {
  const auto measured =
      MeasureIgvmSev(IgvmOf(IgvmPlatformType::kSev,
                            {PageOfType(0x1000, IgvmPageType::kSecrets)}),
                     SevMode::kSev);
  ASSERT_FALSE(measured);
  EXPECT_EQ(measured.error().ToString(),
            "igvm: directive 0: a secrets page, which sev does not have");
}

// Chunk is a page chunk as vbs.rs lays it out.
Bytes Chunk(uint64_t metadata, uint64_t page_number, uint8_t fill) {
  ByteWriter w;
  w.U32Le(0x1020).U32Le(2).Zeros(8).U64Le(metadata).U64Le(page_number);
  return std::move(w.Raw(Bytes(4096, fill))).Take();
}

TEST(IgvmVsm, RegistersComeLast) {
  const Bytes page(4096, 5);
  ByteWriter registers;
  registers.U32Le(1).U8(2).U32Le(0x20000).Zeros(11).Raw(Bytes(16, 7));
  const auto measured =
      MeasureIgvmVsm(IgvmOf(IgvmPlatformType::kVsm,
                            {Context(0, registers.bytes()),
                             MeasuredPage(0x1000, page), UnmeasuredPage(0x2000),
                             IgvmErrorRange{.gpa = 0x3000,
                                            .compatibility_mask = kIgvmMask,
                                            .size_bytes = 0x1000}}));
  ASSERT_TRUE(measured) << measured.error().ToString();
  ByteWriter last;
  last.U32Le(48).U32Le(0).Zeros(8).U32Le(0).U8(2).Zeros(3).U32Le(0);
  last.U32Le(0x20000).Raw(Bytes(16, 7));
  Sha256Digest expected;
  for (const Bytes& chunk :
       {Chunk(0, 1, 5), Chunk(4, 2, 0), Chunk(7, 3, 0), last.bytes()}) {
    expected = Sha256Hasher().Update(expected.span()).Update(chunk).Finish();
  }
  EXPECT_EQ(measured->boot_digest.hex(), expected.hex());
}

TEST(IgvmVsm, ReportsAVbsMeasurementWithAnotherDigest) {
  const Bytes page(4096, 5);
  Bytes stated(64, 0);
  IgvmVbsMeasurement header{.compatibility_mask = kIgvmMask,
                            .boot_digest_algorithm = 1,
                            .boot_measurement_digest = {stated}};
  Igvm igvm =
      IgvmOf(IgvmPlatformType::kVsm, {MeasuredPage(0x1000, page), header});
  const auto measured = MeasureIgvmVsm(igvm);
  ASSERT_TRUE(measured) << measured.error().ToString();
  const Status status = CheckIgvmVbsMeasurement(*measured);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kMismatch);
  std::ranges::copy(measured->boot_digest.span(), stated.begin());
  EXPECT_TRUE(CheckIgvmVbsMeasurement(MeasureIgvmVsm(igvm).value()));
  header.boot_digest_algorithm = 2;
  igvm.directives[1] = header;
  EXPECT_EQ(MeasureIgvmVsm(igvm).error().ToString(),
            "igvm: directive 1: boot digest algorithm 2, expected 1, SHA-256");
}

// With events a file has the digest that it has without them; the caller hears
// of all contents.
TEST(IgvmFolding, ChangesNoDigest) {
  const Bytes page(4096, 5);
  uint64_t num_done_bytes = 0;
  test::KeptEvents kept;
  IgvmFolding folding = kept.Folding();
  folding.done = [&](ByteSpan contents) { num_done_bytes += contents.size(); };
  const auto check = [&](const std::string& last_value) {
    ASSERT_EQ(kept.events.size(), 2u);
    EXPECT_EQ(kept.events.back().value_after.hex(), last_value);
    EXPECT_EQ(num_done_bytes, 2 * page.size());
    kept.events.clear();
    num_done_bytes = 0;
  };
  const std::vector<IgvmDirective> pages = {MeasuredPage(0x1000, page),
                                            MeasuredPage(0x2000, page)};
  const Igvm snp = Snp(pages);
  const auto zeros = IgvmZeroPages::kNormal;
  const auto of_snp = MeasureIgvmSnp(snp, zeros, folding).value();
  check(of_snp.launch_digest.hex());
  EXPECT_EQ(of_snp.launch_digest,
            MeasureIgvmSnp(snp, zeros).value().launch_digest);
  const Igvm sev = IgvmOf(IgvmPlatformType::kSev, pages);
  const auto of_sev = MeasureIgvmSev(sev, SevMode::kSev, folding).value();
  check(of_sev.launch_digest.hex());
  EXPECT_EQ(of_sev.launch_digest,
            MeasureIgvmSev(sev, SevMode::kSev).value().launch_digest);
  const Igvm vsm = IgvmOf(IgvmPlatformType::kVsm, pages);
  const auto of_vsm = MeasureIgvmVsm(vsm, folding).value();
  check(of_vsm.boot_digest.hex());
  EXPECT_EQ(of_vsm.boot_digest, MeasureIgvmVsm(vsm).value().boot_digest);
}

TEST(IgvmFolding, ADirectiveOfManyPagesIsOneEvent) {
  const Bytes large(kIgvm2MbPageBytes, 9);
  IgvmPageData page = MeasuredPage(0x200000, large);
  page.is_2mb_page = true;
  IgvmPageData zeros = MeasuredPage(0x400000, ByteSpan());
  zeros.is_2mb_page = true;
  test::KeptEvents kept;
  const auto measured =
      MeasureIgvmSnp(Snp({page, zeros}), IgvmZeroPages::kNormal, kept.Folding())
          .value();
  ASSERT_EQ(kept.events.size(), 2u);
  EXPECT_EQ(kept.events[0].size_bytes, kIgvm2MbPageBytes);
  EXPECT_EQ(kept.events[0].digest, AnyDigest(Sha384(large)));
  EXPECT_EQ(kept.events[1].digest,
            AnyDigest(Sha384(Bytes(kIgvm2MbPageBytes, 0))));
  EXPECT_EQ(kept.events[1].value_after, AnyDigest(measured.launch_digest));
}

}  // namespace
}  // namespace tally
