#include "builder/scripts/classify.h"

#include <gtest/gtest.h>

#include "builder/scripts/triggers.h"
#include "common/hash.h"
#include "tests/support/make_deb.h"

namespace tally {
namespace {

constexpr char kUnknown[] = "#!/bin/sh\nset -e\n\ntouch /etc/x\n";
constexpr char kEnable[] =
    "#!/bin/sh\nset -e\n"
    "# Automatically added by dh_installdeb/13.11.4\n"
    "dpkg-maintscript-helper rm_conffile /etc/a 1 -- \"$@\"\n"
    "# End automatically added section\n";

DebControl Control(const std::map<std::string, std::string>& scripts) {
  DebControl control;
  for (const auto& [name, text] : scripts) {
    control.scripts[name] = ToBytes(AsBytes(text));
  }
  return control;
}

LockedPackage Package(const std::string& name) {
  LockedPackage package;
  package.name = name;
  package.version = "1.2-3";
  package.sha256 = Sha256(AsBytes(name));
  return package;
}

Manifest WithScripts(std::vector<ScriptSpec> scripts) {
  Manifest manifest;
  manifest.path = "m.yaml";
  manifest.system.scripts = std::move(scripts);
  return manifest;
}

ScriptSpec ScriptSpecOf(const std::string& text,
                        std::vector<std::string> actions) {
  return {.package = "foo",
          .script = "postinst",
          .sha256 = Sha256(AsBytes(text)),
          .actions = std::move(actions),
          .reason = "read it",
          .where = {.line = 7, .column = 9}};
}

// FinishError classifies one postinst of package foo.
std::string FinishError(const Manifest& manifest, const std::string& text,
                        ScriptUse use = ScriptUse::kSystem) {
  ScriptClassifier classifier(manifest);
  (void)classifier.Classify(Package("foo"), Control({{"postinst", text}}), use);
  const Status status = classifier.Finish();
  return status ? "no error" : status.error().ToString();
}

std::string DigestOf(const std::string& text) {
  return Sha256(AsBytes(text)).hex();
}

TEST(ClassifyScripts, HasEveryScriptByName) {
  const Manifest manifest;
  ScriptClassifier classifier(manifest);
  const auto scripts = classifier.Classify(
      Package("foo"),
      Control({{"postinst", kEnable},
               {"prerm", kUnknown},
               {"postrm", kUnknown},
               {"config", "#!/usr/bin/perl\n"},
               {"triggers", "# comment\nactivate-noawait ldconfig\n"}}),
      ScriptUse::kSystem);
  EXPECT_TRUE(classifier.Finish());
  ASSERT_EQ(scripts.size(), 5u);
  EXPECT_EQ(scripts[0].name, "config");
  EXPECT_EQ(scripts[0].disposition, ScriptDisposition::kNone);
  EXPECT_EQ(scripts[1].name, "postinst");
  EXPECT_EQ(scripts[1].disposition, ScriptDisposition::kKnown);
  EXPECT_EQ(scripts[1].sha256.hex(), DigestOf(kEnable));
  EXPECT_TRUE(scripts[1].actions.empty());
  EXPECT_EQ(scripts[2].disposition, ScriptDisposition::kNone);
  EXPECT_EQ(scripts[3].disposition, ScriptDisposition::kNone);
  EXPECT_EQ(scripts[4].name, "triggers");
  EXPECT_EQ(scripts[4].actions, std::vector<std::string>{"ldconfig"});
}

TEST(ClassifyScripts, LooksAtNothingOfFilesOnly) {
  const Manifest manifest;
  EXPECT_EQ(FinishError(manifest, kUnknown, ScriptUse::kFilesOnly), "no error");
}

TEST(ClassifyScripts, TakesAcknowledgedOnes) {
  const Manifest manifest =
      WithScripts({ScriptSpecOf(kUnknown, {"tmpfiles f /etc/x - - - -"})});
  ScriptClassifier classifier(manifest);
  const auto scripts = classifier.Classify(
      Package("foo"), Control({{"postinst", kUnknown}}), ScriptUse::kSystem);
  EXPECT_TRUE(classifier.Finish());
  ASSERT_EQ(scripts.size(), 1u);
  EXPECT_EQ(scripts[0].disposition, ScriptDisposition::kAcknowledged);
  EXPECT_EQ(scripts[0].actions,
            std::vector<std::string>{"tmpfiles f /etc/x - - - -"});
}

TEST(ClassifyScripts, NamesEveryUnknownScriptAtOnce) {
  const Manifest manifest;
  ScriptClassifier classifier(manifest);
  (void)classifier.Classify(Package("foo"), Control({{"postinst", kUnknown}}),
                            ScriptUse::kSystem);
  (void)classifier.Classify(Package("bar"),
                            Control({{"preinst",
                                      "\x7f"
                                      "ELF"},
                                     {"triggers", "\ninterest /usr/lib/x\n"}}),
                            ScriptUse::kSystem);
  const Status status = classifier.Finish();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::kInput);
  EXPECT_EQ(
      status.error().ToString(),
      "found 3 maintainer scripts to decide about\n"
      "  postinst of 'foo' 1.2-3 (sha256 " +
          DigestOf(kUnknown) +
          "): line 4: found 'touch /etc/x', expected a script that tally "
          "knows\n"
          "  preinst of 'bar' 1.2-3 (sha256 " +
          DigestOf("\x7f"
                   "ELF") +
          "): line 1: found '\\x7fELF', expected a script that tally knows\n"
          "  triggers of 'bar' 1.2-3 (sha256 " +
          DigestOf("\ninterest /usr/lib/x\n") +
          "): line 2: found 'interest /usr/lib/x', expected a trigger that "
          "tally knows");
  const std::string foo = DigestOf("foo");
  const std::string bar = DigestOf("bar");
  ASSERT_EQ(status.error().hints().size(), 2u);
  EXPECT_EQ(status.error().hints()[0],
            "to read them (STORE is the store's directory):\n"
            "  dpkg-deb --info STORE/sha256/" +
                foo.substr(0, 2) + "/" + foo +
                " postinst\n"
                "  dpkg-deb --info STORE/sha256/" +
                bar.substr(0, 2) + "/" + bar +
                " preinst\n"
                "  dpkg-deb --info STORE/sha256/" +
                bar.substr(0, 2) + "/" + bar + " triggers");
  EXPECT_EQ(status.error().hints()[1],
            "to go on, say in the manifest what is done in their place:\n"
            "  system:\n"
            "    scripts:\n"
            "      - {package: foo, script: postinst, sha256: " +
                DigestOf(kUnknown) +
                ", actions: [], reason: \"...\"}\n"
                "      - {package: bar, script: preinst, sha256: " +
                DigestOf("\x7f"
                         "ELF") +
                ", actions: [], reason: \"...\"}\n"
                "      - {package: bar, script: triggers, sha256: " +
                DigestOf("\ninterest /usr/lib/x\n") +
                ", actions: [], reason: \"...\"}");
}

// A digest that begins with "0b" is a number to some readers of YAML.
TEST(ClassifyScripts, QuotesWhatTheManifestWantsInQuotes) {
  const std::string text = "#!/bin/sh\necho 1031\n";
  ASSERT_TRUE(DigestOf(text).starts_with("0b52"));
  const Manifest manifest;
  ScriptClassifier classifier(manifest);
  (void)classifier.Classify(Package("foo"), Control({{"postinst", text}}),
                            ScriptUse::kSystem);
  const Status status = classifier.Finish();
  ASSERT_FALSE(status);
  ASSERT_EQ(status.error().hints().size(), 2u);
  EXPECT_TRUE(status.error().hints()[1].ends_with(
      "      - {package: foo, script: postinst, sha256: \"" + DigestOf(text) +
      "\", actions: [], reason: \"...\"}"))
      << status.error().hints()[1];
}

TEST(ClassifyScripts, RejectsEntriesOfAnotherVersion) {
  EXPECT_EQ(FinishError(WithScripts({ScriptSpecOf("old", {})}), kUnknown),
            "m.yaml:7:9: found postinst of 'foo' 1.2-3 (sha256 " +
                DigestOf(kUnknown) + "), expected sha256 " + DigestOf("old") +
                ": the script changed");
}

TEST(ClassifyScripts, RejectsEntriesThatAreNotNeeded) {
  EXPECT_EQ(FinishError(WithScripts({ScriptSpecOf(kEnable, {})}), kEnable),
            "m.yaml:7:9: postinst of 'foo' 1.2-3 (sha256 " + DigestOf(kEnable) +
                ") is known to tally: remove this entry");
  const Manifest manifest = WithScripts({ScriptSpecOf(kUnknown, {})});
  const std::string unused =
      "m.yaml:7:9: found postinst of 'foo', expected a script that a package "
      "of the root has";
  EXPECT_EQ(FinishError(manifest, kUnknown, ScriptUse::kFilesOnly), unused);
  const ScriptClassifier classifier(manifest);
  const Status status = classifier.Finish();
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().ToString(), unused);
  EXPECT_TRUE(status.error().hints().empty());
}

TEST(ClassifyScripts, RejectsActionsThatDoNotParse) {
  EXPECT_EQ(FinishError(WithScripts({ScriptSpecOf(kUnknown, {"enable x"})}),
                        kUnknown),
            "m.yaml:7:9: action 'enable x': found 'x' behind 'enable', "
            "expected one unit name");
}

std::string InitScript(const std::string& name, const std::string& more = "") {
  return "#!/bin/sh\nset -e\n"
         "# Automatically added by dh_installinit/13.11.4\n"
         "if [ \"$1\" = \"configure\" ] || [ \"$1\" = \"abort-upgrade\" ] || "
         "[ \"$1\" = \"abort-deconfigure\" ] || [ \"$1\" = \"abort-remove\" ] "
         "; then\n"
         "\tif [ -x \"/etc/init.d/" +
         name + "\" ]; then\n\t\tupdate-rc.d " + name +
         " defaults >/dev/null || exit 1\n\tfi\nfi\n"
         "# End automatically added section\n" +
         more;
}

TEST(ClassifyScripts, WantsAUnitForEveryInitScript) {
  EXPECT_EQ(FinishError({}, InitScript("foo")),
            "postinst of 'foo' 1.2-3 (sha256 " + DigestOf(InitScript("foo")) +
                "): line 4: found init script 'foo', expected a unit of that "
                "name as well");
  EXPECT_EQ(FinishError({}, InitScript("procps")), "no error");
  const std::string stop =
      "# Automatically added by dh_installsystemd/13.11.4\n"
      "if [ \"$1\" = \"configure\" ] || [ \"$1\" = \"abort-upgrade\" ] || "
      "[ \"$1\" = \"abort-deconfigure\" ] || [ \"$1\" = \"abort-remove\" ] ; "
      "then\n"
      "\tif [ -z \"${DPKG_ROOT:-}\" ] && [ -d /run/systemd/system ]; then\n"
      "\t\tsystemctl --system daemon-reload >/dev/null || true\n"
      "\t\tdeb-systemd-invoke start 'foo.service' >/dev/null || true\n"
      "\tfi\nfi\n# End automatically added section\n";
  EXPECT_EQ(FinishError({}, InitScript("foo", stop)), "no error");
}

TEST(Triggers, AreAmongTheControlFiles) {
  const auto control =
      ReadDebControl(test::MakeDeb({}, {{"triggers", "activate ldconfig\n"}}));
  ASSERT_TRUE(control) << control.error().ToString();
  ASSERT_EQ(control->scripts.count("triggers"), 1u);
  EXPECT_EQ(AsText(control->scripts.at("triggers")), "activate ldconfig\n");
}

TEST(Triggers, KnowsWhoWaitsForWhat) {
  const auto translate = [](std::string_view package, std::string_view text) {
    return TranslateTriggers(package, AsBytes(text));
  };
  const auto libraries =
      translate("libfoo",
                "activate-noawait ldconfig\nactivate ldconfig\n"
                "activate-await update-ca-certificates # x\n"
                "activate-noawait update-initramfs\n");
  ASSERT_TRUE(libraries) << libraries.error().ToString();
  EXPECT_EQ(*libraries,
            (std::vector<std::string>{"ldconfig", "ca-certificates"}));
  EXPECT_TRUE(translate("libc-bin", "interest-await ldconfig\n"));
  for (const std::string_view text :
       {"interest ldconfig", "activate other", "activates ldconfig",
        "activate-later ldconfig", "ldconfig", "activate"}) {
    EXPECT_FALSE(translate("libfoo", text)) << text;
  }
  const auto huge = translate("libfoo", std::string(70000, '\n'));
  ASSERT_FALSE(huge);
  EXPECT_EQ(huge.error().ToString(), "has 68.3 KiB, expected at most 64.0 KiB");
}

}  // namespace
}  // namespace tally
