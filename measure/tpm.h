// TPM: the PCRs that a machine has after it booted a unified kernel image,
// computed from what boots.
//
// Follows the TCG PC Client Platform Firmware Profile 1.06 as edk2,
// systemd-stub and Linux implement it. Not modelled: option ROMs and drivers
// from disks, boot loaders between firmware and image, what runs after the
// kernel has started, except systemd's boot phases. See
// docs/measurements/tpm.md.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "measure/tpm_firmware.h"
#include "measure/tpm_secure_boot.h"
#include "measure/tpm_stub.h"

namespace tally {

// Whether the firmware measures the kernel in the image once more.
enum class InnerKernel { kByStub, kMeasured, kNotMeasured };

// TpmBoot is what boots. Spans are not owned.
struct TpmBoot {
  const TpmProfile* profile = nullptr;  // never null in use
  std::vector<HashAlgorithm> banks;
  ByteSpan uki;
  uint32_t uki_profile = 0;
  // Instead of what the image says.
  std::optional<unsigned> stub_version;
  InnerKernel inner_kernel = InnerKernel::kByStub;
  // The variable store with which the machine starts; empty: not known.
  ByteSpan variable_store;
  // Instead of what the profile says.
  std::optional<SecureBootSupport> secure_boot_support;
  // What is to boot, if the variable store has no BootOrder.
  std::optional<PciPlace> boot_disk;
  // The disk that the image is on; empty: not known.
  ByteSpan disk;
  // How many boot options firmware tries in vain before the one that boots.
  unsigned failed_boot_options = 0;
  std::vector<std::string> phases;
};

// TpmPrediction is the boot's events, in the order of a log.
struct TpmPrediction {
  std::vector<BootEvent> events;
  // The PCRs that some input is missing for, or that nobody can compute, with
  // the reason. Events of theirs may be there and are not all of them.
  std::map<uint32_t, std::string> not_predictable;
  std::optional<unsigned> stub_version;
  SecureBootState secure_boot = SecureBootState::kOff;
  // What PCR 0 begins with, if its events are from a log.
  uint8_t startup_locality = 0;
};

Result<TpmPrediction> PredictTpm(const TpmBoot& boot);

// TpmRegister is one PCR of a bank: its value, or why there is none.
struct TpmRegister {
  std::optional<BootRegister> value;
  std::string why_not;
};

// What the kernel's IMA extends while the system runs.
inline constexpr uint32_t kTpmPcrOfIma = 10;

// TpmRegisters returns PCR 0 to 15 of a bank.
std::map<uint32_t, TpmRegister> TpmRegisters(const TpmPrediction& prediction,
                                             HashAlgorithm bank);

// TakeGivenEvents replaces all events of each PCR that is not predictable with
// those of `log`, as given, if `log` has any for it.
void TakeGivenEvents(std::span<const BootEvent> log, TpmPrediction* prediction);

}  // namespace tally
