#include "attest/cca.h"

#include <array>
#include <optional>

#include "attest/cbor_description.h"
#include "attest/ecdsa_key.h"
#include "common/any_hash.h"
#include "common/text.h"

namespace tally {
namespace {

// Cpak is the platform's key, or why there is none.
struct Cpak {
  std::optional<EcdsaPublicKey> key;
  EvidenceCheck check;
};

// FindCpak takes the key of the first file that verifies the token. Failing
// that, it takes the first that is a key at all, for the error's sake.
Cpak FindCpak(const CcaPlatformToken& platform, const Bytes& message,
              std::span<const CollateralFile> collateral) {
  constexpr const char* kName = "platform key (CPAK)";
  Cpak cpak{.check = Failed(kName,
                            "no collateral holds it; give the platform's "
                            "public key: PEM, JWK or certificate")};
  bool verifies = false;
  for (const CollateralFile& file : collateral) {
    const auto key = EcdsaPublicKey::FromFile(file.bytes);
    if (!key) {
      if (!cpak.key) {
        cpak.check.text = "no collateral holds it; " + Quote(file.name) + ": " +
                          key.error().message();
      }
      continue;
    }
    const bool good =
        key->Verify(message, platform.sign1.signature()).has_value();
    if (verifies || (cpak.key && !good)) continue;
    verifies = good;
    cpak.key = *key;
    cpak.check = Passed(kName, std::string(EcCurveName(key->curve())) +
                                   ", from " + Quote(file.name));
  }
  return cpak;
}

CoseAlgorithm AlgorithmOf(EcCurve curve) {
  if (curve == EcCurve::kP256) return CoseAlgorithm::kEs256;
  return curve == EcCurve::kP384 ? CoseAlgorithm::kEs384
                                 : CoseAlgorithm::kEs512;
}

EvidenceCheck CheckSignature(std::string name, const CoseSign1& sign1,
                             const EcdsaPublicKey& key, const Bytes& message) {
  const std::string found(CoseAlgorithmName(sign1.algorithm));
  const CoseAlgorithm expected = AlgorithmOf(key.curve());
  if (sign1.algorithm != expected) {
    return Failed(std::move(name),
                  "found " + found + ", expected " +
                      std::string(CoseAlgorithmName(expected)) +
                      " for a key on " + std::string(EcCurveName(key.curve())));
  }
  return CheckOf(std::move(name), key.Verify(message, sign1.signature()),
                 found);
}

Result<EcdsaPublicKey> RealmKey(const CcaRealmToken& realm) {
  if (realm.key_form == CcaKeyForm::kPoint) {
    return EcdsaPublicKey::FromPoint(realm.public_key);
  }
  TALLY_ASSIGN(const CoseKey key,
               ParseCoseKey("realm public key", realm.public_key,
                            realm.public_key_offset));
  return EcdsaPublicKey::FromCoordinates(key.curve, key.x, key.y);
}

// CheckBinding: A7.2.3.2.2, the platform's challenge is the hash of the RAK as
// the realm token writes it.
EvidenceCheck CheckBinding(const CcaToken& token) {
  const HashAlgorithm algorithm = token.realm.public_key_hash_algorithm;
  const Bytes hash = HashWith(algorithm, token.realm.public_key);
  const std::string name = "binding of realm to platform";
  if (hash == ToBytes(token.platform.challenge)) {
    return Passed(name, "the platform's challenge is the " +
                            std::string(HashName(algorithm)) +
                            " of the realm's key");
  }
  return Failed(
      name, "found the platform's challenge " + Hex(token.platform.challenge) +
                ", expected " + Hex(hash) + ", the " +
                std::string(HashName(algorithm)) + " of the realm's key");
}

std::vector<EvidenceCheck> CheckToken(
    const CcaToken& token, std::span<const CollateralFile> collateral) {
  std::vector<EvidenceCheck> checks;
  const Bytes platform_bytes = CoseToBeSigned(token.platform.sign1);
  const Cpak cpak = FindCpak(token.platform, platform_bytes, collateral);
  checks.push_back(cpak.check);
  if (cpak.key) {
    checks.push_back(CheckSignature("platform signature", token.platform.sign1,
                                    *cpak.key, platform_bytes));
  }
  const auto rak = RealmKey(token.realm);
  if (rak) {
    checks.push_back(
        Passed("realm key (RAK)", std::string(EcCurveName(rak->curve()))));
    checks.push_back(CheckSignature("realm signature", token.realm.sign1, *rak,
                                    CoseToBeSigned(token.realm.sign1)));
  } else {
    checks.push_back(Failed("realm key (RAK)", rak.error().message()));
  }
  checks.push_back(CheckBinding(token));
  return checks;
}

void AddRegisters(const CcaRealmToken& realm,
                  std::vector<AttestedRegister>& registers) {
  const std::string algorithm(HashName(realm.hash_algorithm));
  registers.push_back(
      {.name = "rim", .algorithm = algorithm, .value = ToBytes(realm.rim)});
  for (size_t i = 0; i < realm.rem.size(); ++i) {
    registers.push_back({.name = "rem" + std::to_string(i),
                         .algorithm = algorithm,
                         .value = ToBytes(realm.rem[i])});
  }
}

EvidenceClaims ClaimsOf(const CcaToken& token) {
  EvidenceClaims claims;
  // Only a platform in the secured state keeps its secrets to itself.
  claims.debug = token.platform.lifecycle != CcaLifecycle::kSecured;
  claims.nonce = ToBytes(token.realm.challenge);
  claims.report_data = claims.nonce;
  claims.identities["implementation_id"] =
      ToBytes(token.platform.implementation_id);
  claims.identities["instance_id"] = ToBytes(token.platform.instance_id);
  claims.identities["personalization_value"] =
      ToBytes(token.realm.personalization_value);
  if (token.realm.instance_id) {
    claims.identities["realm_instance_id"] = ToBytes(*token.realm.instance_id);
  }
  return claims;
}

// Arm DEN0137, A7.2.3.1 and A7.2.3.2 (a component: A7.2.3.2.7), and
// draft-ffm-rats-cca-token-03. Three numbers are claims of both tokens.
constexpr std::string_view kComponents = "software components";
constexpr std::string_view kExtension = "extension";
constexpr std::string_view kTbbRotpk = "tbb rotpk";
constexpr std::array<CborMeaning, 38> kCcaMeanings = {{
    {10, "challenge", ""},
    {256, "instance id", ""},
    {265, "profile", ""},
    {2394, "client id", ""},
    {2395, "lifecycle", ""},
    {2396, "implementation id", "which make of platform"},
    {2399, kComponents, ""},
    {2400, "verification service", ""},
    {2401, "config", "what the platform was configured to"},
    {2402, "hash algorithm", "of the components' measurements"},
    {2403, "manufacturing config", ""},
    {2404, kExtension, ""},
    {2405, kTbbRotpk, ""},
    {2406, "peer signers", ""},
    {44235, "personalization value", "given by the realm's owner"},
    {44236, "hash algorithm", "of RIM and REM"},
    {44237, "public key", "RAK, signs the realm token"},
    {44238, "initial measurement", "RIM"},
    {44239, "extensible measurements", "REM"},
    {44240, "public key hash algorithm", "of the platform's challenge"},
    {44243, "mec policy", "memory encryption context"},
    {1, "component type", "", kComponents},
    {2, "measurement", "", kComponents},
    {4, "version", "", kComponents},
    {5, "signer id", "the hash of the key that signed it", kComponents},
    {6, "hash algorithm", "", kComponents},
    {1, "hash algorithm", "", kExtension},
    {2, "device measurements", "", kExtension},
    {3, "certificate chain", "", kExtension},
    {4, "uses IDE", "", kExtension},
    {5, "protocol", "", kExtension},
    {6, "VCA digest", "", kExtension},
    {7, "device type", "", kExtension},
    {8, "encryption type", "", kExtension},
    {1, "name", "", kTbbRotpk},
    {2, "active array index", "", kTbbRotpk},
    {3, "index", "", kTbbRotpk},
    {4, "hash", "", kTbbRotpk},
}};

std::string NoteOf(const EvidenceField& field, const CcaToken& token) {
  if (field.name == "platform / lifecycle") {
    return HexNumber(token.platform.lifecycle_value) + ": " +
           std::string(CcaLifecycleName(token.platform.lifecycle));
  }
  if (field.name == "platform / challenge") return "the hash of the RAK";
  if (field.name == "realm / challenge") return "what the realm was asked with";
  return field.note;
}

}  // namespace

Result<Evidence> AuthenticateCca(ByteSpan evidence,
                                 const AuthenticationInputs& inputs) {
  TALLY_ASSIGN(const CcaToken token, ParseCcaToken(evidence));
  Evidence result{.kind = EvidenceKind::kCcaToken};
  result.checks = CheckToken(token, inputs.collateral);
  AddRegisters(token.realm, result.registers);
  result.claims = ClaimsOf(token);
  result.summary = "Arm CCA realm, platform " +
                   std::string(CcaLifecycleName(token.platform.lifecycle)) +
                   " (" + HexNumber(token.platform.lifecycle_value) + "), " +
                   std::to_string(token.platform.sw_components.size()) +
                   " software components";
  return result;
}

Result<std::vector<EvidenceField>> DescribeCca(ByteSpan evidence) {
  TALLY_ASSIGN(const CcaToken token, ParseCcaToken(evidence));
  std::vector<EvidenceField> fields;
  DescribeCoseStart(token.platform.sign1, "platform / ", fields);
  DescribeCbor(token.platform.claims, "platform / ", kCcaMeanings, fields);
  DescribeCoseEnd(token.platform.sign1, "platform / ",
                  "r and s, by the platform's key (CPAK)", fields);
  DescribeCoseStart(token.realm.sign1, "realm / ", fields);
  DescribeCbor(token.realm.claims, "realm / ", kCcaMeanings, fields);
  DescribeCoseEnd(token.realm.sign1, "realm / ",
                  "r and s, by the realm's key (RAK)", fields);
  for (EvidenceField& field : fields) field.note = NoteOf(field, token);
  return fields;
}

}  // namespace tally
