// File capabilities: the text of cap_from_text(3) and the bytes of the extended
// attribute security.capability.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/bytes.h"

namespace tally {

// The name of the extended attribute.
inline constexpr std::string_view kCapabilityXattr = "security.capability";

// FileCapabilities is what Linux stores with a program (capabilities(7), "File
// capabilities"). Bit n is capability n.
struct FileCapabilities {
  uint64_t permitted = 0;
  uint64_t inheritable = 0;
  // One bit for all: the permitted ones are effective from the start.
  bool effective = false;

  bool operator==(const FileCapabilities&) const = default;
};

// ParseCapabilityText reads clauses like "cap_net_raw,cap_kill=ep cap_chown+i",
// as setcap(8) does: names in either case, numbers, "all"; '=', '+', '-'; flags
// e, i, p. 'all' is every capability from 0 to 40 (cap_checkpoint_restore),
// whatever kernel runs here. An InputError quotes the clause: unknown names
// (with the nearest), and an effective set that is neither empty nor everything
// that is permitted or inheritable, which no file can have.
Result<FileCapabilities> ParseCapabilityText(std::string_view text);

// FormatCapabilities returns the text that getcap(8) prints; "=" for none.
std::string FormatCapabilities(const FileCapabilities& capabilities);

// ParseCapabilityXattr reads revision 2 of the attribute. Other revisions,
// capabilities above 40 and an effective bit without capabilities are
// InputErrors.
Result<FileCapabilities> ParseCapabilityXattr(ByteSpan xattr);

// EncodeCapabilityXattr returns the 20 bytes of revision 2.
Bytes EncodeCapabilityXattr(const FileCapabilities& capabilities);

}  // namespace tally
