#include "builder/resolve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>

#include "common/text.h"

namespace tally {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// World is suites in the making, and a manifest.
class World {
 public:
  World() {
    manifest.path = "m.yaml";
    manifest.architecture = "amd64";
    manifest.archives = {{.name = "debian"}};
    Suite("one");
    Want("kernel", manifest.kernel.package);
    Add("kernel");
  }
  // Suite begins a suite; Add goes to the last one.
  void Suite(const std::string& name) {
    texts_.emplace_back();
    names_.push_back(name);
    manifest.archives[0].suites.push_back(name);
  }
  void Add(const std::string& name, const std::string& fields = "",
           const std::string& version = "1") {
    texts_.back() += "Package: " + name + "\nVersion: " + version +
                     (fields.find("Architecture:") == std::string::npos
                          ? "\nArchitecture: amd64\n"
                          : "\n") +
                     fields + (fields.empty() ? "" : "\n") + "Filename: pool/" +
                     name + ".deb\nSize: 1\nSHA256: " + std::string(64, '0') +
                     "\n\n";
  }
  void Want(const std::string& name, PackageRequest& request, int line = 2,
            const std::string& suite = "") {
    request = {.name = name, .where = {.line = line, .column = 5}};
    if (!suite.empty()) request.suite = suite;
  }
  void Root(const std::string& name, const std::string& suite = "") {
    manifest.root.packages.emplace_back();
    Want(name, manifest.root.packages.back(), ++line_, suite);
  }
  void Initrd(const std::string& name, const std::string& suite = "") {
    manifest.initrd.tree.packages.emplace_back();
    Want(name, manifest.initrd.tree.packages.back(), ++line_, suite);
  }
  Result<std::vector<ResolvedPackage>> Solve() {
    suites_.clear();
    for (size_t i = 0; i < texts_.size(); ++i) {
      suites_.push_back({.archive = "debian", .suite = names_[i]});
      TALLY_TRY(ParsePackages("Packages", texts_[i], "amd64", suites_[i]));
    }
    catalog_.emplace(suites_);
    return Resolve(manifest, *catalog_);
  }
  // Names returns "name version suite" of all packages but the kernel.
  std::vector<std::string> Names() {
    const auto packages = Solve();
    if (!packages) return {packages.error().ToString()};
    std::vector<std::string> names;
    for (const ResolvedPackage& p : *packages) {
      if (p.candidate.package->name == "kernel") continue;
      names.push_back(ToString(p.candidate));
    }
    return names;
  }
  std::string Why(const std::string& name, const std::string& tree) {
    const std::vector<ResolvedPackage> packages = Solve().value();
    for (const ResolvedPackage& p : packages) {
      if (p.candidate.package->name == name) return p.why.at(tree);
    }
    return "";
  }
  Error Failure() {
    const auto packages = Solve();
    return packages ? InputError("it resolves") : packages.error();
  }

  Manifest manifest;

 private:
  std::vector<std::string> names_;
  std::deque<std::string> texts_;
  std::vector<SuiteIndex> suites_;
  std::optional<Catalog> catalog_;
  int line_ = 10;
};

TEST(Resolve, FollowsDependsAndPreDepends) {
  World w;
  w.Add("a", "Depends: b (>= 1), c");
  w.Add("b", "Pre-Depends: d\nRecommends: x");
  w.Add("c"), w.Add("d"), w.Add("x");
  w.Root("a");
  EXPECT_THAT(w.Names(),
              ElementsAre("a 1 (one)", "b 1 (one)", "c 1 (one)", "d 1 (one)"));
  EXPECT_EQ(w.Why("a", "root"), "a");
  EXPECT_EQ(w.Why("d", "root"), "a > b > d");
}

TEST(Resolve, ChainsAreShortest) {
  World w;
  w.Add("a", "Depends: b"), w.Add("b", "Depends: c");
  w.Add("c"), w.Add("z", "Depends: c");
  w.Root("a"), w.Root("z");
  EXPECT_EQ(w.Why("c", "root"), "z > c");
}

TEST(Resolve, CyclesEnd) {
  World w;
  w.Add("a", "Depends: b"), w.Add("b", "Depends: a");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "b 1 (one)"));
}

TEST(Resolve, TakesTheHighestVersionOfTheFirstSuite) {
  World w;
  w.Add("a", "", "1.9"), w.Add("a", "", "1.10");
  w.Suite("two");
  w.Add("a", "", "2"), w.Add("b");
  w.Root("a"), w.Root("b");
  EXPECT_THAT(w.Names(), ElementsAre("a 1.10 (one)", "b 1 (two)"));
}

TEST(Resolve, TheRequestMayNameTheSuite) {
  World w;
  w.Add("a");
  w.Suite("two");
  w.Add("a", "", "2");
  w.Root("a", "two");
  EXPECT_THAT(w.Names(), ElementsAre("a 2 (two)"));
}

TEST(Resolve, ANamedSuiteCountsInAllTrees) {
  World w;
  w.Add("a", "Depends: b"), w.Add("b");
  w.Suite("two");
  w.Add("b", "", "2");
  w.Root("a"), w.Initrd("b", "two");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "b 2 (two)"));
}

TEST(Resolve, RejectsTwoSuitesForAPackage) {
  World w;
  w.Add("a");
  w.Suite("two");
  w.Add("a", "", "2");
  w.Root("a", "one"), w.Initrd("a", "two");
  EXPECT_EQ(w.Failure().message(),
            "m.yaml:12:5: found package 'a' from suite 'two', expected 'one' "
            "as at m.yaml:11:5");
}

TEST(Resolve, AVersionMayNeedALaterSuite) {
  World w;
  w.Add("a", "Depends: b, c"), w.Add("b", "Depends: c (>= 2)"), w.Add("c");
  w.Suite("two");
  w.Add("c", "", "2");
  w.Root("a"), w.Initrd("c");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "b 1 (one)", "c 2 (two)"));
}

TEST(Resolve, ALowerVersionOfTheSuiteMayBeNeeded) {
  World w;
  w.Add("a", "Depends: b (= 1)"), w.Add("b"), w.Add("b", "", "2");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "b 1 (one)"));
}

TEST(Resolve, RejectsAVersionThatNobodyHas) {
  World w;
  w.Add("a", "Depends: b"), w.Add("b", "Depends: c (>= 3)"), w.Add("c");
  w.Suite("two");
  w.Add("c", "", "2");
  w.Root("a");
  EXPECT_EQ(w.Failure().ToString(),
            "m.yaml:11:5: found c 1 (one), expected 'c (>= 3)' for package b 1 "
            "(one)\n  while needing a > b\n"
            "  while resolving the packages of root");
}

TEST(Resolve, RejectsVersionsThatExcludeOneAnother) {
  World w;
  w.Add("a", "Depends: c (<< 2)"), w.Add("b", "Depends: c (>= 2)"), w.Add("c");
  w.Suite("two");
  w.Add("c", "", "2");
  w.Root("a"), w.Root("b");
  EXPECT_EQ(w.Failure().message(),
            "m.yaml:11:5: found c 2 (two), expected 'c (<< 2)' for package a 1 "
            "(one)");
}

TEST(Resolve, RejectsADependencyThatIsNotThere) {
  World w;
  w.Add("a", "Depends: nothing | nobody");
  w.Root("a");
  EXPECT_EQ(w.Failure().ToString(),
            "m.yaml:11:5: found no such package, expected 'nothing | nobody' "
            "for package a 1 (one)\n  while needing a\n"
            "  while resolving the packages of root");
}

TEST(Resolve, RejectsUnknownNamesWithTheNearest) {
  World w;
  w.Add("curl");
  w.Root("curll");
  EXPECT_EQ(w.Failure().message(),
            "m.yaml:11:5: found package 'curll', expected one of suite one "
            "(did you mean 'curl'?)");
}

TEST(Resolve, RejectsAPackageThatItsSuiteLacks) {
  World w;
  w.Add("a");
  w.Suite("two");
  w.Root("a", "two");
  EXPECT_EQ(w.Failure().message(),
            "m.yaml:11:5: suite 'two' has no package 'a'");
  EXPECT_THAT(w.Failure().hints(), ElementsAre("there is a 1 (one)"));
}

TEST(Resolve, RejectsARequestForAVirtualPackage) {
  World w;
  w.Add("mawk", "Provides: awk");
  w.Root("awk");
  EXPECT_THAT(w.Failure().hints(),
              ElementsAre("it is a virtual package, name one that provides it: "
                          "mawk"));
}

TEST(Resolve, TakesTheFirstAlternativeThatIsThere) {
  World w;
  w.Add("a", "Depends: absent | b (>= 2) | c | d");
  w.Add("b"), w.Add("c"), w.Add("d");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "c 1 (one)"));
}

TEST(Resolve, AChosenAlternativeWins) {
  World w;
  w.Add("a", "Depends: b | c"), w.Add("b"), w.Add("c");
  w.Root("a"), w.Root("c");  // a later request counts as well
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "c 1 (one)"));
}

TEST(Resolve, APreferredAlternativeWins) {
  World w;
  w.Add("a", "Depends: b | c"), w.Add("b"), w.Add("c");
  w.Root("a");
  w.manifest.prefer = {"unrelated", "c"};
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "c 1 (one)"));
}

TEST(Resolve, OneProviderIsTaken) {
  World w;
  w.Add("a", "Depends: awk"), w.Add("mawk", "Provides: awk");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "mawk 1 (one)"));
}

TEST(Resolve, SeveralProvidersAreAQuestion) {
  World w;
  w.Add("a", "Depends: awk"), w.Add("mawk", "Provides: awk");
  w.Add("gawk", "Provides: awk");
  w.Root("a");
  EXPECT_EQ(w.Failure().ToString(),
            "several packages provide 'awk': gawk, mawk\n"
            "  while needing a\n  while resolving the packages of root");
  w.manifest.prefer = {"mawk"};
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "mawk 1 (one)"));
  w.manifest.prefer = {};
  w.Root("gawk");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "gawk 1 (one)"));
}

TEST(Resolve, AClearAlternativeBeatsAnAmbiguousOne) {
  World w;
  w.Add("a", "Depends: awk | busybox"), w.Add("mawk", "Provides: awk");
  w.Add("gawk", "Provides: awk"), w.Add("busybox");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "busybox 1 (one)"));
}

TEST(Resolve, ARealPackageBeatsAProvider) {
  World w;
  w.Add("a", "Depends: awk"), w.Add("awk"), w.Add("mawk", "Provides: awk");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "awk 1 (one)"));
}

TEST(Resolve, ProvidedVersionsCount) {
  World w;
  w.Add("a", "Depends: v (>= 2)");
  w.Add("plain", "Provides: v"), w.Add("old", "Provides: v (= 1)");
  w.Add("new", "Provides: v (= 2)");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "new 1 (one)"));
}

TEST(Resolve, OmittedPackagesAreNotPulledIn) {
  World w;
  w.Add("a", "Depends: debconf (>= 0.5) | debconf-2.0, b");
  w.Add("debconf", "Provides: debconf-2.0");
  w.Add("cdebconf", "Provides: debconf-2.0"), w.Add("b");
  w.Root("a");
  w.manifest.root.omit = {"debconf"};
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "b 1 (one)"));
}

TEST(Resolve, AnEarlierAlternativeBeatsAnOmittedOne) {
  World w;
  w.Add("a", "Depends: b | debconf"), w.Add("b"), w.Add("debconf");
  w.Root("a");
  w.manifest.root.omit = {"debconf"};
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "b 1 (one)"));
}

TEST(Resolve, OmittedProvidersDoNotCount) {
  World w;
  w.Add("a", "Depends: awk"), w.Add("mawk", "Provides: awk");
  w.Add("gawk", "Provides: awk");
  w.Root("a");
  w.manifest.root.omit = {"gawk"};
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "mawk 1 (one)"));
  w.manifest.root.omit = {"gawk", "mawk"};
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)"));
}

TEST(Resolve, RejectsConflicts) {
  World w;
  w.Add("a", "Depends: c"), w.Add("b", "Conflicts: c (<< 2)"), w.Add("c");
  w.Root("a"), w.Root("b");
  EXPECT_EQ(w.Failure().ToString(),
            "'b 1 (one)' and 'c 1 (one)' can not be in one tree: the former "
            "has 'Conflicts: c (<< 2)'\n  while needing both b and a > c");
}

TEST(Resolve, RejectsBreaks) {
  World w;
  w.Add("a", "Breaks: c (<= 1)"), w.Add("c");
  w.Root("a"), w.Root("c");
  EXPECT_THAT(w.Failure().message(), HasSubstr("has 'Breaks: c (<= 1)'"));
}

TEST(Resolve, ConflictsBindWithinATreeOnly) {
  World w;
  w.Add("a", "Conflicts: c"), w.Add("c");
  w.Root("a"), w.Initrd("c");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "c 1 (one)"));
}

TEST(Resolve, OtherVersionsAndArchitecturesAreNoConflict) {
  World w;
  w.Add("a", "Conflicts: c (<< 1), c [arm64]\nBreaks: absent"), w.Add("c");
  w.Root("a"), w.Root("c");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "c 1 (one)"));
}

TEST(Resolve, APackageMayConflictWithWhatItProvides) {
  World w;
  w.Add("exim", "Provides: mta\nConflicts: mta");
  w.Add("postfix", "Provides: mta");
  w.Root("exim");
  EXPECT_THAT(w.Names(), ElementsAre("exim 1 (one)"));
  w.Root("postfix");
  EXPECT_THAT(w.Failure().message(), HasSubstr("has 'Conflicts: mta'"));
}

TEST(Resolve, QualifiersNeedConsent) {
  World w;
  w.Add("a", "Depends: py:any | b"), w.Add("py", "Multi-Arch: same"),
      w.Add("b");
  w.Add("c", "Depends: perl:any, d:amd64"),
      w.Add("perl", "Multi-Arch: allowed");
  w.Add("d"), w.Add("e", "Depends: d:arm64");
  w.Root("a"), w.Root("c");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "b 1 (one)", "c 1 (one)",
                                     "d 1 (one)", "perl 1 (one)"));
  w.Root("e");
  EXPECT_THAT(w.Failure().message(), HasSubstr("expected 'd:arm64'"));
}

TEST(Resolve, DependenciesOfOtherArchitecturesDoNotCount) {
  World w;
  w.Add("a", "Depends: absent [arm64], b [amd64]"), w.Add("b");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)", "b 1 (one)"));
}

TEST(Resolve, OtherArchitecturesAreNotThere) {
  World w;
  w.Add("a", "Architecture: arm64"), w.Add("a", "Architecture: all", "0.9");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 0.9 (one)"));
}

TEST(Resolve, KernelAndFirmwareComeAlone) {
  World w;
  w.Add("linux", "Depends: initramfs"), w.Add("initramfs");
  w.Add("ovmf", "Depends: initramfs");
  w.Want("linux", w.manifest.kernel.package);
  w.manifest.firmware.emplace();
  w.Want("ovmf", w.manifest.firmware->package);
  EXPECT_THAT(w.Names(), ElementsAre("linux 1 (one)", "ovmf 1 (one)"));
  EXPECT_EQ(w.Why("linux", "kernel"), "linux");
  EXPECT_EQ(w.Why("ovmf", "firmware"), "ovmf");
}

TEST(Resolve, EssentialPackagesAreNotAdded) {
  World w;
  w.Add("a"), w.Add("dpkg", "Essential: yes");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1 (one)"));
}

TEST(Resolve, NamesThePackageWithBadRelations) {
  World w;
  w.Add("a", "Depends: b (");
  w.Root("a");
  EXPECT_EQ(w.Failure().ToString(),
            "found the end, expected one of << <= = >= >>\n"
            "  while reading Depends of package a 1 (one)\n"
            "  while resolving the packages of root");
}

TEST(Catalog, ChecksTheFactsOfAPackage) {
  const std::string good =
      "Package: ab\nVersion: 1\nArchitecture: all\nSize: 7\nSHA256: " +
      std::string(64, 'a') + "\n";
  const auto facts = [](const std::string& text) {
    SuiteIndex index = {.archive = "debian", .suite = "one"};
    EXPECT_TRUE(ParsePackages("Packages", text, "amd64", index));
    const auto read = FactsOf({&index.packages.at(0), &index});
    return read ? read->path + " " + read->source + " " + read->source_version
                : read.error().message();
  };
  EXPECT_EQ(facts(good + "Filename: p/a\n"), "p/a ab 1");
  EXPECT_EQ(facts(good + "Filename: p/a\nSource: src\n"), "p/a src 1");
  EXPECT_EQ(facts(good + "Filename: p/a\nSource: src (2-1)\n"), "p/a src 2-1");
  EXPECT_EQ(facts(good + "Filename: p/a\nSource: src 2\n"),
            "found Source 'src 2', expected 'name (version)'");
  EXPECT_EQ(facts(good + "Filename: ../a\n"),
            "found Filename '../a', expected a path in the archive");
  EXPECT_EQ(facts(good), "found Filename '', expected a path in the archive");
}

TEST(Catalog, PackagesMustHaveANameVersionAndArchitecture) {
  SuiteIndex index;
  EXPECT_EQ(
      ParsePackages("Packages", "\nPackage: a\nVersion: 1\n", "amd64", index)
          .error()
          .message(),
      "Packages:2: found no field 'Architecture'");
}

}  // namespace
}  // namespace tally
