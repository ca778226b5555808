#include "tests/manifests/manifest_samples.h"

#include "common/check.h"

namespace tally::test {

std::string FullManifest() {
  return R"(tally: 1
name: minimal-cvm
version: "1.0"
architecture: amd64
source_date_epoch: 1735689600
archives:
  - name: debian
    suites: [bookworm, bookworm-backports]
    components: [main, contrib]
    keyring: keys/debian.gpg
    allow_expired: true
  - name: private
    suites: [stable]
prefer: [mawk]
firmware: {package: ovmf, file: /usr/share/ovmf/OVMF.fd}
kernel:
  package: {name: linux-image-cloud, suite: bookworm-backports}
  image: /boot/vmlinuz-cloud
initrd:
  packages:
    - busybox-static
    - {name: cryptsetup-bin, suite: bookworm}
  omit: [kmod]
  include: ["/bin/**"]
  modules: [dm-verity, virtio_blk]
root:
  packages: [bash, mawk]
  omit: [debconf, perl]
  include: [/usr/**, /etc/**]
  exclude: ["/usr/share/doc/**"]
  conflicts: [{path: /usr/bin/x, keep: bash}]
  directories: [{path: /srv, mode: "0750", uid: 1, gid: 2}, {path: /opt/y}]
  files:
    - {path: /usr/lib/service, source: payload/run.sh, mode: "0755", uid: 3, gid: 4}
    - path: /etc/hostname
      content: "cvm\n"
  symlinks: [{path: /etc/link, target: ../y}]
  modes: [{path: /usr/bin/passwd, mode: "4711", uid: 5, gid: 6}]
payload: {run: [/usr/lib/service, --port, "80"], mode: pid1}
disk: {cmdline: "console=ttyS0"}
eif: {cmdline: "reboot=k panic=30"}
targets:
  - {name: snp, platform: sev-snp, vmm: qemu, vcpu_type: EPYC-v4, vcpus: [1, 2, 4], guest_features: 0x21, require_coverage: any}
  - name: nitro
    platform: nitro
    require_coverage: full
)";
}

namespace {

Sha256Digest DigestOf(uint8_t byte) {
  std::array<uint8_t, 32> bytes;
  bytes.fill(byte);
  return Sha256Digest(bytes);
}

LockedSuite SuiteOf(const std::string& archive, const std::string& suite,
                    uint8_t byte) {
  return {.archive = archive,
          .suite = suite,
          .origin = "Debian " + suite,
          .codename = suite,
          .date = "2026-07-11T10:16:37Z",
          .inrelease_sha256 = DigestOf(byte),
          .signed_by = {"4CB50190207B4758A3F73A796ED0E7B82643E131",
                        "B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8"},
          .indexes = {{.path = "main/binary-amd64/Packages.xz",
                       .sha256 = DigestOf(static_cast<uint8_t>(byte + 1))}}};
}

LockedPackage PackageOf(const std::string& name, const std::string& suite,
                        const Reasons& why) {
  return {.name = name,
          .version = "1:2.36-9+deb12u13",
          .architecture = "amd64",
          .archive = "debian",
          .suite = suite,
          .date = "2026-07-11T10:16:37Z",
          .path = "pool/main/" + name + "_2.36-9+deb12u13_amd64.deb",
          .size_bytes = 2760000,
          .sha256 = DigestOf(0xa1),
          .source = name + "-src",
          .source_version = "2.36-9",
          .why = why};
}

}  // namespace

Lock FullLock() {
  Lock lock = {.architecture = "amd64"};
  lock.suites = {SuiteOf("debian", "bookworm", 0x11),
                 SuiteOf("debian", "bookworm-backports", 0x21),
                 SuiteOf("private", "stable", 0x31)};
  lock.packages = {
      PackageOf("bash", "bookworm", {{"root", "bash"}}),
      PackageOf("busybox-static", "bookworm", {{"initrd", "busybox-static"}}),
      PackageOf("cryptsetup-bin", "bookworm", {{"initrd", "cryptsetup-bin"}}),
      PackageOf("libc6", "bookworm",
                {{"initrd", "cryptsetup-bin > libc6"},
                 {"root", "bash > libtinfo6 > libc6"}}),
      PackageOf("linux-image-cloud", "bookworm-backports",
                {{"kernel", "linux-image-cloud"}}),
      PackageOf("mawk", "bookworm", {{"root", "mawk"}}),
      PackageOf("ovmf", "bookworm", {{"firmware", "ovmf"}})};
  lock.packages[3].scripts = {
      {.name = "postinst",
       .sha256 = DigestOf(0x51),
       .disposition = ScriptDisposition::kKnown,
       .actions = {"ldconfig", "sysusers u _x 321 \"X [y]\""}},
      {.name = "prerm", .sha256 = DigestOf(0x52)}};
  lock.accounts = {.users = {{"_x", 321}, {"no", 999}},
                   .groups = {{"no", 998}}};
  lock.packages[6].architecture = "all";
  lock.files = {
      {.path = "payload/run.sh", .size_bytes = 17, .sha256 = DigestOf(0x61)}};
  return lock;
}

std::string Replaced(std::string text, std::string_view from,
                     std::string_view to) {
  const size_t at = text.find(from);
  TALLY_CHECK(at != std::string::npos);
  TALLY_CHECK(text.find(from, at + 1) == std::string::npos);
  return text.replace(at, from.size(), to);
}

std::string WithHints(const Error& error) {
  std::string text = error.ToString();
  for (const std::string& hint : error.hints()) text += "\nhint: " + hint;
  return text;
}

}  // namespace tally::test
