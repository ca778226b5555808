// Resolution where a lock is there already: what stays, and what must move.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <set>

#include "builder/resolve.h"

namespace tally {
namespace {

using testing::ElementsAre;

// LockedWorld is one suite whose packages may be locked.
class LockedWorld {
 public:
  LockedWorld() {
    manifest_.path = "m.yaml";
    manifest_.architecture = "amd64";
    manifest_.archives = {{.name = "debian", .suites = {"one"}}};
    manifest_.kernel.package = {.name = "kernel"};
    Add("kernel", "1");
  }
  void Add(const std::string& name, const std::string& version,
           const std::string& fields = "") {
    text_ += "Package: " + name + "\nVersion: " + version +
             "\nArchitecture: amd64\n" + fields + (fields.empty() ? "" : "\n") +
             "\n";
  }
  void Lock(const std::string& name, const std::string& version) {
    locked_.insert({name, version});
  }
  void Root(const std::string& name) {
    manifest_.root.packages.push_back({.name = name});
  }
  Manifest& manifest() { return manifest_; }

  // Names returns "name version" of all packages but the kernel.
  std::vector<std::string> Names() {
    suites_ = {{.archive = "debian", .suite = "one"}};
    const Status parsed = ParsePackages("Packages", text_, "amd64", suites_[0]);
    if (!parsed) return {parsed.error().ToString()};
    for (BinaryPackage& package : suites_[0].packages) {
      package.locked = locked_.contains(
          {std::string(package.name), std::string(package.version)});
    }
    catalog_.emplace(suites_);
    const auto packages = Resolve(manifest_, *catalog_);
    if (!packages) return {packages.error().ToString()};
    std::vector<std::string> names;
    for (const ResolvedPackage& each : *packages) {
      const BinaryPackage& package = *each.candidate.package;
      if (package.name == "kernel") continue;
      names.push_back(std::string(package.name) + " " +
                      std::string(package.version));
    }
    return names;
  }

 private:
  Manifest manifest_;
  std::string text_;
  std::set<std::pair<std::string, std::string>> locked_;
  std::vector<SuiteIndex> suites_;
  std::optional<Catalog> catalog_;
};

TEST(ResolveLocked, LockedPackagesStay) {
  LockedWorld w;
  w.Add("a", "1", "Depends: b");
  w.Add("a", "2", "Depends: b");
  w.Add("b", "1");
  w.Add("b", "2");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 2", "b 2"));
  w.Lock("a", "1");
  w.Lock("b", "1");
  EXPECT_THAT(w.Names(), ElementsAre("a 1", "b 1"));
}

TEST(ResolveLocked, WhatNobodyAsksForGoes) {
  LockedWorld w;
  w.Add("a", "1");
  w.Add("b", "1");
  w.Lock("a", "1");
  w.Lock("b", "1");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1"));
}

TEST(ResolveLocked, ADependencyThatNoLongerFitsMoves) {
  LockedWorld w;
  w.Add("a", "2", "Depends: b (>= 2), c");
  w.Add("b", "1");
  w.Add("b", "2");
  w.Add("c", "1");
  w.Add("c", "2");
  // `a` was let go; of the others only `b` has to follow.
  w.Lock("b", "1");
  w.Lock("c", "1");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 2", "b 2", "c 1"));
}

// libx was let go, and tool needs exactly the libx that it was built with.
TEST(ResolveLocked, WhatNeedsTheVersionThatWentMoves) {
  LockedWorld w;
  w.Add("tool", "1", "Depends: libx (= 1)");
  w.Add("tool", "2", "Depends: libx (= 2)");
  w.Add("libx", "2");
  w.Add("other", "1", "Depends: libx (>= 1)");
  w.Add("other", "2", "Depends: libx (>= 1)");
  w.Lock("tool", "1");
  w.Lock("other", "1");
  w.Root("other");
  w.Root("tool");
  EXPECT_THAT(w.Names(), ElementsAre("libx 2", "other 1", "tool 2"));
  // That holds also where the archive still has the old libx.
  w.Add("libx", "1");
  EXPECT_THAT(w.Names(), ElementsAre("libx 2", "other 1", "tool 2"));
}

TEST(ResolveLocked, WhatANewVersionBreaksMoves) {
  LockedWorld w;
  w.Add("a", "2", "Breaks: b (<< 2)");
  w.Add("b", "1");
  w.Add("b", "2");
  w.Lock("b", "1");
  w.Root("a");
  w.Root("b");
  EXPECT_THAT(w.Names(), ElementsAre("a 2", "b 2"));
}

TEST(ResolveLocked, AConflictThatNoMoveEndsIsAnError) {
  LockedWorld w;
  w.Add("a", "2", "Conflicts: b");
  w.Add("b", "1");
  w.Add("b", "2");
  w.Lock("b", "1");
  w.Root("a");
  w.Root("b");
  EXPECT_THAT(w.Names(),
              ElementsAre("'a 2 (one)' and 'b 2 (one)' can not be in one tree: "
                          "the former has 'Conflicts: b'\n  while needing both "
                          "a and b"));
}

// A new first alternative, or a second provider, does not change a lock.
TEST(ResolveLocked, ALockedAlternativeStays) {
  LockedWorld w;
  w.Add("a", "1", "Depends: new | old, mail");
  w.Add("new", "1");
  w.Add("old", "1");
  w.Add("exim", "1", "Provides: mail");
  w.Add("postfix", "1", "Provides: mail");
  w.Lock("a", "1");
  w.Lock("old", "1");
  w.Lock("exim", "1");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1", "exim 1", "old 1"));
  // People win over locks.
  w.manifest().prefer = {"new", "postfix"};
  EXPECT_THAT(w.Names(), ElementsAre("a 1", "new 1", "postfix 1"));
  w.manifest().prefer = {};
  w.manifest().root.omit = {"new", "mail"};
  EXPECT_THAT(w.Names(), ElementsAre("a 1"));
}

TEST(ResolveLocked, AVersionThatMustBeOlderIsTaken) {
  LockedWorld w;
  w.Add("a", "1", "Depends: b (<< 3)");
  w.Add("b", "4");
  w.Add("b", "2");
  w.Root("a");
  EXPECT_THAT(w.Names(), ElementsAre("a 1", "b 2"));
}

}  // namespace
}  // namespace tally
