// Why the registers of an Intel TDX guest are not the expected ones: a search
// of the neighbourhood of a launch, register by register.
//
// See docs/measurements/why-tdx.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "measure/launch_difference.h"
#include "measure/tdx_mrtd.h"
#include "measure/tdx_rtmr.h"

namespace tally {

// TdxSearch is what was expected and what was thought to be launched.
struct TdxSearch {
  std::optional<Bytes> mrtd;        // 48 bytes each
  std::map<uint32_t, Bytes> rtmrs;  // 0, 1 and 2
  TdxBoot boot;
  uint64_t memory_bytes = 0;
  TdxPageOrder page_order = TdxPageOrder::kSinglePass;
  // Events of a log (LogBootEvents of a CCEL), for the digests of the ACPI
  // tables if there are no tables; empty: no log.
  std::vector<BootEvent> log;
};

// TdxRegisterWhy is what the search says of one register.
struct TdxRegisterWhy {
  std::string name;  // "mrtd", "rtmr0"
  Bytes expected;
  // The register of the inputs as given; empty: not predictable.
  Bytes given;
  // kGiven: only with ACPI tables that were given, as files or by a log.
  BootSource source = BootSource::kPredicted;
  // The fewest differences that give the expected value; empty: none is needed;
  // nothing: no launch that was tried has it.
  std::optional<LaunchDifferences> differences;
  // If nothing: what is left, or after which event the value appears.
  std::string left;
  uint64_t num_candidates = 0;
};

// ExplainTdx searches for each expected register. Inputs that cannot be
// measured as given are input errors.
Result<std::vector<TdxRegisterWhy>> ExplainTdx(const TdxSearch& search);

// ContradictoryInputs names the inputs that two registers explain with
// different values: then neither explanation is of the whole launch.
std::vector<std::string> ContradictoryInputs(
    const std::vector<TdxRegisterWhy>& registers);

}  // namespace tally
