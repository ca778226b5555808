// Sources: Arm DEN0137, Realm Management Monitor specification 1.0, A7.2.3;
// draft-ffm-rats-cca-token-00 and -03 (profiles of 2023 and 2024, the wrapper
// of tag 907); veraison/ccatoken, commit 0c2aa612, evidence.go, for both tags.
#include "formats/cca_token.h"

#include <algorithm>

#include "common/text.h"
#include "formats/cbor_fields.h"

namespace tally {
namespace {

constexpr uint64_t kMaxTokenBytes = 65536;

// A7.2.3.
constexpr uint64_t kCollectionTag = 399;
constexpr CborLabel kPlatformToken(44234, "platform token");
constexpr CborLabel kRealmToken(44241, "realm token");
// draft-ffm-rats-cca-token-03: a CMW collection; each token is [263, bytes],
// 263 being the content format "application/eat+cwt".
constexpr uint64_t kCmwTag = 907;
constexpr uint64_t kEatCwt = 263;

// A7.2.3.1.
constexpr CborLabel kProfile(265, "profile");
constexpr CborLabel kChallenge(10, "challenge");
constexpr CborLabel kPersonalizationValue(44235, "personalization value");
constexpr CborLabel kRealmHashAlgorithm(44236, "realm hash algorithm");
constexpr CborLabel kPublicKey(44237, "public key");
constexpr CborLabel kRim(44238, "initial measurement");
constexpr CborLabel kRem(44239, "extensible measurements");
constexpr CborLabel kPublicKeyHashAlgorithm(44240, "public key hash algorithm");
constexpr uint64_t kChallengeBytes = 64;
constexpr uint64_t kPersonalizationBytes = 64;
constexpr uint64_t kPointBytes = 97;
constexpr uint64_t kMaxCoseKeyBytes = 512;

// A7.2.3.2.
constexpr CborLabel kInstanceId(256, "instance id");
constexpr CborLabel kLifecycle(2395, "lifecycle");
constexpr CborLabel kImplementationId(2396, "implementation id");
constexpr CborLabel kSwComponents(2399, "software components");
constexpr CborLabel kConfig(2401, "config");
constexpr CborLabel kPlatformHashAlgorithm(2402, "hash algorithm");
constexpr uint64_t kImplementationIdBytes = 32;
constexpr uint64_t kInstanceIdBytes = 33;
constexpr uint64_t kMaxConfigBytes = 4096;

// A7.2.3.2.7: a software component.
constexpr CborLabel kComponentType(1, "component type");
constexpr CborLabel kMeasurement(2, "measurement");
constexpr CborLabel kComponentVersion(4, "version");
constexpr CborLabel kSignerId(5, "signer id");

constexpr std::array<std::string_view, 3> kPlatformProfiles = {
    "http://arm.com/CCA-SSD/1.0.0",
    "tag:arm.com,2023:cca_platform#1.0.0",
    "tag:arm.com,2024:cca_platform#2.0.0",
};
constexpr std::array<std::string_view, 2> kRealmProfiles = {
    "tag:arm.com,2023:realm#1.0.0",
    "tag:arm.com,2024:realm#2.0.0",
};

// A7.2.3.2.6: the upper byte says which, 0x00 to 0x60; the lower is free.
constexpr std::array<std::string_view, 7> kLifecycles = {
    "unknown",
    "assembly and test",
    "CCA platform RoT provisioning",
    "secured",
    "non-CCA platform RoT debug",
    "recoverable CCA platform RoT debug",
    "decommissioned",
};

// IANA, "Hash Function Textual Names".
HashAlgorithm ReadHashAlgorithm(CborFields& fields, const CborLabel& label) {
  const std::string_view name = fields.Text(label);
  if (name == "sha-256") return HashAlgorithm::kSha256;
  if (name == "sha-384") return HashAlgorithm::kSha384;
  if (name == "sha-512") return HashAlgorithm::kSha512;
  const CborItem* item = fields.Find(label);
  if (item != nullptr) {
    fields.Fail(label, *item,
                "found " + Quote(name) +
                    ", expected 'sha-256', 'sha-384' or 'sha-512'");
  }
  return HashAlgorithm::kSha256;
}

void CheckProfile(CborFields& fields,
                  std::span<const std::string_view> profiles) {
  const CborItem* item = fields.Get(kProfile, CborType::kText);
  if (item == nullptr) return;
  const auto* end = profiles.data() + profiles.size();
  if (std::find(profiles.data(), end, item->text()) != end) return;
  fields.Fail(kProfile, *item,
              "found " + Quote(item->text()) + ", which is not known");
}

void ReadLifecycle(CborFields& fields, CcaPlatformToken& token) {
  token.lifecycle_value = fields.Unsigned(kLifecycle, 0xffff);
  const uint64_t state = token.lifecycle_value >> 12;
  const CborItem* item = fields.Find(kLifecycle);
  if (item == nullptr) return;
  if (state >= kLifecycles.size() || (token.lifecycle_value & 0x0f00) != 0) {
    fields.Fail(kLifecycle, *item,
                "found " + HexNumber(token.lifecycle_value) +
                    ", which is not a state of a platform");
  }
  token.lifecycle = static_cast<CcaLifecycle>(state);
}

Status ReadComponent(std::string_view subject, const CborItem& item,
                     CcaSoftwareComponent& component) {
  CborFields fields(subject, item);
  component.measurement = fields.Digest(kMeasurement);
  component.signer_id = fields.Digest(kSignerId);
  if (fields.Has(kComponentType)) component.type = fields.Text(kComponentType);
  if (fields.Has(kComponentVersion))
    component.version = fields.Text(kComponentVersion);
  return fields.status();
}

void ReadComponents(CborFields& fields, CcaPlatformToken& token) {
  const CborItem* array = fields.Get(kSwComponents, CborType::kArray);
  if (array == nullptr) return;
  if (array->items.empty()) {
    fields.Fail(kSwComponents, *array, "found no component");
  }
  for (size_t i = 0; i < array->items.size() && fields.ok(); ++i) {
    CcaSoftwareComponent& component = token.sw_components.emplace_back();
    fields.Check(ReadComponent(
        "cca platform token: software component " + std::to_string(i),
        array->items[i], component));
  }
}

Status ReadPlatform(CcaPlatformToken& token) {
  CborFields fields("cca platform token", token.claims);
  CheckProfile(fields, kPlatformProfiles);
  token.profile = fields.Text(kProfile);
  token.challenge = fields.Digest(kChallenge);
  token.implementation_id = fields.Bytes(
      kImplementationId, kImplementationIdBytes, kImplementationIdBytes);
  token.instance_id =
      fields.Bytes(kInstanceId, kInstanceIdBytes, kInstanceIdBytes);
  token.config = fields.Bytes(kConfig, 0, kMaxConfigBytes);
  ReadLifecycle(fields, token);
  ReadHashAlgorithm(fields, kPlatformHashAlgorithm);
  ReadComponents(fields, token);
  return fields.status();
}

// ReadMeasurements reads RIM and REM, whose size is that of the hash.
void ReadMeasurements(CborFields& fields, CcaRealmToken& token) {
  token.hash_algorithm = ReadHashAlgorithm(fields, kRealmHashAlgorithm);
  const size_t size = HashSizeBytes(token.hash_algorithm);
  token.rim = fields.Bytes(kRim, size, size);
  const CborItem* rem = fields.Get(kRem, CborType::kArray);
  if (rem == nullptr) return;
  if (rem->items.size() != token.rem.size()) {
    fields.Fail(kRem, *rem,
                "found " + std::to_string(rem->items.size()) + ", expected " +
                    std::to_string(token.rem.size()));
    return;
  }
  for (size_t i = 0; i < token.rem.size(); ++i) {
    token.rem[i] = rem->items[i].bytes;
    if (rem->items[i].type == CborType::kBytes && token.rem[i].size() == size) {
      continue;
    }
    fields.Fail(kRem, rem->items[i],
                "found " + std::string(CborTypeName(rem->items[i].type)) +
                    " of " + std::to_string(token.rem[i].size()) +
                    " bytes, expected a byte string of " +
                    std::to_string(size));
  }
}

void ReadPublicKey(CborFields& fields, CcaRealmToken& token) {
  token.key_form =
      token.profile.empty() ? CcaKeyForm::kPoint : CcaKeyForm::kCoseKey;
  token.public_key = token.key_form == CcaKeyForm::kPoint
                         ? fields.Bytes(kPublicKey, kPointBytes, kPointBytes)
                         : fields.Bytes(kPublicKey, 1, kMaxCoseKeyBytes);
  const CborItem* item = fields.Find(kPublicKey);
  if (item != nullptr) token.public_key_offset = item->contents_offset();
  token.public_key_hash_algorithm =
      ReadHashAlgorithm(fields, kPublicKeyHashAlgorithm);
}

Status ReadRealm(CcaRealmToken& token) {
  CborFields fields("cca realm token", token.claims);
  if (fields.Find(kProfile) != nullptr) {
    CheckProfile(fields, kRealmProfiles);
    token.profile = fields.Text(kProfile);
  }
  token.challenge = fields.Bytes(kChallenge, kChallengeBytes, kChallengeBytes);
  token.personalization_value = fields.Bytes(
      kPersonalizationValue, kPersonalizationBytes, kPersonalizationBytes);
  ReadMeasurements(fields, token);
  ReadPublicKey(fields, token);
  if (fields.Has(kInstanceId)) {
    token.instance_id =
        fields.Bytes(kInstanceId, kInstanceIdBytes, kInstanceIdBytes);
  }
  return fields.status();
}

// TokenBytes returns the item that holds a token, null after a failure.
const CborItem* TokenBytes(CborFields& collection, const CborLabel& label,
                           uint64_t tag) {
  if (tag == kCollectionTag) return collection.Get(label, CborType::kBytes);
  const CborItem* array = collection.Get(label, CborType::kArray);
  if (array == nullptr) return nullptr;
  const bool is_record = array->items.size() == 2 &&
                         array->items[0].type == CborType::kUnsigned &&
                         array->items[0].number == kEatCwt &&
                         array->items[1].type == CborType::kBytes;
  if (is_record) return &array->items[1];
  collection.Fail(label, *array, "expected [263, a byte string]");
  return nullptr;
}

template <typename Token>
Status ParseSigned(std::string_view subject, const CborItem& item,
                   Token& token) {
  TALLY_ASSIGN(token.sign1,
               ParseCoseSign1(subject, item.bytes, item.contents_offset()));
  TALLY_ASSIGN(token.claims, ParseCbor(subject, token.sign1.payload(), {},
                                       token.sign1.payload_offset()));
  return Ok();
}

}  // namespace

std::string_view CcaLifecycleName(CcaLifecycle lifecycle) {
  return kLifecycles[static_cast<size_t>(lifecycle)];
}

bool LooksLikeCcaToken(ByteSpan bytes) {
  // A tag of two bytes, 399 or 907, and a map of two.
  return bytes.size() > 4 && bytes[0] == 0xd9 &&
         ((bytes[1] == kCollectionTag >> 8 &&
           bytes[2] == (kCollectionTag & 0xff)) ||
          (bytes[1] == kCmwTag >> 8 && bytes[2] == (kCmwTag & 0xff))) &&
         bytes[3] == 0xa2;
}

Result<CcaToken> ParseCcaToken(ByteSpan bytes) {
  if (bytes.size() > kMaxTokenBytes) {
    return InputError("cca token: found " + std::to_string(bytes.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxTokenBytes));
  }
  TALLY_ASSIGN(const CborItem tag, ParseCbor("cca token", bytes));
  if (tag.type != CborType::kTag ||
      (tag.number != kCollectionTag && tag.number != kCmwTag)) {
    return InputError("cca token: found no tag 399 or 907");
  }
  CborFields collection("cca token", tag.items[0]);
  const CborItem* platform = TokenBytes(collection, kPlatformToken, tag.number);
  const CborItem* realm = TokenBytes(collection, kRealmToken, tag.number);
  TALLY_TRY(collection.Finish());

  CcaToken token;
  TALLY_TRY(ParseSigned("cca platform token", *platform, token.platform));
  TALLY_TRY(ReadPlatform(token.platform));
  TALLY_TRY(ParseSigned("cca realm token", *realm, token.realm));
  TALLY_TRY(ReadRealm(token.realm));
  return token;
}

}  // namespace tally
