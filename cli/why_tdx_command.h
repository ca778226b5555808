// tally why tdx: which inputs explain unexpected registers of a TDX guest.
#pragma once

#include <string>
#include <vector>

#include "cli/measure_tdx_command.h"

namespace tally {

struct WhyTdxFlags {
  // The inputs of `measure tdx`, with one --memory.
  MeasureTdxFlags launch;
  std::vector<std::string> expected;  // "rtmr0=HEX"
};

// RunWhyTdx searches the neighbourhood of a launch for the expected registers.
// One that is not found is a MismatchError.
Status RunWhyTdx(const WhyTdxFlags& flags, Console& console);

}  // namespace tally
