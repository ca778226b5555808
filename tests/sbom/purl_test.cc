#include "sbom/purl.h"

#include <gtest/gtest.h>

#include "common/json.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::MustRead;

// PurlFrom reads the `input` of a case of type "build"; nothing if it has parts
// that we never write (a subpath) or that are missing.
std::optional<Purl> PurlFrom(const Json& input) {
  const auto text = [&](const char* key) {
    const Json* value = input.Find(key);
    return value != nullptr && value->text() != nullptr ? *value->text()
                                                        : std::string();
  };
  if (!text("subpath").empty()) return std::nullopt;
  Purl purl = {
      .type = text("type"), .name = text("name"), .version = text("version")};
  if (!text("namespace").empty()) {
    purl.namespaces = Split(text("namespace"), '/');
  }
  const Json* qualifiers = input.Find("qualifiers");
  if (qualifiers != nullptr && qualifiers->object() != nullptr) {
    for (const auto& [key, value] : *qualifiers->object()) {
      purl.qualifiers[key] = *value.text();
    }
  }
  return purl;
}

// BuildCases runs every "build" case of a file of purl-spec that must succeed,
// and returns how many there were.
int BuildCases(const fs::path& path) {
  const Bytes bytes = MustRead(path);
  const Result<Json> file = ParseJson(AsText(bytes));
  EXPECT_TRUE(file);
  int num_cases = 0;
  for (const Json& test : *file->Find("tests")->array()) {
    if (*test.Find("test_type")->text() != "build") continue;
    if (*test.Find("expected_failure")->boolean()) continue;
    const std::optional<Purl> purl = PurlFrom(*test.Find("input"));
    if (!purl) continue;
    EXPECT_EQ(FormatPurl(*purl), *test.Find("expected_output")->text())
        << *test.Find("description")->text();
    ++num_cases;
  }
  return num_cases;
}

TEST(Purl, MatchesTheSpecificationsDebCases) {
  TALLY_NEED_VECTOR(path, "signing/purl/deb-test.json");
  EXPECT_EQ(BuildCases(path), 6);
}

TEST(Purl, MatchesTheSpecificationsGenericCases) {
  TALLY_NEED_VECTOR(path, "signing/purl/generic-test.json");
  EXPECT_EQ(BuildCases(path), 3);
}

TEST(Purl, MatchesTheSpecificationsGeneralCases) {
  TALLY_NEED_VECTOR(path, "signing/purl/specification-test.json");
  EXPECT_EQ(BuildCases(path), 1);
}

TEST(Purl, EncodesEverythingButTheUnreservedAndTheColon) {
  EXPECT_EQ(PercentEncoded("aZ09.-_~:"), "aZ09.-_~:");
  EXPECT_EQ(PercentEncoded("+ /@?=&%#\x01\xc3\xa9"),
            "%2B%20%2F%40%3F%3D%26%25%23%01%C3%A9");
}

TEST(Purl, LowersDebianNamesButNotGenericOnes) {
  EXPECT_EQ(FormatPurl({.type = "DEB", .namespaces = {"Debian"}, .name = "A"}),
            "pkg:deb/debian/a");
  EXPECT_EQ(FormatPurl({.type = "generic", .name = "OVMF.fd"}),
            "pkg:generic/OVMF.fd");
}

TEST(Purl, SortsQualifiersAndDropsEmptyOnes) {
  EXPECT_EQ(FormatPurl({.type = "generic",
                        .name = "x",
                        .qualifiers = {{"b", "2"}, {"A", "1"}, {"c", ""}}}),
            "pkg:generic/x?a=1&b=2");
}

// origin: purl-spec, tests/types/oci-test.json, commit 0ca0e9f8, with another
// repository.
TEST(Purl, NamesAnOciImage) {
  EXPECT_EQ(FormatPurl({.type = "oci",
                        .name = "Debian",
                        .version = "sha256:244fd47e07d10",
                        .qualifiers = {{"arch", "amd64"},
                                       {"repository_url",
                                        "registry.example.org/library/debian"},
                                       {"tag", "latest"}}}),
            "pkg:oci/debian@sha256:244fd47e07d10?arch=amd64&repository_url="
            "registry.example.org%2Flibrary%2Fdebian&tag=latest");
}

}  // namespace
}  // namespace tally
