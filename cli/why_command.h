// tally why: which input explains an unexpected digest.
#pragma once

#include <cstdint>
#include <string>

#include "cli/launch_search.h"
#include "cli/measure_flags.h"

namespace tally {

struct WhyFlags {
  LaunchFlags launch;
  std::string expected;  // hexadecimal or base64
  uint32_t max_vcpus = kDefaultMaxVcpus;
};

// RunWhyLaunch searches the neighbourhood of an SEV, SEV-ES or SNP launch for
// the expected digest. A digest that is not found is a MismatchError that
// bounds what it can be.
Status RunWhyLaunch(const WhyFlags& flags, Console& console);

}  // namespace tally
