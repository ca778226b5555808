#include "builder/generate/pam.h"

#include <gtest/gtest.h>

#include "common/process.h"
#include "tests/builder/generate/disk_tree.h"
#include "tests/builder/package_tree.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::PackageTree;

const std::vector<Action> kAction = {
    {.kind = ActionKind::kPamAuthUpdate, .package = "libpam-runtime"}};

constexpr const char* kStacks[] = {"account", "auth", "password", "session",
                                   "session-noninteractive"};

std::string PamError(Tree tree) {
  const Status status = GeneratePam(kAction, &tree);
  return status ? "no error" : status.error().ToString();
}

TEST(Pam, DoesNothingUnlessAsked) {
  Tree tree;
  ASSERT_TRUE(GeneratePam({}, &tree));
  EXPECT_EQ(tree.nodes().size(), 1u);
}

TEST(Pam, RejectsTreesWithoutProfilesOrTemplates) {
  EXPECT_EQ(PamError({}),
            "'/usr/share/pam-configs' has no profile with 'Default: yes', "
            "expected one");
  const std::string profile = "usr/share/pam-configs/unix";
  EXPECT_EQ(PamError(PackageTree({{profile, "Default: yes\n"}})),
            "'/usr/share/pam/common-account' is not in the image, which "
            "pam-auth-update needs");
  EXPECT_EQ(
      PamError(PackageTree({{profile, "Default: yes\n"},
                            {"usr/share/pam/common-account", "# head\n"}})),
      "'/usr/share/pam/common-account': found no line '# here are the "
      "per-package modules (the \"Primary\" block)'");
  EXPECT_EQ(PamError(PackageTree({{profile, "junk\n"}})),
            "'/usr/share/pam-configs/unix' line 1: found 'junk', expected a "
            "field 'NAME: …'");
}

// Profiles of Debian 12 and some that use what those do not.
const std::map<std::string, std::string> kProfiles = {
    {"unix",
     "Name: Unix authentication\nDefault: yes\nPriority: 256\n"
     "Auth-Type: Primary\n"
     "Auth:\n\t[success=end default=ignore]\tpam_unix.so nullok "
     "try_first_pass\n"
     "Auth-Initial:\n\t[success=end default=ignore]\tpam_unix.so nullok\n"
     "Account-Type: Primary\n"
     "Account:\n\t[success=end new_authtok_reqd=done "
     "default=ignore]\tpam_unix.so\n"
     "Account-Initial:\n\t[success=end new_authtok_reqd=done "
     "default=ignore]\tpam_unix.so\n"
     "Session-Type: Additional\nSession:\n\trequired\tpam_unix.so\n"
     "Session-Initial:\n\trequired\tpam_unix.so\n"
     "Password-Type: Primary\n"
     "Password:\n\t[success=end default=ignore]\tpam_unix.so obscure "
     "use_authtok try_first_pass yescrypt\n"
     "Password-Initial:\n\t[success=end default=ignore]\tpam_unix.so obscure "
     "yescrypt\n"},
    {"systemd",
     "Name: Register user sessions\nDefault: yes\nPriority: 0\n"
     "Session-Interactive-Only: yes\nSession-Type: Additional\n"
     "Session:\n\toptional\tpam_systemd.so\n"},
    {"mkhomedir",
     "Name: Create home directory\nDefault: no\nPriority: 0\n"
     "Session-Type: Additional\nSession-Interactive-Only: yes\n"
     "Session:\n\toptional\t\t\tpam_mkhomedir.so\n"},
    {"capability",
     "Name: Inheritable Capabilities\nDefault: yes\nPriority: 0\n"
     "Auth-Type: Additional\nAuth:\n\toptional\tpam_cap.so  debug   x\n"},
    {"two-lines",
     "Name: Two lines\nDefault: yes\nPriority: 128\n"
     "Auth-Type: Primary\nAuth-Final:\n\t[success=end "
     "default=ignore]\tpam_one.so\n\n\t[success=ok default=end]\tpam_two.so "
     "use_first_pass\n"
     "Session-Type: Additional\nSession: required pam_inline.so\n"
     "\t[success=end default=ignore]\tpam_three.so \n"},
    {"old",
     "Name: Old\nDefault: yes\nPriority: 900\nAuth-Type: Primary\n"
     "Auth:\n\trequired\tpam_tally2.so\n"},
    {"backup~", "junk\n"},
};

// PamAuthUpdateRoot runs pam-auth-update on a root with `profiles`, with a
// debconf database of its own.
class PamAuthUpdateRoot {
 public:
  explicit PamAuthUpdateRoot(
      const std::map<std::string, std::string>& profiles) {
    for (const auto& [name, text] : profiles) {
      root_.Write("usr/share/pam-configs/" + name, text);
    }
    // The tool takes templates from the host, whatever --root says.
    for (const std::string stack : kStacks) {
      root_.Write("usr/share/pam/common-" + stack,
                  test::MustRead("/usr/share/pam/common-" + stack));
    }
    fs::create_directories(root_.path() / "etc/pam.d");
    fs::create_directories(root_.path() / "var/lib/pam");
    const std::string directory = state_.path().string();
    state_.Write("debconf.conf",
                 "Config: configdb\nTemplates: templatedb\n\n"
                 "Name: configdb\nDriver: File\nFilename: " +
                     directory +
                     "/config.dat\n\n"
                     "Name: templatedb\nDriver: File\nFilename: " +
                     directory + "/templates.dat\n");
  }

  Tree ToTree() const { return test::ReadDiskTree(root_.path()); }

  void Run(const fs::path& tool, std::vector<std::string> options) const {
    std::vector<std::string> args = {"--root", root_.path().string(),
                                     "--package"};
    args.insert(args.end(), options.begin(), options.end());
    const auto output =
        RunTool({.program = tool,
                 .args = args,
                 .env = {{"DEBIAN_FRONTEND", "noninteractive"},
                         {"DEBCONF_SYSTEMRC",
                          (state_.path() / "debconf.conf").string()},
                         {"LC_ALL", "C"},
                         {"PATH", "/usr/sbin:/usr/bin"}}});
    ASSERT_TRUE(output) << output.error().ToString();
    ASSERT_EQ(output->exit_status, 0) << output->stderr_text;
  }

 private:
  test::Scratch root_;
  test::Scratch state_;
};

TEST(Pam, AgreesWithPamAuthUpdate) {
  TALLY_NEED_PROGRAM(tool, "pam-auth-update");
  std::map<std::string, std::string> conflicting = kProfiles;
  conflicting["two-lines"] += "Conflicts: capability, systemd\n";
  std::map<std::string, std::string> no_primary = kProfiles;
  no_primary.erase("unix");
  no_primary.erase("two-lines");
  for (const auto& profiles : {kProfiles, conflicting, no_primary}) {
    const PamAuthUpdateRoot real(profiles);
    Tree ours = real.ToTree();
    const Status status = GeneratePam(kAction, &ours);
    ASSERT_TRUE(status) << status.error().ToString();
    // First as libpam-runtime's postinst, then as that of another package.
    for (const bool is_first : {true, false}) {
      real.Run(tool, is_first ? std::vector<std::string>{"--force"}
                              : std::vector<std::string>{});
      const Tree theirs = real.ToTree();
      for (const std::string stack : kStacks) {
        const std::string path = "etc/pam.d/common-" + stack;
        EXPECT_EQ(test::TreeText(ours, path), test::TreeText(theirs, path));
        EXPECT_NE(test::TreeText(ours, path), "");
      }
    }
  }
}

}  // namespace
}  // namespace tally
