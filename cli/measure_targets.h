// From a manifest's targets to the measurers' plain structs, and from their
// results to measurements.json. The measurers see finished files only.
#pragma once

#include <string>
#include <vector>

#include "common/file.h"
#include "common/json.h"
#include "manifests/manifest.h"
#include "measure/event.h"

namespace tally {

// MeasuredRegister is one predicted value of a target.
struct MeasuredRegister {
  std::string name;                  // "launch_digest", "PCR0"
  std::string algorithm = "sha384";  // or "sha256"
  std::string value;                 // empty: not predictable
  Sha256Digest events_sha256;
  std::string status = "predicted";  // "given", "not predictable"
  std::string why;                   // if it is not predictable
};

// BoundArtifact says what binds an artifact that the target boots: a register,
// or another artifact that carries its digest; nothing if nothing does.
struct BoundArtifact {
  std::string artifact;
  std::string bound_by;
  std::string why_not;  // if nothing does
};

// MeasuredTarget is one cell of a target's matrix.
struct MeasuredTarget {
  std::string name;
  std::string platform;
  Json profile;
  std::vector<MeasuredRegister> registers;
  std::vector<BoundArtifact> coverage;
};

// CoverageWarnings returns a line for every artifact of the target that boots
// but is bound by nothing: "kernel: not covered; …".
std::vector<std::string> CoverageWarnings(const MeasuredTarget& target);

// CoverageSummary returns the same for people, a line a reason: "not covered:
// kernel, initrd (…)".
std::vector<std::string> CoverageSummary(const MeasuredTarget& target);

// CheckTargetNames refuses targets that no measurer knows, with their place in
// the manifest, before anything is built.
Status CheckTargetNames(const Manifest& manifest);

// MeasureTargets measures the artifacts in `artifacts` for every target; what
// the manifest names beside itself is below `sources`. A target that requires
// full coverage and does not have it is an InputError.
Result<std::vector<MeasuredTarget>> MeasureTargets(const Manifest& manifest,
                                                   const fs::path& artifacts,
                                                   const fs::path& sources);

// BindThroughCmdline records what the root hash in the command line binds, if
// the command line itself is bound.
void BindThroughCmdline(const Manifest& manifest, bool is_cmdline_bound,
                        MeasuredTarget* target);

// FormatMeasurements returns measurements.json; see docs/formats/release.md.
std::string FormatMeasurements(const std::vector<MeasuredTarget>& targets);

// TargetLabel is a cell for people: "snp (qemu, EPYC-v4, 2 vCPUs)".
std::string TargetLabel(const MeasuredTarget& target);

}  // namespace tally
