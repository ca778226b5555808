// What a TPM signs, and its signature: TPMS_ATTEST of a quote, TPMT_SIGNATURE.
//
// Follows the TPM 2.0 Library Specification, Part 2 (Structures),
// revision 1.59, sections 10.6 (PCR selection), 10.12 (attestation) and 11.3
// (signatures). Only quotes are read; other attestations are refused. All
// integers are big endian. See docs/formats/tpm-quote.md.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "common/any_hash.h"
#include "common/bytes.h"

namespace tally {

// TPM_GENERATED_VALUE and TPM_ST_ATTEST_QUOTE; Part 2, sections 6.2 and 6.9.
inline constexpr uint32_t kTpmGeneratedValue = 0xff544347;
inline constexpr uint16_t kTpmStAttestQuote = 0x8018;

// What a PC Client TPM has; PC Client Platform TPM Profile 1.05, section 4.6.
inline constexpr uint32_t kTpmPcrs = 24;

// A TPM2B_DATA or TPM2B_NAME holds at most a hash algorithm and a digest.
inline constexpr uint64_t kMaxTpmDataBytes = 66;
inline constexpr uint64_t kMaxTpmDigestBytes = 64;
// Implementations have four banks; sixteen is TPM2_NUM_PCR_BANKS of tpm2-tss.
inline constexpr uint64_t kMaxTpmPcrBanks = 16;
inline constexpr uint64_t kMaxTpmAttestBytes = 2048;

// TpmPcrBank is TPMS_PCR_SELECTION: which PCRs of one bank.
struct TpmPcrBank {
  HashAlgorithm hash = HashAlgorithm::kSha256;
  // Bit n is PCR n.
  uint32_t pcrs = 0;
  // sizeofSelect, 3 or 4; a fourth byte is zero.
  uint8_t select_bytes = 3;

  bool operator==(const TpmPcrBank&) const = default;
};

// TpmPcr names one selected PCR.
struct TpmPcr {
  HashAlgorithm hash = HashAlgorithm::kSha256;
  uint32_t index = 0;

  bool operator==(const TpmPcr&) const = default;
};

// SelectedPcrs returns the PCRs in the order in which a TPM hashes them: bank
// after bank as listed, each in ascending order (Part 1, section 17.5).
std::vector<TpmPcr> SelectedPcrs(std::span<const TpmPcrBank> banks);

// TpmClockInfo is TPMS_CLOCK_INFO.
struct TpmClockInfo {
  uint64_t clock = 0;  // milliseconds
  uint32_t reset_count = 0;
  uint32_t restart_count = 0;
  // No clock value greater than this was reported before.
  bool safe = false;

  bool operator==(const TpmClockInfo&) const = default;
};

// TpmQuote is a TPMS_ATTEST whose type is TPM_ST_ATTEST_QUOTE.
struct TpmQuote {
  Bytes qualified_signer;  // a name: algorithm and digest; may be empty
  Bytes extra_data;        // what the caller gave: the nonce
  TpmClockInfo clock_info;
  uint64_t firmware_version = 0;
  std::vector<TpmPcrBank> pcr_select;  // at least one bank, none twice
  Bytes pcr_digest;

  bool operator==(const TpmQuote&) const = default;
};

// ParseTpmQuote accepts exactly what EncodeTpmQuote writes.
Result<TpmQuote> ParseTpmQuote(ByteSpan attest);
Bytes EncodeTpmQuote(const TpmQuote& quote);

// TPML_PCR_SELECTION by itself, as tpm2-tools' PCR file begins.
std::vector<TpmPcrBank> ReadTpmPcrSelection(ByteReader& reader);
void WriteTpmPcrSelection(std::span<const TpmPcrBank> banks,
                          ByteWriter& writer);

// TpmSignatureScheme is the TPMI_ALG_SIG_SCHEME of what we verify.
enum class TpmSignatureScheme : uint16_t {
  kRsaSsa = 0x0014,  // PKCS #1, version 1.5
  kRsaPss = 0x0016,
  kEcdsa = 0x0018,
};

// TpmSignatureSchemeName returns "RSASSA", "RSAPSS" or "ECDSA".
std::string_view TpmSignatureSchemeName(TpmSignatureScheme scheme);

struct TpmRsaSignature {
  Bytes sig;

  bool operator==(const TpmRsaSignature&) const = default;
};
struct TpmEcdsaSignature {
  Bytes r;
  Bytes s;

  bool operator==(const TpmEcdsaSignature&) const = default;
};

// TpmSignature is TPMT_SIGNATURE. The variant goes with the scheme.
struct TpmSignature {
  TpmSignatureScheme scheme = TpmSignatureScheme::kRsaSsa;
  HashAlgorithm hash = HashAlgorithm::kSha256;
  std::variant<TpmRsaSignature, TpmEcdsaSignature> value;

  bool operator==(const TpmSignature&) const = default;
};

// ParseTpmSignature accepts exactly what EncodeTpmSignature writes.
Result<TpmSignature> ParseTpmSignature(ByteSpan bytes);
Bytes EncodeTpmSignature(const TpmSignature& signature);

// ReadTpmHash reads a TPMI_ALG_HASH; kSha256 after a failure.
HashAlgorithm ReadTpmHash(std::string_view field, ByteReader& reader);
void WriteTpmHash(HashAlgorithm hash, ByteWriter& writer);
// ReadTpm2b reads a size and so many bytes, at most `max`.
Bytes ReadTpm2b(std::string_view field, uint64_t max, ByteReader& reader);
void WriteTpm2b(ByteSpan bytes, ByteWriter& writer);

}  // namespace tally
