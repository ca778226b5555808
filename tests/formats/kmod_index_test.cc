#include "formats/kmod_index.h"

#include <gtest/gtest.h>

#include "common/text.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

const std::vector<KmodIndexEntry> kEntries = {
    {.key = "ab", .value = "first", .priority = 7},
    {.key = "ab", .value = "second", .priority = 7},
    {.key = "ab", .value = "lowest", .priority = 3},
    {.key = "abcx", .value = "x", .priority = 1},
    {.key = "abcz", .value = "z", .priority = 2}};

std::string KmodIndexError(const Bytes& bytes) {
  const auto entries = ParseKmodIndex(bytes);
  return entries ? "" : entries.error().ToString();
}

Bytes ChangedIndex(size_t at, uint8_t value) {
  Bytes bytes = *EncodeKmodIndex(kEntries);
  bytes.at(at) = value;
  return bytes;
}

// By hand after index_write__node: children first, the root last.
TEST(KmodIndex, WritesTheTrieFromTheLeavesUp) {
  const auto bytes =
      EncodeKmodIndex({{.key = "ax", .value = "1", .priority = 5},
                       {.key = "ay", .value = "2"}});
  ASSERT_TRUE(bytes);
  EXPECT_EQ(Hex(*bytes),
            "b007f457"
            "00020001"
            "2000002a"
            "00000001"
            "00000005"
            "3100"  // 0x0c: x
            "00000001"
            "00000000"
            "3200"  // 0x16: y
            "7879"
            "4000000c"
            "40000016"  // 0x20: a
            "6161"
            "20000020");  // 0x2a: the root
}

TEST(KmodIndex, KeepsValuesByPriorityAndTheLaterOneFirst) {
  const auto bytes = EncodeKmodIndex(kEntries);
  ASSERT_TRUE(bytes);
  const auto entries = ParseKmodIndex(*bytes);
  ASSERT_TRUE(entries) << entries.error().ToString();
  // In the file: lowest, second, first. Read backwards, to be inserted again.
  EXPECT_EQ(*entries, kEntries);
}

TEST(KmodIndex, WritesAnEmptyIndex) {
  EXPECT_EQ(Hex(*EncodeKmodIndex({})),
            "b007f457"
            "00020001"
            "0000000c");
  EXPECT_TRUE(ParseKmodIndex(*EncodeKmodIndex({}))->empty());
}

TEST(KmodIndex, RejectsTextItCanNotHold) {
  EXPECT_EQ(
      EncodeKmodIndex({{.key = "\xc3"}}).error().ToString(),
      "module index: found '\\xc3', expected ASCII of at most 1023 bytes");
  EXPECT_EQ(
      EncodeKmodIndex({{.key = std::string(1024, 'x')}}).error().ToString(),
      "module index: found '" + std::string(100, 'x') +
          "', expected ASCII of at most 1023 bytes");
}

TEST(KmodIndex, RejectsDamage) {
  EXPECT_EQ(KmodIndexError(ChangedIndex(0, 0)),
            "module index: magic at 0x0: found 0x7f457, expected 0xb007f457");
  EXPECT_EQ(KmodIndexError(ChangedIndex(5, 9)),
            "module index: version at 0x4: found 0x90001, expected 0x20001");
  EXPECT_EQ(KmodIndexError(ChangedIndex(9, 1)),
            "module index: no node can be at 0x1005a");
  Bytes cut = *EncodeKmodIndex({{.key = "", .value = "v"}});
  cut.pop_back();
  EXPECT_EQ(KmodIndexError(cut),
            "module index: NUL at 0x15: needs 1 bytes, 0 left");
  Bytes trailing = *EncodeKmodIndex(kEntries);
  trailing.push_back(0);
  EXPECT_EQ(KmodIndexError(trailing),
            "module index: the order of nodes is not depmod's");
}

}  // namespace
}  // namespace tally
