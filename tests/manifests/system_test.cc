// `system` of a manifest.
#include <gtest/gtest.h>

#include "manifests/manifest.h"
#include "tests/manifests/manifest_samples.h"

namespace tally {
namespace {

using test::Replaced;
using test::WithHints;

std::string SystemManifest() {
  return R"(tally: 1
name: sample
version: "1"
architecture: amd64
source_date_epoch: 0
archives: [{name: debian, suites: [bookworm]}]
kernel: {package: kk, image: /boot/k}
initrd: {}
root:
  directories: [{path: /srv, user: svc, group: web}]
  files: [{path: /srv/x, content: "", user: svc}]
payload: {run: [/sbin/init]}
system:
  hostname: cvm-1.example
  machine_id: uninitialized
  timezone: Etc/UTC
  locale: C.UTF-8
  groups: [{name: web, gid: 700}]
  users:
    - {name: svc, uid: 701, group: web, groups: [tss], comment: "A service", home: /srv, shell: /bin/sh}
    - {name: other}
  units:
    enable: [svc.service, getty@ttyS0.service]
    disable: [ssh.service]
    mask: [apt-daily.timer]
    default_target: multi-user.target
  alternatives: [{name: editor, path: /usr/bin/nano}]
  capabilities: [{path: /usr/bin/ping, capabilities: "cap_net_raw=ep"}]
  scripts:
    - package: foo
      script: postinst
      sha256: 5500000000000000000000000000000000000000000000000000000000000a55
      actions: ["ldconfig"]
      reason: only restarts
  allow: [{guard: setuid, path: /usr/bin/su, reason: needed}]
)";
}

std::string RefusedSystem(std::string_view from, std::string_view to) {
  const auto manifest =
      ParseManifest(Replaced(SystemManifest(), from, to), "manifest.yaml");
  return manifest ? "accepted" : WithHints(manifest.error());
}

TEST(SystemSpec, ReadsEveryField) {
  const auto manifest = ParseManifest(SystemManifest(), "manifest.yaml");
  ASSERT_TRUE(manifest) << manifest.error().ToString();
  EXPECT_EQ(manifest->root.directories[0].owner.user, "svc");
  EXPECT_EQ(manifest->root.directories[0].owner.group, "web");
  EXPECT_EQ(manifest->root.files[0].owner.user, "svc");
  EXPECT_EQ(manifest->root.files[0].owner.group, "");

  const SystemSpec& system = manifest->system;
  EXPECT_EQ(system.hostname, "cvm-1.example");
  EXPECT_EQ(system.machine_id, "uninitialized");
  EXPECT_EQ(system.timezone, "Etc/UTC");
  EXPECT_EQ(system.locale, "C.UTF-8");
  ASSERT_EQ(system.groups.size(), 1u);
  EXPECT_EQ(system.groups[0].name, "web");
  EXPECT_EQ(system.groups[0].gid, 700u);
  ASSERT_EQ(system.users.size(), 2u);
  EXPECT_EQ(system.users[0].name, "svc");
  EXPECT_EQ(system.users[0].uid, 701u);
  EXPECT_EQ(system.users[0].group, "web");
  EXPECT_EQ(system.users[0].groups, std::vector<std::string>{"tss"});
  EXPECT_EQ(system.users[0].comment, "A service");
  EXPECT_EQ(system.users[0].home, "/srv");
  EXPECT_EQ(system.users[0].shell, "/bin/sh");
  EXPECT_EQ(system.users[1].uid, std::nullopt);
  EXPECT_EQ(system.users[1].group, "");
  EXPECT_EQ(system.users[1].home, "/");
  EXPECT_EQ(system.users[1].shell, "/usr/sbin/nologin");
  ASSERT_EQ(system.units.enable.size(), 2u);
  EXPECT_EQ(system.units.enable[1].name, "getty@ttyS0.service");
  EXPECT_EQ(system.units.disable[0].name, "ssh.service");
  EXPECT_EQ(system.units.mask[0].name, "apt-daily.timer");
  EXPECT_EQ(system.units.default_target->name, "multi-user.target");
  EXPECT_EQ(system.alternatives[0].name, "editor");
  EXPECT_EQ(system.alternatives[0].path, "/usr/bin/nano");
  EXPECT_EQ(system.capabilities[0].path, "/usr/bin/ping");
  EXPECT_EQ(system.capabilities[0].capabilities, "cap_net_raw=ep");
  EXPECT_EQ(system.scripts[0].package, "foo");
  EXPECT_EQ(system.scripts[0].script, "postinst");
  EXPECT_EQ(system.scripts[0].sha256.hex().substr(61), "a55");
  EXPECT_EQ(system.scripts[0].actions, std::vector<std::string>{"ldconfig"});
  EXPECT_EQ(system.scripts[0].reason, "only restarts");
  EXPECT_EQ(system.allow[0].guard, "setuid");
  EXPECT_EQ(system.allow[0].path, "/usr/bin/su");
  EXPECT_EQ(system.allow[0].reason, "needed");
}

TEST(SystemSpec, RejectsBadNames) {
  EXPECT_EQ(RefusedSystem("hostname: cvm-1.example", "hostname: -cvm"),
            "manifest.yaml:14:13: found '-cvm', expected a host name (labels "
            "of A-Z a-z 0-9 -, at most 64 characters)");
  EXPECT_EQ(RefusedSystem("enable: [svc.service", "enable: [a/b.service"),
            "manifest.yaml:23:14: found 'a/b.service', expected the name of a "
            "systemd unit with its type, as in 'chrony.service'");
  EXPECT_EQ(RefusedSystem("enable: [svc.service", "enable: [svc"),
            "manifest.yaml:23:14: found 'svc', expected the name of a systemd "
            "unit with its type, as in 'chrony.service'");
  EXPECT_EQ(RefusedSystem("default_target: multi-user.target",
                          "default_target: x.service"),
            "manifest.yaml:26:21: found 'x.service', expected the name of a "
            "target unit");
  EXPECT_EQ(RefusedSystem("{name: other}", "{name: Other}"),
            "manifest.yaml:21:14: found 'Other', expected the name of an "
            "account (1 to 31 of a-z 0-9 _ -, first a letter or _)");
  EXPECT_EQ(RefusedSystem("\"A service\"", "\"A:service\""),
            "manifest.yaml:20:65: found 'A:service', expected text without "
            "':' and control bytes");
  EXPECT_EQ(RefusedSystem("machine_id: uninitialized", "machine_id: \"12\""),
            "manifest.yaml:15:15: found '12', expected 'uninitialized', an "
            "empty text, or 32 lower-case hexadecimal digits");
  EXPECT_EQ(RefusedSystem("timezone: Etc/UTC", "timezone: ../Etc"),
            "manifest.yaml:16:13: found '../Etc', expected a time zone, as in "
            "'Etc/UTC'");
}

TEST(SystemSpec, RejectsUnknownGuards) {
  EXPECT_EQ(RefusedSystem("guard: setuid", "guard: setuit").substr(0, 59),
            "manifest.yaml:35:19: found guard 'setuit', expected one of ");
}

TEST(SystemSpec, RejectsNamesThatComeTwice) {
  EXPECT_EQ(RefusedSystem("{name: other}", "{name: svc}"),
            "manifest.yaml:21:7: found user 'svc' again, expected it once "
            "(first in line 20)");
  EXPECT_EQ(RefusedSystem("mask: [apt-daily.timer]", "mask: [ssh.service]"),
            "manifest.yaml:25:12: found unit 'ssh.service' again, expected it "
            "once (first in line 24)");
}

TEST(SystemSpec, RejectsOwnersTwice) {
  EXPECT_EQ(RefusedSystem("user: svc, group: web}]", "user: svc, uid: 1}]"),
            "manifest.yaml:10:17: found both 'user' and 'uid', expected one of "
            "them");
}

// The initrd has no accounts to look a name up in.
TEST(SystemSpec, RejectsOwnerNamesInTheInitrd) {
  EXPECT_EQ(RefusedSystem("initrd: {}",
                          "initrd: {directories: [{path: /x, user: svc}]}"),
            "manifest.yaml:8:24: found owner 'svc' in the initrd, which has no "
            "accounts, expected a number");
}

}  // namespace
}  // namespace tally
