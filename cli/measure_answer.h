// What the measure commands have in common in their answers.
#pragma once

#include <string>
#include <vector>

#include "cli/console.h"
#include "cli/measure_flags.h"
#include "measure/event_ranges.h"

namespace tally {

// FormatDigest returns the bytes in the form asked for.
std::string FormatDigest(ByteSpan digest, DigestForm form);

// RegisterRecord is a register with all its events.
Json RegisterRecord(const std::string& algorithm, const std::string& value,
                    std::span<const Event> events);

// ExplainVmsa lists the fields of a VMSA page of a processor or some;
// VmsaRecord maps them. Those that are zero are left out.
std::string ExplainVmsa(const std::string& whose, ByteSpan page);
Json VmsaRecord(ByteSpan page);

// CoverageRecord maps each input to the register that binds it, or null.
Json CoverageRecord(const std::vector<Coverage>& coverage);

// WarnUncovered warns of each input that boots and is bound by nothing.
void WarnUncovered(const std::vector<Coverage>& coverage, Console& console);

}  // namespace tally
