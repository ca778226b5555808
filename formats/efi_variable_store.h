// EFI variable store: the variables that a firmware keeps in flash, as in
// OVMF_VARS.fd.
//
// Follows edk2 MdeModulePkg/Include/Guid/VariableFormat.h (authenticated
// variables) and the PI specification 1.8, volume 3, section 3.2.1 (firmware
// volume header). See docs/formats/efi-variable-store.md.
#pragma once

#include <string>
#include <vector>

#include "common/bytes.h"
#include "formats/uuid.h"

namespace tally {

// EFI_GLOBAL_VARIABLE, 8be4df61-93ca-11d2-aa0d-00e098032b8c
inline constexpr Uuid kEfiGlobalVariable = {{0x8b, 0xe4, 0xdf, 0x61, 0x93, 0xca,
                                             0x11, 0xd2, 0xaa, 0x0d, 0x00, 0xe0,
                                             0x98, 0x03, 0x2b, 0x8c}};
// EFI_IMAGE_SECURITY_DATABASE_GUID, d719b2cb-3d3a-4596-a3bc-dad00e67656f
inline constexpr Uuid kEfiImageSecurityDatabase = {
    {0xd7, 0x19, 0xb2, 0xcb, 0x3d, 0x3a, 0x45, 0x96, 0xa3, 0xbc, 0xda, 0xd0,
     0x0e, 0x67, 0x65, 0x6f}};

struct EfiStoredVariable {
  Uuid vendor;
  std::string name;  // ASCII
  uint32_t attributes = 0;
  ByteSpan data;
};

// ParseEfiVariableStore returns the valid variables of a store, in its order;
// it does not own the bytes. `flash` begins with the store's firmware volume;
// what follows the variables (working and spare blocks, code) is ignored.
// Deleted variables are left out; names beyond ASCII, two valid variables of
// one name and anything outside of the store are input errors.
Result<std::vector<EfiStoredVariable>> ParseEfiVariableStore(ByteSpan flash);

// FindEfiVariable returns the variable, or null.
const EfiStoredVariable* FindEfiVariable(
    const std::vector<EfiStoredVariable>& variables, const Uuid& vendor,
    std::string_view name);

// EfiVariableData is UEFI_VARIABLE_DATA, which firmware measures: GUID,
// lengths, name in UTF-16 without NUL, data (TCG PC Client Platform Firmware
// Profile 1.06, section 10.2.6).
Bytes EfiVariableData(const Uuid& vendor, std::string_view name, ByteSpan data);

}  // namespace tally
