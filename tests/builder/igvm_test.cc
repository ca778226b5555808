#include "builder/igvm.h"

#include <gtest/gtest.h>

#include <string>

#include "formats/ovmf.h"
#include "formats/snp_policy.h"
#include "tests/support/make_ovmf.h"

namespace tally {
namespace {

constexpr uint64_t kPolicy = 0x30000;

// BuildIgvmTest is a launch with everything that a test may get wrong.
class BuildIgvmTest : public testing::Test {
 protected:
  BuildIgvmTest() {
    launch_ = {.firmware = firmware_,
               .kernel_hashes = HashKernelInputs(AsBytes("kernel"),
                                                 AsBytes("initrd"), "quiet"),
               .vmsas = {{.vp_index = 0, .page = vmsa_}},
               .policy = kPolicy};
  }
  std::string Refusal() const {
    const auto file = BuildIgvm(launch_);
    return file ? "accepted" : file.error().message();
  }

  Bytes firmware_ = test::MakeOvmf();
  Bytes vmsa_ = Bytes(4096, 7);
  IgvmLaunch launch_;
};

IgvmPageData Page(uint64_t gpa, ByteSpan contents = {},
                  IgvmPageType type = IgvmPageType::kNormal) {
  return {.gpa = gpa,
          .compatibility_mask = 1,
          .type = type,
          .contents = {contents}};
}

TEST_F(BuildIgvmTest, PlacesFirmwareSectionsAndVmsaInOrder) {
  const auto file = BuildIgvm(launch_);
  ASSERT_TRUE(file) << file.error().ToString();
  const auto igvm = ParseIgvm(*file);
  ASSERT_TRUE(igvm) << igvm.error().ToString();

  const Bytes hashes = EncodeSevHashPage(*launch_.kernel_hashes, 0xc00);
  const ByteSpan firmware = firmware_;
  Igvm expected;
  expected.platforms = {
      IgvmPlatform{.compatibility_mask = 1, .type = IgvmPlatformType::kSevSnp}};
  expected.initializations = {
      IgvmGuestPolicy{.policy = kPolicy, .compatibility_mask = 1}};
  expected.directives = {
      Page(0xffffe000, firmware.first(4096)),
      Page(0xfffff000, firmware.subspan(4096)),
      Page(0x800000),
      Page(0x801000),
      Page(0x802000),
      Page(0x803000, {}, IgvmPageType::kSecrets),
      Page(0x804000, {}, IgvmPageType::kCpuidData),
      Page(0x805000),
      Page(0x806000, hashes),
      IgvmVpContext{
          .gpa = 0xfffffffff000, .compatibility_mask = 1, .contents = {vmsa_}}};
  EXPECT_EQ(*igvm, expected);
  EXPECT_EQ(WriteIgvm(*igvm).value(), *file);
}

TEST_F(BuildIgvmTest, LeavesTheHashesPageZeroWithoutAKernel) {
  launch_.kernel_hashes.reset();
  const Bytes file = BuildIgvm(launch_).value();
  const Igvm igvm = ParseIgvm(file).value();
  EXPECT_EQ(std::get<IgvmPageData>(igvm.directives[8]), Page(0x806000));
}

TEST_F(BuildIgvmTest, PutsTheIdBlockBeforeAllPages) {
  launch_.id_block = IgvmSnpIdBlock{.version = 1, .guest_svn = 3};
  const Bytes file = BuildIgvm(launch_).value();
  const Igvm igvm = ParseIgvm(file).value();
  ASSERT_EQ(igvm.directives.size(), 11u);
  const IgvmSnpIdBlock& block =
      *std::get<Boxed<IgvmSnpIdBlock>>(igvm.directives[0]);
  EXPECT_EQ(block.compatibility_mask, 1u);
  EXPECT_EQ(block.guest_svn, 3u);
}

TEST_F(BuildIgvmTest, TakesAVmsaForEachProcessor) {
  launch_.vmsas.push_back({.vp_index = 1, .page = vmsa_});
  const Bytes file = BuildIgvm(launch_).value();
  const Igvm igvm = ParseIgvm(file).value();
  EXPECT_EQ(std::get<IgvmVpContext>(igvm.directives.back()).vp_index, 1u);
}

TEST_F(BuildIgvmTest, RefusesWhatDoesNotGoTogether) {
  launch_.vmsas[0].vp_index = 2;
  EXPECT_EQ(Refusal(), "igvm: VMSA 0 is of processor 2, expected 0");
  launch_.vmsas[0] = {.vp_index = 0, .page = ByteSpan(vmsa_).first(100)};
  EXPECT_EQ(Refusal(), "igvm: VMSA 0 has 100 bytes, expected 4096");
  launch_.vmsas.clear();
  EXPECT_EQ(Refusal(), "igvm: found no VMSA, expected one or more");
}

TEST_F(BuildIgvmTest, RefusesFirmwareThatCannotBeLaunchedSo) {
  firmware_ = test::MakeOvmf({.has_kernel_hashes = false});
  launch_.firmware = firmware_;
  EXPECT_EQ(Refusal(),
            "igvm: a kernel was given, but the firmware has no kernel-hashes "
            "table");
  firmware_ =
      test::MakeOvmf({.has_metadata = false, .has_kernel_hashes = false});
  launch_.firmware = firmware_;
  EXPECT_EQ(Refusal(), "igvm: the firmware has no SEV metadata");
  launch_.firmware = {};
  EXPECT_NE(Refusal(), "accepted");
}

TEST_F(BuildIgvmTest, RefusesAPolicyThatNoFirmwareTakes) {
  launch_.policy = 0x10000;
  EXPECT_EQ(Refusal(), CheckSnpPolicy(0x10000).error().message());
}

}  // namespace
}  // namespace tally
