// What a search for an unexpected launch says: one input for another.
#pragma once

#include <string>
#include <vector>

namespace tally {

// LaunchDifference is one input that would have to be another one.
struct LaunchDifference {
  std::string input;  // "vcpus", "guest_features", "memory", "kernel header"
  std::string given;
  std::string found;

  bool operator==(const LaunchDifference&) const = default;
};

using LaunchDifferences = std::vector<LaunchDifference>;

}  // namespace tally
