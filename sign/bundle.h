// Sigstore bundle v0.3 with a bare public key. See
// docs/formats/sigstore-bundle.md.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "common/digest.h"
#include "sign/dsse.h"

namespace tally {

// MessageSignature is a bundle's signature over a file, without a statement. We
// read it but do not write it.
struct MessageSignature {
  std::optional<Sha256Digest> sha256;  // of the file; a hint
  Bytes signature;

  bool operator==(const MessageSignature&) const = default;
};

struct Bundle {
  std::string media_type;
  std::string key_hint;  // empty if the bundle names a certificate instead
  // Exactly one is set.
  std::optional<DsseEnvelope> envelope;
  std::optional<MessageSignature> message;

  bool operator==(const Bundle&) const = default;
};

// FormatBundle returns the text of a *.sigstore.json: canonical JSON and a
// final newline, no keyid, no log entries.
std::string FormatBundle(const DsseEnvelope& envelope, const PublicKey& key);

// SignBundle signs `payload` as an in-toto statement and returns the bundle's
// text.
Result<std::string> SignBundle(std::string_view payload, const Signer& signer);

// ParseBundle accepts bundles v0.1 to v0.3 of any tool, of at most 64 MiB. Log
// entries, certificates and time stamps are passed over: nothing in them is
// trusted. It checks no signature.
Result<Bundle> ParseBundle(std::string_view text);

// VerifiedStatement is exactly the bytes over which the signature was verified.
struct VerifiedStatement {
  Bytes payload;
  std::string payload_type;
};

// VerifyBundle returns what `key` signed. MismatchError: signed by another key,
// or changed since. InputError: not a bundle with one DSSE signature.
Result<VerifiedStatement> VerifyBundle(std::string_view text,
                                       const PublicKey& key);

// VerifyMessageBundle checks a bundle with a message signature over `message`.
Status VerifyMessageBundle(std::string_view text, ByteSpan message,
                           const PublicKey& key);

}  // namespace tally
