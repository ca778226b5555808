#include "formats/tar.h"

#include <gtest/gtest.h>

#include "common/process.h"
#include "common/text.h"
#include "tests/formats/run_program.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

struct TarSample {
  TarHeader header;
  std::string content;
};

std::vector<TarSample> Samples() {
  const std::string deep = "sources/" + std::string(99, 'd') + "/file";
  return {
      {{.name = "a.txt", .size_bytes = 5, .mtime = 1700000000}, "hello"},
      {{.name = "empty", .size_bytes = 0, .mtime = 0}, ""},
      {{.name = deep, .size_bytes = 512, .mtime = kMaxTarTime},
       std::string(512, 'x')},
      {{.name = "u/\xc3\xa9", .size_bytes = 1, .mtime = 1}, "u"},
      {{.name = "z/y", .size_bytes = 513, .mtime = 1}, std::string(513, 'y')}};
}

Bytes TarOf(const std::vector<TarSample>& samples) {
  BufferSink sink;
  TarWriter writer(sink);
  for (const TarSample& sample : samples) {
    EXPECT_TRUE(writer.Add(sample.header, AsBytes(sample.content)));
  }
  EXPECT_TRUE(writer.Finish());
  return std::move(sink).Take();
}

// TarReadError returns what a reader says of the whole archive, "" if all is
// well.
std::string TarReadError(ByteSpan archive) {
  TarReader reader(archive);
  while (true) {
    const auto entry = reader.Next();
    if (!entry) return entry.error().ToString();
    if (!*entry) return "";
  }
}

TEST(Tar, ReadsWhatItWrote) {
  const std::vector<TarSample> samples = Samples();
  const Bytes archive = TarOf(samples);
  TarReader reader(archive);
  for (const TarSample& sample : samples) {
    const auto entry = reader.Next();
    ASSERT_TRUE(entry) << entry.error().ToString();
    ASSERT_TRUE(*entry);
    EXPECT_EQ((*entry)->header, sample.header);
    EXPECT_EQ(AsText((*entry)->content), sample.content);
  }
  const auto end = reader.Next();
  ASSERT_TRUE(end) << end.error().ToString();
  EXPECT_FALSE(*end);
}

TEST(Tar, WritesWhatGnuTarUnpacks) {
  const auto tar = FindProgram("tar");
  if (!tar) GTEST_SKIP() << "tar is not installed";
  const test::Scratch scratch;
  const std::vector<TarSample> samples = Samples();
  const Bytes archive = TarOf(samples);
  scratch.Write("a.tar", AsText(archive));
  const ToolOutput output =
      test::RunProgram(*tar, {"-C", scratch.path().string(), "-mxf",
                              (scratch.path() / "a.tar").string()});
  EXPECT_EQ(output.exit_status, 0) << output.stderr_text;
  EXPECT_EQ(output.stderr_text, "");
  for (const TarSample& sample : samples) {
    EXPECT_EQ(AsText(test::MustRead(scratch.path() / sample.header.name)),
              sample.content);
  }
}

// What GNU tar writes for the same file has the same header block.
TEST(Tar, WritesTheHeaderThatGnuTarWrites) {
  const auto tar = FindProgram("tar");
  if (!tar) GTEST_SKIP() << "tar is not installed";
  const test::Scratch scratch;
  scratch.Write("a.txt", "hello");
  const ToolOutput output = test::RunProgram(
      *tar,
      {"--format=ustar", "--owner=0", "--group=0", "--numeric-owner",
       "--mode=0644", "--mtime=@1700000000", "-C", scratch.path().string(),
       "-cf", (scratch.path() / "a.tar").string(), "a.txt"});
  ASSERT_EQ(output.exit_status, 0) << output.stderr_text;
  const Bytes gnu = test::MustRead(scratch.path() / "a.tar");
  const Bytes ours = TarOf({Samples()[0]});
  ASSERT_GE(gnu.size(), 1024u);
  EXPECT_EQ(Hex(ByteSpan(gnu).first(1024)), Hex(ByteSpan(ours).first(1024)));
}

TEST(Tar, RecordsSizesThatUstarCannotHold) {
  BufferSink sink;
  TarWriter writer(sink);
  ASSERT_TRUE(writer.Begin({.name = "big", .size_bytes = uint64_t{1} << 34}));
  EXPECT_EQ(sink.bytes().size(), 1536u);
  const std::string_view text = AsText(sink.bytes());
  EXPECT_EQ(text.substr(512, 20), "20 size=17179869184\n");
  EXPECT_EQ(TarReadError(sink.bytes()),
            "tar: content needs 17179869184 bytes, found 0, at 0x600");
}

TEST(Tar, RejectsBytesAfterTheEndAndMissingOnes) {
  Bytes archive = TarOf({Samples()[0]});
  EXPECT_EQ(TarReadError(archive), "");
  EXPECT_EQ(TarReadError(ByteSpan(archive).first(1536)),
            "tar: end of archive needs 512 bytes, found 0, at 0x600");
  EXPECT_EQ(TarReadError(ByteSpan(archive).first(1024)),
            "tar: header needs 512 bytes, found 0, at 0x400");
  EXPECT_EQ(TarReadError(ByteSpan(archive).first(600)),
            "tar: padding needs 507 bytes, found 83, at 0x205");
  Bytes longer = archive;
  longer.push_back(0);
  EXPECT_EQ(TarReadError(longer),
            "tar: found more after the end of the archive at 0x800");
  archive[512 + 5] = 1;
  EXPECT_EQ(TarReadError(archive), "tar: padding that is not zero at 0x205");
}

TEST(Tar, RejectsOtherHeaders) {
  const Bytes archive = TarOf({Samples()[0]});
  Bytes mode = archive;
  mode[105] = '5';
  EXPECT_EQ(TarReadError(mode),
            "tar: header in another form than the canonical one at 0x0");
  Bytes link = archive;
  link[156] = '2';
  EXPECT_EQ(TarReadError(link),
            "tar: found an entry of type '2', expected a regular file at 0x0");
  Bytes size = archive;
  size[124] = 0x80;
  EXPECT_EQ(TarReadError(size),
            "tar: header with digits that are not octal at 0x0");
}

TEST(Tar, RejectsNamesThatLeadElsewhere) {
  for (const char* name :
       {"../x", "/x", "a//b", "a/./b", "a/..", "", "a\nb", "\xff"}) {
    BufferSink sink;
    TarWriter writer(sink);
    const Status status = writer.Begin({.name = name});
    ASSERT_FALSE(status) << name;
    EXPECT_EQ(status.error().ToString(),
              "tar: found name " + Quote(name) +
                  ", expected a relative path in UTF-8 without control bytes, "
                  "'.' and '..', at most 4096 bytes");
  }
}

TEST(Tar, RejectsNamesOutOfOrder) {
  BufferSink sink;
  TarWriter writer(sink);
  ASSERT_TRUE(writer.Add({.name = "b"}, {}));
  const Status status = writer.Begin({.name = "b"});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(),
            "tar: found 'b' after 'b', expected each name once, sorted by "
            "bytes");
  // Two archives of one file, without the first one's end.
  Bytes twice = TarOf({{{.name = "a"}, ""}});
  twice.resize(512);
  twice.insert(twice.end(), twice.begin(), twice.begin() + 512);
  EXPECT_EQ(TarReadError(twice),
            "tar: found 'a' after 'a', expected each name once, sorted by "
            "bytes");
}

TEST(Tar, RejectsContentsOfAnotherSize) {
  BufferSink sink;
  TarWriter writer(sink);
  ASSERT_TRUE(writer.Begin({.name = "a", .size_bytes = 2}));
  const Bytes three(3);
  EXPECT_EQ(writer.Append(three).error().ToString(),
            "tar: 'a' has more than the expected 2 bytes");
  ASSERT_TRUE(writer.Append(ByteSpan(three).first(1)));
  EXPECT_EQ(writer.End().error().ToString(),
            "tar: 'a' has 1 bytes less than the expected 2");
}

TEST(Tar, RejectsPaxRecordsThatAreNotNeeded) {
  const std::string deep(101, 'd');
  const Bytes archive = TarOf({{{.name = deep}, ""}});
  EXPECT_EQ(TarReadError(archive), "");
  const std::string bad =
      "tar: pax records in another form than the canonical one at 0x0";
  std::string other(AsText(archive));
  other.replace(other.find("path="), 5, "lath=");
  EXPECT_EQ(TarReadError(AsBytes(other)), bad);
  std::string length(AsText(archive));
  length.replace(length.find("111 path"), 3, "911");
  EXPECT_EQ(TarReadError(AsBytes(length)), bad);
}

}  // namespace
}  // namespace tally
