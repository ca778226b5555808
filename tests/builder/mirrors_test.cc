#include "builder/mirrors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Scratch;
using testing::ElementsAre;
using testing::IsEmpty;

ArchiveAsOf Debian() {
  return {.name = "debian",
          .suites = {"bookworm", "bookworm-backports"},
          .origin = "Debian",
          .date = 1783765057};
}

// The service's address is composed, so that it stands nowhere as a whole.
std::string Snapshot(const std::string& archive, const std::string& time) {
  return std::string("https://snapshot") + ".debian" + ".org/archive/" +
         archive + "/" + time;
}

std::string SourcesListError(std::string_view line) {
  return ParseSourcesList(line, "s").error().message();
}

TEST(MirrorOption, ParsesBothForms) {
  const MirrorOption all = ParseMirrorOption("http://example.org/d/").value();
  EXPECT_EQ(all.archive, "");
  EXPECT_EQ(all.url, "http://example.org/d");
  const MirrorOption one =
      ParseMirrorOption("debian=file:///srv/d?a=b").value();
  EXPECT_EQ(one.archive, "debian");
  EXPECT_EQ(one.url, "file:///srv/d?a=b");
  EXPECT_EQ(ParseMirrorOption("http://example.org/a=b").value().archive, "");
}

TEST(MirrorOption, RejectsOtherSchemes) {
  EXPECT_EQ(ParseMirrorOption("ftp://example.org").error().message(),
            "found 'ftp://example.org', expected an http, https or file URL");
  EXPECT_EQ(ParseMirrorOption("=http://example.org").error().message(),
            "found '=http://example.org', expected NAME=URL");
  EXPECT_EQ(ParseMirrorOption("debian").error().code(), ErrorCode::kUsage);
}

TEST(SourcesList, ReadsLines) {
  const auto sources =
      ParseSourcesList(
          "# comment\n\n"
          "deb http://example.org/debian/ bookworm main contrib # more\n"
          "deb [ arch=amd64 signed-by=/k.gpg ] https://example.org/x y z\n"
          "deb-src http://example.org/debian bookworm main\n"
          "deb cdrom:[Debian 12 _Bookworm_]/ bookworm main\n"
          "deb mirror+http://example.org/list bookworm main\n"
          "deb tor+http://example.org/debian bookworm main\n"
          "deb file:/srv/debian ./\n",
          "s")
          .value();
  ASSERT_EQ(sources.size(), 3u);
  EXPECT_THAT(sources[0].uris, ElementsAre("http://example.org/debian"));
  EXPECT_THAT(sources[0].suites, ElementsAre("bookworm"));
  EXPECT_THAT(sources[0].components, ElementsAre("main", "contrib"));
  EXPECT_THAT(sources[1].uris, ElementsAre("https://example.org/x"));
  EXPECT_THAT(sources[2].uris, ElementsAre("file:///srv/debian"));
}

TEST(SourcesList, RejectsRubbish) {
  EXPECT_EQ(SourcesListError("\nrubbish"),
            "s:2: found 'rubbish', expected 'deb' or 'deb-src'");
  EXPECT_EQ(SourcesListError("deb [x http://example.org y"),
            "s:1: '[' has no ']'");
  EXPECT_EQ(SourcesListError("deb http://example.org"),
            "s:1: found no URI and suite");
}

TEST(SourcesDeb822, ReadsParagraphs) {
  const auto sources =
      ParseSourcesDeb822(
          "# comment\n"
          "Types: deb deb-src\n"
          "# another\n"
          "URIs: http://example.org/debian/\n  https://example.net/debian\n"
          "Suites: bookworm bookworm-updates\n"
          "Components: main\n"
          "Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n x\n\n"
          "Types: deb\nURIs: http://example.org/off\nSuites: a\nEnabled: no\n\n"
          "Types: deb-src\nURIs: http://example.org/src\nSuites: a\n",
          "s")
          .value();
  ASSERT_EQ(sources.size(), 1u);
  EXPECT_THAT(sources[0].uris, ElementsAre("http://example.org/debian",
                                           "https://example.net/debian"));
  EXPECT_THAT(sources[0].suites, ElementsAre("bookworm", "bookworm-updates"));
}

TEST(SourcesDeb822, RejectsMissingFields) {
  EXPECT_EQ(
      ParseSourcesDeb822("\nTypes: deb\nSuites: a\n", "s").error().message(),
      "s:2: found no field 'URIs'");
}

TEST(LoadAptSources, ReadsAllFilesInOrder) {
  const Scratch scratch;
  scratch.Write("etc/apt/sources.list", "deb http://example.org/1 a b\n");
  scratch.Write("etc/apt/sources.list.d/b.list",
                "deb http://example.org/3 a b\n");
  scratch.Write("etc/apt/sources.list.d/a.sources",
                "Types: deb\nURIs: http://example.org/2\nSuites: a\n");
  scratch.Write("etc/apt/sources.list.d/c.list.save", "rubbish\n");
  const auto sources = LoadAptSources(scratch.path()).value();
  ASSERT_EQ(sources.size(), 3u);
  EXPECT_EQ(sources[0].uris[0], "http://example.org/1");
  EXPECT_EQ(sources[1].uris[0], "http://example.org/2");
  EXPECT_EQ(sources[2].uris[0], "http://example.org/3");
}

TEST(LoadAptSources, NoAptIsNoSources) {
  const Scratch scratch;
  EXPECT_THAT(LoadAptSources(scratch.path()).value(), IsEmpty());
}

TEST(ArchiveUrls, AMirrorOptionIsTheOnlyPlace) {
  const Mirrors mirrors = {
      .options = {{.archive = "other", .url = "http://example.org/o"},
                  {.archive = "debian", .url = "http://example.org/d"},
                  {.archive = "", .url = "http://example.org/all"}},
      .sources = {{.uris = {"http://example.org/debian"}}}};
  EXPECT_THAT(ArchiveUrls(Debian(), mirrors),
              ElementsAre("http://example.org/d", "http://example.org/all"));
}

TEST(ArchiveUrls, SourcesByNameThenTheSnapshot) {
  const Mirrors mirrors = {
      .sources = {
          {.uris = {"http://example.org/vendor"}, .suites = {"bookworm"}},
          {.uris = {"http://example.org/debian"}, .suites = {"trixie"}}}};
  EXPECT_THAT(ArchiveUrls(Debian(), mirrors),
              ElementsAre("http://example.org/debian",
                          Snapshot("debian", "20260711T101737Z"),
                          Snapshot("debian", "20260712T101737Z")));
}

TEST(ArchiveUrls, SourcesBySuiteIfNoNameFits) {
  const Mirrors mirrors = {
      .sources = {
          {.uris = {"http://example.org/mirror"}, .suites = {"bookworm"}},
          {.uris = {"http://example.org/other"}, .suites = {"trixie"}}}};
  EXPECT_EQ(ArchiveUrls(Debian(), mirrors)[0], "http://example.org/mirror");
  EXPECT_EQ(ArchiveUrls(Debian(), mirrors).size(), 3u);
}

TEST(ArchiveUrls, TheSnapshotServiceHasDebianOnly) {
  ArchiveAsOf archive = Debian();
  archive.origin = "Somebody";
  EXPECT_THAT(ArchiveUrls(archive, {}), IsEmpty());
  archive.origin = "Debian Backports";
  EXPECT_EQ(ArchiveUrls(archive, {}).size(), 2u);
  archive.name = "mine";
  EXPECT_THAT(ArchiveUrls(archive, {}), IsEmpty());
}

TEST(FileUrls, EncodesThePath) {
  const std::vector<std::string> bases = {"http://example.org/d"};
  EXPECT_THAT(FileUrls(bases, "pool/a+b_1~2%3a.deb"),
              ElementsAre("http://example.org/d/pool/a%2Bb_1~2%253a.deb"));
}

}  // namespace
}  // namespace tally
