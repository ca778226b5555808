// Which launch has an expected digest: the searches of measure/snp_why and
// measure/sev_why on all processors of this machine, and what they exclude if
// they find nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "measure/launch_why.h"
#include "measure/sev.h"
#include "measure/snp.h"

namespace tally {

inline constexpr uint32_t kDefaultMaxVcpus = 512;

// SnpQuestion is what was expected and what was thought to be launched.
struct SnpQuestion {
  SnpLaunchDigest expected;
  SnpLaunch launch;
  // Given: in place of the firmware's pages, of which only the layout counts.
  std::optional<SnpLaunchDigest> after_firmware;
  uint32_t num_vcpus = 1;
  // The text of which launch.kernel_hashes has the digest, to vary it.
  std::string cmdline;
  // More are tried if `num_vcpus` are more.
  uint32_t max_vcpus = kDefaultMaxVcpus;
};

// SevQuestion is the same for SEV and SEV-ES.
struct SevQuestion {
  SevLaunchDigest expected;
  SevLaunch launch;
  uint32_t num_vcpus = 0;  // 0: not given, as it may be for SEV
  std::string cmdline;
  uint32_t max_vcpus = kDefaultMaxVcpus;
};

// LaunchAnswer is what a search says.
struct LaunchAnswer {
  // Nothing: no launch that was tried has the expected digest.
  std::optional<LaunchFound> found;
  uint64_t num_candidates = 0;
  // In hexadecimal: what was expected, and what the launch as given has.
  std::string expected;
  std::string given;
  // If nothing was found: what was tried and what is left, for people.
  std::vector<std::string> notes;
};

// SearchSnp and SearchSev search the neighbourhood of a launch. A launch that
// cannot be measured as given is an input error: it would be a riddle later.
Result<LaunchAnswer> SearchSnp(const SnpQuestion& question);
Result<LaunchAnswer> SearchSev(const SevQuestion& question);

}  // namespace tally
