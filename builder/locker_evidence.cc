#include "builder/locker_evidence.h"

#include <algorithm>
#include <map>

#include "common/text.h"

namespace tally {
namespace {

bool SameSuite(const LockedSuite& a, const LockedSuite& b) {
  return a.archive == b.archive && a.suite == b.suite;
}

// OldEvidence returns what vouched for the same package in the previous lock.
const LockedSuite* OldEvidence(const Lock* previous,
                               const LockedPackage& package) {
  if (previous == nullptr) return nullptr;
  for (const LockedPackage& old : previous->packages) {
    if (old.name == package.name && old.version == package.version &&
        old.sha256 == package.sha256 && old.archive == package.archive &&
        old.suite == package.suite && old.path == package.path) {
      return EvidenceFor(*previous, old);
    }
  }
  return nullptr;
}

// SuiteEvidence is what vouches for the packages of one suite.
class SuiteEvidence {
 public:
  SuiteEvidence(const EvidenceInputs& inputs, const LockedSuite& today)
      : inputs_(inputs), today_(today) {}

  Status Pick(Lock& lock);

 private:
  Status PickFor(LockedPackage& package, bool needs_today);
  const LockedSuite& ForNoPackage() const;

  const EvidenceInputs& inputs_;
  const LockedSuite& today_;
  std::map<std::string, const LockedSuite*> used_;  // by date
};

Status SuiteEvidence::Pick(Lock& lock) {
  const auto is_here = [&](const LockedPackage& package) {
    return package.archive == today_.archive && package.suite == today_.suite;
  };
  const bool needs_today =
      inputs_.wanted == SignatureDate::kRefresh ||
      std::ranges::any_of(lock.packages, [&](const LockedPackage& package) {
        return is_here(package) &&
               OldEvidence(inputs_.previous, package) == nullptr;
      });
  for (LockedPackage& package : lock.packages) {
    if (is_here(package)) TALLY_TRY(PickFor(package, needs_today));
  }
  if (used_.empty()) used_[today_.date] = &ForNoPackage();
  for (const auto& entry : used_) lock.suites.push_back(*entry.second);
  return Ok();
}

Status SuiteEvidence::PickFor(LockedPackage& package, bool needs_today) {
  const LockedSuite* old = OldEvidence(inputs_.previous, package);
  const bool is_listed = !inputs_.unlisted.contains(package.name);
  // The lock names evidence by suite and date: of two Releases of one second it
  // can show one.
  const bool collides = needs_today && old != nullptr &&
                        old->date == today_.date &&
                        old->inrelease_sha256 != today_.inrelease_sha256;
  const bool prefers_today =
      old == nullptr || inputs_.wanted == SignatureDate::kRefresh || collides;
  const LockedSuite* chosen = is_listed && prefers_today ? &today_ : old;
  if (chosen == nullptr || (collides && !is_listed)) {
    return InputError("suite " + Quote(today_.suite) + " of archive " +
                      Quote(today_.archive) + " has two Releases of " +
                      today_.date + ", and the new one does not list the " +
                      "locked package " + Quote(package.name))
        .Hint("take another version: tally lock --update MANIFEST " +
              package.name);
  }
  package.date = chosen->date;
  used_[chosen->date] = chosen;
  return Ok();
}

// ForNoPackage shows that the suite was looked at: as before, if it was.
const LockedSuite& SuiteEvidence::ForNoPackage() const {
  if (inputs_.previous == nullptr ||
      inputs_.wanted == SignatureDate::kRefresh) {
    return today_;
  }
  const LockedSuite* newest = &today_;
  for (const LockedSuite& old : inputs_.previous->suites) {
    if (SameSuite(old, today_) && old.origin == today_.origin &&
        old.codename == today_.codename &&
        std::ranges::equal(old.indexes, today_.indexes, {}, &LockedIndex::path,
                           &LockedIndex::path)) {
      newest = &old;
    }
  }
  return *newest;
}

}  // namespace

Status PickEvidence(const EvidenceInputs& inputs, Lock& lock) {
  lock.suites.clear();
  for (const LockedSuite& today : inputs.today) {
    TALLY_TRY(SuiteEvidence(inputs, today).Pick(lock));
  }
  return Ok();
}

}  // namespace tally
