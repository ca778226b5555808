// COSE_Sign1 (RFC 9052, section 4.2): a payload and one signature over it.
#pragma once

#include <cstdint>
#include <string_view>

#include "common/bytes.h"
#include "common/result.h"
#include "formats/cbor.h"

namespace tally {

// CoseAlgorithm: RFC 9053, section 2.1, table 1.
enum class CoseAlgorithm : int64_t {
  kEs256 = -7,
  kEs384 = -35,
  kEs512 = -36,
};

// CoseAlgorithmName returns "ES256", "ES384" or "ES512".
std::string_view CoseAlgorithmName(CoseAlgorithm algorithm);
// CoseSignatureBytes is the size of r and s together: 64, 96 or 132.
size_t CoseSignatureBytes(CoseAlgorithm algorithm);

// CoseSign1 is one message. Its bytes are those that were parsed.
struct CoseSign1 {
  bool tagged = false;  // with tag 18
  CoseAlgorithm algorithm = CoseAlgorithm::kEs384;
  // The message itself: protected header, unprotected header, payload,
  // signature, for offsets.
  CborItem message;

  ByteSpan protected_header() const { return message.items[0].bytes; }
  const CborItem& unprotected_header() const { return message.items[1]; }
  ByteSpan payload() const { return message.items[2].bytes; }
  uint64_t payload_offset() const { return message.items[2].contents_offset(); }
  // signature is r and s, big-endian, of the same size.
  ByteSpan signature() const { return message.items[3].bytes; }
};

// ParseCoseSign1 accepts a message with or without its tag, and nothing behind
// it. The protected header names one of the algorithms above; "crit" (there is
// nothing that we would understand) and a detached payload are refused, and
// "alg" where nobody signs it.
Result<CoseSign1> ParseCoseSign1(std::string_view subject, ByteSpan bytes,
                                 uint64_t base_offset = 0);

// CoseToBeSigned returns the Sig_structure (RFC 9052, section 4.4) without
// external data: the bytes that are signed.
Bytes CoseToBeSigned(const CoseSign1& sign1);

// EcCurve: RFC 9053, section 7.1, table 18.
enum class EcCurve : int64_t { kP256 = 1, kP384 = 2, kP521 = 3 };

// EcCurveName returns "P-256", "P-384" or "P-521".
std::string_view EcCurveName(EcCurve curve);
// EcCoordinateBytes is the size of a coordinate: 32, 48 or 66.
size_t EcCoordinateBytes(EcCurve curve);

// CoseKey is a COSE_Key (RFC 9052, section 7) on such a curve.
struct CoseKey {
  EcCurve curve = EcCurve::kP384;
  ByteSpan x;  // big-endian, of the curve's size each
  ByteSpan y;
};

// ParseCoseKey accepts the public key of an elliptic curve, not compressed.
// Parameters that say nothing about the point are passed over.
Result<CoseKey> ParseCoseKey(std::string_view subject, ByteSpan bytes,
                             uint64_t base_offset = 0);

}  // namespace tally
