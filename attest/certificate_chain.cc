#include <openssl/err.h>

#include <algorithm>
#include <utility>

#include "attest/certificate.h"
#include "attest/certificate_state.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr size_t kMaxChain = 6;

std::string NameOf(const Certificate& certificate) {
  return "certificate " + Quote(certificate.subject());
}

bool IsRoot(const Certificate& certificate, const ChainRules& rules) {
  return std::ranges::find(rules.roots, certificate.sha256()) !=
         rules.roots.end();
}

// CheckAlone is what every certificate must be, wherever it is in the chain.
Status CheckAlone(const Certificate& certificate, int64_t at) {
  const std::string name = NameOf(certificate);
  const Certificate::State& state = certificate.state();
  const long version = X509_get_version(state.x509.get()) + 1;
  if (version != 3) {
    return MismatchError(name + " has version " + std::to_string(version) +
                         ", expected 3");
  }
  if (at < state.not_before) {
    return MismatchError(name + " is not valid before " +
                         FormatUtcTime(state.not_before) + ", checked at " +
                         FormatUtcTime(at));
  }
  if (at > state.not_after) {
    return MismatchError(name + " expired at " +
                         FormatUtcTime(state.not_after) + ", checked at " +
                         FormatUtcTime(at));
  }
  if (state.key == CertificateKey::kOther) {
    return MismatchError(name +
                         " has another key, expected RSA of 2048, 3072 or 4096 "
                         "bits, or ECDSA on P-256 or P-384");
  }
  if (state.unknown_critical) {
    return MismatchError(name + " has critical extension " +
                         *state.unknown_critical + ", which is not known");
  }
  return Ok();
}

// CheckCa is what an issuer must be; `below` is the number of certificates
// between it and the leaf. Certificates that an issuer gave itself count like
// all others, which is stricter than RFC 5280.
Status CheckCa(const Certificate& issuer, size_t below) {
  const Certificate::State& state = issuer.state();
  if (!state.is_ca) {
    return MismatchError(NameOf(issuer) +
                         " is not a CA (basicConstraints), but issued another");
  }
  if (!state.may_sign_certificates) {
    return MismatchError(NameOf(issuer) +
                         " may not sign certificates (keyUsage)");
  }
  if (state.path_length && static_cast<uint64_t>(*state.path_length) < below) {
    return MismatchError(
        NameOf(issuer) + " allows " + std::to_string(*state.path_length) +
        " CAs below it (pathLenConstraint), found " + std::to_string(below));
  }
  return Ok();
}

Status CheckSignature(const Certificate& certificate,
                      const Certificate& issuer) {
  X509* x509 = certificate.state().x509.get();
  const X509_ALGOR* algorithm = nullptr;
  X509_get0_signature(nullptr, &algorithm, x509);
  const Status good_algorithm = CheckAlgorithm(algorithm, issuer);
  if (!good_algorithm) {
    return MismatchError(NameOf(certificate) + " " +
                         good_algorithm.error().message());
  }
  const Bytes& key = issuer.state().spki;
  if (certificate.state().signer->Knows(key)) return Ok();
  const bool is_good =
      X509_verify(x509, X509_get0_pubkey(issuer.state().x509.get())) == 1;
  ERR_clear_error();
  if (!is_good) {
    return MismatchError(NameOf(certificate) + " is not signed by the key of " +
                         Quote(issuer.subject()));
  }
  certificate.state().signer->Remember(key);
  return Ok();
}

Status CheckIssuer(const std::vector<Certificate>& chain,
                   const Certificate& issuer, const ChainRules& rules) {
  TALLY_TRY(CheckAlone(issuer, rules.at));
  TALLY_TRY(CheckCa(issuer, chain.size() - 1));
  return CheckSignature(chain.back(), issuer);
}

// Candidates are those that have the name of the issuer; the roots come first.
std::vector<Certificate> Candidates(const std::vector<Certificate>& chain,
                                    std::span<const Certificate> others,
                                    const ChainRules& rules) {
  const X509* last = chain.back().state().x509.get();
  std::vector<Certificate> candidates;
  for (const Certificate& other : others) {
    const bool is_used =
        std::ranges::any_of(chain, [&](const Certificate& used) {
          return used.sha256() == other.sha256();
        });
    if (!is_used &&
        X509_NAME_cmp(X509_get_subject_name(other.state().x509.get()),
                      X509_get_issuer_name(last)) == 0) {
      candidates.push_back(other);
    }
  }
  std::stable_partition(
      candidates.begin(), candidates.end(),
      [&](const Certificate& candidate) { return IsRoot(candidate, rules); });
  return candidates;
}

Error NoIssuer(const Certificate& last) {
  const X509* x509 = last.state().x509.get();
  if (X509_NAME_cmp(X509_get_subject_name(x509), X509_get_issuer_name(x509)) ==
      0) {
    return MismatchError(NameOf(last) + " (SHA-256 " + last.sha256().hex() +
                         ") names itself as issuer and is not a trusted root");
  }
  return MismatchError("the certificate of " + Quote(last.issuer()) +
                       ", which issued " + NameOf(last) + ", is missing");
}

// FindIssuer takes the first candidate that may have issued the last
// certificate. It never goes back, so that the work is bounded by the number of
// certificates, whatever they are.
Result<Certificate> FindIssuer(const std::vector<Certificate>& chain,
                               std::span<const Certificate> others,
                               const ChainRules& rules) {
  if (chain.size() == kMaxChain) {
    return MismatchError("no trusted root within " + std::to_string(kMaxChain) +
                         " certificates of " + NameOf(chain.front()));
  }
  std::optional<Error> first_error;
  for (const Certificate& candidate : Candidates(chain, others, rules)) {
    Status status = CheckIssuer(chain, candidate, rules);
    if (status) return candidate;
    if (!first_error) first_error = std::move(status).error();
  }
  if (first_error) return *first_error;
  return NoIssuer(chain.back());
}

Status CheckRevocations(VerifiedChain& chain, const ChainRules& rules) {
  for (size_t i = 0; i + 1 < chain.certificates.size(); ++i) {
    const Certificate& issuer = chain.certificates[i + 1];
    bool is_listed = false;
    TALLY_TRY(CheckRevocation(chain.certificates[i], issuer, rules, is_listed));
    if (!is_listed) chain.without_revocations.push_back(issuer.subject());
  }
  return Ok();
}

}  // namespace

Result<VerifiedChain> VerifyChain(const Certificate& leaf,
                                  std::span<const Certificate> others,
                                  const ChainRules& rules) {
  if (others.size() > kMaxCertificates) {
    return InputError("found " + std::to_string(others.size()) +
                      " certificates, expected at most " +
                      std::to_string(kMaxCertificates));
  }
  TALLY_TRY(CheckAlone(leaf, rules.at));
  VerifiedChain chain{.certificates = {leaf}, .without_revocations = {}};
  while (!IsRoot(chain.certificates.back(), rules)) {
    TALLY_ASSIGN(Certificate issuer,
                 FindIssuer(chain.certificates, others, rules));
    chain.certificates.push_back(std::move(issuer));
  }
  TALLY_TRY(CheckRevocations(chain, rules));
  return chain;
}

}  // namespace tally
