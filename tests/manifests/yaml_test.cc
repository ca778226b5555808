#include "manifests/yaml.h"

#include <gtest/gtest.h>

namespace tally {
namespace {

std::string YamlRefusal(std::string_view text, YamlFlow flow = YamlFlow::kAny) {
  const auto node = ParseYaml(text, "m.yaml", flow);
  return node ? "accepted" : node.error().ToString();
}

TEST(Yaml, KeepsOrderQuotesAndLocations) {
  const auto root = ParseYaml(
      "# comment\na: 1\nb: [x, \"2\"]\nc:\n  - d: 'e'\n    f: |\n"
      "      g\nh:\ni: ~\n",
      "m.yaml", YamlFlow::kAny);
  ASSERT_TRUE(root) << root.error().ToString();
  ASSERT_EQ(root->kind, YamlKind::kMap);
  ASSERT_EQ(root->entries.size(), 5u);
  const YamlNode& a = root->entries[0].value;
  EXPECT_EQ(root->entries[0].key, "a");
  EXPECT_EQ(a.text, "1");
  EXPECT_FALSE(a.quoted);
  EXPECT_EQ(a.where.line, 2);
  EXPECT_EQ(a.where.column, 4);
  const YamlNode& b = root->entries[1].value;
  ASSERT_EQ(b.kind, YamlKind::kList);
  EXPECT_FALSE(b.items[0].quoted);
  EXPECT_TRUE(b.items[1].quoted);
  EXPECT_EQ(b.items[1].where.column, 8);
  const YamlNode& inner = root->entries[2].value.items[0];
  EXPECT_TRUE(inner.entries[0].value.quoted);
  EXPECT_EQ(inner.entries[1].value.text, "g\n");
  EXPECT_TRUE(inner.entries[1].value.quoted);
  EXPECT_EQ(root->entries[3].value.kind, YamlKind::kNull);
  EXPECT_EQ(root->entries[3].value.where.line, 8);
  EXPECT_EQ(root->entries[4].value.kind, YamlKind::kNull);
}

TEST(Yaml, RejectsDuplicateKeys) {
  EXPECT_EQ(YamlRefusal("a: 1\nb: {c: 1, d: 2, \"c\": 3}\n"),
            "m.yaml:2:17: found key 'c' again, expected it once (first in "
            "line 2)");
}

TEST(Yaml, RejectsAnchorsAliasesTagsAndMergeKeys) {
  EXPECT_EQ(YamlRefusal("a: &x 1\n"),
            "m.yaml:1:4: found an anchor, expected a value");
  EXPECT_EQ(YamlRefusal("a: &x [1]\n"),
            "m.yaml:1:4: found an anchor, expected a value");
  EXPECT_EQ(YamlRefusal("a: &x\n"),
            "m.yaml:1:4: found an anchor, expected a value");
  EXPECT_EQ(YamlRefusal("a: *x\n"),
            "m.yaml:1:4: found broken YAML (the referenced anchor is not "
            "defined), expected YAML 1.2");
  EXPECT_EQ(YamlRefusal("a: !!str 1\n"),
            "m.yaml:1:4: found a tag, expected a value");
  EXPECT_EQ(YamlRefusal("a: ! 1\n"),
            "m.yaml:1:4: found a tag, expected a value");
  EXPECT_EQ(YamlRefusal("a: ! \"1\"\n"),
            "m.yaml:1:4: found a tag, expected a value");
  EXPECT_EQ(YamlRefusal("a: !x {}\n"),
            "m.yaml:1:4: found a tag, expected a value");
  EXPECT_EQ(YamlRefusal("a: {<<: 1}\n"),
            "m.yaml:1:5: found a merge key, expected a key");
}

TEST(Yaml, RejectsKeysThatAreNotText) {
  EXPECT_EQ(YamlRefusal("? [a]\n: 1\n"),
            "m.yaml:1:3: found a list, expected a key");
  EXPECT_EQ(YamlRefusal("? {a: b}\n: 1\n"),
            "m.yaml:1:3: found a map, expected a key");
  EXPECT_EQ(YamlRefusal("~: 1\n"), "m.yaml:1:1: found nothing, expected a key");
}

TEST(Yaml, RejectsOtherDocuments) {
  EXPECT_EQ(YamlRefusal(""), "m.yaml:1:1: found an empty file, expected a map");
  EXPECT_EQ(YamlRefusal("# nothing\n"),
            "m.yaml:1:1: found an empty file, expected a map");
  EXPECT_EQ(YamlRefusal("a: 1\n---\nb: 2\n"),
            "m.yaml:2:1: found a second document, expected one");
  EXPECT_EQ(YamlRefusal("a: 1\n---\nb: [\n"),
            "m.yaml:2:1: found a second document, expected one");
}

TEST(Yaml, RejectsBytesThatAreNotText) {
  EXPECT_EQ(YamlRefusal(std::string_view("a: x\0y\n", 7)),
            "m.yaml:1:5: found control byte 0x0, expected printable text");
  EXPECT_EQ(YamlRefusal("a: 1\nb: \x04\n"),
            "m.yaml:2:4: found control byte 0x4, expected printable text");
  EXPECT_EQ(YamlRefusal("a: 1\r\n"),
            "m.yaml:1:5: found a carriage return, expected lines that end in a "
            "line feed only");
  EXPECT_EQ(YamlRefusal("\xef\xbb\xbf"
                        "a: 1\n"),
            "m.yaml:1:1: found a byte order mark, expected plain UTF-8");
  EXPECT_EQ(YamlRefusal("a: \xff\n"),
            "m.yaml:1:1: found bytes that are not UTF-8, expected UTF-8 text");
  EXPECT_EQ(YamlRefusal("a: \"x\\0y\"\n"),
            "m.yaml:1:4: found a zero byte, expected text");
}

TEST(Yaml, RejectsDeepNesting) {
  std::string dashes;
  for (int i = 0; i < 100000; ++i) dashes += "- ";
  EXPECT_EQ(YamlRefusal(std::string(16, '[') + std::string(16, ']')),
            "accepted");
  EXPECT_EQ(
      YamlRefusal(std::string(17, '[') + std::string(17, ']')),
      "m.yaml:1:17: found more than 16 levels of nesting, expected fewer");
  EXPECT_EQ(
      YamlRefusal(dashes),
      "m.yaml:1:33: found more than 16 levels of nesting, expected fewer");
}

TEST(Yaml, RejectsBrokenSyntax) {
  EXPECT_EQ(YamlRefusal("a: [1\n"),
            "m.yaml:2:1: found broken YAML (end of sequence flow not found), "
            "expected YAML 1.2");
  EXPECT_EQ(YamlRefusal("a: \"x\n"),
            "m.yaml:1:4: found text without its closing quote, expected one");
  EXPECT_EQ(YamlRefusal("a: \"\\q\"\n"),
            "m.yaml:1:7: found broken YAML (unknown escape character: q), "
            "expected YAML 1.2");
}

TEST(Yaml, RejectsFlowWhereOnlyEmptyOnesBelong) {
  EXPECT_EQ(YamlRefusal("a: []\nb: {}\n", YamlFlow::kEmptyOnly), "accepted");
  EXPECT_EQ(YamlRefusal("a: []\nb: [1]\n", YamlFlow::kEmptyOnly),
            "m.yaml:2:4: found '[', expected one entry per line");
  EXPECT_EQ(YamlRefusal("a: {b: 1}\n", YamlFlow::kEmptyOnly),
            "m.yaml:1:4: found '{', expected one entry per line");
}

}  // namespace
}  // namespace tally
