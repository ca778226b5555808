// The ID block of SEV-SNP and what authenticates it: the owner's signed
// statement of which launch digest and policy a guest must have.
//
// Follows AMD 56860 (SEV Secure Nested Paging Firmware ABI Specification),
// SNP_LAUNCH_FINISH ("ID Block Structure", "ID Authentication Information
// Structure") and the chapter on ECDSA P-384 formats. Nothing here signs or
// verifies. See docs/formats/snp-id-block.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "common/bytes.h"
#include "common/digest.h"

namespace tally {

constexpr uint64_t kSnpIdBlockBytes = 0x60;
constexpr uint64_t kSnpIdAuthBytes = 0x1000;

struct SnpIdBlock {
  std::array<uint8_t, 48> launch_digest = {};
  std::array<uint8_t, 16> family_id = {};
  std::array<uint8_t, 16> image_id = {};
  uint32_t guest_svn = 0;
  uint64_t policy = 0;  // see formats/snp_policy.h

  bool operator==(const SnpIdBlock&) const = default;
};

// SnpPublicKey is a point on P-384. Coordinates are big-endian here and
// little-endian in the file.
struct SnpPublicKey {
  std::array<uint8_t, 48> x = {};
  std::array<uint8_t, 48> y = {};

  bool operator==(const SnpPublicKey&) const = default;
};

// SnpSignature is ECDSA on P-384 with SHA-384. Big-endian, as above.
struct SnpSignature {
  std::array<uint8_t, 48> r = {};
  std::array<uint8_t, 48> s = {};

  bool operator==(const SnpSignature&) const = default;
};

// SnpAuthor is the key that vouches for the ID key.
struct SnpAuthor {
  SnpPublicKey key;
  SnpSignature id_key_signature;  // over EncodeSnpPublicKey(id_key)

  bool operator==(const SnpAuthor&) const = default;
};

// SnpAlgorithm is the encoding of a signature algorithm.
enum class SnpAlgorithm : uint32_t { kNone = 0, kEcdsaP384Sha384 = 1 };

struct SnpIdAuth {
  SnpSignature id_block_signature;  // over the 0x60 bytes of the ID block
  SnpPublicKey id_key;
  std::optional<SnpAuthor> author;
  // Not looked at by the firmware if there is no author.
  SnpAlgorithm author_key_algorithm = SnpAlgorithm::kEcdsaP384Sha384;

  bool operator==(const SnpIdAuth&) const = default;
};

// EncodeSnpIdBlock returns 0x60 bytes.
Bytes EncodeSnpIdBlock(const SnpIdBlock& block);
// ParseSnpIdBlock refuses other sizes and versions, and policies that the
// firmware refuses.
Result<SnpIdBlock> ParseSnpIdBlock(ByteSpan bytes);

// EncodeSnpPublicKey returns the 0x404 bytes that an author signs and that key
// digests are of.
Bytes EncodeSnpPublicKey(const SnpPublicKey& key);
// SnpKeyDigest is ID_KEY_DIGEST or AUTHOR_KEY_DIGEST of an attestation report.
Sha384Digest SnpKeyDigest(const SnpPublicKey& key);

// EncodeSnpIdAuth returns one page.
Bytes EncodeSnpIdAuth(const SnpIdAuth& auth);
// ParseSnpIdAuth refuses other sizes, algorithms and curves, numbers of more
// than 384 bits and reserved bytes that are not zero. There is no author if the
// author's key and signature are all zero.
Result<SnpIdAuth> ParseSnpIdAuth(ByteSpan bytes);

}  // namespace tally
