// A TPM in a test: a key, PCR values and the quote of them, each of which a
// test can change before it asks for the verdict.
#pragma once

#include <string>
#include <vector>

#include "attest/certificate.h"
#include "attest/tpm.h"
#include "common/hash.h"
#include "formats/tpm_attest.h"
#include "formats/tpm_evidence.h"
#include "formats/tpm_public.h"
#include "tests/support/make_certificate.h"

namespace tally::test {

inline constexpr int64_t kTpmNow = 1'700'000'000;

// RsaModulus takes the modulus out of a SubjectPublicKeyInfo of 2048 bits,
// where it is at a fixed place.
inline Bytes RsaModulus(ByteSpan spki) {
  return ToBytes(spki.subspan(33, 256));
}

inline Bytes SpkiOf(const TestKey& key) {
  return Certificate::FromDer(MakeCertificate({}, key, key)).value().spki();
}

struct TpmWorld {
  TestKey key = TestKey::Rsa(2048);
  TpmSignatureScheme scheme = TpmSignatureScheme::kRsaSsa;
  HashAlgorithm hash = HashAlgorithm::kSha256;
  TpmPublic area = {.attributes = kTpmaFixedTpm | kTpmaFixedParent |
                                  kTpmaSensitiveDataOrigin | kTpmaUserWithAuth |
                                  kTpmaRestricted | kTpmaSign};
  TpmQuote quote = {.qualified_signer = ToBytes(AsBytes("signer")),
                    .extra_data = ToBytes(AsBytes("challenge")),
                    .clock_info = {.clock = 1, .reset_count = 2},
                    .firmware_version = 0x1122334455667788,
                    .pcr_select = {{.pcrs = 0b10010001}}};  // 0, 4, 7
  std::vector<Bytes> pcrs = {Bytes(32, 0xa0), Bytes(32, 0xa4), Bytes(32, 0xa7)};
  // Changed after the digest was made.
  std::vector<Bytes> reported_pcrs;
  TpmEvidence evidence;
  std::vector<CollateralFile> collateral;
  int64_t at = kTpmNow;

  static TpmWorld Rsa() {
    TpmWorld world;
    world.area.key = TpmRsaPublic{.modulus = RsaModulus(SpkiOf(world.key))};
    return world;
  }
  static TpmWorld Ecc(const TestKey& key, TpmCurve curve) {
    TpmWorld world;
    world.key = key;
    world.scheme = TpmSignatureScheme::kEcdsa;
    if (curve == TpmCurve::kNistP384) world.hash = HashAlgorithm::kSha384;
    const Bytes point = key.Point();
    const ByteSpan span(point);
    const size_t size = point.size() / 2;
    world.area.key = TpmEccPublic{.curve = curve,
                                  .x = ToBytes(span.first(size)),
                                  .y = ToBytes(span.subspan(size))};
    return world;
  }

  TpmSignature Sign(ByteSpan message) const {
    TpmSignature signature = {.scheme = scheme, .hash = hash};
    if (scheme == TpmSignatureScheme::kEcdsa) {
      const Bytes both = key.SignEcdsa(message);
      const size_t size = both.size() / 2;
      signature.value =
          TpmEcdsaSignature{.r = ToBytes(ByteSpan(both).first(size)),
                            .s = ToBytes(ByteSpan(both).subspan(size))};
      return signature;
    }
    std::string name(HashName(hash));
    for (char& c : name) c = c >= 'a' ? static_cast<char>(c - 'a' + 'A') : c;
    signature.value = TpmRsaSignature{
        .sig = key.Sign(
            message,
            {.hash = name, .pss = scheme == TpmSignatureScheme::kRsaPss})};
    return signature;
  }

  // Quote fills `evidence`; a test may change it before Check().
  TpmWorld& Quote() {
    AnyHasher digest(hash);
    for (const Bytes& pcr : pcrs) digest.Update(pcr);
    quote.pcr_digest = digest.Finish();
    evidence.message = EncodeTpmQuote(quote);
    evidence.signature = EncodeTpmSignature(Sign(evidence.message));
    evidence.ak_public = EncodeTpm2bPublic(area);
    evidence.pcrs = pcrs;
    return *this;
  }
  TpmWorld& Vouch() {
    collateral.push_back({"ak.pub", EncodeTpm2bPublic(area)});
    return *this;
  }

  Result<Evidence> Check() const {
    const std::string text = FormatTpmEvidence(evidence);
    return AuthenticateTpm(AsBytes(text), {.at = at, .collateral = collateral});
  }
  // Verdict returns "authentic", or the failed checks as lines.
  std::string Verdict() const {
    const Result<Evidence> checked = Check();
    if (!checked) return checked.error().ToString();
    std::string failures;
    for (const EvidenceCheck& check : checked->checks) {
      if (check.state != CheckState::kFailed) continue;
      failures += check.name + ": " + check.text + "\n";
    }
    return failures.empty() ? "authentic" : failures;
  }
};

}  // namespace tally::test
