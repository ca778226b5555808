// IGVM files that are built, against the measurements of the same launch.
#include "builder/igvm.h"

#include <gtest/gtest.h>

#include <string>

#include "cli/igvm_artifacts.h"
#include "cli/measure_targets.h"
#include "cli/snp_igvm.h"
#include "common/text.h"
#include "formats/snp_policy.h"
#include "measure/igvm_kvm.h"
#include "measure/vcpu_types.h"
#include "tests/support/kept_events.h"
#include "tests/support/make_ovmf.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr uint64_t kPolicy = 0x30000;

SnpLaunch LaunchOf(ByteSpan firmware, const std::string& type) {
  return {.firmware = firmware,
          .vcpu_signature = FindVcpuType(type).value().signature()};
}

// With a VMSA for every processor, and the loader's own zero pages, the file is
// what QEMU launches from -bios.
void ExpectSameAsFirmware(const SnpLaunch& launch, uint32_t num_vcpus) {
  const SnpVmsas pages = VmsasOfLaunch(launch).value();
  IgvmLaunch igvm_launch{.firmware = launch.firmware,
                         .kernel_hashes = launch.kernel_hashes,
                         .policy = kPolicy};
  for (uint16_t i = 0; i < num_vcpus; ++i) {
    igvm_launch.vmsas.push_back({i, i == 0 ? pages.first : pages.other});
  }
  const Bytes file = BuildIgvm(igvm_launch).value();
  const Igvm igvm = ParseIgvm(file).value();
  EXPECT_EQ(WriteIgvm(igvm).value(), file);
  EXPECT_EQ(
      MeasureIgvmSnp(igvm, IgvmZeroPages::kNative).value().launch_digest,
      MeasureSnp(launch, {&num_vcpus, 1}).value().cells.front().launch_digest);
}

TEST(BuiltIgvm, IsMeasuredAsTheFirmwareThatItHolds) {
  const Bytes firmware = test::MakeOvmf();
  for (const char* type : {"EPYC-v4", "EPYC-Milan", "EPYC-Genoa"}) {
    for (const uint32_t num_vcpus : {1u, 2u, 5u}) {
      SnpLaunch launch = LaunchOf(firmware, type);
      ExpectSameAsFirmware(launch, num_vcpus);
      launch.kernel_hashes = HashKernelInputs(AsBytes("k"), AsBytes("i"), "c");
      ExpectSameAsFirmware(launch, num_vcpus);
      launch.guest_features = 0x21;
      ExpectSameAsFirmware(launch, num_vcpus);
    }
  }
}

TEST(BuiltIgvm, HoldsDebiansFirmware) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const Bytes firmware = test::MustRead(path);
  ExpectSameAsFirmware(LaunchOf(firmware, "EPYC-v4"), 2);
}

TEST(BuiltIgvm, PassesTheRulesOfKvmAndCountsProcessorsBehindIt) {
  const Bytes firmware = test::MakeOvmf();
  const SnpLaunch launch = LaunchOf(firmware, "EPYC-v4");
  const Bytes file = BuildSnpIgvm(launch, kPolicy).value();
  const Igvm igvm = ParseIgvm(file).value();
  EXPECT_TRUE(CheckIgvmForKvm(igvm, IgvmPlatformType::kSevSnp).value().empty());

  constexpr uint32_t kCounts[] = {1, 3};
  const auto measured = MeasureSnpIgvm(file, launch, kCounts);
  ASSERT_TRUE(measured) << measured.error().ToString();
  test::KeptEvents kept;
  const auto of_file =
      MeasureIgvmSnp(igvm, IgvmZeroPages::kNormal, kept.Folding()).value();
  EXPECT_EQ(measured->cells[0].launch_digest, of_file.launch_digest);
  EXPECT_EQ(measured->cells[0].num_events, kept.events.size());

  // The others are as after a reset: the first one's page without CR0.NE.
  const Bytes reset = VmsasOfLaunch(launch).value().first;
  const SnpVmsas pages = VmsasOfLaunch(launch).value();
  Bytes first = pages.first;
  first[0x158] = 0x30;
  const Bytes all = BuildIgvm({.firmware = firmware,
                               .vmsas = {{0, first}, {1, reset}, {2, reset}},
                               .policy = kPolicy})
                        .value();
  const Igvm all_igvm = ParseIgvm(all).value();
  EXPECT_EQ(
      measured->cells[1].launch_digest,
      MeasureIgvmSnp(all_igvm, IgvmZeroPages::kNormal).value().launch_digest);
  EXPECT_EQ(measured->cells[1].num_events, kept.events.size() + 2);
}

TEST(BuiltIgvm, IsForQemuOnly) {
  const Bytes firmware = test::MakeOvmf();
  SnpLaunch launch = LaunchOf(firmware, "EPYC-v4");
  launch.vmm = SnpVmm::kEc2;
  const auto file = BuildSnpIgvm(launch, kPolicy);
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().message(),
            "igvm: found monitor " + std::string(SnpVmmName(SnpVmm::kEc2)) +
                ", expected " + std::string(SnpVmmName(SnpVmm::kQemu)) +
                ", which alone is known to load such files");
}

// IgvmArtifacts is a directory of artifacts, and a target that asks for files.
class IgvmArtifacts : public testing::Test {
 protected:
  IgvmArtifacts() {
    scratch_.Write("firmware.fd", AsText(test::MakeOvmf()));
    scratch_.Write("kernel", "kernel");
    scratch_.Write("initrd", "initrd");
    manifest_.path = "m.yaml";
    manifest_.targets = {{.name = "snp",
                          .sev = SevTarget{.platform = "sev-snp",
                                           .vmms = {"qemu"},
                                           .vcpu_types = {"EPYC-v4"},
                                           .vcpus = {1, 2},
                                           .guest_features = {0x1, 0x21},
                                           .igvm_policy = kPolicy}}};
  }

  const test::Scratch scratch_;
  Manifest manifest_;
};

TEST_F(IgvmArtifacts, HaveAFileForEachCell) {
  const auto files = WriteIgvms(manifest_, scratch_.path());
  ASSERT_TRUE(files) << files.error().ToString();
  std::vector<std::string> names;
  for (const ArtifactFile& file : *files) names.push_back(file.name);
  EXPECT_EQ(names, (std::vector<std::string>{
                       "snp-epyc-v4-0x21-1.igvm", "snp-epyc-v4-0x21-2.igvm",
                       "snp-epyc-v4-1.igvm", "snp-epyc-v4-2.igvm"}));
  EXPECT_EQ(
      files->front().digest.sha256,
      DigestFile(scratch_.path() / "snp-epyc-v4-0x21-1.igvm").value().sha256);
  EXPECT_TRUE(CheckIgvms(manifest_, scratch_.path()));

  const auto targets = MeasureTargets(manifest_, scratch_.path(), {});
  ASSERT_TRUE(targets) << targets.error().ToString();
  ASSERT_EQ(targets->size(), 4u);
  EXPECT_EQ(*targets->at(3).profile.Find("igvm")->text(),
            "snp-epyc-v4-0x21-2.igvm");
  EXPECT_EQ(*targets->at(0).profile.Find("igvm")->text(), "snp-epyc-v4-1.igvm");
  const Bytes file = test::MustRead(scratch_.path() / "snp-epyc-v4-1.igvm");
  const Igvm igvm = ParseIgvm(file).value();
  EXPECT_EQ(
      targets->at(0).registers.front().value,
      MeasureIgvmSnp(igvm, IgvmZeroPages::kNormal).value().launch_digest.hex());
}

TEST_F(IgvmArtifacts, AreNoneUnlessATargetAsks) {
  manifest_.targets[0].sev->igvm_policy.reset();
  EXPECT_TRUE(WriteIgvms(manifest_, scratch_.path()).value().empty());
  const auto targets = MeasureTargets(manifest_, scratch_.path(), {});
  EXPECT_EQ(targets->front().profile.Find("igvm"), nullptr);
}

TEST_F(IgvmArtifacts, MustBeMadeOfTheRestOfTheRelease) {
  ASSERT_TRUE(WriteIgvms(manifest_, scratch_.path()));
  scratch_.Write("kernel", "another kernel");
  const Status status = CheckIgvms(manifest_, scratch_.path());
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kMismatch);
  EXPECT_EQ(status.error().message(),
            "'artifacts/snp-epyc-v4-1.igvm' is not made of this release's "
            "firmware and what it launches");
}

TEST_F(IgvmArtifacts, OfTwoTargetsNeedTwoNames) {
  manifest_.targets.push_back(manifest_.targets[0]);
  const auto files = WriteIgvms(manifest_, scratch_.path());
  ASSERT_FALSE(files);
  EXPECT_EQ(files.error().message(),
            "two targets would both have 'snp-epyc-v4-1.igvm', expected other "
            "names");
}

TEST_F(IgvmArtifacts, AreRefusedWithAPolicyThatNoFirmwareTakes) {
  manifest_.targets[0].sev->igvm_policy = 0;
  manifest_.targets[0].where = {.line = 4, .column = 3};
  const Status status = CheckTargetNames(manifest_);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().message(),
            "m.yaml:4:3: " + CheckSnpPolicy(0).error().message());
}

}  // namespace
}  // namespace tally
