#include "attest/tpm_attestation_key.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "attest/certificate.h"
#include "attest/pem.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr const char* kTrust = "attestation key";
constexpr const char* kAttributes = "attestation key attributes";

// RFC 5280, section 4.2.1.12; TCG EK Credential Profile 2.5, section 3.5.13,
// and Credential Profiles 1.2, section 3.5: tcg-kp-EKCertificate and
// tcg-kp-AIKCertificate (makers use either for attestation keys).
constexpr std::string_view kExtendedKeyUsage = "2.5.29.37";
constexpr std::array<std::array<uint8_t, 5>, 2> kTpmPurposes = {{
    {0x67, 0x81, 0x05, 0x08, 0x01},
    {0x67, 0x81, 0x05, 0x08, 0x03},
}};

// Vouchers are what the collateral holds that can vouch for a key.
struct Vouchers {
  std::vector<Certificate> certificates;
  std::vector<RevocationList> revocations;
};

// Voucher is what one file of the collateral says of the key.
struct Voucher {
  bool has_key = false;
  std::optional<TpmPublic> area;
};

Voucher VoucherOf(ByteSpan file, const AttestationKey& ak) {
  auto area = ParseTpm2bPublic(file);
  if (!area) area = ParseTpmtPublic(file);
  if (area) {
    const Result<TpmKey> key = TpmKey::FromPublic(*area);
    return {.has_key = key && *key == ak.key, .area = *area};
  }
  const Result<TpmKey> key = LooksLikePem(file) ? TpmKey::FromPem(AsText(file))
                                                : TpmKey::FromSpki(file);
  return {.has_key = key && *key == ak.key, .area = {}};
}

// AddCertificates takes certificates and revocation lists; other files are
// another technology's.
void AddCertificates(ByteSpan file, Vouchers& vouchers) {
  if (const auto certificates = Certificate::FromFile(file)) {
    vouchers.certificates.insert(vouchers.certificates.end(),
                                 certificates->begin(), certificates->end());
  } else if (const auto list = RevocationList::FromFile(file)) {
    vouchers.revocations.push_back(*list);
  }
}

bool IsOfKey(const Certificate& certificate, const TpmKey& key) {
  const Result<TpmKey> of = TpmKey::FromSpki(certificate.spki());
  return of && *of == key;
}

// HasTpmPurpose reads ExtKeyUsageSyntax, a sequence of short OIDs in DER.
bool HasTpmPurpose(ByteSpan usage) {
  ByteReader r("extended key usage", usage);
  r.U8("tag");
  r.U8("length");
  bool found = false;
  while (r.ok() && r.remaining() > 0) {
    r.U8("tag");
    const ByteSpan oid = r.Take("oid", r.U8("length"));
    found |= std::ranges::any_of(kTpmPurposes, [oid](const auto& purpose) {
      return std::ranges::equal(oid, purpose);
    });
  }
  return r.ok() && found;
}

// CheckPurpose refuses certificates that were not made for keys of TPMs: any
// other CA that the collateral has would vouch for keys in software.
Status CheckPurpose(const Certificate& certificate) {
  const std::optional<Bytes> usage = certificate.Extension(kExtendedKeyUsage);
  if (usage && HasTpmPurpose(*usage)) return Ok();
  return MismatchError("certificate " + Quote(certificate.subject()) +
                       " is not for a TPM's key (extendedKeyUsage "
                       "2.23.133.8.3)");
}

Result<VerifiedChain> VerifyAkCertificate(const Certificate& leaf,
                                          std::vector<Certificate> others,
                                          const Vouchers& vouchers,
                                          int64_t at) {
  TALLY_TRY(CheckPurpose(leaf));
  // Whatever names itself as issuer in the collateral was given as a root.
  std::vector<Sha256Digest> roots;
  for (const Certificate& certificate : vouchers.certificates) {
    if (certificate.subject() == certificate.issuer()) {
      roots.push_back(certificate.sha256());
    }
  }
  others.insert(others.end(), vouchers.certificates.begin(),
                vouchers.certificates.end());
  if (others.size() > kMaxCertificates) {
    return MismatchError("found " + std::to_string(others.size()) +
                         " certificates, expected at most " +
                         std::to_string(kMaxCertificates));
  }
  return VerifyChain(
      leaf, others,
      {.roots = roots, .at = at, .revocations = vouchers.revocations});
}

// CheckCertificates looks for a certificate of the key that chains to a root of
// the collateral.
void CheckCertificates(const AttestationKey& ak, const TpmEvidence& evidence,
                       const Vouchers& vouchers, int64_t at,
                       std::vector<EvidenceCheck>& checks) {
  std::vector<Certificate> given;
  for (const Bytes& der : evidence.ak_certificates) {
    const auto certificate = Certificate::FromDer(der);
    if (!certificate) {
      checks.push_back(Failed(kTrust, certificate.error().message()));
      return;
    }
    given.push_back(*certificate);
  }
  std::vector<Certificate> leaves = given;
  leaves.insert(leaves.end(), vouchers.certificates.begin(),
                vouchers.certificates.end());
  std::string reason =
      "the collateral has neither this key nor a root of its certificate";
  for (const Certificate& leaf : leaves) {
    if (!IsOfKey(leaf, ak.key)) continue;
    const auto chain = VerifyAkCertificate(leaf, given, vouchers, at);
    if (!chain) {
      reason = chain.error().message();
      continue;
    }
    checks.push_back(
        Passed(kTrust, "certificate " + Quote(leaf.subject()) + ", chain to " +
                           Quote(chain->certificates.back().subject())));
    if (!chain->without_revocations.empty()) {
      checks.push_back(Unknown(
          "revocation",
          "no list was given for " + Join(chain->without_revocations, ", ")));
    }
    return;
  }
  checks.push_back(Failed(
      kTrust, "nobody vouches for the " + ak.key.name() + " key: " + reason));
}

// CheckAttributes looks at what else the key may sign. `vouched` says whether
// anybody but the evidence itself says that the key has these attributes.
EvidenceCheck CheckAttributes(const TpmPublic& area, bool vouched) {
  // Part 1, section 25.3.1.2: only a restricted key cannot be made to sign a
  // message that begins with TPM_GENERATED_VALUE. And it must not leave the
  // TPM.
  constexpr uint32_t kNeeded =
      kTpmaRestricted | kTpmaSign | kTpmaFixedTpm | kTpmaSensitiveDataOrigin;
  const std::string found = TpmObjectAttributeNames(area.attributes);
  if ((area.attributes & kNeeded) != kNeeded ||
      (area.attributes & kTpmaDecrypt) != 0) {
    return Failed(kAttributes,
                  "found '" + found +
                      "', expected fixedTPM, sensitiveDataOrigin, restricted "
                      "and sign without decrypt");
  }
  if (vouched) return Passed(kAttributes, found);
  return Unknown(kAttributes, "the evidence says '" + found +
                                  "'; who vouches for the key has to know");
}

// CheckGivenKey is the case that the collateral has the key itself.
void CheckGivenKey(const AttestationKey& ak, const Voucher& voucher,
                   const std::string& file,
                   std::vector<EvidenceCheck>& checks) {
  if (voucher.area && ak.public_area && *voucher.area != *ak.public_area) {
    checks.push_back(Failed(
        kTrust, Quote(file) + " has the same key with another public area: "
                              "attributes, policy or scheme differ"));
    return;
  }
  checks.push_back(
      Passed(kTrust, ak.key.name() + " key, given in " + Quote(file)));
  const std::optional<TpmPublic>& area =
      voucher.area ? voucher.area : ak.public_area;
  if (area) {
    checks.push_back(CheckAttributes(*area, voucher.area.has_value()));
  }
}

}  // namespace

Result<AttestationKey> ReadAttestationKey(const TpmEvidence& evidence) {
  if (evidence.ak_pem) {
    TALLY_ASSIGN(TpmKey key, TpmKey::FromPem(*evidence.ak_pem));
    return AttestationKey{.key = std::move(key), .public_area = {}};
  }
  TALLY_ASSIGN(TpmPublic area, ParseTpm2bPublic(*evidence.ak_public));
  TALLY_ASSIGN(TpmKey key, TpmKey::FromPublic(area));
  return AttestationKey{.key = std::move(key), .public_area = std::move(area)};
}

void CheckAttestationKey(const AttestationKey& ak, const TpmEvidence& evidence,
                         const AuthenticationInputs& inputs,
                         std::vector<EvidenceCheck>& checks) {
  Vouchers vouchers;
  for (const CollateralFile& file : inputs.collateral) {
    const Voucher voucher = VoucherOf(file.bytes, ak);
    if (voucher.has_key) {
      CheckGivenKey(ak, voucher, file.name, checks);
      return;
    }
    AddCertificates(file.bytes, vouchers);
  }
  CheckCertificates(ak, evidence, vouchers, inputs.at, checks);
  if (ak.public_area) {
    checks.push_back(CheckAttributes(*ak.public_area, false));
  }
}

}  // namespace tally
