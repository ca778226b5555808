// Evidence and verdicts for people.
#pragma once

#include <span>
#include <string>

#include "attest/match.h"
#include "cli/console.h"

namespace tally {

enum class Detail { kShort, kFull };

// EvidenceText is the answer of `tally evidence verify`: a line a check.
std::string EvidenceText(const Evidence& evidence);

// VerdictText is the answer of `tally match`: three lines; with kFull every
// check and register as well. `why` are the lines that explain a mismatch.
std::string VerdictText(const Evidence& evidence, const Verdict& verdict,
                        Detail detail, const std::string& why);

// TargetLine is "gateway 1.4.0 · target snp (vcpus 4, vmm qemu)".
std::string TargetLine(const PublishedTarget& target);

// WarnOfUnknown prints a warning for each check that could not be made.
void WarnOfUnknown(std::span<const EvidenceCheck> checks, Console& console);

}  // namespace tally
