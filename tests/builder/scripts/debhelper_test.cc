#include "builder/scripts/debhelper.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "builder/action.h"
#include "common/text.h"

namespace tally {
namespace {

using Strings = std::vector<std::string>;

const std::map<std::string, std::string>& Samples() {
  static const std::map<std::string, std::string> samples = {
      {"ALTERNATIVES",
       "        update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 "
       "\\\n            --slave /usr/bin/nawk nawk /usr/bin/mawk\n"},
      {"DIRECTORIES",
       "/usr/local/lib/x default\n/usr/local/lib/x/y 2775 root mail\n"},
      {"ERROR_HANDLER", "exit 1"},
      {"FILES", "basic.conf systemd-network.conf"},
      {"KERNEL", "6.1.0-9-amd64"},
      {"MAINTSCRIPT",
       "dpkg-maintscript-helper rm_conffile /etc/a 1:4.7-2\\~ p -- \"$@\"\n"
       "dpkg-maintscript-helper dir_to_symlink /a ../b 1 -- \"$@\"\n"},
      {"PACKAGE", "libc6-dev"},
      {"PYTHON_ARGS", "/usr/lib/python3/dist-packages -V 3.11-"},
      {"RESTART_ACTION", "try-restart"},
      {"SCRIPT", "hwclock.sh"},
      {"SKIP_NATIVE", "--skip-systemd-native "},
      {"UNITFILE", "'getty@.service'"},
      {"UNITFILES", "'a.service' 'b\\x2dc.timer'"},
      {"UNMASK_COMMENT",
       "This will only remove masks created by d-s-h on package removal."},
  };
  return samples;
}

// Fill returns the text of a template with its holes filled.
std::string Fill(std::string_view pattern) {
  std::string text;
  while (!pattern.empty()) {
    const size_t end = pattern.find('#', 1);
    const auto sample =
        pattern[0] == '#' && end != std::string_view::npos
            ? Samples().find(std::string(pattern.substr(1, end - 1)))
            : Samples().end();
    const bool is_hole = sample != Samples().end();
    text += is_hole ? sample->second : std::string(1, pattern[0]);
    pattern.remove_prefix(is_hole ? end + 1 : 1);
  }
  return text;
}

ScriptBlock Block(std::string_view tools, const std::string& text) {
  return {.tool = std::string(tools.substr(0, tools.find(' '))),
          .version = "13.11.4",
          .first_line = 4,
          .text = text};
}

std::string BlockError(std::string_view tool, const std::string& text) {
  const auto block = RecognizeBlock(Block(tool, text));
  return block ? "no error" : block.error().ToString();
}

const DebhelperTemplate& Named(std::string_view name) {
  for (const DebhelperTemplate& known : DebhelperTemplates()) {
    if (known.name == name) return known;
  }
  ADD_FAILURE() << name;
  return DebhelperTemplates()[0];
}

RecognizedBlock Recognize(std::string_view name) {
  const DebhelperTemplate& known = Named(name);
  const auto block = RecognizeBlock(Block(known.tools, Fill(known.text)));
  EXPECT_TRUE(block) << block.error().ToString();
  return block ? *block : RecognizedBlock{};
}

TEST(DebhelperTemplate, EachIsRecognizedUnderItsName) {
  std::set<std::string_view> names;
  for (const DebhelperTemplate& known : DebhelperTemplates()) {
    SCOPED_TRACE(known.name);
    EXPECT_TRUE(names.insert(known.name).second);
    EXPECT_EQ(known.effect == BlockEffect::kNothing && known.why.empty(),
              false);
    for (const std::string& tool : Split(known.tools, ' ')) {
      const auto block = RecognizeBlock(Block(tool, Fill(known.text)));
      ASSERT_TRUE(block) << block.error().ToString();
      EXPECT_EQ(block->name, known.name);
      for (const std::string& action : block->actions) {
        EXPECT_TRUE(ParseAction(action)) << action;
      }
    }
  }
  EXPECT_GE(names.size(), 28u);
}

TEST(DebhelperTemplate, AnyOtherByteIsUnknown) {
  for (const DebhelperTemplate& known : DebhelperTemplates()) {
    SCOPED_TRACE(known.name);
    const std::string filled = Fill(known.text);
    for (size_t at = 0; at < filled.size(); at += 3) {
      std::string text = filled;
      text[at] = '\x7f';
      EXPECT_FALSE(RecognizeBlock(Block(known.tools, text))) << at;
    }
    EXPECT_FALSE(RecognizeBlock(Block(known.tools, filled + "x\n")));
    EXPECT_FALSE(RecognizeBlock(Block("dh_other", filled)));
  }
}

TEST(DebhelperBlock, TranslatesToActions) {
  EXPECT_EQ(Recognize("postinst-systemd-enable").actions,
            Strings{"enable getty@.service"});
  EXPECT_EQ(Recognize("postinst-systemd-enable").units,
            Strings{"getty@.service"});
  EXPECT_EQ(Recognize("postinst-systemd-user-enable").actions,
            Strings{"enable-user getty@.service"});
  EXPECT_EQ(Recognize("postinst-systemd-dont-enable").actions, Strings{});
  EXPECT_EQ(Recognize("postinst-systemd-restart").units,
            (Strings{"a.service", "b\\x2dc.timer"}));
  EXPECT_EQ(Recognize("postinst-init").init_script, "hwclock.sh");
  EXPECT_EQ(Recognize("postinst-alternatives").actions,
            Strings{"alternative /usr/bin/awk awk /usr/bin/mawk 5 slave "
                    "/usr/bin/nawk nawk /usr/bin/mawk"});
  EXPECT_EQ(Recognize("postinst-usrlocal").actions,
            (Strings{"tmpfiles d /usr/local/lib/x 0755 root root -",
                     "tmpfiles d /usr/local/lib/x/y 2775 root mail -"}));
}

TEST(DebhelperBlock, NeedsTheSameValueInBothHoles) {
  const DebhelperTemplate& known = Named("preinst-init-chmod");
  std::string text = Fill(known.text);
  text.replace(text.rfind("hwclock.sh"), 10, "other");
  EXPECT_EQ(BlockError("dh_installinit", text),
            "line 5: found 'chmod +x \"/etc/init.d/other\" >/dev/null || "
            "true', expected a known template of 'dh_installinit'");
}

TEST(DebhelperBlock, RefusesValuesThatAreNoNames) {
  for (const std::string_view value :
       {"'a'", "a.service", "'a b.service'", "'$x.service'", "''"}) {
    std::string text(Named("preinst-systemd-stop").text);
    text.replace(text.find("#UNITFILES#"), 11, value);
    EXPECT_FALSE(RecognizeBlock(Block("dh_installsystemd", text))) << value;
  }
  for (const std::string_view line :
       {"dpkg-maintscript-helper rm_conffile $(x) -- \"$@\"\n",
        "dpkg-maintscript-helper other /etc/a -- \"$@\"\n",
        "dpkg-maintscript-helper rm_conffile /etc/a -- \"$@\"; x\n",
        "dpkg-maintscript-helper rm_conffile -- \"$@\"\n", "x\n", ""}) {
    EXPECT_FALSE(RecognizeBlock(Block("dh_installdeb", std::string(line))))
        << line;
  }
  for (const std::string_view words :
       {"--install /a a /b 1; x", "--install /a \\ b", "--remove a /b",
        "--install /a\nx"}) {
    std::string text(Named("postinst-alternatives").text);
    text.replace(text.find("#ALTERNATIVES#"), 14,
                 "        update-alternatives " + std::string(words) + "\n");
    EXPECT_FALSE(RecognizeBlock(Block("dh_installalternatives", text)))
        << words;
  }
}

TEST(DebhelperBlock, NamesTheFirstLineThatDiffers) {
  EXPECT_EQ(BlockError("dh_frobnicate", "x\n"),
            "line 4: found 'x', expected a known template of 'dh_frobnicate'");
  std::string text = Fill(Named("postinst-systemd-enable").text);
  text.replace(text.find("\tdeb-systemd-helper"), 1, "\tx ");
  EXPECT_EQ(BlockError("dh_installsystemd", text),
            "line 6: found 'x deb-systemd-helper unmask 'getty@.service' "
            ">/dev/null || true', expected a known template of "
            "'dh_installsystemd'");
}

TEST(HashedTemplate, RefusesAnotherText) {
  for (const HashedTemplate& known : HashedTemplates()) {
    EXPECT_EQ(known.sha256.size(), 64u);
    EXPECT_FALSE(RecognizeBlock(Block(known.tools, "x\n")));
    const std::string line =
        std::string(known.before) + "x" + std::string(known.after) + "\n";
    EXPECT_FALSE(RecognizeBlock(Block(known.tools, line)));
  }
}

}  // namespace
}  // namespace tally
