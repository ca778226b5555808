#include "builder/archive.h"

#include <gtest/gtest.h>

#include "tests/support/make_deb.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::ArMember;
using test::MakeAr;
using test::MakeDeb;
using test::MakeTar;

std::string DataError(ByteSpan deb) {
  const Status status = ReadDebData(deb, [](DebMember) { return Ok(); });
  return status ? "no error" : status.error().ToString();
}

std::vector<DebMember> MembersOf(ByteSpan deb) {
  std::vector<DebMember> members;
  const Status status = ReadDebData(deb, [&](DebMember member) {
    members.push_back(std::move(member));
    return Ok();
  });
  EXPECT_TRUE(status) << status.error().ToString();
  return members;
}

TEST(DebData, HasEveryMemberInOrder) {
  const Bytes deb = MakeDeb(
      {{.path = "./usr/", .type = '5', .mode = 0755},
       {.path = "./usr/a", .mode = 04755, .uid = 3, .gid = 4, .content = "abc"},
       {.path = "./usr/b", .type = '1', .link = "./usr/a"},
       {.path = "./usr/c", .type = '2', .mode = 0777, .link = "a"}});
  const std::vector<DebMember> members = MembersOf(deb);
  ASSERT_EQ(members.size(), 4u);
  EXPECT_EQ(members[0].type, DebMember::Type::kDirectory);
  EXPECT_EQ(members[1].path, "./usr/a");
  EXPECT_EQ(members[1].mode, 04755u);
  EXPECT_EQ(members[1].uid, 3);
  EXPECT_EQ(members[1].gid, 4);
  EXPECT_EQ(AsText(members[1].content), "abc");
  EXPECT_EQ(members[2].type, DebMember::Type::kHardLink);
  EXPECT_EQ(members[2].target, "./usr/a");
  EXPECT_EQ(members[3].type, DebMember::Type::kSymlink);
  EXPECT_EQ(members[3].target, "a");
}

TEST(DebData, RejectsADeviceNode) {
  EXPECT_EQ(DataError(MakeDeb({{.path = "./dev/null", .type = '3'}})),
            "data.tar: './dev/null' is a device, socket or pipe, expected a "
            "file, directory or link");
}

TEST(DebData, RejectsEveryTruncation) {
  const Bytes deb = MakeDeb({{.path = "./a", .content = "some content"}});
  // Behind the last content there is only tar's end marker.
  const size_t needed = deb.size() - 1024 - 512 + 12;
  for (size_t size = 0; size < needed; ++size) {
    EXPECT_NE(DataError(ByteSpan(deb).first(size)), "no error") << size;
  }
}

TEST(DebData, RejectsWhatIsNotAPackage) {
  EXPECT_EQ(DataError(MakeAr({{"control.tar", MakeTar({})}})),
            "package: first member is not 'debian-binary', expected a Debian "
            "package");
  EXPECT_EQ(DataError(MakeAr({{"debian-binary", ToBytes(AsBytes("3.0\n"))}})),
            "package: format version '3.0', expected 2.x");
  EXPECT_EQ(DataError(MakeAr({{"debian-binary", ToBytes(AsBytes("2.0\n"))},
                              {"control.tar", MakeTar({})}})),
            "package: has no member 'data.tar'");
  EXPECT_EQ(DataError(MakeAr({{"debian-binary", ToBytes(AsBytes("2.0\n"))},
                              {"surprise", Bytes(4)}})),
            "package: found member 'surprise', expected 'control.tar'");
}

TEST(DebControl, HasControlAndScripts) {
  const Bytes deb =
      MakeDeb({}, {{"postinst", "#!/bin/sh\n"}, {"md5sums", "x"}});
  const Result<DebControl> control = ReadDebControl(deb);
  ASSERT_TRUE(control) << control.error().ToString();
  EXPECT_EQ(control->control_text, "Package: test\nVersion: 1\n");
  ASSERT_EQ(control->scripts.size(), 1u);
  EXPECT_EQ(AsText(control->scripts.at("postinst")), "#!/bin/sh\n");
}

TEST(DebControl, RejectsAPackageWithoutControl) {
  const Result<DebControl> control =
      ReadDebControl(MakeAr({{"debian-binary", ToBytes(AsBytes("2.0\n"))},
                             {"control.tar", MakeTar({{.path = "./md5sums"}})},
                             {"data.tar", MakeTar({})}}));
  ASSERT_FALSE(control);
  EXPECT_EQ(control.error().ToString(), "control.tar: has no member 'control'");
}

TEST(Decompress, AgreesWithTheToolsThatCompress) {
  const test::Scratch scratch;
  const std::string text(100'000, 'x');
  const fs::path plain = scratch.Write("plain", text);
  for (const char* name : {"xz", "gzip", "zstd"}) {
    const auto program = FindProgram(name);
    if (!program) GTEST_SKIP() << "not installed: " << name;
    Result<ToolOutput> packed =
        RunTool({.program = *program, .args = {"-c", plain.string()}});
    ASSERT_TRUE(packed);
    const Result<Bytes> bytes =
        Decompress(AsBytes(packed->stdout_text), text.size());
    ASSERT_TRUE(bytes) << name << ": " << bytes.error().ToString();
    EXPECT_EQ(AsText(*bytes), text) << name;
  }
}

TEST(Decompress, RefusesToUnpackMoreThanAllowed) {
  TALLY_NEED_PROGRAM(xz, "xz");
  const test::Scratch scratch;
  const fs::path plain = scratch.Write("plain", std::string(1 << 20, '\0'));
  Result<ToolOutput> packed =
      RunTool({.program = xz, .args = {"-c", plain.string()}});
  ASSERT_TRUE(packed);
  const Result<Bytes> bytes =
      Decompress(AsBytes(packed->stdout_text), (1 << 20) - 1);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().ToString(),
            "compressed data: unpacks to more than 1023.9 KiB");
  const std::string truncated =
      packed->stdout_text.substr(0, packed->stdout_text.size() - 10);
  EXPECT_FALSE(Decompress(AsBytes(truncated), 1 << 20));
}

TEST(Decompress, RejectsPlainBytes) {
  const Result<Bytes> bytes = Decompress(AsBytes("hello"), 100);
  ASSERT_FALSE(bytes);
  EXPECT_EQ(bytes.error().ToString(),
            "compressed data: found neither xz, gzip nor zstd");
}

}  // namespace
}  // namespace tally
