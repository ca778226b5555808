#include "common/json_writer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <numeric>
#include <random>
#include <string>
#include <vector>

namespace tally {
namespace {

std::string RandomText(std::mt19937& random) {
  static const std::string kPieces[] = {
      "a",    "B",    "_",        "\"", "\\",           "\n",
      "\x01", "\x7f", "\xc3\xa9", "1",  "\xe2\x82\xac", "\xf0\x9f\x98\x80"};
  std::string text;
  for (size_t n = random() % 5; n > 0; --n) {
    text += kPieces[random() % std::size(kPieces)];
  }
  return text;
}

Json RandomValue(std::mt19937& random, size_t depth) {
  switch (random() % (depth == 0 ? 4 : 7)) {
    case 0:
      return Json();
    case 1:
      return Json(random() % 2 == 0);
    case 2:
      return Json(static_cast<int64_t>(random()) - (int64_t{1} << 31));
    case 3:
      return RandomText(random);
    case 4: {
      Json::Array array;
      for (size_t n = random() % 4; n > 0; --n) {
        array.push_back(RandomValue(random, depth - 1));
      }
      return array;
    }
    default: {
      Json::Object object;
      for (size_t n = random() % 4; n > 0; --n) {
        object[RandomText(random)] = RandomValue(random, depth - 1);
      }
      return object;
    }
  }
}

// WriteInPieces opens some of the containers of `value` by hand.
void WriteInPieces(const Json& value, std::mt19937& random,
                   JsonWriter& writer) {
  if (random() % 4 == 0) {
    writer.Value(value);
  } else if (const Json::Array* array = value.array()) {
    writer.BeginArray();
    for (const Json& item : *array) WriteInPieces(item, random, writer);
    writer.EndArray();
  } else if (const Json::Object* object = value.object()) {
    writer.BeginObject();
    for (const auto& [key, member] : *object) {
      writer.Key(key);
      WriteInPieces(member, random, writer);
    }
    writer.EndObject();
  } else {
    writer.Value(value);
  }
}

std::string InPieces(const Json& value, JsonLayout layout,
                     std::mt19937& random) {
  std::string text;
  JsonWriter writer(layout, [&](std::string_view piece) { text += piece; });
  WriteInPieces(value, random, writer);
  writer.Finish();
  return text;
}

// WithoutSpace drops what only the pretty form has.
std::string WithoutSpace(const std::string& pretty) {
  std::string text;
  bool in_text = false;
  for (size_t i = 0; i < pretty.size(); ++i) {
    const char c = pretty[i];
    if (c == '"') in_text = !in_text;
    if (in_text || (c != ' ' && c != '\n')) text += c;
    if (in_text && c == '\\') text += pretty[++i];
  }
  return text;
}

TEST(JsonWriter, PiecesMakeTheTextOfTheWhole) {
  std::mt19937 random(20260201);
  for (int i = 0; i < 2000; ++i) {
    const Json value = RandomValue(random, 5);
    const std::string pretty = value.Pretty();
    ASSERT_EQ(InPieces(value, JsonLayout::kPretty, random), pretty);
    ASSERT_EQ(InPieces(value, JsonLayout::kCanonical, random),
              value.Canonical());
    ASSERT_EQ(ParseJson(pretty).value(), value);
    ASSERT_EQ(WithoutSpace(pretty), value.Canonical());
  }
}

TEST(JsonWriter, WritesAnExample) {
  std::string text;
  JsonWriter writer(JsonLayout::kPretty,
                    [&](std::string_view piece) { text += piece; });
  writer.BeginObject().Member("count", 2).Key("items").BeginArray();
  writer.Value("x").BeginArray().EndArray().EndArray();
  writer.Key("none").BeginObject().EndObject().EndObject().Finish();
  EXPECT_EQ(text, R"({
  "count": 2,
  "items": [
    "x",
    []
  ],
  "none": {}
}
)");
}

TEST(JsonWriter, HandsALongTextOutInPieces) {
  std::vector<size_t> sizes;
  JsonWriter writer(JsonLayout::kCanonical, [&](std::string_view piece) {
    sizes.push_back(piece.size());
  });
  writer.BeginArray();
  const Json item = std::string(998, 'x');
  for (int i = 0; i < 100; ++i) writer.Value(item);
  const size_t num_before_the_end = sizes.size();
  writer.EndArray().Finish();
  // 1000 with the quotes, a comma each, and the brackets.
  EXPECT_EQ(std::accumulate(sizes.begin(), sizes.end(), size_t{0}), 100101u);
  EXPECT_EQ(num_before_the_end, 5u);
  EXPECT_LT(std::ranges::max(sizes), 20000u);
}

class JsonWriterDeathTest : public testing::Test {
 protected:
  JsonWriter writer_{JsonLayout::kPretty, [](std::string_view) {}};
};

TEST_F(JsonWriterDeathTest, RefusesMembersOutOfOrder) {
  writer_.BeginObject().Member("b", 1);
  EXPECT_DEATH(writer_.Key("a"), "tally: bug: .*last_key");
  EXPECT_DEATH(writer_.Key("b"), "tally: bug: .*last_key");
}

TEST_F(JsonWriterDeathTest, RefusesAValueWithoutAKeyAndAKeyWithoutAValue) {
  EXPECT_DEATH(writer_.Key("a"), "tally: bug: ");
  writer_.BeginObject();
  EXPECT_DEATH(writer_.Value(1), "tally: bug: .*has_key_");
  writer_.Key("a");
  EXPECT_DEATH(writer_.Key("b"), "tally: bug: .*has_key_");
  EXPECT_DEATH(writer_.EndObject(), "tally: bug: .*has_key_");
}

TEST_F(JsonWriterDeathTest, RefusesWhatIsNoWholeValue) {
  EXPECT_DEATH(writer_.Finish(), "tally: bug: ");
  writer_.BeginArray();
  EXPECT_DEATH(writer_.Finish(), "tally: bug: ");
  EXPECT_DEATH(writer_.EndObject(), "tally: bug: ");
  writer_.EndArray();
  EXPECT_DEATH(writer_.Value(1), "tally: bug: .*has_value_");
}

}  // namespace
}  // namespace tally
