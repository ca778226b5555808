// What the searches for an unexpected launch digest have in common: their
// answers.
//
// See docs/measurements/why-snp.md.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tally {

// LaunchDifference is one input that would have to be another one.
struct LaunchDifference {
  std::string input;  // "vcpus", "guest_features"
  std::string given;
  std::string found;

  bool operator==(const LaunchDifference&) const = default;
};

// LaunchFound is a launch with the expected digest.
struct LaunchFound {
  uint32_t num_vcpus = 0;
  // Empty: the launch is the one given.
  std::vector<LaunchDifference> differences;
};

}  // namespace tally
