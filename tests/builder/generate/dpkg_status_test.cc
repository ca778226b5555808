#include "builder/generate/dpkg_status.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/builder/generate/disk_tree.h"
#include "tests/formats/run_program.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::TreeText;

constexpr std::string_view kControl =
    "Package: hello\n"
    "Version: 2.10-3\n"
    "Architecture: amd64\n"
    "Maintainer: A B <a@example.org>\n"
    "Description: greets\n"
    " At length.\n";

PackageRecord HelloRecord() {
  return {.name = "hello", .control = std::string(kControl)};
}

std::string RefusedRecords(const std::vector<PackageRecord>& packages) {
  Tree tree;
  const Status done = GenerateDpkgStatus(packages, &tree);
  return done ? "no error" : done.error().ToString();
}

PackageRecord ChangedRecord(const std::string& from, const std::string& to) {
  PackageRecord package = HelloRecord();
  package.control.replace(package.control.find(from), from.size(), to);
  return package;
}

TEST(DpkgStatus, IsTheControlParagraphWithAStatus) {
  Tree tree;
  ASSERT_TRUE(GenerateDpkgStatus({HelloRecord()}, &tree));
  EXPECT_EQ(TreeText(tree, "var/lib/dpkg/status.d/hello"),
            "Package: hello\n"
            "Status: install ok installed\n"
            "Version: 2.10-3\n"
            "Architecture: amd64\n"
            "Maintainer: A B <a@example.org>\n"
            "Description: greets\n"
            " At length.\n");
  EXPECT_EQ(tree.Children("var/lib/dpkg/status.d"),
            std::vector<std::string>{"hello"});
}

TEST(DpkgStatus, EndsInOneLineEnd) {
  PackageRecord package = HelloRecord();
  package.control = "\n" + package.control + "\n\n";
  Tree tree;
  ASSERT_TRUE(GenerateDpkgStatus({package}, &tree));
  const std::string text = TreeText(tree, "var/lib/dpkg/status.d/hello");
  EXPECT_TRUE(text.starts_with("Package: hello\nStatus: "));
  EXPECT_TRUE(text.ends_with(" At length.\n"));
  package.control.resize(kControl.size());
  Tree other;
  ASSERT_TRUE(GenerateDpkgStatus({package}, &other));
  EXPECT_EQ(TreeText(other, "var/lib/dpkg/status.d/hello"), text);
}

TEST(DpkgStatus, ListsSumsOfFilesInTheImage) {
  const std::string sum = "0123456789abcdef0123456789abcdef";
  PackageRecord package = HelloRecord();
  package.md5sums = sum + "  bin/hello\n" + sum + "  usr/share/doc/a b\n" +
                    sum + "  usr/bin/other\n";
  TreeNode ours = GeneratedFile("test", "x");
  ours.origin = {"package", "hello"};
  TreeNode other = GeneratedFile("test", "y");
  other.origin = {"package", "other"};
  Tree tree;
  ASSERT_TRUE(tree.Add("usr/bin/hello", ours));
  ASSERT_TRUE(tree.Add("usr/bin/other", other));
  ASSERT_TRUE(GenerateDpkgStatus({package}, &tree));
  EXPECT_EQ(TreeText(tree, "var/lib/dpkg/status.d/hello.md5sums"),
            sum + "  bin/hello\n");
}

TEST(DpkgStatus, RejectsRecordsThatAreNotOnePackage) {
  EXPECT_EQ(RefusedRecords({HelloRecord(), HelloRecord()}),
            "package 'hello' occurs twice");
  EXPECT_EQ(RefusedRecords({{.name = "../x"}}),
            "found package '../x', expected the name of a Debian package");
  EXPECT_EQ(RefusedRecords({{.name = "hello.md5sums"}}),
            "found package 'hello.md5sums', expected the name of a Debian "
            "package");
  EXPECT_EQ(RefusedRecords({ChangedRecord("Package: hello", "Package: hallo")}),
            "control file of package 'hello': found package 'hallo'");
  EXPECT_EQ(RefusedRecords({ChangedRecord("Version: 2.10-3\n", "")}),
            "control file of package 'hello': no field 'Version'");
  EXPECT_EQ(RefusedRecords({ChangedRecord("Version:", "Status: x\nVersion:")}),
            "control file of package 'hello': found field 'Status', which only "
            "an installed package has");
}

TEST(DpkgStatus, RejectsMalformedSums) {
  PackageRecord package = HelloRecord();
  package.md5sums = "0123456789abcdef0123456789abcdef usr/bin/hello\n";
  EXPECT_EQ(RefusedRecords({package}),
            "md5sums of package 'hello' line 1: found "
            "'0123456789abcdef0123456789abcdef usr/bin/hello', expected 32 "
            "hexadecimal digits, two spaces and a path");
}

// Records of up to a hundred packages that are installed here.
std::vector<PackageRecord> InstalledHere(const fs::path& dpkg_query) {
  const auto names = test::RunProgram(
      dpkg_query, {"-W", "-f", "${db:Status-Status} ${Package}\n"});
  std::vector<std::string> query = {"-s"};
  for (const std::string& line : Split(names.stdout_text, '\n')) {
    if (line.starts_with("installed ") && query.size() <= 100) {
      query.push_back(line.substr(10));
    }
  }
  std::vector<PackageRecord> packages;
  const auto status = test::RunProgram(dpkg_query, query);
  for (const std::string& line : Split(status.stdout_text, '\n')) {
    if (line.starts_with("Package: ")) packages.push_back({line.substr(9)});
    if (line.starts_with("Status: ") || packages.empty()) continue;
    packages.back().control += line + "\n";
  }
  return packages;
}

TEST(DpkgStatus, IsWhatDpkgQueryReads) {
  TALLY_NEED_PROGRAM(dpkg_query, "dpkg-query");
  const std::vector<PackageRecord> packages = InstalledHere(dpkg_query);
  if (packages.empty()) GTEST_SKIP() << "no packages installed here";
  Tree tree;
  const Status done = GenerateDpkgStatus(packages, &tree);
  ASSERT_TRUE(done) << done.error().ToString();
  std::string all;
  for (const std::string& name : tree.Children("var/lib/dpkg/status.d")) {
    all += TreeText(tree, "var/lib/dpkg/status.d/" + name) + "\n";
  }
  const test::Scratch scratch;
  scratch.Write("status", all);
  const std::vector<std::string> format = {
      "-W", "-f", "${Package} ${Version} ${Architecture} ${source:Package}\n"};
  std::vector<std::string> there = {"--admindir=" + scratch.path().string()};
  there.insert(there.end(), format.begin(), format.end());
  std::vector<std::string> here = format;
  for (const PackageRecord& package : packages) here.push_back(package.name);
  std::vector<std::string> expected =
      Split(test::RunProgram(dpkg_query, here).stdout_text, '\n');
  std::vector<std::string> got =
      Split(test::RunProgram(dpkg_query, there).stdout_text, '\n');
  std::ranges::sort(expected);
  std::ranges::sort(got);
  EXPECT_EQ(got, expected);
}

}  // namespace
}  // namespace tally
