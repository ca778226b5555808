// A compared boot, for people and as JSON.
#pragma once

#include <string>

#include "common/json.h"
#include "measure/boot_comparison.h"

namespace tally {

// ComparisonText has a line for each register, and one for each event that
// differs.
std::string ComparisonText(const BootComparison& comparison);

// ComparisonRecord maps the registers' names to what became of them.
Json ComparisonRecord(const BootComparison& comparison);

// FirstDifferenceText is one line: "rtmr1 event 3, EV_EFI_BOOT_SERVICES_…
// kernel: expected sha384:1f3c…, attested sha384:9ab0…".
std::string FirstDifferenceText(const BootComparison& comparison,
                                const EventDifference& first);

Json FirstDifferenceRecord(const BootComparison& comparison,
                           const EventDifference& first);

}  // namespace tally
