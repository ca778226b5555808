// What the measure commands have in common in their answers.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/measure_flags.h"
#include "measure/event.h"

namespace tally {

// FormatDigest returns the bytes in the form asked for.
std::string FormatDigest(ByteSpan digest, DigestForm form);

// RegisterRecord is a register with all its events.
Json RegisterRecord(const std::string& algorithm, const std::string& value,
                    std::span<const Event> events);

// CoverageRecord maps each input to the register that binds it, or null.
Json CoverageRecord(const std::vector<Coverage>& coverage);

// WarnUncovered warns of each input that boots and is bound by nothing.
void WarnUncovered(const std::vector<Coverage>& coverage, Console& console);

}  // namespace tally
