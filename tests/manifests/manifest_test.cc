#include "manifests/manifest.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "tests/manifests/manifest_samples.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::FullManifest;
using Texts = std::vector<std::string>;

Manifest FullyParsed() {
  auto manifest = ParseManifest(FullManifest(), "dir/manifest.yaml");
  EXPECT_TRUE(manifest) << manifest.error().ToString();
  return manifest ? *std::move(manifest) : Manifest();
}

// Names returns "name" or "name/suite" of each.
Texts Names(const std::vector<PackageRequest>& packages) {
  Texts names;
  for (const PackageRequest& package : packages) {
    names.push_back(package.name + (package.suite ? "/" + *package.suite : ""));
  }
  return names;
}

TEST(ParseManifest, ReadsIdentityAndArchives) {
  const Manifest manifest = FullyParsed();
  EXPECT_EQ(manifest.path, "dir/manifest.yaml");
  EXPECT_EQ(manifest.sha256, Sha256(AsBytes(FullManifest())));
  EXPECT_EQ(manifest.name, "minimal-cvm");
  EXPECT_EQ(manifest.version, "1.0");
  EXPECT_EQ(manifest.architecture, "amd64");
  EXPECT_EQ(manifest.source_date_epoch, 1735689600);

  ASSERT_EQ(manifest.archives.size(), 2u);
  const ArchiveSpec& debian = manifest.archives[0];
  EXPECT_EQ(debian.name, "debian");
  EXPECT_EQ(debian.suites, (Texts{"bookworm", "bookworm-backports"}));
  EXPECT_EQ(debian.components, (Texts{"main", "contrib"}));
  EXPECT_EQ(debian.keyring, "keys/debian.gpg");
  EXPECT_TRUE(debian.allow_expired);
  EXPECT_EQ(At(manifest, debian.where), "dir/manifest.yaml:7:5");
  const ArchiveSpec& second = manifest.archives[1];
  EXPECT_EQ(second.name, "private");
  EXPECT_EQ(second.suites, Texts{"stable"});
  EXPECT_EQ(second.components, Texts{"main"});
  EXPECT_EQ(second.keyring, "/usr/share/keyrings/debian-archive-keyring.gpg");
  EXPECT_FALSE(second.allow_expired);
  EXPECT_EQ(manifest.prefer, Texts{"mawk"});
}

TEST(ParseManifest, ReadsKernelFirmwareAndInitrd) {
  const Manifest manifest = FullyParsed();
  ASSERT_TRUE(manifest.firmware);
  EXPECT_EQ(Names({manifest.firmware->package}), Texts{"ovmf"});
  EXPECT_EQ(manifest.firmware->file, "/usr/share/ovmf/OVMF.fd");
  EXPECT_EQ(Names({manifest.kernel.package}),
            Texts{"linux-image-cloud/bookworm-backports"});
  EXPECT_EQ(manifest.kernel.image, "/boot/vmlinuz-cloud");
  EXPECT_EQ(Names(manifest.initrd.tree.packages),
            (Texts{"busybox-static", "cryptsetup-bin/bookworm"}));
  EXPECT_EQ(At(manifest, manifest.initrd.tree.packages[1].where),
            "dir/manifest.yaml:22:7");
  EXPECT_EQ(manifest.initrd.tree.omit, Texts{"kmod"});
  EXPECT_EQ(manifest.initrd.tree.include, Texts{"/bin/**"});
  EXPECT_EQ(manifest.initrd.modules, (Texts{"dm-verity", "virtio_blk"}));
}

TEST(ParseManifest, ReadsAUnifiedKernelImageAndItsFirmware) {
  std::string text = FullManifest();
  const std::string firmware = "file: /usr/share/ovmf/OVMF.fd}";
  text.replace(text.find(firmware), firmware.size(),
               "file: /CODE.fd, vars: /VARS.fd}");
  text.insert(text.find("eif:"), "uki: {package: stubs, stub: /x64.stub}\n");
  const auto manifest = ParseManifest(text, "m.yaml");
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  EXPECT_EQ(manifest->firmware->file, "/CODE.fd");
  EXPECT_EQ(manifest->firmware->vars, "/VARS.fd");
  ASSERT_TRUE(manifest->uki);
  EXPECT_EQ(Names({manifest->uki->package}), Texts{"stubs"});
  EXPECT_EQ(manifest->uki->stub, "/x64.stub");
}

TEST(ParseManifest, ReadsTheRootTree) {
  const Manifest manifest = FullyParsed();
  const TreeSpec& root = manifest.root;
  EXPECT_EQ(Names(root.packages), (Texts{"bash", "mawk"}));
  EXPECT_EQ(root.omit, (Texts{"debconf", "perl"}));
  EXPECT_EQ(root.include, (Texts{"/usr/**", "/etc/**"}));
  EXPECT_EQ(root.exclude, Texts{"/usr/share/doc/**"});
  ASSERT_EQ(root.conflicts.size(), 1u);
  EXPECT_EQ(root.conflicts[0].path, "/usr/bin/x");
  EXPECT_EQ(root.conflicts[0].keep, "bash");
  ASSERT_EQ(root.directories.size(), 2u);
  EXPECT_EQ(root.directories[0].path, "/srv");
  EXPECT_EQ(root.directories[0].mode, 0750u);
  EXPECT_EQ(root.directories[0].owner.uid, 1u);
  EXPECT_EQ(root.directories[0].owner.gid, 2u);
  EXPECT_EQ(root.directories[1].mode, 0755u);
  EXPECT_EQ(root.directories[1].owner.uid, 0u);
  ASSERT_EQ(root.symlinks.size(), 1u);
  EXPECT_EQ(root.symlinks[0].path, "/etc/link");
  EXPECT_EQ(root.symlinks[0].target, "../y");
  ASSERT_EQ(root.modes.size(), 1u);
  EXPECT_EQ(root.modes[0].path, "/usr/bin/passwd");
  EXPECT_EQ(root.modes[0].mode, 04711u);
  EXPECT_EQ(root.modes[0].owner.uid, 5u);
  EXPECT_EQ(root.modes[0].owner.gid, 6u);
}

TEST(ParseManifest, ReadsFiles) {
  const Manifest manifest = FullyParsed();
  const std::vector<FileSpec>& files = manifest.root.files;
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].path, "/usr/lib/service");
  EXPECT_EQ(files[0].source, "payload/run.sh");
  EXPECT_FALSE(files[0].content);
  EXPECT_EQ(files[0].mode, 0755u);
  EXPECT_EQ(files[0].owner.uid, 3u);
  EXPECT_EQ(files[0].owner.gid, 4u);
  EXPECT_EQ(files[1].path, "/etc/hostname");
  EXPECT_FALSE(files[1].source);
  EXPECT_EQ(files[1].content, "cvm\n");
  EXPECT_EQ(files[1].mode, 0644u);
  EXPECT_EQ(files[1].owner.uid, 0u);
}

TEST(ParseManifest, ReadsPayloadImagesAndTargets) {
  const Manifest manifest = FullyParsed();
  EXPECT_EQ(manifest.payload.run, (Texts{"/usr/lib/service", "--port", "80"}));
  EXPECT_EQ(manifest.payload.mode, PayloadMode::kPid1);
  ASSERT_TRUE(manifest.disk);
  EXPECT_EQ(manifest.disk->cmdline, "console=ttyS0");
  ASSERT_TRUE(manifest.eif);
  EXPECT_EQ(manifest.eif->cmdline, "reboot=k panic=30");

  ASSERT_EQ(manifest.targets.size(), 2u);
  const TargetSpec& snp = manifest.targets[0];
  EXPECT_EQ(snp.name, "snp");
  ASSERT_TRUE(snp.sev);
  EXPECT_FALSE(snp.nitro);
  EXPECT_EQ(snp.sev->platform, "sev-snp");
  EXPECT_EQ(snp.sev->vmms, std::vector<std::string>{"qemu"});
  EXPECT_EQ(snp.sev->vcpu_types, std::vector<std::string>{"EPYC-v4"});
  EXPECT_EQ(snp.sev->vcpus, (std::vector<uint32_t>{1, 2, 4}));
  EXPECT_EQ(snp.sev->guest_features, std::vector<uint64_t>{0x21});
  EXPECT_FALSE(snp.require_full_coverage);
  const TargetSpec& nitro = manifest.targets[1];
  EXPECT_EQ(nitro.name, "nitro");
  EXPECT_FALSE(nitro.sev);
  EXPECT_TRUE(nitro.nitro);
  EXPECT_TRUE(nitro.require_full_coverage);
}

TEST(ParseManifest, FillsInDefaults) {
  const auto manifest = ParseManifest(
      "tally: 1\nname: x\nversion: v1\narchitecture: arm64\n"
      "source_date_epoch: 0\narchives: [{name: d, suites: [s]}]\n"
      "kernel: {package: linux, image: /vmlinuz}\ninitrd: {}\nroot: {}\n"
      "payload: {run: [/x]}\n",
      "m.yaml");
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  EXPECT_FALSE(manifest->firmware);
  EXPECT_FALSE(manifest->disk);
  EXPECT_FALSE(manifest->uki);
  EXPECT_FALSE(manifest->eif);
  EXPECT_TRUE(manifest->targets.empty());
  EXPECT_TRUE(manifest->prefer.empty());
  EXPECT_EQ(manifest->payload.mode, PayloadMode::kService);
  EXPECT_TRUE(manifest->root.packages.empty());
}

TEST(LoadManifest, ReadsAFileOfLimitedSize) {
  const test::Scratch scratch;
  const auto good = LoadManifest(scratch.Write("m.yaml", FullManifest()));
  EXPECT_TRUE(good) << good.error().ToString();
  const std::string big = FullManifest() + std::string(1 << 20, '#');
  EXPECT_FALSE(LoadManifest(scratch.Write("big.yaml", big)));
  EXPECT_FALSE(LoadManifest(scratch.path() / "none.yaml"));
}

TEST(ParseManifest, ReadsAMatrixOfLaunches) {
  const std::string text = test::Replaced(
      test::FullManifest(),
      "{name: snp, platform: sev-snp, vmm: qemu, vcpu_type: EPYC-v4, vcpus: "
      "[1, 2, 4], guest_features: 0x21, require_coverage: any}",
      "{name: snp, platform: sev-snp, vmm: [qemu, ec2], vcpu_type: [EPYC-v4, "
      "EPYC-Milan], vcpus: [1, 2], guest_features: [0x1, 0x21]}\n"
      "  - {name: es, platform: sev-es, vmm: qemu, vcpu_type: EPYC, vcpus: "
      "[3]}\n"
      "  - {name: sev, platform: sev, vmm: qemu}");
  const auto manifest = ParseManifest(text, "m.yaml");
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  const SevTarget& snp = *manifest->targets[0].sev;
  EXPECT_EQ(snp.vmms, (std::vector<std::string>{"qemu", "ec2"}));
  EXPECT_EQ(snp.vcpu_types,
            (std::vector<std::string>{"EPYC-v4", "EPYC-Milan"}));
  EXPECT_EQ(snp.guest_features, (std::vector<uint64_t>{0x1, 0x21}));
  const SevTarget& es = *manifest->targets[1].sev;
  EXPECT_EQ(es.platform, "sev-es");
  EXPECT_EQ(es.vcpus, std::vector<uint32_t>{3});
  const SevTarget& sev = *manifest->targets[2].sev;
  EXPECT_EQ(sev.platform, "sev");
  EXPECT_TRUE(sev.vcpus.empty());
}

TEST(ParseManifest, ReadsWhetherIgvmFilesAreBuilt) {
  const std::string old =
      "{name: snp, platform: sev-snp, vmm: qemu, vcpu_type: EPYC-v4, vcpus: "
      "[1, 2, 4], guest_features: 0x21, require_coverage: any}";
  const auto with = [&](const std::string& rest) {
    return ParseManifest(
        test::Replaced(test::FullManifest(), old,
                       "{name: snp, platform: sev-snp, vcpu_type: EPYC-v4, "
                       "vcpus: [1], " +
                           rest + "}"),
        "m.yaml");
  };
  const auto policy = [&](const std::string& rest) {
    return with(rest).value().targets[0].sev->igvm_policy;
  };
  EXPECT_EQ(policy("vmm: qemu"), std::nullopt);
  EXPECT_EQ(policy("vmm: ec2, igvm: false"), std::nullopt);
  EXPECT_EQ(policy("vmm: [qemu], igvm: true"), 0x30000u);
  EXPECT_EQ(policy("vmm: qemu, igvm: {}"), 0x30000u);
  EXPECT_EQ(policy("vmm: qemu, igvm: {policy: 0xb0000}"), 0xb0000u);

  const auto refusal = [&](const std::string& rest) {
    const std::string text = with(rest).error().message();
    return text.substr(text.find(": ") + 2);
  };
  EXPECT_EQ(refusal("vmm: [qemu, ec2], igvm: true"),
            "found 'ec2', expected 'qemu', since the target has 'igvm'");
  EXPECT_EQ(refusal("vmm: qemu, igvm: yes"),
            "found 'yes', expected true or false");
  EXPECT_EQ(refusal("vmm: qemu, igvm: {policy: -1}"),
            "found '-1', expected a number without quotes, 0 to "
            "18446744073709551615");
}

}  // namespace
}  // namespace tally
