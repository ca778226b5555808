#include "formats/cbor.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "common/text.h"
#include "formats/cbor_fields.h"

namespace tally {
namespace {

constexpr CborRules kAnyLength = {.lengths = CborLengths::kDefiniteOrNot};

Bytes FromHex(std::string_view hex) { return ParseHex(hex).value(); }

std::string CborRefusal(std::string_view hex, const CborRules& rules = {}) {
  const Bytes bytes = FromHex(hex);
  const auto item = ParseCbor("file", bytes, rules, 0x100);
  return item ? "accepted" : item.error().message();
}

// Again parses and writes.
std::string Again(std::string_view hex) {
  const Bytes bytes = FromHex(hex);
  const auto item = ParseCbor("file", bytes, kAnyLength);
  if (!item) return item.error().message();
  CborWriter w;
  return Hex(w.Item(*item).bytes());
}

TEST(Cbor, ReadsAndWritesTheExamplesOfTheSpecification) {
  // RFC 8949, appendix A, table 6, as far as we accept it.
  for (const char* hex : {"00",
                          "01",
                          "0a",
                          "17",
                          "1818",
                          "1819",
                          "1864",
                          "1903e8",
                          "1a000f4240",
                          "1b000000e8d4a51000",
                          "1bffffffffffffffff",
                          "3bffffffffffffffff",
                          "20",
                          "29",
                          "3863",
                          "3903e7",
                          "f4",
                          "f5",
                          "f6",
                          "c11a514b67b0",
                          "d74401020304",
                          "d818456449455446",
                          "40",
                          "4401020304",
                          "60",
                          "6161",
                          "6449455446",
                          "62225c",
                          "62c3bc",
                          "63e6b0b4",
                          "64f0908591",
                          "80",
                          "83010203",
                          "8301820203820405",
                          "a0",
                          "a201020304",
                          "a26161016162820203",
                          "826161a161626163",
                          "9fff",
                          "9f018202039f0405ffff",
                          "83018202039f0405ff",
                          "bf61610161629f0203ffff",
                          "826161bf61626163ff"}) {
    EXPECT_EQ(Again(hex), hex);
  }
}

TEST(Cbor, KeepsPlacesAndValues) {
  const Bytes bytes = FromHex("a2616182203818190100420102");
  const CborItem map = ParseCbor("file", bytes, {}, 0x100).value();
  EXPECT_EQ(map.type, CborType::kMap);
  EXPECT_EQ(map.size_bytes, bytes.size());
  ASSERT_EQ(map.items.size(), 4u);
  EXPECT_EQ(map.items[0].text(), "a");
  EXPECT_EQ(map.items[0].offset, 0x101u);
  const CborItem& array = map.items[1];
  EXPECT_EQ(array.offset, 0x103u);
  EXPECT_EQ(CborNumber(array.items[0]), -1);
  EXPECT_EQ(CborNumber(array.items[1]), -25);
  EXPECT_EQ(map.items[2].number, 256u);
  EXPECT_EQ(map.items[3].offset, 0x10au);
  EXPECT_EQ(map.items[3].contents_offset(), 0x10bu);
  EXPECT_EQ(Hex(map.items[3].bytes), "0102");
}

TEST(Cbor, HasIntegersOfSixtyFiveBits) {
  const Bytes bytes = FromHex("823bffffffffffffffff3b7fffffffffffffff");
  const CborItem array = ParseCbor("file", bytes).value();
  EXPECT_EQ(CborNumber(array.items[0]), std::nullopt);
  EXPECT_EQ(FormatCborKey(array.items[0]), "-1-18446744073709551615");
  EXPECT_EQ(CborNumber(array.items[1]), std::numeric_limits<int64_t>::min());
}

TEST(Cbor, RejectsWhatIsCutOff) {
  EXPECT_EQ(CborRefusal(""), "file: item at 0x100: needs 1 bytes, 0 left");
  EXPECT_EQ(CborRefusal("19ff"), "file: item at 0x101: needs 2 bytes, 1 left");
  EXPECT_EQ(CborRefusal("426100"), "accepted");
  EXPECT_EQ(CborRefusal("4361"), "file: item at 0x101: needs 3 bytes, 1 left");
  EXPECT_EQ(CborRefusal("9f01", kAnyLength),
            "file: item at 0x102: needs 1 bytes, 0 left");
}

TEST(Cbor, RejectsBytesBehindTheItem) {
  EXPECT_EQ(CborRefusal("0000"),
            "file: end at 0x101: 1 trailing bytes, expected the end of the "
            "data");
}

TEST(Cbor, RejectsHeadsInALongerForm) {
  constexpr const char* kText = "file: item at 0x101: not in its shortest form";
  EXPECT_EQ(CborRefusal("1817"), kText);
  EXPECT_EQ(CborRefusal("1900ff"), kText);
  EXPECT_EQ(CborRefusal("1a0000ffff"), kText);
  EXPECT_EQ(CborRefusal("1b00000000ffffffff"), kText);
  EXPECT_EQ(CborRefusal("580161"), kText);
}

TEST(Cbor, RejectsReservedHeads) {
  EXPECT_EQ(CborRefusal("1c"),
            "file: item at 0x100: found additional information 28, expected at "
            "most 27");
}

TEST(Cbor, RejectsIndefiniteLengths) {
  constexpr const char* kText =
      "file: item at 0x100: found an indefinite length, expected a definite "
      "one";
  EXPECT_EQ(CborRefusal("9fff"), kText);
  EXPECT_EQ(CborRefusal("bfff"), kText);
  EXPECT_EQ(CborRefusal("9fff", kAnyLength), "accepted");
  // Strings in pieces are not accepted anywhere.
  EXPECT_EQ(CborRefusal("5f4100ff", kAnyLength), kText);
  EXPECT_EQ(CborRefusal("7f6161ff", kAnyLength), kText);
}

TEST(Cbor, RejectsABreakWhereNoneCanBe) {
  EXPECT_EQ(CborRefusal("ff"),
            "file: item at 0x100: found simple value or float 31, expected "
            "false, true or null");
  EXPECT_EQ(CborRefusal("bf01ff", kAnyLength),
            "file: 1 at 0x102: found simple value or float 31, expected false, "
            "true or null");
}

TEST(Cbor, RejectsFloatsAndOtherSimpleValues) {
  EXPECT_EQ(CborRefusal("81f7"),
            "file: [0] at 0x101: found simple value or float 23, expected "
            "false, true or null");
  EXPECT_EQ(CborRefusal("fb3ff199999999999a"),
            "file: item at 0x100: found simple value or float 27, expected "
            "false, true or null");
}

TEST(Cbor, RejectsTextThatIsNotUtf8) {
  EXPECT_EQ(CborRefusal("a16161a1616261ff"), "file: a/b at 0x107: not UTF-8");
}

TEST(Cbor, RejectsAKeyTwice) {
  EXPECT_EQ(CborRefusal("a3010002000100"),
            "file: item at 0x106: found the key 1 twice");
  EXPECT_EQ(CborRefusal("a26161006161a0"),
            "file: item at 0x106: found the key a twice");
}

TEST(Cbor, RejectsKeysThatAreNeitherIntegersNorText) {
  EXPECT_EQ(CborRefusal("a14000"),
            "file: item at 0x102: found a key that is a byte string, expected "
            "an integer or text");
  EXPECT_EQ(CborRefusal("a1f600"),
            "file: item at 0x101: found a key that is null, expected an "
            "integer or text");
}

TEST(Cbor, RejectsCountsThatTheBytesCannotHold) {
  EXPECT_EQ(CborRefusal("9bffffffffffffffff"),
            "file: item at 0x101: found 18446744073709551615, expected at most "
            "0");
  EXPECT_EQ(CborRefusal("a2010203"),
            "file: item at 0x100: found 2, expected at most 1");
}

TEST(Cbor, RejectsWhatIsNestedTooDeeply) {
  EXPECT_EQ(CborRefusal("818100", {.max_depth = 2}), "accepted");
  EXPECT_EQ(CborRefusal("818100", {.max_depth = 1}),
            "file: [0][0] at 0x102: nested deeper than 1");
  std::string hex;
  for (int i = 0; i < 100000; ++i) hex += "c1";
  EXPECT_EQ(CborRefusal(hex + "00"),
            "file: item at 0x111: nested deeper than 16");
}

TEST(Cbor, RejectsTooManyItems) {
  EXPECT_EQ(CborRefusal("83000000", {.max_items = 4}), "accepted");
  EXPECT_EQ(CborRefusal("83000000", {.max_items = 3}),
            "file: [2] at 0x103: more than 3 items");
}

TEST(Cbor, NamesThePlaceWithoutWritingToTheTerminal) {
  EXPECT_EQ(CborRefusal("a1631b5b4a9f"),
            "file: \\x1b[J at 0x105: found an indefinite length, expected a "
            "definite one");
}

// Fields reads one map of one field with `read`.
template <typename Read>
std::string FieldRefusal(std::string_view hex, Read read) {
  const Bytes bytes = FromHex(hex);
  const CborItem item = ParseCbor("file", bytes).value();
  CborFields fields("file", item);
  read(fields);
  const Status status = fields.Finish();
  return status ? "accepted" : status.error().message();
}

TEST(CborFields, ReadsByNameAndByNumber) {
  EXPECT_EQ(FieldRefusal("a261614101201863",
                         [](CborFields& fields) {
                           EXPECT_EQ(Hex(fields.Bytes("a", 1, 1)), "01");
                           EXPECT_EQ(fields.Unsigned({-1, "b"}, 99), 99u);
                         }),
            "accepted");
}

TEST(CborFields, RejectsWhatIsNoMap) {
  EXPECT_EQ(FieldRefusal("80",
                         [](CborFields& fields) {
                           EXPECT_EQ(fields.Get("a", CborType::kText), nullptr);
                         }),
            "file: fields at 0x0: found an array, expected a map");
}

TEST(CborFields, RejectsAMissingField) {
  EXPECT_EQ(FieldRefusal("a0", [](CborFields& f) { f.Text("a"); }),
            "file: a at 0x0: is missing");
}

TEST(CborFields, RejectsAFieldOfAnotherType) {
  EXPECT_EQ(FieldRefusal("a1616100", [](CborFields& f) { f.Text("a"); }),
            "file: a at 0x3: found an unsigned integer, expected a text "
            "string");
}

TEST(CborFields, RejectsSizesAndNumbersOutOfBounds) {
  EXPECT_EQ(FieldRefusal("a161614101", [](CborFields& f) { f.Digest("a"); }),
            "file: a at 0x3: found 1 bytes, expected 32, 48 or 64");
  EXPECT_EQ(
      FieldRefusal("a161614101", [](CborFields& f) { f.Bytes("a", 2, 3); }),
      "file: a at 0x3: found 1 bytes, expected 2 to 3");
  EXPECT_EQ(
      FieldRefusal("a161614101", [](CborFields& f) { f.Bytes("a", 2, 2); }),
      "file: a at 0x3: found 1 bytes, expected 2");
  EXPECT_EQ(FieldRefusal("a1616103", [](CborFields& f) { f.Unsigned("a", 2); }),
            "file: a at 0x3: found 3, expected at most 2");
}

TEST(CborFields, RejectsAFieldThatNobodyLookedFor) {
  EXPECT_EQ(FieldRefusal("a1616100", [](CborFields&) {}),
            "file: a at 0x1: a field that this document does not have");
}

TEST(CborFields, KeepsTheFirstFailure) {
  EXPECT_EQ(FieldRefusal("a0",
                         [](CborFields& f) {
                           f.Text("a");
                           f.Text("b");
                         }),
            "file: a at 0x0: is missing");
}

}  // namespace
}  // namespace tally
