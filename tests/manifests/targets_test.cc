// Targets for tdx and tpm; those for SEV and Nitro are in manifest_test.cc.
#include <gtest/gtest.h>

#include "manifests/manifest.h"
#include "manifests/source_checks.h"
#include "tests/manifests/manifest_samples.h"

namespace tally {
namespace {

constexpr char kSnp[] =
    "{name: snp, platform: sev-snp, vmm: qemu, vcpu_type: EPYC-v4, vcpus: "
    "[1, 2, 4], guest_features: 0x21, require_coverage: any}";

Result<Manifest> With(const std::string& target) {
  const std::string text =
      test::Replaced(test::FullManifest(), "eif: {",
                     "uki: {package: systemd-boot-efi, stub: /usr/lib/stub}\n"
                     "eif: {");
  return ParseManifest(test::Replaced(text, kSnp, "{name: t, " + target + "}"),
                       "m.yaml");
}

std::string TargetRefusal(const std::string& target) {
  const auto manifest = With(target);
  if (manifest) return "";
  const std::string text = manifest.error().message();
  return text.substr(text.find(": ") + 2);
}

TEST(TdxTargets, AreAMatrixOfMemoryAndProcessors) {
  const auto manifest = With(
      "platform: tdx, vmm: qemu, qemu_version: \"10.0\", boot: disk, "
      "boot_disk_pci: \"3.1\", memory: [512M, 2G, 1T], vcpus: [1, 8], acpi: "
      "a/b, page_order: two-pass, firmware_profile: ovmf-2025.05, "
      "firmware_has_secure_boot: true, rtmr3: [{dstack_event: app-id, payload: "
      "00ff}, {sha384: " +
      std::string(96, 'a') + "}], require_coverage: any");
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  const TdxTarget& tdx = *manifest->targets[0].tdx;
  EXPECT_EQ(tdx.vmm, "qemu");
  EXPECT_EQ(tdx.qemu_version, "10.0");
  EXPECT_EQ(tdx.boot, "disk");
  EXPECT_EQ(tdx.boot_disk->device, 3);
  EXPECT_EQ(tdx.boot_disk->function, 1);
  EXPECT_EQ(tdx.memory,
            (std::vector<uint64_t>{uint64_t{512} << 20, uint64_t{2} << 30,
                                   uint64_t{1} << 40}));
  EXPECT_EQ(tdx.vcpus, (std::vector<uint32_t>{1, 8}));
  EXPECT_EQ(tdx.page_order, "two-pass");
  EXPECT_EQ(tdx.firmware_profile, "ovmf-2025.05");
  EXPECT_TRUE(tdx.firmware_has_secure_boot);
  ASSERT_EQ(tdx.rtmr3->size(), 2u);
  EXPECT_EQ(*tdx.rtmr3->at(0).dstack_event, "app-id");
  EXPECT_EQ(*tdx.rtmr3->at(0).payload_hex, "00ff");
  EXPECT_EQ(*tdx.rtmr3->at(1).sha384, std::string(96, 'a'));
  EXPECT_EQ(DirectoriesOf(*manifest).count("a/b"), 1u);
}

TEST(TdxTargets, HaveDefaults) {
  const auto manifest =
      With("platform: tdx, vmm: qemu, boot: kernel, memory: 2G, vcpus: [1]");
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  const TdxTarget& tdx = *manifest->targets[0].tdx;
  EXPECT_EQ(tdx.qemu_version, "9.2");
  EXPECT_EQ(tdx.firmware_profile, "ovmf-2023.02");
  EXPECT_EQ(tdx.page_order, "");
  EXPECT_FALSE(tdx.acpi);
  EXPECT_FALSE(tdx.rtmr3);  // which is not the same as an empty list
}

TEST(TdxTargets, OfCloudsHaveNoMatrix) {
  const auto manifest = With("platform: tdx, vmm: gce, rtmr3: []");
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  const TdxTarget& tdx = *manifest->targets[0].tdx;
  EXPECT_EQ(tdx.boot, "disk");
  EXPECT_TRUE(tdx.memory.empty());
  ASSERT_TRUE(tdx.rtmr3);
  EXPECT_TRUE(tdx.rtmr3->empty());
  EXPECT_EQ(TargetRefusal("platform: tdx, vmm: azure, memory: 2G"),
            "found unknown key 'memory' in a target for tdx in a cloud, "
            "expected one of name, platform, vmm, rtmr3, require_coverage");
}

TEST(TdxTargets, RejectBadValues) {
  const std::string ok = "platform: tdx, vmm: qemu, ";
  EXPECT_EQ(TargetRefusal("platform: tdx, vmm: ec2"),
            "found 'ec2', expected one of qemu, gce, azure");
  EXPECT_EQ(TargetRefusal(ok + "boot: grub, memory: 2G, vcpus: [1]"),
            "found 'grub', expected one of kernel, uki, disk");
  EXPECT_EQ(TargetRefusal(ok + "boot: disk, memory: 2048, vcpus: [1]"),
            "found 2048 without quotes, expected text: \"2048\"");
  EXPECT_EQ(TargetRefusal(ok + "boot: disk, memory: 2K, vcpus: [1]"),
            "found '2K', expected a size such as 512M, 4G or 1T");
  EXPECT_EQ(TargetRefusal(ok + "boot: disk, memory: [2G, 1024M], vcpus: [1]"),
            "found '1024M', expected more than 2048M, the memory before it");
  EXPECT_EQ(TargetRefusal(
                ok + "boot: kernel, boot_disk_pci: \"1.0\", memory: 2G, vcpus: "
                     "[1]"),
            "found 'boot_disk_pci' in a target that boots no disk, expected "
            "it with 'boot: disk' only");
  EXPECT_EQ(TargetRefusal(
                ok + "boot: disk, boot_disk_pci: \"32.0\", memory: 2G, vcpus: "
                     "[1]"),
            "found '32.0', expected a PCI device (0 to 31) and its function (0 "
            "to 7), as in \"1.0\"");
  EXPECT_EQ(TargetRefusal(
                ok + "boot: disk, qemu_version: new, memory: 2G, vcpus: [1]"),
            "found 'new', expected a version of QEMU, as in \"9.2\"");
  EXPECT_EQ(TargetRefusal(ok + "boot: disk, vcpus: [1]"),
            "found no key 'memory' in a target for tdx, expected one");
  EXPECT_EQ(
      TargetRefusal(ok + "boot: disk, memory: 2G, vcpus: [1], igvm: true"),
      "found unknown key 'igvm' in a target for tdx, expected one of "
      "name, platform, vmm, qemu_version, firmware_profile, "
      "firmware_has_secure_boot, page_order, boot, boot_disk_pci, "
      "memory, vcpus, acpi, rtmr3, require_coverage");
}

TEST(TdxTargets, RejectBadRuntimeEvents) {
  const auto refusal = [](const std::string& event) {
    return TargetRefusal("platform: tdx, vmm: gce, rtmr3: [" + event + "]");
  };
  EXPECT_EQ(refusal("{payload: 00ff}"),
            "found neither of 'sha384' and 'dstack_event' in an event of RTMR "
            "3, expected one of them");
  EXPECT_EQ(refusal("{dstack_event: x, sha384: " + std::string(96, 'a') + "}"),
            "found both of 'sha384' and 'dstack_event' in an event of RTMR 3, "
            "expected one of them");
  EXPECT_EQ(refusal("{payload: 00ff, sha384: " + std::string(96, 'a') + "}"),
            "found 'payload' beside 'sha384' in an event of RTMR 3, expected "
            "it with 'dstack_event' only");
  EXPECT_EQ(refusal("{sha384: abc}"),
            "found 'abc', expected 96 lower-case hexadecimal digits");
  EXPECT_EQ(refusal("{dstack_event: x, payload: abc}"),
            "found 'abc', expected pairs of lower-case hexadecimal digits, at "
            "most 4096");
}

TEST(TpmTargets, HaveBanksAndPhases) {
  const auto manifest = With(
      "platform: tpm, firmware_profile: gce, banks: [sha256, sha384], "
      "boot_disk_pci: \"1.0\", failed_boot_options: 2, secure_boot_support: "
      "none, phases: [enter-initrd, ready]");
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  const TpmTarget& tpm = *manifest->targets[0].tpm;
  EXPECT_EQ(tpm.firmware_profile, "gce");
  EXPECT_EQ(tpm.banks, (std::vector<std::string>{"sha256", "sha384"}));
  EXPECT_EQ(tpm.boot_disk->device, 1);
  EXPECT_EQ(tpm.failed_boot_options, 2u);
  EXPECT_EQ(*tpm.secure_boot_support, "none");
  EXPECT_EQ(tpm.phases, (std::vector<std::string>{"enter-initrd", "ready"}));
  EXPECT_EQ(With("platform: tpm, firmware_profile: gce")->targets[0].tpm->banks,
            std::vector<std::string>{"sha256"});
}

TEST(TpmTargets, RejectBadValues) {
  EXPECT_EQ(
      TargetRefusal("platform: tpm"),
      "found no key 'firmware_profile' in a target for tpm, expected one");
  EXPECT_EQ(TargetRefusal("platform: tpm, firmware_profile: gce, banks: md5"),
            "found 'md5', expected one of sha1, sha256, sha384, sha512");
  EXPECT_EQ(TargetRefusal("platform: tpm, firmware_profile: gce, memory: 2G"),
            "found unknown key 'memory' in a target for tpm, expected one of "
            "name, platform, firmware_profile, secure_boot_support, banks, "
            "boot_disk_pci, failed_boot_options, phases, require_coverage");
  EXPECT_EQ(TargetRefusal("platform: tpm, firmware_profile: gce, "
                          "failed_boot_options: 65"),
            "found '65', expected a number without quotes, 0 to 64");
}

}  // namespace
}  // namespace tally
