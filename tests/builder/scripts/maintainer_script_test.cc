#include "builder/scripts/maintainer_script.h"

#include <gtest/gtest.h>

#include "common/hash.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr char kBlock[] =
    "# Automatically added by dh_x/1.2\n"
    "do this\n"
    "# End automatically added section\n";

MaintainerScript Cut(const std::string& text,
                     std::string_view version = "1.0-1") {
  const auto script = CutMaintainerScript(AsBytes(text), version);
  EXPECT_TRUE(script) << script.error().ToString();
  return script ? *script : MaintainerScript{};
}

std::string CutError(const std::string& text) {
  const auto script = CutMaintainerScript(AsBytes(text), "1");
  return script ? "no error" : script.error().ToString();
}

// Residue as "line number|text", joined by '\n'.
std::string Residue(const std::string& text) {
  std::vector<std::string> lines;
  for (const ScriptLine& line : Cut(text).residue) {
    lines.push_back(std::to_string(line.number) + "|" + line.text);
  }
  return Join(lines, "\n");
}

TEST(MaintainerScript, HasTheBlocksInOrder) {
  const MaintainerScript script =
      Cut("#!/bin/sh\nset -e\n" + std::string(kBlock) +
          "# Automatically added by dh_y\na\n\nb\n"
          "# End automatically added section\n\nexit 0\n");
  EXPECT_TRUE(script.is_shell);
  ASSERT_EQ(script.blocks.size(), 2u);
  EXPECT_EQ(script.blocks[0].tool, "dh_x");
  EXPECT_EQ(script.blocks[0].version, "1.2");
  EXPECT_EQ(script.blocks[0].first_line, 4u);
  EXPECT_EQ(script.blocks[0].text, "do this\n");
  EXPECT_EQ(script.blocks[1].tool, "dh_y");
  EXPECT_EQ(script.blocks[1].version, "");
  EXPECT_EQ(script.blocks[1].first_line, 7u);
  EXPECT_EQ(script.blocks[1].text, "a\n\nb\n");
  EXPECT_TRUE(script.residue.empty());
}

TEST(MaintainerScript, DropsWhatDoesNothing) {
  EXPECT_EQ(Residue("#! /bin/sh -e\n# a comment\n\n  # another\nset -eu\n"),
            "");
  EXPECT_EQ(Residue("#!/bin/bash\ncase \"$1\" in\n  configure)\n  ;;\n"
                    "  (abort-upgrade|abort-remove)\n    :\n  ;;\n"
                    "  *)\n"
                    "    echo \"postinst called with unknown argument "
                    "\\`$1'\" >&2\n    exit 1\n  ;;\nesac\nexit 0\n"),
            "");
}

TEST(MaintainerScript, KeepsWhatDoesSomething) {
  EXPECT_EQ(Residue("#!/bin/sh\nset -e\ntouch /x\nexit 0\n"), "3|touch /x");
  EXPECT_EQ(Residue("#!/bin/sh\nexit 0\ntouch /x\n"), "2|exit 0\n3|touch /x");
  EXPECT_EQ(Residue("#!/bin/sh\ncase \"$1\" in\nconfigure)\ntouch /x\n;;\n"
                    "esac\n"),
            "2|case \"$1\" in\n3|configure)\n4|touch /x\n5|;;\n6|esac");
  // Only "*" may complain, and only in these words.
  EXPECT_EQ(Residue("#!/bin/sh\ncase \"$1\" in\nconfigure)\nexit 1\n;;\n"
                    "esac\n"),
            "2|case \"$1\" in\n3|configure)\n4|exit 1\n5|;;\n6|esac");
  EXPECT_EQ(Residue("#!/bin/sh\ncase \"$(x)\" in\nesac\n"),
            "2|case \"$(x)\" in\n3|esac");
}

TEST(MaintainerScript, ShowsWhereBlocksStand) {
  EXPECT_EQ(Residue("#!/bin/sh\nif x; then\n" + std::string(kBlock) + kBlock +
                    "fi\n"),
            "2|if x; then\n5|#DEBHELPER#\n9|fi");
  // A block behind `exit 0` would not run.
  EXPECT_EQ(Residue("#!/bin/sh\nexit 0\n" + std::string(kBlock)),
            "2|exit 0\n5|#DEBHELPER#");
}

TEST(MaintainerScript, KeepsTextInStringsAndHereDocuments) {
  EXPECT_EQ(Residue("#!/bin/sh\ncat <<EOF\n# text\n\nEOF\n# comment\n"),
            "2|cat <<EOF\n3|# text\n4|\n5|EOF");
  EXPECT_EQ(Residue("#!/bin/sh\ncat <<-'E'\n# x\n\tE\n# comment\n"),
            "2|cat <<-'E'\n3|# x\n4|\tE");
  EXPECT_EQ(Residue("#!/bin/sh\necho 'a\n# text\nb' # it's\n# comment\n"),
            "2|echo 'a\n3|# text\n4|b' # it's");
  EXPECT_EQ(Residue("#!/bin/sh\necho \"$(echo \"a\"\n# text\n) b\"\n# c\n"),
            "2|echo \"$(echo \"a\"\n3|# text\n4|) b\"");
  EXPECT_EQ(Residue("#!/bin/sh\nfoo \\\n# not a statement of its own\n"),
            "2|foo \\\n3|# not a statement of its own");
}

TEST(MaintainerScript, DigestsTheResidueOnly) {
  const std::string expected = Sha256(AsBytes("touch /x\n")).hex();
  EXPECT_EQ(Cut("#!/bin/sh\ntouch /x\n").residue_sha256.hex(), expected);
  EXPECT_EQ(
      Cut("#!/bin/sh -e\n# x\n\ntouch /x\n\nexit 0\n").residue_sha256.hex(),
      expected);
  EXPECT_NE(Cut("#!/bin/sh\ntouch  /x\n").residue_sha256.hex(), expected);
  EXPECT_NE(
      Cut("#!/bin/sh\ntouch /x\n" + std::string(kBlock)).residue_sha256.hex(),
      expected);
}

TEST(MaintainerScript, DigestsEveryVersionAlike) {
  const auto digest = [](const std::string& in, std::string_view version) {
    return Cut("#!/bin/sh\n[ \"$v\" = \"" + in + "\" ] || x\n", version)
        .residue_sha256;
  };
  EXPECT_EQ(digest("2.36-9", "2.36-9"), digest("2.36-10", "2.36-10"));
  EXPECT_NE(digest("2.36-9", "2.36-9"), digest("2.36-9", "2.36-10"));
}

TEST(MaintainerScript, LeavesOtherLanguagesWhole) {
  for (const std::string text :
       {"#!/usr/bin/perl\n# comment\nexit 0\n",
        "\x7f"
        "ELF",
        "#!/bin/sh\nset -e\r\n", "echo\n", "#!/bin/sh -x\n"}) {
    const MaintainerScript script = Cut(text);
    EXPECT_FALSE(script.is_shell) << text;
    ASSERT_EQ(script.residue.size(), 1u);
    EXPECT_EQ(script.residue[0].number, 1u);
    EXPECT_EQ(script.residue_sha256, Sha256(AsBytes(text)));
  }
  EXPECT_FALSE(Cut("").is_shell);
}

TEST(MaintainerScript, RejectsUnclearSections) {
  EXPECT_EQ(CutError("#!/bin/sh\n# Automatically added by dh_x/1\nx\n"),
            "line 2: found a section of 'dh_x' without end");
  EXPECT_EQ(CutError("#!/bin/sh\n# End automatically added section\n"),
            "line 2: found '# End automatically added section' at an "
            "unexpected place");
  EXPECT_EQ(CutError("#!/bin/sh\ncat <<E\n" + std::string(kBlock) + "E\n"),
            "line 3: found '# Automatically added by dh_x/1.2' at an "
            "unexpected place");
  EXPECT_EQ(CutError("#!/bin/sh\n# Automatically added by dh_x/1\n" +
                     std::string(kBlock)),
            "line 3: found '# Automatically added by dh_x/1.2' inside a "
            "section");
}

TEST(MaintainerScript, RejectsUnclearQuotes) {
  EXPECT_EQ(CutError("#!/bin/sh\necho 'a\n"),
            "line 2: begins something that has no end");
  EXPECT_EQ(CutError("#!/bin/sh\n\ncat <<EOF\nx\n"),
            "line 3: begins something that has no end");
  EXPECT_EQ(CutError("#!/bin/sh\ncat <<A <<B\nA\nB\n"),
            "line 2: found '<<' and 'B', expected one here-document with a "
            "plain word as its end");
  EXPECT_EQ(CutError("#!/bin/sh\ncat << \"a b\"\n"),
            "line 2: found '<<' and ' \"a b\"', expected one here-document "
            "with a plain word as its end");
  std::string deep = "#!/bin/sh\n";
  for (int i = 0; i < 65; ++i) deep += "$(";
  EXPECT_EQ(CutError(deep), "line 2: found more than 64 levels of quotes");
}

TEST(MaintainerScript, RejectsHugeOnes) {
  EXPECT_EQ(CutError(std::string(kMaxScriptBytes + 1, '\n')),
            "has 256.0 KiB, expected at most 256.0 KiB");
}

}  // namespace
}  // namespace tally
