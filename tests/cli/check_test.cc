// tally check, with the program itself: it starts further processes.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/json.h"
#include "common/process.h"
#include "tests/support/network_archive.h"

namespace tally {
namespace {

using test::Scratch;

constexpr char kManifest[] = R"(tally: 1
name: tiny
version: "1.0"
architecture: amd64
source_date_epoch: 1700000000
archives:
  - {name: debian, suites: [bookworm], keyring: keyring.gpg}
kernel: {package: kernel, image: /usr/share/kernel}
initrd:
  packages: [kernel]
  modules: []
  files:
    - {path: /bin/busybox, content: "#!", mode: "0755"}
    - {path: /sbin/veritysetup, content: "#!", mode: "0755"}
    - {path: /sbin/dmsetup, content: "#!", mode: "0755"}
root:
  packages: [kernel]
  files:
    - {path: /usr/bin/run, source: run.sh, mode: "0755"}
payload: {run: [/usr/bin/run]}
disk: {cmdline: console=ttyS0}
eif: {cmdline: console=ttyS0}
)";

// The program of this build, beside the folder of the tests.
fs::path TallyProgram() {
  std::error_code error;
  return fs::read_symlink("/proc/self/exe", error).parent_path().parent_path() /
         "tally";
}

class Check : public testing::Test {
 protected:
  void SetUp() override {
    for (const char* program : {"gpg", "gpgv", "dpkg-deb", "xz"}) {
      if (!FindProgram(program)) GTEST_SKIP() << "not installed: " << program;
    }
    if (access(TallyProgram().c_str(), X_OK) != 0) {
      GTEST_SKIP() << "not built: " << TallyProgram();
    }
    // Another user must get in.
    chmod(scratch_.path().c_str(), 0755);
    test::NetworkArchive archive(Path("archive"));
    archive.Add({.name = "kernel"});
    archive.Publish({});
    scratch_.Write("m/manifest.yaml", std::string_view(kManifest));
    scratch_.Write("m/run.sh", std::string_view("#!/bin/sh\n"));
    fs::copy(test::Keys().keyring, Path("m/keyring.gpg"));
    const ToolOutput locked =
        Tally({"lock", Path("m/manifest.yaml"), "--store", Path("store"),
               "--mirror", "file://" + Path("archive")});
    ASSERT_EQ(locked.exit_status, 0) << locked.stderr_text;
  }

  std::string Path(const std::string& name) const {
    return (scratch_.path() / name).string();
  }
  static ToolOutput Tally(std::vector<std::string> args) {
    const auto output = RunTool(
        {.program = TallyProgram(), .args = std::move(args), .env = {}});
    EXPECT_TRUE(output) << output.error().ToString();
    return output ? *output : ToolOutput{.exit_status = -1};
  }

  const Scratch scratch_;
};

TEST_F(Check, FindsTwoBuildsTheSame) {
  const ToolOutput output = Tally({"check", Path("m/manifest.yaml"), "--store",
                                   Path("store"), "--keep", Path("keep")});
  EXPECT_EQ(output.exit_status, 0) << output.stdout_text << output.stderr_text;
  EXPECT_NE(output.stdout_text.find("umask: 0022, then 0077\n"),
            std::string::npos)
      << output.stdout_text;
  EXPECT_NE(output.stdout_text.find("\nsame: "), std::string::npos);
  EXPECT_EQ(test::MustRead(Path("keep/first/release/release.json")),
            test::MustRead(Path("keep/second/release/release.json")));
  if (getuid() == 0) {
    EXPECT_NE(output.stdout_text.find("user: 0, then 65534\n"),
              std::string::npos)
        << output.stdout_text;
    struct stat info = {};
    ASSERT_EQ(stat(Path("keep/second/release/release.json").c_str(), &info), 0);
    EXPECT_EQ(info.st_uid, 65534u);
  }
}

// A build that is not deterministic: this program adds the number of its
// process to what tally built.
TEST_F(Check, FindsADifference) {
  const std::string text = "#!/bin/sh\n" + TallyProgram().string() +
                           " \"$@\" || exit $?\n"
                           "[ \"$1\" = build ] || exit 0\n"
                           "echo $$ >>\"$4/artifacts/cmdline\"\n";
  const fs::path liar = scratch_.Write("liar.sh", std::string_view(text));
  ASSERT_EQ(chmod(liar.c_str(), 0755), 0);
  const ToolOutput output =
      Tally({"--json", "check", Path("m/manifest.yaml"), "--store",
             Path("store"), "--with", liar.string()});
  EXPECT_EQ(output.exit_status, 1) << output.stdout_text << output.stderr_text;
  const auto record = ParseJson(output.stdout_text);
  ASSERT_TRUE(record) << output.stdout_text;
  EXPECT_EQ(*record->Find("result"), Json("different"));
  EXPECT_EQ(*record->Find("different"),
            Json(Json::Array{Json("artifacts/cmdline")}));
  const std::string reason = *record->Find("reason")->text();
  EXPECT_EQ(reason.substr(0, reason.find('\n')),
            "'artifacts/cmdline', line 1: text");
}

TEST_F(Check, RefusesARelease) {
  const ToolOutput output = Tally({"check", Path("m")});
  EXPECT_EQ(output.exit_status, 2);
  EXPECT_NE(output.stderr_text.find("is a directory, expected a manifest"),
            std::string::npos)
      << output.stderr_text;
}

}  // namespace
}  // namespace tally
