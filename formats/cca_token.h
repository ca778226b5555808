// The attestation token of an Arm CCA realm. See docs/formats/cca-token.md.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/any_hash.h"
#include "common/bytes.h"
#include "common/result.h"
#include "formats/cose.h"

namespace tally {

// What the lifecycle of a platform says (RMM specification, A7.2.3.2.6).
enum class CcaLifecycle {
  kUnknown,
  kAssemblyAndTest,
  kRotProvisioning,
  kSecured,
  kNonCcaPlatformDebug,
  kRecoverableCcaPlatformDebug,
  kDecommissioned,
};

// CcaLifecycleName returns "secured", "recoverable CCA platform debug" …
std::string_view CcaLifecycleName(CcaLifecycle lifecycle);

struct CcaSoftwareComponent {
  std::string_view type;  // may be empty
  ByteSpan measurement;
  std::string_view version;  // may be empty
  ByteSpan signer_id;
};

// CcaPlatformToken is what the platform says, signed with the CPAK.
struct CcaPlatformToken {
  CoseSign1 sign1;
  CborItem claims;

  std::string_view profile;
  ByteSpan challenge;  // the hash of the realm's key
  ByteSpan implementation_id;
  ByteSpan instance_id;
  ByteSpan config;
  uint64_t lifecycle_value = 0;
  CcaLifecycle lifecycle = CcaLifecycle::kUnknown;
  std::vector<CcaSoftwareComponent> sw_components;
};

// How a realm token writes its key.
enum class CcaKeyForm {
  kPoint,    // a point on P-384, not compressed: the form without a profile
  kCoseKey,  // a COSE_Key
};

// CcaRealmToken is what the RMM says of a realm, signed with the RAK.
struct CcaRealmToken {
  CoseSign1 sign1;
  CborItem claims;

  std::string_view profile;  // empty in the first form of the token
  ByteSpan challenge;
  ByteSpan personalization_value;
  HashAlgorithm hash_algorithm = HashAlgorithm::kSha256;
  ByteSpan public_key;  // the RAK, as key_form says
  uint64_t public_key_offset = 0;
  CcaKeyForm key_form = CcaKeyForm::kPoint;
  HashAlgorithm public_key_hash_algorithm = HashAlgorithm::kSha256;
  ByteSpan rim;
  std::array<ByteSpan, 4> rem;
  std::optional<ByteSpan> instance_id;
};

// CcaToken is both. Its bytes are those that were parsed.
struct CcaToken {
  CcaPlatformToken platform;
  CcaRealmToken realm;
};

// LooksLikeCcaToken looks at the first bytes only.
bool LooksLikeCcaToken(ByteSpan bytes);

// ParseCcaToken accepts a collection of the two tokens with tag 399 (RMM
// specification 1.0), or with tag 907 (draft-ffm-rats-cca-token from -02 on),
// of the profiles of 2022 (none), 2023 and 2024. It checks the form, no
// signature. Claims that it does not know are passed over: they are in
// `claims`.
Result<CcaToken> ParseCcaToken(ByteSpan bytes);

}  // namespace tally
