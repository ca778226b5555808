// DSSE: a signature over bytes and their type.
//
// Follows secure-systems-lab/dsse protocol.md and envelope.md v1.0.2, commit
// eebf7b59 (2025-09-06).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/json.h"
#include "sign/signer.h"

namespace tally {

// kInTotoPayloadType is the payload type of in-toto statements.
inline constexpr std::string_view kInTotoPayloadType =
    "application/vnd.in-toto+json";

struct DsseSignature {
  // A hint that nobody signed. Ours have none: go-securesystemslib skips a
  // signature whose keyid is not in its own form.
  std::string keyid;
  Bytes signature;

  bool operator==(const DsseSignature&) const = default;
};

struct DsseEnvelope {
  Bytes payload;  // decoded
  std::string payload_type;
  std::vector<DsseSignature> signatures;

  bool operator==(const DsseEnvelope&) const = default;
};

// PreAuthEncoding returns what is signed.
Bytes PreAuthEncoding(std::string_view payload_type, ByteSpan payload);

// SignDsse returns an envelope with one signature.
Result<DsseEnvelope> SignDsse(std::string_view payload_type, ByteSpan payload,
                              const Signer& signer);

// VerifyDsse is a MismatchError unless at least one signature is by `key`.
Status VerifyDsse(const DsseEnvelope& envelope, const PublicKey& key);

// DsseJson writes standard base64, and no keyid where it is empty.
Json DsseJson(const DsseEnvelope& envelope);

// ParseDsse accepts standard and URL-safe base64, with padding, and ignores
// fields it does not know, as the specification demands; everything else is
// strict. It checks no signature.
Result<DsseEnvelope> ParseDsse(const Json& value);

}  // namespace tally
