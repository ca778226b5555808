// EFI device paths as text, for people.
//
// Follows UEFI 2.10, section 10.3 (nodes) and 10.6 (their text). Nodes that
// firmware does not measure in practice are shown by number: Path(3,99).
#pragma once

#include <string>

#include "common/bytes.h"

namespace tally {

// FormatDevicePath returns "PciRoot(0x0)/Pci(0x1,0x0)/HD(1,GPT,…)/\EFI\x.efi",
// printable ASCII; several paths behind each other are parted by ",". A node
// that does not lie in the bytes and a last path without its end are input
// errors.
Result<std::string> FormatDevicePath(ByteSpan path);

// Utf16Text returns UTF-16 up to its first NUL or the end, as printable ASCII:
// other units as \uXXXX. An odd byte at the end is left out.
std::string Utf16Text(ByteSpan bytes);

}  // namespace tally
