// PEM: DER in base64 between two lines (RFC 7468).
#pragma once

#include <string_view>
#include <vector>

#include "common/bytes.h"

namespace tally {

// The line before a certificate.
inline constexpr std::string_view kPemCertificate =
    "-----BEGIN CERTIFICATE-----";

// LooksLikePem says whether a file has PEM in it, by its first bytes: DER
// begins with a byte that no text has.
bool LooksLikePem(ByteSpan bytes);

// DecodePem returns the contents of all blocks, of which there must be at least
// one and at most `max_blocks`; all must have the label, for example
// "CERTIFICATE". Text outside of the blocks is ignored. Inside there may be
// nothing but base64 and white space.
Result<std::vector<Bytes>> DecodePem(std::string_view pem,
                                     std::string_view label, size_t max_blocks);

}  // namespace tally
