#include "builder/kept_packages.h"

#include <algorithm>
#include <utility>

#include "builder/archive.h"
#include "common/text.h"
#include "formats/deb822.h"

namespace tally {
namespace {

bool IsSame(const BinaryPackage& listed, const LockedPackage& locked) {
  return listed.version == locked.version &&
         listed.architecture == locked.architecture &&
         listed.sha256 == locked.sha256.hex();
}

FetchItem ItemFor(const LockedPackage& package,
                  const KeptPackages::Urls& urls) {
  return {
      .name = package.name + " " + package.version + " " + package.architecture,
      .size_bytes = package.size_bytes,
      .sha256 = package.sha256,
      .urls = urls(package)};
}

}  // namespace

Status KeptPackages::Offer(const Lock& previous,
                           const std::vector<std::string>& updated,
                           const Urls& urls, Store& store,
                           const FetchOptions& options,
                           std::vector<SuiteIndex>& indexes) {
  const std::vector<Unlisted> unlisted = MarkListed(previous, updated, indexes);
  std::vector<FetchItem> items;
  for (const Unlisted& entry : unlisted) {
    items.push_back(ItemFor(*entry.package, urls));
  }
  const auto all = FetchAll(store, items, options);
  for (size_t i = 0; i < unlisted.size(); ++i) {
    const LockedPackage& package = *unlisted[i].package;
    // Of several, the failure of each: the resolution may need none of them.
    Status fetched = Ok();
    if (!all) {
      auto one = FetchAll(store, std::span(&items[i], 1), options);
      if (!one) fetched = std::move(one).error();
    }
    Result<BinaryPackage> read =
        fetched ? ReadUnlisted(package, store)
                : Result<BinaryPackage>(std::move(fetched).error());
    if (!read) {
      missing_.emplace(package.name, std::move(read).error());
      read = BinaryPackage{.name = package.name,
                           .version = package.version,
                           .architecture = package.architecture,
                           .locked = true,
                           .listed = false};
    }
    unlisted[i].index->packages.push_back(*read);
  }
  return Ok();
}

// MarkListed marks what is there, and returns what is not, if its suite is.
std::vector<KeptPackages::Unlisted> KeptPackages::MarkListed(
    const Lock& previous, const std::vector<std::string>& updated,
    std::vector<SuiteIndex>& indexes) const {
  std::vector<Unlisted> unlisted;
  for (SuiteIndex& index : indexes) {
    std::map<std::string_view, const LockedPackage*> wanted;
    for (const LockedPackage& package : previous.packages) {
      if (package.archive == index.archive && package.suite == index.suite &&
          std::ranges::find(updated, package.name) == updated.end()) {
        wanted[package.name] = &package;
      }
    }
    for (BinaryPackage& listed : index.packages) {
      const auto found = wanted.find(listed.name);
      if (found == wanted.end() || !IsSame(listed, *found->second)) continue;
      listed.locked = true;
      wanted.erase(found);
    }
    for (const auto& entry : wanted) unlisted.push_back({entry.second, &index});
  }
  return unlisted;
}

std::string_view KeptPackages::Keep(std::string text) {
  texts_.push_back(std::move(text));
  return texts_.back();
}

// ReadUnlisted takes the relations from the package, the rest from the lock.
Result<BinaryPackage> KeptPackages::ReadUnlisted(const LockedPackage& package,
                                                 const Store& store) {
  TALLY_ASSIGN(const MappedFile deb,
               store.Read(package.sha256, package.size_bytes));
  TALLY_ASSIGN(DebControl control, ReadDebControl(deb.bytes()));
  TALLY_ASSIGN(
      const Deb822Paragraph paragraph,
      ParseDeb822One("control", Keep(std::move(control.control_text))));
  return BinaryPackage{
      .name = package.name,
      .version = package.version,
      .architecture = package.architecture,
      .multi_arch = paragraph.Value("Multi-Arch"),
      .source = Keep(package.source + " (" + package.source_version + ")"),
      .filename = package.path,
      .size = Keep(std::to_string(package.size_bytes)),
      .sha256 = Keep(package.sha256.hex()),
      .pre_depends = paragraph.Value("Pre-Depends"),
      .depends = paragraph.Value("Depends"),
      .conflicts = paragraph.Value("Conflicts"),
      .breaks = paragraph.Value("Breaks"),
      .provides = paragraph.Value("Provides"),
      .locked = true,
      .listed = false};
}

Status KeptPackages::CheckAtHand(
    const std::vector<ResolvedPackage>& resolved) const {
  for (const ResolvedPackage& entry : resolved) {
    const BinaryPackage& package = *entry.candidate.package;
    const auto found = missing_.find(package.name);
    if (package.listed || found == missing_.end()) continue;
    return Error(found->second)
        .While("keeping the locked " + ToString(entry.candidate) +
               ", which its suite no longer lists")
        .Hint("take another version: tally lock --update MANIFEST " +
              std::string(package.name));
  }
  return Ok();
}

}  // namespace tally
