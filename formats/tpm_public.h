// The public area of a TPM's attestation key: TPMT_PUBLIC, TPM2B_PUBLIC.
//
// Follows the TPM 2.0 Library Specification, Part 2 (Structures),
// revision 1.59, sections 8.3 (object attributes), 11.2 (parameters) and 12.2
// (public area). Only signing keys are read: RSA, and ECC on P-256 and P-384,
// without a symmetric algorithm. See docs/formats/tpm-quote.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "common/any_hash.h"
#include "common/bytes.h"
#include "formats/tpm_attest.h"

namespace tally {

// TPMA_OBJECT; section 8.3.
inline constexpr uint32_t kTpmaFixedTpm = 1u << 1;
inline constexpr uint32_t kTpmaStClear = 1u << 2;
inline constexpr uint32_t kTpmaFixedParent = 1u << 4;
inline constexpr uint32_t kTpmaSensitiveDataOrigin = 1u << 5;
inline constexpr uint32_t kTpmaUserWithAuth = 1u << 6;
inline constexpr uint32_t kTpmaAdminWithPolicy = 1u << 7;
inline constexpr uint32_t kTpmaNoDa = 1u << 10;
inline constexpr uint32_t kTpmaEncryptedDuplication = 1u << 11;
inline constexpr uint32_t kTpmaRestricted = 1u << 16;
inline constexpr uint32_t kTpmaDecrypt = 1u << 17;
inline constexpr uint32_t kTpmaSign = 1u << 18;
inline constexpr uint32_t kTpmaX509Sign = 1u << 19;

inline constexpr uint64_t kMaxTpmPublicBytes = 1024;

// TpmObjectAttributeNames returns "fixedTPM fixedParent … sign".
std::string TpmObjectAttributeNames(uint32_t attributes);

// TpmKeyScheme is the scheme that a key is bound to.
struct TpmKeyScheme {
  TpmSignatureScheme scheme = TpmSignatureScheme::kRsaSsa;
  HashAlgorithm hash = HashAlgorithm::kSha256;

  bool operator==(const TpmKeyScheme&) const = default;
};

struct TpmRsaPublic {
  uint16_t key_bits = 2048;
  // As it is in the file; 0 stands for 65537.
  uint32_t exponent = 0;
  Bytes modulus;  // key_bits / 8 bytes

  bool operator==(const TpmRsaPublic&) const = default;
};

// TPM_ECC_CURVE; section 6.4.
enum class TpmCurve : uint16_t { kNistP256 = 0x3, kNistP384 = 0x4 };

struct TpmEccPublic {
  TpmCurve curve = TpmCurve::kNistP256;
  // Big-endian; some TPMs leave zeros in front out.
  Bytes x;
  Bytes y;

  bool operator==(const TpmEccPublic&) const = default;
};

// TpmPublic is TPMT_PUBLIC.
struct TpmPublic {
  HashAlgorithm name_hash = HashAlgorithm::kSha256;
  uint32_t attributes = 0;
  Bytes auth_policy;
  // Nothing: the scheme is chosen at each signature.
  std::optional<TpmKeyScheme> scheme;
  std::variant<TpmRsaPublic, TpmEccPublic> key;

  bool operator==(const TpmPublic&) const = default;
};

// ParseTpmtPublic accepts exactly what EncodeTpmtPublic writes.
Result<TpmPublic> ParseTpmtPublic(ByteSpan bytes);
Bytes EncodeTpmtPublic(const TpmPublic& public_area);

// ParseTpm2bPublic reads a size and a TPMT_PUBLIC of that size.
Result<TpmPublic> ParseTpm2bPublic(ByteSpan bytes);
Bytes EncodeTpm2bPublic(const TpmPublic& public_area);

// TpmName returns the object's name: nameAlg and H(TPMT_PUBLIC) (Part 1,
// section 16).
Bytes TpmName(const TpmPublic& public_area);

// TpmCurveSizeBytes returns 32 or 48.
size_t TpmCurveSizeBytes(TpmCurve curve);

}  // namespace tally
