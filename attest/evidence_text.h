// Evidence as people pass it around: as it is, in hex, or in base64.
#pragma once

#include "common/bytes.h"

namespace tally {

// DecodeEvidenceText returns the bytes that a text in hex or base64 stands for,
// with white space anywhere and "0x" in front of hex, padded or not, of either
// alphabet of base64 (RFC 4648, sections 4 and 5). Everything else is returned
// as it is: binary, JSON, and PEM. Text that is hex and base64 at once is hex.
Bytes DecodeEvidenceText(ByteSpan file);

}  // namespace tally
