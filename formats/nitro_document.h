// The attestation document of an AWS Nitro Enclave. See
// docs/formats/nitro-document.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "common/bytes.h"
#include "common/result.h"
#include "formats/cose.h"

namespace tally {

// NitroWrapper is what stands around the document in what dstack calls a
// versioned attestation. Nobody signs it.
struct NitroWrapper {
  uint64_t prefix_bytes = 0;  // before the document
  uint64_t suffix_bytes = 0;  // behind it
};

// NitroDocument is one document. Its bytes are those that were parsed.
struct NitroDocument {
  std::optional<NitroWrapper> wrapper;
  CoseSign1 sign1;
  CborItem payload;  // the map of the fields below, for offsets

  std::string module_id;
  uint64_t timestamp_ms = 0;           // since 1970
  std::map<uint64_t, ByteSpan> pcrs;   // by index; 32, 48 or 64 bytes each
  ByteSpan certificate;                // DER
  std::vector<ByteSpan> cabundle;      // DER; the root first
  std::optional<ByteSpan> public_key;  // null in the document is nothing
  std::optional<ByteSpan> user_data;
  std::optional<ByteSpan> nonce;
};

// LooksLikeNitroDocument looks at the first bytes only.
bool LooksLikeNitroDocument(ByteSpan bytes);

// ParseNitroDocument accepts a document, with or without COSE's tag and with or
// without dstack's wrapper. It checks the form and the limits of AWS, neither
// signature nor certificates.
Result<NitroDocument> ParseNitroDocument(ByteSpan bytes);

}  // namespace tally
