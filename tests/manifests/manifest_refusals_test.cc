// One test per way in which a manifest can be wrong, with the whole error text.
#include <gtest/gtest.h>

#include "manifests/manifest.h"
#include "tests/manifests/manifest_samples.h"

namespace tally {
namespace {

using test::FullManifest;
using test::Replaced;

std::string ManifestRefusal(const std::string& text) {
  const auto manifest = ParseManifest(text, "m.yaml");
  return manifest ? "accepted" : manifest.error().ToString();
}

// RefusedManifest is the error after one replacement in FullManifest.
std::string RefusedManifest(std::string_view from, std::string_view to) {
  return ManifestRefusal(Replaced(FullManifest(), from, to));
}

TEST(ParseManifest, RejectsOtherSchemaVersionsFirst) {
  EXPECT_EQ(ManifestRefusal("unknown: 1\ntally: 2\n"),
            "m.yaml:2:8: found '2', expected 1, the schema version that this "
            "tally reads");
  EXPECT_EQ(RefusedManifest("tally: 1", "tally: \"1\""),
            "m.yaml:1:8: found '1', expected 1, the schema version that this "
            "tally reads");
  EXPECT_EQ(RefusedManifest("tally: 1\n", ""),
            "m.yaml:1:1: found no key 'tally' in the manifest, expected "
            "'tally: 1'");
  EXPECT_EQ(ManifestRefusal("- a\n"),
            "m.yaml:1:1: found a list, expected a manifest as a map");
}

TEST(ParseManifest, RejectsUnknownKeysWithTheNearest) {
  EXPECT_EQ(RefusedManifest("  packages: [bash", "  package: [bash"),
            "m.yaml:27:3: found unknown key 'package' in root, expected one of "
            "packages, omit, include, exclude, conflicts, directories, files, "
            "symlinks, modes, trees (did you mean 'packages'?)");
  EXPECT_EQ(RefusedManifest("prefer:", "zzzzzz:"),
            "m.yaml:14:1: found unknown key 'zzzzzz' in the manifest, expected "
            "one of tally, name, version, architecture, source_date_epoch, "
            "archives, prefer, firmware, kernel, initrd, root, downloads, "
            "oci_images, volumes, system, payload, disk, uki, eif, targets");
  EXPECT_EQ(RefusedManifest("disk: {cmdline:", "disk: {cmdlin:"),
            "m.yaml:40:8: found unknown key 'cmdlin' in disk, expected cmdline "
            "(did you mean 'cmdline'?)");
  EXPECT_EQ(
      RefusedManifest("platform: nitro\n", "platform: nitro\n    vcpus: [1]\n"),
      "m.yaml:46:5: found unknown key 'vcpus' in a target for nitro, "
      "expected one of name, platform, require_coverage");
}

TEST(ParseManifest, RejectsDuplicateAndMissingKeys) {
  EXPECT_EQ(RefusedManifest("prefer: [mawk]", "name: again"),
            "m.yaml:14:1: found key 'name' again, expected it once (first in "
            "line 2)");
  EXPECT_EQ(RefusedManifest("name: minimal-cvm\n", ""),
            "m.yaml:1:1: found no key 'name' in the manifest, expected one");
  EXPECT_EQ(RefusedManifest("  image: /boot/vmlinuz-cloud\n", ""),
            "m.yaml:17:3: found no key 'image' in kernel, expected one");
}

TEST(ParseManifest, RejectsWrongTypes) {
  EXPECT_EQ(RefusedManifest("[mawk]", "mawk"),
            "m.yaml:14:9: found 'mawk', expected a list");
  EXPECT_EQ(RefusedManifest("prefer: [mawk]", "prefer:"),
            "m.yaml:14:1: found nothing, expected a list");
  EXPECT_EQ(RefusedManifest("name: minimal-cvm", "name: [x]"),
            "m.yaml:2:7: found a list, expected a name (a-z 0-9 . + -, first a "
            "letter or digit)");
  EXPECT_EQ(RefusedManifest("disk: {cmdline: \"console=ttyS0\"}", "disk: yes"),
            "m.yaml:40:7: found 'yes', expected disk as a map");
  EXPECT_EQ(RefusedManifest("allow_expired: true", "allow_expired: yes"),
            "m.yaml:11:20: found 'yes', expected true or false");
  EXPECT_EQ(RefusedManifest("allow_expired: true", "allow_expired: \"true\""),
            "m.yaml:11:20: found 'true', expected true or false");
  EXPECT_EQ(RefusedManifest("source_date_epoch: 1735689600",
                            "source_date_epoch: \"1735689600\""),
            "m.yaml:5:20: found '1735689600', expected a number without "
            "quotes, 0 to 4294967295");
}

TEST(ParseManifest, RejectsTextWithoutQuotesThatLooksLikeAnotherType) {
  EXPECT_EQ(RefusedManifest("version: \"1.0\"", "version: 1.0"),
            "m.yaml:3:10: found 1.0 without quotes, expected text: \"1.0\"");
  EXPECT_EQ(RefusedManifest("version: \"1.0\"", "version: 2026-07-11"),
            "m.yaml:3:10: found 2026-07-11 without quotes, expected text: "
            "\"2026-07-11\"");
  EXPECT_EQ(RefusedManifest("name: minimal-cvm", "name: No"),
            "m.yaml:2:7: found No without quotes, expected text: \"No\"");
  EXPECT_EQ(RefusedManifest("--port, \"80\"", "--port, 80"),
            "m.yaml:39:43: found 80 without quotes, expected text: \"80\"");
  EXPECT_EQ(RefusedManifest("version: \"1.0\"", "version: 1.0a"), "accepted");
}

TEST(ParseManifest, RejectsBadNames) {
  EXPECT_EQ(RefusedManifest("minimal-cvm", "Minimal"),
            "m.yaml:2:7: found 'Minimal', expected a name (a-z 0-9 . + -, "
            "first a letter or digit)");
  EXPECT_EQ(RefusedManifest("minimal-cvm", "\"\""),
            "m.yaml:2:7: found '', expected a name (a-z 0-9 . + -, first a "
            "letter or digit)");
  EXPECT_EQ(RefusedManifest("\"1.0\"", "\"../1\""),
            "m.yaml:3:10: found '../1', expected a version (A-Z a-z 0-9 . + ~ "
            "-, first a letter or digit)");
  EXPECT_EQ(RefusedManifest("prefer: [mawk]", "prefer: [m_awk]"),
            "m.yaml:14:10: found 'm_awk', expected the name of a package (two "
            "or more of a-z 0-9 . + -, first a letter or digit)");
  EXPECT_EQ(RefusedManifest("suites: [stable]", "suites: [\"a/b\"]"),
            "m.yaml:13:14: found 'a/b', expected the name of a suite (A-Z a-z "
            "0-9 . + _ -, first a letter or digit)");
  EXPECT_EQ(RefusedManifest("dm-verity,", "dm.verity,"),
            "m.yaml:25:13: found 'dm.verity', expected the name of a kernel "
            "module (A-Z a-z 0-9 _ -, first a letter or digit)");
  EXPECT_EQ(RefusedManifest("EPYC-v4", "\"EPYC v4\""),
            "m.yaml:43:58: found 'EPYC v4', expected a vCPU type (A-Z a-z 0-9 "
            ". -, first a letter or digit)");
}

TEST(ParseManifest, RejectsUnknownChoices) {
  EXPECT_EQ(
      RefusedManifest("architecture: amd64", "architecture: amd-64"),
      "m.yaml:4:15: found 'amd-64', expected one of amd64, arm64 (did you "
      "mean 'amd64'?)");
  EXPECT_EQ(RefusedManifest("platform: sev-snp", "platform: sev-snq"),
            "m.yaml:43:27: found 'sev-snq', expected one of sev-snp, sev-es, "
            "sev, nitro, tdx, tpm (did you mean 'sev-snp'?)");
  EXPECT_EQ(RefusedManifest("vmm: qemu", "vmm: qem"),
            "m.yaml:43:41: found 'qem', expected one of qemu, ec2, gce, krun "
            "(did you mean 'qemu'?)");
  EXPECT_EQ(RefusedManifest("vmm: qemu", "vmm: []"),
            "m.yaml:43:41: found an empty list, expected one or more");
  EXPECT_EQ(RefusedManifest("vmm: qemu", "vmm: [qemu, ec2, qemu]"),
            "m.yaml:43:53: found 'qemu', expected each once");
  EXPECT_EQ(RefusedManifest("mode: pid1", "mode: servce"),
            "m.yaml:39:56: found 'servce', expected one of service, pid1 (did "
            "you mean 'service'?)");
  EXPECT_EQ(
      RefusedManifest("require_coverage: full", "require_coverage: [full]"),
      "m.yaml:46:23: found a list, expected one of any, full");
}

TEST(ParseManifest, RejectsBadPaths) {
  const std::string expected =
      ", expected an absolute path without empty, '.' or '..' parts";
  for (const std::string bad :
       {"srv", "/", "/srv/", "//srv", "/a/../b", "/a/./b", ""}) {
    EXPECT_EQ(RefusedManifest("path: /srv", "path: \"" + bad + "\""),
              "m.yaml:32:24: found '" + bad + "'" + expected);
  }
  EXPECT_EQ(RefusedManifest("path: /srv", "path: \"/a\\nb\""),
            "m.yaml:32:24: found '/a\\x0ab'" + expected);
  EXPECT_EQ(RefusedManifest("[/usr/lib/service, --port", "[service, --port"),
            "m.yaml:39:17: found 'service'" + expected);
  for (const std::string bad : {"/etc/passwd", "../x", "a/../../x"}) {
    EXPECT_EQ(RefusedManifest("source: payload/run.sh", "source: " + bad),
              "m.yaml:34:40: found '" + bad +
                  "', expected a relative path in printable ASCII, without "
                  "empty, '.' or '..' parts");
  }
  EXPECT_EQ(RefusedManifest("keys/debian.gpg", "../debian.gpg"),
            "m.yaml:10:14: found '../debian.gpg', expected a path without "
            "empty, '.' or '..' parts");
  EXPECT_EQ(RefusedManifest("\"/usr/share/doc/**\"", "\"**/doc\""),
            "m.yaml:30:13: found '**/doc', expected a pattern for absolute "
            "paths, without empty, '.' or '..' parts");
  EXPECT_EQ(RefusedManifest("target: ../y", "target: \"\""),
            "m.yaml:37:40: found '', expected the target of a symbolic link (1 "
            "to 4095 bytes, no control bytes)");
}

TEST(ParseManifest, RejectsBadModes) {
  const std::string expected =
      ", expected four octal digits in quotes, as in \"0755\"";
  EXPECT_EQ(RefusedManifest("mode: \"0750\"", "mode: 0750"),
            "m.yaml:32:36: found '0750'" + expected);
  EXPECT_EQ(RefusedManifest("mode: \"0750\"", "mode: \"750\""),
            "m.yaml:32:36: found '750'" + expected);
  EXPECT_EQ(RefusedManifest("mode: \"0750\"", "mode: \"0780\""),
            "m.yaml:32:36: found '0780'" + expected);
  EXPECT_EQ(
      RefusedManifest("/usr/bin/passwd, mode: \"4711\"", "/usr/bin/passwd"),
      "m.yaml:38:11: found no key 'mode' in a mode, expected one");
}

TEST(ParseManifest, RejectsFilesWithoutOneOrigin) {
  EXPECT_EQ(RefusedManifest("source: payload/run.sh, ", ""),
            "m.yaml:34:7: found none of 'source', 'content', 'download' in a "
            "file, expected one of them");
  EXPECT_EQ(
      RefusedManifest("      content:", "      source: x\n      content:"),
      "m.yaml:35:7: found both 'source' and 'content' in a file, "
      "expected one of them");
}

TEST(ParseManifest, RejectsNumbersOutOfRange) {
  EXPECT_EQ(RefusedManifest("1735689600", "17179869185"),
            "m.yaml:5:20: found '17179869185', expected a number without "
            "quotes, 0 to 4294967295");
  EXPECT_EQ(RefusedManifest("1735689600", "-1"),
            "m.yaml:5:20: found '-1', expected a number without quotes, 0 to "
            "4294967295");
  EXPECT_EQ(RefusedManifest("uid: 1,", "uid: 4294967295,"),
            "m.yaml:32:49: found '4294967295', expected a number without "
            "quotes, 0 to 4294967294");
  EXPECT_EQ(RefusedManifest("[1, 2, 4]", "[0]"),
            "m.yaml:43:75: found '0', expected a number without quotes, 1 to "
            "512");
  EXPECT_EQ(RefusedManifest("[1, 2, 4]", "[513]"),
            "m.yaml:43:75: found '513', expected a number without quotes, 1 to "
            "512");
  EXPECT_EQ(RefusedManifest("[1, 2, 4]", "[2, 1]"),
            "m.yaml:43:78: found '1', expected more than 2, the vCPU count "
            "before it");
  EXPECT_EQ(RefusedManifest("[1, 2, 4]", "[2, 2]"),
            "m.yaml:43:78: found '2', expected more than 2, the vCPU count "
            "before it");
  EXPECT_EQ(RefusedManifest("0x21", "0x10000000000000000"),
            "m.yaml:43:101: found '0x10000000000000000', expected a number "
            "without quotes, 0 to 18446744073709551615");
}

TEST(ParseManifest, RejectsEmptyLists) {
  EXPECT_EQ(RefusedManifest("[1, 2, 4]", "[]"),
            "m.yaml:43:74: found no vCPU counts, expected one or more");
  EXPECT_EQ(RefusedManifest("[stable]", "[]"),
            "m.yaml:12:5: found no suites in an archive, expected one or more");
  EXPECT_EQ(RefusedManifest("[main, contrib]", "[]"),
            "m.yaml:9:17: found no components in an archive, expected one or "
            "more");
  EXPECT_EQ(RefusedManifest("[/usr/lib/service, --port, \"80\"]", "[]"),
            "m.yaml:39:10: found an empty 'run' in payload, expected a program "
            "and its arguments");
}

TEST(ParseManifest, RejectsBadCommandLines) {
  const std::string expected = "expected 1 to 1536 printable ASCII characters";
  const std::string of_disk =
      expected +
      " with closed quotes, without roothash=, "
      "systemd.verity… and tally.volume…, which the build adds";
  EXPECT_EQ(RefusedManifest("\"console=ttyS0\"", "\"a\\nb\""),
            "m.yaml:40:17: found 'a\\x0ab', " + of_disk);
  EXPECT_EQ(RefusedManifest("\"reboot=k panic=30\"", "\"\""),
            "m.yaml:41:16: found '', " + expected);
  EXPECT_EQ(
      RefusedManifest("console=ttyS0", std::string(1537, 'x')),
      "m.yaml:40:17: found '" + std::string(60, 'x') + "'..., " + of_disk);
  EXPECT_EQ(RefusedManifest("console=ttyS0", std::string(1536, 'x')),
            "accepted");
  for (const std::string text :
       {"\"a roothash=00\"", "\"systemd.verity=0\"", "'a=\"b'"}) {
    EXPECT_NE(RefusedManifest("\"console=ttyS0\"", text).find(of_disk),
              std::string::npos)
        << text;
  }
}

TEST(ParseManifest, RejectsDuplicateNames) {
  EXPECT_EQ(RefusedManifest("name: private", "name: debian"),
            "m.yaml:12:5: found archive 'debian' again, expected it once "
            "(first in line 7)");
  EXPECT_EQ(RefusedManifest("[stable]", "[stable, stable]"),
            "m.yaml:13:22: found 'stable' again, expected it once");
  EXPECT_EQ(
      RefusedManifest("[bash, mawk]", "[bash, {name: bash, suite: stable}]"),
      "m.yaml:27:20: found package 'bash' of root again, expected it "
      "once (first in line 27)");
  EXPECT_EQ(RefusedManifest("  - name: nitro", "  - name: snp"),
            "m.yaml:44:5: found target 'snp' again, expected it once (first in "
            "line 43)");
  EXPECT_EQ(RefusedManifest("dm-verity, virtio_blk", "virtio-blk, virtio_blk"),
            "m.yaml:25:25: found 'virtio_blk' again, expected it once");
}

TEST(ParseManifest, RejectsDuplicatePaths) {
  EXPECT_EQ(RefusedManifest("path: /opt/y", "path: /srv"),
            "m.yaml:32:61: found path '/srv' again, expected it once (first in "
            "line 32)");
  EXPECT_EQ(RefusedManifest("path: /etc/link", "path: /etc/hostname"),
            "m.yaml:37:14: found path '/etc/hostname' again, expected it once "
            "(first in line 35)");
  EXPECT_EQ(RefusedManifest("path: /usr/bin/passwd", "path: /usr/lib/service"),
            "m.yaml:38:11: found path '/usr/lib/service' again, expected it "
            "once (first in line 34)");
}

TEST(ParseManifest, RejectsSuitesOfNoArchive) {
  EXPECT_EQ(RefusedManifest("cryptsetup-bin, suite: bookworm",
                            "cryptsetup-bin, suite: bokworm"),
            "m.yaml:22:7: found suite 'bokworm' of package 'cryptsetup-bin', "
            "expected a suite of the archives: bookworm, bookworm-backports, "
            "stable (did you mean 'bookworm'?)");
}

TEST(ParseManifest, RejectsPackagesThatContradict) {
  EXPECT_EQ(RefusedManifest("[debconf, perl]", "[bash]"),
            "m.yaml:27:14: found package 'bash' in both 'packages' and 'omit' "
            "of root, expected one of them");
  EXPECT_EQ(RefusedManifest("[bash, mawk]",
                            "[{name: cryptsetup-bin, suite: stable}]"),
            "m.yaml:22:7: found package 'cryptsetup-bin' from suite "
            "'bookworm', expected 'stable' as in line 27");
}

TEST(ParseManifest, RejectsAUnifiedKernelImageWithoutADisk) {
  const std::string uki =
      "uki: {package: systemd-boot-efi, stub: "
      "/usr/lib/systemd/boot/efi/linuxx64.efi.stub}\n";
  EXPECT_EQ(RefusedManifest("disk: {cmdline: \"console=ttyS0\"}\n", uki),
            "m.yaml:40:6: found 'uki' and no key 'disk' in the manifest, "
            "expected the disk whose root its command line names");
  EXPECT_EQ(RefusedManifest("disk: {cmdline: \"console=ttyS0\"}\n",
                            "uki: {package: systemd-boot-efi}\n"),
            "m.yaml:40:6: found no key 'stub' in uki, expected one");
}

TEST(ParseManifest, RejectsTargetsWithoutTheirParts) {
  EXPECT_EQ(RefusedManifest("firmware: {package: ovmf, file: "
                            "/usr/share/ovmf/OVMF.fd}\n",
                            ""),
            "m.yaml:42:5: found target 'snp' for sev-snp and no key 'firmware' "
            "in the manifest, expected the firmware that it launches");
  EXPECT_EQ(RefusedManifest("eif: {cmdline: \"reboot=k panic=30\"}\n", ""),
            "m.yaml:43:5: found target 'nitro' for nitro and no key 'eif' in "
            "the manifest, expected the enclave image that it launches");
}

}  // namespace
}  // namespace tally
