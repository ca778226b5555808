#include "release/release.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "common/hash.h"
#include "common/process.h"
#include "common/text.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::Scratch;

constexpr char kOnes[] =
    "1111111111111111111111111111111111111111111111111111111111111111";
constexpr char kTwos[] =
    "2222222222222222222222222222222222222222222222222222222222222222";

Sha256Digest DigestOf(const char* hex) {
  return Sha256Digest::FromHex(hex).value();
}

Release SmallRelease() {
  return {.name = "sample",
          .version = "1.2",
          .format_epoch = 3,
          .manifest_sha256 = DigestOf(kOnes),
          .lock_sha256 = DigestOf(kTwos),
          .files = {{"a-b", 7, Sha256(AsBytes("x"))},
                    {"a/z", 8, Sha256(AsBytes("y"))}}};
}

// MakeRelease writes a release directory whose files are what it says.
void MakeRelease(const Scratch& scratch) {
  scratch.Write("artifacts/kernel", "kernel bytes");
  scratch.Write("manifest.yaml", "name: sample\n");
  scratch.Write("run.json", "{}");
  scratch.Write("attestations/a.sigstore.json", "{}");
  Release release = SmallRelease();
  release.files = DescribeFiles(scratch.path()).value();
  const std::string text = FormatReleaseJson(release);
  scratch.Write("release.json", text);
  scratch.Write("SHA256SUMS",
                FormatSha256Sums({release, text, Sha256(AsBytes(text))}));
}

std::string CheckFailure(const Scratch& scratch) {
  const Result<LoadedRelease> loaded = LoadRelease(scratch.path());
  if (!loaded) return loaded.error().ToString();
  const Status status = CheckFiles(scratch.path(), *loaded);
  if (status) return "ok";
  EXPECT_EQ(status.error().code(), ErrorCode::kMismatch);
  return status.error().message();
}

TEST(Release, HasOneText) {
  EXPECT_EQ(
      FormatReleaseJson(SmallRelease()),
      std::string(
          "{\"files\":[{\"name\":\"a-b\",\"sha256\":\""
          "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4"
          "881\",\"size\":7},{\"name\":\"a/z\",\"sha256\":\""
          "a1fce4363854ff888cff4b8e7875d600c2682390412a8cf79b37d0b11148b"
          "0fa\",\"size\":8}],\"format_epoch\":3,\"lock_sha256\":\"") +
          kTwos + "\",\"manifest_sha256\":\"" + kOnes +
          "\",\"name\":\"sample\",\"tally_release\":1,\"version\":\"1.2\"}\n");
}

TEST(Release, ReadsBackWhatItWrites) {
  const Release release = SmallRelease();
  const Result<Release> parsed = ParseReleaseJson(FormatReleaseJson(release));
  ASSERT_TRUE(parsed) << parsed.error().ToString();
  EXPECT_EQ(parsed->name, release.name);
  EXPECT_EQ(parsed->version, release.version);
  EXPECT_EQ(parsed->format_epoch, release.format_epoch);
  EXPECT_EQ(parsed->manifest_sha256, release.manifest_sha256);
  EXPECT_EQ(parsed->lock_sha256, release.lock_sha256);
  EXPECT_EQ(parsed->files, release.files);
}

// Refusal returns the error text for the sample with one piece replaced.
std::string Refusal(const std::string& from, const std::string& to) {
  std::string text = FormatReleaseJson(SmallRelease());
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  text.replace(at, from.size(), to);
  const Result<Release> parsed = ParseReleaseJson(text);
  return parsed ? "accepted" : parsed.error().message();
}

TEST(ParseReleaseJson, RejectsAnotherSpelling) {
  const std::string spelling =
      "release.json: found another spelling, expected canonical JSON (RFC "
      "8785) and one newline";
  EXPECT_EQ(Refusal("}\n", "}"), spelling);
  EXPECT_EQ(Refusal("}\n", "}\n\n"), spelling);
  EXPECT_EQ(Refusal("{\"files\"", "{ \"files\""), spelling);
  EXPECT_EQ(Refusal("sample", "\\u0073ample"), spelling);
  EXPECT_EQ(Refusal("\"format_epoch\":3", "\"format_epoch\":4294967299"),
            "release.json: format_epoch is 4294967299, expected at most "
            "1000000");
}

TEST(ParseReleaseJson, RejectsWrongFields) {
  EXPECT_EQ(Refusal("\"tally_release\":1", "\"tally_release\":2"),
            "release.json: tally_release is 2, expected 1");
  EXPECT_EQ(Refusal("\"name\":\"sample\",", ""),
            "release.json: field 'name' is missing, expected text");
  EXPECT_EQ(Refusal("\"name\":\"sample\",", "\"host\":\"x\",\"name\":\"a\","),
            "release.json: unknown field 'host'");
  EXPECT_EQ(Refusal("\"size\":7", "\"size\":-7"),
            "release.json: file: field 'size' is negative");
  EXPECT_EQ(Refusal("\"size\":7", "\"size\":7.0"),
            "JSON: number '7.0', expected an integer");
  EXPECT_EQ(Refusal(kTwos, "22"), "digest has 1 bytes, expected 32");
}

TEST(ParseReleaseJson, RejectsNamesThatLeadOutOfTheRelease) {
  const auto bad = [](const std::string& name) {
    return "release.json: file name " + name +
           ", expected a relative path without '..'";
  };
  EXPECT_EQ(Refusal("\"a-b\"", "\"/etc/passwd\""), bad("'/etc/passwd'"));
  EXPECT_EQ(Refusal("\"a-b\"", "\"../a\""), bad("'../a'"));
  EXPECT_EQ(Refusal("\"a-b\"", "\"a/../b\""), bad("'a/../b'"));
  EXPECT_EQ(Refusal("\"a-b\"", "\"./a\""), bad("'./a'"));
  EXPECT_EQ(Refusal("\"a-b\"", "\"a//b\""), bad("'a//b'"));
  EXPECT_EQ(Refusal("\"a-b\"", "\"\""), bad("''"));
  EXPECT_EQ(Refusal("\"a-b\"", "\"a\\u0000b\""), bad("'a\\x00b'"));
}

TEST(ParseReleaseJson, RejectsFilesThatAreNotSorted) {
  const std::string unsorted = "release.json: files are not sorted by name";
  EXPECT_EQ(Refusal("\"a-b\"", "\"b\""), unsorted);
  EXPECT_EQ(Refusal("\"a-b\"", "\"a/z\""), unsorted);
}

TEST(LoadRelease, SaysWhatIsNotARelease) {
  const Scratch scratch;
  EXPECT_EQ(LoadRelease(scratch.path()).error().ToString(),
            "'" + scratch.path().string() +
                "' is not a release: it has no release.json");
  const fs::path path = scratch.Write("release.json", "[]");
  EXPECT_EQ(LoadRelease(scratch.path()).error().ToString(),
            "release.json: expected an object\n  while reading '" +
                path.string() + "'");
}

TEST(LoadRelease, ItsDigestIsThatOfTheText) {
  const Scratch scratch;
  MakeRelease(scratch);
  const Result<LoadedRelease> loaded = LoadRelease(scratch.path());
  ASSERT_TRUE(loaded) << loaded.error().ToString();
  EXPECT_EQ(loaded->digest,
            DigestFile(scratch.path() / "release.json")->sha256);
}

TEST(DescribeFiles, LeavesOutWhatIsVolatileOrDerived) {
  const Scratch scratch;
  MakeRelease(scratch);
  const Result<std::vector<ListedFile>> files = DescribeFiles(scratch.path());
  ASSERT_TRUE(files);
  ASSERT_EQ(files->size(), 2u);
  EXPECT_EQ((*files)[0], (ListedFile{"artifacts/kernel", 12,
                                     Sha256(AsBytes("kernel bytes"))}));
  EXPECT_EQ((*files)[1].name, "manifest.yaml");
}

TEST(DescribeFiles, RejectsNamesThatJsonCannotHold) {
  const Scratch scratch;
  scratch.Write("a\xff", "x");
  EXPECT_EQ(DescribeFiles(scratch.path()).error().message(),
            "file name 'a\\xff' is not UTF-8");
}

TEST(IsVolatile, IsRunJsonAndAttestationsOnly) {
  EXPECT_TRUE(IsVolatile("run.json"));
  EXPECT_TRUE(IsVolatile("attestations/a"));
  EXPECT_FALSE(IsVolatile("attestations"));
  EXPECT_FALSE(IsVolatile("artifacts/run.json"));
  EXPECT_FALSE(IsVolatile("run.json.bak"));
}

TEST(CheckFiles, AcceptsWhatReleaseJsonSays) {
  const Scratch scratch;
  MakeRelease(scratch);
  EXPECT_EQ(CheckFailure(scratch), "ok");
  scratch.Write("run.json", "other");
  scratch.Write("attestations/b.sigstore.json", "more");
  EXPECT_EQ(CheckFailure(scratch), "ok");
}

TEST(CheckFiles, NamesTheFirstDifference) {
  const Scratch scratch;
  MakeRelease(scratch);
  scratch.Write("artifacts/kernel", "Kernel bytes");
  EXPECT_EQ(CheckFailure(scratch),
            "'artifacts/kernel' differs\n  expected sha256:" +
                Sha256(AsBytes("kernel bytes")).hex() +
                " (12 bytes)\n       got sha256:" +
                Sha256(AsBytes("Kernel bytes")).hex() + " (12 bytes)");
  fs::remove(scratch.path() / "artifacts/kernel");
  EXPECT_EQ(CheckFailure(scratch), "'artifacts/kernel' is missing");
  scratch.Write("artifacts/kernel", "kernel bytes");
  scratch.Write("extra", "");
  EXPECT_EQ(CheckFailure(scratch), "'extra' is there and should not be");
}

TEST(CheckFiles, HoldsSha256SumsAgainstReleaseJson) {
  const Scratch scratch;
  MakeRelease(scratch);
  scratch.Write("SHA256SUMS", "");
  EXPECT_EQ(CheckFailure(scratch),
            "SHA256SUMS does not say what release.json says");
  fs::remove(scratch.path() / "SHA256SUMS");
  EXPECT_EQ(CheckFailure(scratch), "'SHA256SUMS' is missing");
}

TEST(FirstDifference, IsEmptyForEqualLists) {
  const std::vector<ListedFile> files = SmallRelease().files;
  EXPECT_EQ(FirstDifference(files, files), "");
  EXPECT_EQ(FirstDifference({}, {}), "");
  EXPECT_EQ(FirstDifference(files, {}), "'a-b' is missing");
  EXPECT_EQ(FirstDifference({}, files), "'a-b' is there and should not be");
}

TEST(FormatSha256Sums, IsWhatSha256sumReads) {
  TALLY_NEED_PROGRAM(sha256sum, "sha256sum");
  const Scratch scratch;
  scratch.Write("dev\\x2dlabel.swap", "a");
  scratch.Write("two\nlines", "b");
  scratch.Write("two words", "c");
  MakeRelease(scratch);
  const Result<ToolOutput> output =
      RunTool({.program = sha256sum,
               .args = {"--check", "--strict", "--quiet", "SHA256SUMS"},
               .env = {{"LC_ALL", "C"}},
               .cwd = scratch.path()});
  ASSERT_TRUE(output) << output.error().ToString();
  EXPECT_EQ(output->stdout_text + output->stderr_text, "");
  EXPECT_EQ(output->exit_status, 0);
  const std::string sums =
      ReadTextFile(scratch.path() / "SHA256SUMS", 1 << 20).value();
  EXPECT_EQ(std::ranges::count(sums, '\n'), 6);
}

}  // namespace
}  // namespace tally
