// What a UEFI firmware measures into PCR 0 to 7, by firmware and platform.
//
// Follows edk2 SecurityPkg/Tcg/Tcg2Dxe/Tcg2Dxe.c and
// SecurityPkg/Library/DxeTpm2MeasureBootLib. See docs/measurements/tpm.md.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/efi_variable_store.h"
#include "measure/boot_event.h"
#include "measure/tpm_secure_boot.h"

namespace tally {

// TpmProfile is what differs from firmware to firmware.
struct TpmProfile {
  std::string_view name;
  std::string_view what;
  // Where boot applications and the partition table of their disk go. The TCG
  // profile says 4 and 5; Google's firmware takes 2 for both.
  uint32_t image_pcr = 4;
  uint32_t partition_table_pcr = 5;
  // Nothing: there are builds with and without it.
  std::optional<SecureBootSupport> secure_boot_support;
  // The firmware is the cloud's, and with it the variable store.
  bool is_cloud = false;
  // Why PCR 0 to 7 cannot be computed; empty if it can, from the right inputs.
  std::array<std::string_view, 8> why_not;
};

std::span<const TpmProfile> TpmProfiles();
// FindTpmProfile returns the profile of that name, or null.
const TpmProfile* FindTpmProfile(std::string_view name);

// PciPlace is a device on the root bus of QEMU's machine.
struct PciPlace {
  uint8_t device = 0;
  uint8_t function = 0;
};

// BootVariable is BootOrder or Boot####, as firmware measures it.
struct BootVariable {
  std::string name;
  Bytes data;

  bool operator==(const BootVariable&) const = default;
};

// OvmfBootVariables are those that OVMF makes at the first boot of a machine
// with one virtio block device and nothing else to boot from: its menu, the
// disk, its shell.
std::vector<BootVariable> OvmfBootVariables(const PciPlace& disk);

// StoredBootVariables takes them from a variable store that has a BootOrder, in
// the order in which they are measured; empty if it has none.
Result<std::vector<BootVariable>> StoredBootVariables(
    const std::vector<EfiStoredVariable>& variables);

std::vector<BootEvent> BootVariableEvents(
    std::span<const HashAlgorithm> banks,
    std::span<const BootVariable> variables);

// SeparatorEvent is the line between firmware and boot loader.
BootEvent SeparatorEvent(std::span<const HashAlgorithm> banks, uint32_t pcr);

// ActionEvent is a string that is measured as it is.
BootEvent ActionEvent(std::span<const HashAlgorithm> banks, uint32_t pcr,
                      std::string_view action);

// GptEvent is EFI_GPT_DATA of a whole disk image: the header, the number of
// partitions and the entries in use.
Result<BootEvent> GptEvent(std::span<const HashAlgorithm> banks, uint32_t pcr,
                           ByteSpan disk);

}  // namespace tally
