// What a new lock keeps of the one before: its packages stay candidates, also
// where an archive no longer lists them.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "builder/catalog.h"
#include "builder/fetch.h"
#include "builder/resolve.h"
#include "builder/store.h"
#include "manifests/lock.h"

namespace tally {

class KeptPackages {
 public:
  // Urls returns where a package of a lock may be had today.
  using Urls = std::function<std::vector<std::string>(const LockedPackage&)>;

  // Offer marks the packages of `previous`, less those named in `updated`, as
  // locked in the suites' indexes. One that its suite no longer lists is added,
  // with the control file of the locked .deb, which is fetched if the store
  // lacks it. Both locks and this object must outlive the indexes.
  Status Offer(const Lock& previous, const std::vector<std::string>& updated,
               const Urls& urls, Store& store, const FetchOptions& options,
               std::vector<SuiteIndex>& indexes);

  // CheckAtHand refuses a result with a package that Offer could not bring.
  Status CheckAtHand(const std::vector<ResolvedPackage>& resolved) const;

 private:
  struct Unlisted {
    const LockedPackage* package;
    SuiteIndex* index;
  };
  std::vector<Unlisted> MarkListed(const Lock& previous,
                                   const std::vector<std::string>& updated,
                                   std::vector<SuiteIndex>& indexes) const;
  Result<BinaryPackage> ReadUnlisted(const LockedPackage& package,
                                     const Store& store);
  std::string_view Keep(std::string text);

  std::deque<std::string> texts_;  // that the added packages point into
  std::map<std::string, Error, std::less<>> missing_;  // by name
};

}  // namespace tally
