#include "common/json.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

std::string Canonical(std::string_view text) {
  const Result<Json> json = ParseJson(text);
  return json ? json->Canonical() : "error: " + json.error().message();
}

TEST(Json, SortsKeysAsRfc8785Section323) {
  // The example of section 3.2.3; its expected order is that of the values.
  const Result<Json> json = ParseJson(R"({
    "\u20ac": "Euro Sign",
    "\r": "Carriage Return",
    "\ufb33": "Hebrew Letter Dalet With Dagesh",
    "1": "One",
    "\ud83d\ude00": "Emoji: Grinning Face",
    "\u0080": "Control",
    "\u00f6": "Latin Small Letter O With Diaeresis"
  })");
  ASSERT_TRUE(json);
  std::vector<std::string> values;
  for (const auto& [key, value] : *json->object()) {
    values.push_back(*value.text());
  }
  EXPECT_EQ(values,
            (std::vector<std::string>{"Carriage Return", "One", "Control",
                                      "Latin Small Letter O With Diaeresis",
                                      "Euro Sign", "Emoji: Grinning Face",
                                      "Hebrew Letter Dalet With Dagesh"}));
  EXPECT_EQ(
      json->Canonical(),
      "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\xc2\x80\":\"Control\","
      "\"\xc3\xb6\":\"Latin Small Letter O With Diaeresis\","
      "\"\xe2\x82\xac\":\"Euro Sign\","
      "\"\xf0\x9f\x98\x80\":\"Emoji: Grinning Face\","
      "\"\xef\xac\xb3\":\"Hebrew Letter Dalet With Dagesh\"}");
}

TEST(Json, EscapesAsRfc8785Section322) {
  // The sample of section 3.2.2 without its numbers, which are fractions.
  EXPECT_EQ(Canonical(R"({
    "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
    "literals": [null, true, false]
  })"),
            "{\"literals\":[null,true,false],"
            "\"string\":\"\xe2\x82\xac$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}");
}

TEST(Json, EscapesControlCharactersAndNothingElse) {
  EXPECT_EQ(Canonical(R"("\b\t\n\f\r\u0000\u001f\u007f\u2028</")"),
            "\"\\b\\t\\n\\f\\r\\u0000\\u001f\x7f\xe2\x80\xa8</\"");
}

TEST(Json, CanonicalHasNoWhiteSpaceAndPrettyHas) {
  const Json json = Json::Object{{"b", Json::Array{1, "x", nullptr}},
                                 {"a", Json::Object()},
                                 {"c", Json::Array()},
                                 {"d", Json::Object{{"e", true}}}};
  EXPECT_EQ(json.Canonical(),
            R"({"a":{},"b":[1,"x",null],"c":[],"d":{"e":true}})");
  EXPECT_EQ(json.Pretty(), R"({
  "a": {},
  "b": [
    1,
    "x",
    null
  ],
  "c": [],
  "d": {
    "e": true
  }
}
)");
}

TEST(Json, FindsMembersAndKnowsItsType) {
  const Json json = Json::Object{{"key", 7}};
  ASSERT_NE(json.Find("key"), nullptr);
  EXPECT_EQ(*json.Find("key")->integer(), 7);
  EXPECT_EQ(json.Find("key")->text(), nullptr);
  EXPECT_EQ(json.Find("other"), nullptr);
  EXPECT_EQ(Json(1).Find("key"), nullptr);
  EXPECT_TRUE(Json().is_null());
}

TEST(JsonDeathTest, RefusesToWriteWhatIsNotUtf8) {
  EXPECT_DEATH(Json("\xff").Canonical(), "tally: bug: .*IsUtf8");
}

TEST(ParseJson, IntegersHave53Bits) {
  EXPECT_EQ(Canonical("9007199254740991"), "9007199254740991");
  EXPECT_EQ(Canonical("-9007199254740991"), "-9007199254740991");
  EXPECT_EQ(Canonical("-0"), "0");
  for (const char* text :
       {"9007199254740992", "-9007199254740992", "9223372036854775808",
        "18446744073709551615", "-9223372036854775808"}) {
    EXPECT_EQ(Canonical(text), "error: JSON: integer beyond 53 bits") << text;
  }
  EXPECT_EQ(Canonical("18446744073709551616"),
            "error: JSON: number '18446744073709551616', expected an integer");
}

TEST(ParseJson, RejectsFractionsAndExponents) {
  EXPECT_EQ(Canonical("1.0"), "error: JSON: number '1.0', expected an integer");
  EXPECT_EQ(Canonical("[1e3]"),
            "error: JSON: number '1e3', expected an integer");
  EXPECT_EQ(Canonical("-0.0"),
            "error: JSON: number '-0.0', expected an integer");
  for (const char* text : {"1e999", "01", "+1", ".5", "1.", "NaN", "Infinity",
                           "0x10", "--1", "-"}) {
    EXPECT_TRUE(Canonical(text).starts_with("error: JSON: ")) << text;
  }
}

TEST(ParseJson, ReadsSurrogatePairsOnly) {
  EXPECT_EQ(Canonical(R"("\ud83d\ude00")"), "\"\xf0\x9f\x98\x80\"");
  EXPECT_EQ(Canonical(R"("\udbff\udfff")"), "\"\xf4\x8f\xbf\xbf\"");
  for (const char* text :
       {R"("\ud83d")", R"("\ude00")", R"("\ud83dx")", R"("\ud83d\u0041")",
        R"("\ud83d\ud83d")", R"("\ude00\ud83d")", R"("\u12")", R"("\u")",
        R"("\x41")"}) {
    EXPECT_TRUE(Canonical(text).starts_with("error: JSON: syntax error"))
        << text;
  }
}

TEST(ParseJson, RejectsWhatIsNotUtf8) {
  for (const char* text :
       {"\"\xff\"", "\"\xc0\x80\"", "\"\xed\xa0\x80\"", "\"\xf4\x90\x80\x80\"",
        "\"\xe2\x82\"", "{\"\xff\":1}", "\xff"}) {
    EXPECT_TRUE(Canonical(text).starts_with("error: JSON: syntax error"))
        << text;
  }
  EXPECT_EQ(Canonical("\xef\xbb\xbf{}"),
            "error: JSON begins with a byte order mark");
}

TEST(ParseJson, NothingFollowsTheValue) {
  EXPECT_EQ(Canonical(" \t\r\n1 \n"), "1");
  EXPECT_EQ(Canonical("1 2"), "error: JSON: syntax error at byte 3 near '2'");
  EXPECT_EQ(Canonical("{}{}"),
            "error: JSON: syntax error at byte 3 near '{}{'");
  EXPECT_EQ(Canonical(""), "error: JSON: syntax error at byte 1 near ''");
  EXPECT_EQ(Canonical(std::string_view("{}\0 and more", 12)),
            "error: JSON: zero byte at byte 3");
  EXPECT_EQ(Canonical(std::string_view("\"\0\"", 3)),
            "error: JSON: zero byte at byte 2");
}

TEST(ParseJson, RejectsCommentsTrailingCommasAndRawControls) {
  for (const char* text :
       {"1 // one", "/* one */ 1", "[1,]", "{\"a\":1,}", "[", "{", "{\"a\"}",
        "{a:1}", "'a'", "\"a", "\"\n\"", "\"\t\"", "tru", "nul", "]"}) {
    EXPECT_TRUE(Canonical(text).starts_with("error: JSON: syntax error"))
        << text;
  }
}

TEST(ParseJson, RejectsDuplicateKeysHoweverTheyAreSpelled) {
  EXPECT_EQ(Canonical(R"({"a":1,"b":2,"a":3})"),
            "error: JSON: duplicate key 'a'");
  EXPECT_EQ(Canonical(R"({"a":1,"\u0061":3})"),
            "error: JSON: duplicate key 'a'");
  EXPECT_EQ(Canonical(R"({"a":{"a":1},"b":{"a":2}})"),
            R"({"a":{"a":1},"b":{"a":2}})");
}

std::string Nested(size_t depth, std::string_view open,
                   std::string_view close) {
  std::string text;
  for (size_t i = 0; i < depth; ++i) text += open;
  text += "1";
  for (size_t i = 0; i < depth; ++i) text += close;
  return text;
}

TEST(ParseJson, NestingIsAtMost64) {
  EXPECT_EQ(Canonical(Nested(64, "[", "]")), Nested(64, "[", "]"));
  EXPECT_EQ(Canonical(Nested(64, "{\"a\":", "}")), Nested(64, "{\"a\":", "}"));
  EXPECT_EQ(Canonical(Nested(65, "[", "]")),
            "error: JSON: nesting deeper than 64");
  EXPECT_EQ(Canonical(Nested(65, "{\"a\":", "}")),
            "error: JSON: nesting deeper than 64");
  EXPECT_EQ(Canonical(std::string(1 << 20, '[')),
            "error: JSON: nesting deeper than 64");
}

std::string FieldsFailure(std::string_view text) {
  const Result<Json> json = ParseJson(text);
  JsonFields fields("file.json: entry", *json);
  fields.Text("name");
  fields.Unsigned("size");
  fields.Boolean("final");
  fields.Array("items");
  fields.Object("origin");
  fields.Any("extra");
  fields.Ignore("comment");
  const Status status = fields.Finish();
  return status ? "ok" : status.error().message();
}

TEST(JsonFields, ReadsEachFieldStrictly) {
  EXPECT_EQ(FieldsFailure(R"({"name":"a","size":1,"final":true,"items":[],
                              "origin":{},"comment":[]})"),
            "ok");
  EXPECT_EQ(FieldsFailure(R"({"name":"a","size":1,"final":true,"items":[]})"),
            "file.json: entry: field 'origin' is missing, expected an object");
  EXPECT_EQ(FieldsFailure(R"({"name":1})"),
            "file.json: entry: field 'name' is not text");
  EXPECT_EQ(FieldsFailure(R"({"name":"a","size":"1"})"),
            "file.json: entry: field 'size' is not an integer");
  EXPECT_EQ(FieldsFailure(R"({"name":"a","size":-1})"),
            "file.json: entry: field 'size' is negative");
  EXPECT_EQ(FieldsFailure(R"({"name":"a","size":1,"final":0})"),
            "file.json: entry: field 'final' is not true or false");
  EXPECT_EQ(FieldsFailure(R"({"name":"a","size":1,"final":true,"items":{}})"),
            "file.json: entry: field 'items' is not an array");
  EXPECT_EQ(FieldsFailure("[]"), "file.json: entry: expected an object");
}

TEST(JsonFields, RejectsFieldsThatNobodyRead) {
  EXPECT_EQ(FieldsFailure(R"({"name":"a","size":1,"final":true,"items":[],
                              "origin":{},"orgin":1})"),
            "file.json: entry: unknown field 'orgin', did you mean 'origin'?");
  EXPECT_EQ(FieldsFailure(R"({"name":"a","size":1,"final":true,"items":[],
                              "origin":{},"\u001bzzzzzzz":1})"),
            "file.json: entry: unknown field '\\x1bzzzzzzz'");
}

TEST(JsonFields, ReturnsTheValues) {
  const Result<Json> json =
      ParseJson(R"({"t":"x","i":-3,"u":4,"b":true,"a":[1],"o":{"k":2}})");
  ASSERT_TRUE(json);
  JsonFields fields("test", *json);
  EXPECT_EQ(fields.Text("t"), "x");
  EXPECT_EQ(fields.Integer("i"), -3);
  EXPECT_EQ(fields.Unsigned("u"), 4u);
  EXPECT_TRUE(fields.Boolean("b"));
  EXPECT_EQ(fields.Array("a").size(), 1u);
  EXPECT_EQ(*fields.Object("o").Find("k")->integer(), 2);
  EXPECT_TRUE(fields.Any("absent").is_null());
  EXPECT_TRUE(fields.Finish());
}

}  // namespace
}  // namespace tally
