#include "builder/scripts/catalogue.h"

#include <gtest/gtest.h>

#include <map>
#include <tuple>

#include "builder/action.h"
#include "builder/scripts/debhelper.h"
#include "builder/scripts/maintainer_script.h"
#include "common/text.h"
#include "formats/sysusers.h"
#include "formats/tmpfiles.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

std::vector<CatalogueRow> Rows() {
  std::vector<CatalogueRow> rows;
  for (const auto part : {CatalogueAToK(), CatalogueLToZ()}) {
    rows.insert(rows.end(), part.begin(), part.end());
  }
  return rows;
}

// What sysusers and tmpfiles are followed by is a line that can be read.
void CheckLine(const Action& action) {
  if (action.kind == ActionKind::kSysusers) {
    const auto line = ParseSysusersLine(action.argument);
    EXPECT_TRUE(line) << line.error().ToString();
  }
  if (action.kind == ActionKind::kTmpfiles) {
    const auto line = ParseTmpfilesLine(action.argument);
    EXPECT_TRUE(line) << line.error().ToString();
  }
}

TEST(Catalogue, RowsAreSortedAndUnique) {
  const std::vector<CatalogueRow> rows = Rows();
  EXPECT_GE(rows.size(), 60u);
  for (size_t i = 1; i < rows.size(); ++i) {
    const auto key = [](const CatalogueRow& row) {
      return std::tie(row.package, row.script, row.residue_sha256);
    };
    EXPECT_LT(key(rows[i - 1]), key(rows[i])) << rows[i].package;
  }
}

TEST(Catalogue, RowsAreWellFormed) {
  for (const CatalogueRow& row : Rows()) {
    SCOPED_TRACE(std::string(row.package) + " " + std::string(row.script));
    EXPECT_TRUE(row.script == "preinst" || row.script == "postinst");
    const auto digest = Sha256Digest::FromHex(row.residue_sha256);
    ASSERT_TRUE(digest);
    EXPECT_FALSE(row.note.empty());
    EXPECT_TRUE(row.actions.empty() || row.actions.ends_with('\n'));
    for (const std::string& text : CatalogueActions(row)) {
      const auto action = ParseAction(text);
      ASSERT_TRUE(action) << action.error().ToString();
      EXPECT_EQ(FormatAction(*action), text);
      CheckLine(*action);
    }
    const CatalogueRow* found =
        FindInCatalogue(row.package, row.script, *digest);
    ASSERT_NE(found, nullptr);
    EXPECT_EQ(found->note, row.note);
    EXPECT_EQ(FindInCatalogue("other", row.script, *digest), nullptr);
    EXPECT_EQ(FindInCatalogue(row.package, "prerm", *digest), nullptr);
    EXPECT_EQ(FindInCatalogue(row.package, row.script, {}), nullptr);
  }
}

// The packages that dpkg has installed on this machine.
std::map<std::string, std::string> InstalledVersions() {
  std::map<std::string, std::string> versions;
  std::string package;
  const Bytes status = test::MustRead("/var/lib/dpkg/status");
  for (const std::string& line : Split(AsText(status), '\n')) {
    if (line.starts_with("Package: ")) package = line.substr(9);
    if (line.starts_with("Version: ")) versions[package] = line.substr(9);
  }
  return versions;
}

std::optional<fs::path> InstalledScript(std::string_view package,
                                        std::string_view script) {
  for (const char* architecture : {"", ":amd64", ":arm64"}) {
    const fs::path path = "/var/lib/dpkg/info/" + std::string(package) +
                          architecture + "." + std::string(script);
    if (fs::exists(path)) return path;
  }
  return std::nullopt;
}

bool IsDebian12() {
  return fs::exists("/etc/debian_version") &&
         AsText(test::MustRead("/etc/debian_version")).starts_with("12.") &&
         fs::exists("/var/lib/dpkg/status");
}

TEST(Catalogue, HasTheScriptsOfThisMachine) {
  if (!IsDebian12()) GTEST_SKIP() << "not a Debian 12 system";
  const auto versions = InstalledVersions();
  size_t num_checked = 0;
  for (const CatalogueRow& row : Rows()) {
    const auto path = InstalledScript(row.package, row.script);
    const auto version = versions.find(std::string(row.package));
    if (!path || version == versions.end()) continue;
    SCOPED_TRACE(path->string() + " " + version->second);
    const Bytes bytes = test::MustRead(*path);
    const auto script = CutMaintainerScript(bytes, version->second);
    ASSERT_TRUE(script) << script.error().ToString();
    EXPECT_NE(FindInCatalogue(row.package, row.script, script->residue_sha256),
              nullptr)
        << script->residue_sha256.hex();
    for (const ScriptBlock& block : script->blocks) {
      const auto known = RecognizeBlock(block);
      EXPECT_TRUE(known) << known.error().ToString();
    }
    ++num_checked;
  }
  EXPECT_GE(num_checked, 10u);
}

}  // namespace
}  // namespace tally
