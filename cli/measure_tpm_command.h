// tally measure tpm: the PCRs after a unified kernel image has booted.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/console.h"
#include "common/file.h"
#include "measure/tpm.h"

namespace tally {

struct MeasureTpmFlags {
  fs::path uki;  // empty: the one on `disk`
  uint32_t uki_profile = 0;
  std::string platform = "ovmf-2022.11";
  fs::path firmware;  // empty: not given; likewise below
  fs::path vars;
  fs::path disk;
  // A log that is trusted, for what cannot be predicted.
  fs::path event_log;
  std::string secure_boot_support = "auto";
  std::string boot_disk_pci;  // "1.0"
  uint32_t failed_boot_options = 0;
  std::optional<uint32_t> stub_version;
  std::string inner_kernel = "auto";
  std::string phases;  // "enter-initrd:leave-initrd"
  std::vector<std::string> banks = {"sha256"};
  std::vector<uint32_t> pcrs;  // empty: all
  bool explain = false;
  // Also the RTMRs that the same events give in a TDX guest.
  bool rtmrs = false;
};
// RunMeasureTpm prints the registers. An input error if one that --pcr names is
// not predictable.
Status RunMeasureTpm(const MeasureTpmFlags& flags, Console& console);

// PredictTpmBoot makes the prediction that RunMeasureTpm prints, in `banks` in
// place of those of the flags.
Result<TpmPrediction> PredictTpmBoot(const MeasureTpmFlags& flags,
                                     std::span<const HashAlgorithm> banks);

}  // namespace tally
