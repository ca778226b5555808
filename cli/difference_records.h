// The JSON form of what a search for an unexpected launch found.
#pragma once

#include <optional>

#include "common/json.h"
#include "measure/launch_difference.h"

namespace tally {

// DifferenceRecords is a list of {"input", "given", "found"}; empty for
// nothing.
Json DifferenceRecords(const std::optional<LaunchDifferences>& differences);

}  // namespace tally
