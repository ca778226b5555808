#include "cli/difference_records.h"

#include <utility>

namespace tally {

Json DifferenceRecords(const std::optional<LaunchDifferences>& differences) {
  Json::Array records;
  if (!differences) return records;
  for (const LaunchDifference& difference : *differences) {
    records.push_back(Json::Object{{"found", difference.found},
                                   {"given", difference.given},
                                   {"input", difference.input}});
  }
  return records;
}

}  // namespace tally
