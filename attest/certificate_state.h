// What certificates and revocation lists hold. Only for this folder's .cc
// files.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "attest/certificate.h"
#include "attest/openssl.h"

namespace tally {

// SignerMemo remembers the key that was found to have signed a certificate: the
// same pair comes again with every piece of evidence of a batch. Several
// threads may use it at once.
class SignerMemo {
 public:
  bool Knows(const Bytes& spki) {
    const std::lock_guard lock(mutex_);
    return spki_ == spki;
  }
  void Remember(const Bytes& spki) {
    const std::lock_guard lock(mutex_);
    spki_ = spki;
  }

 private:
  std::mutex mutex_;
  Bytes spki_;
};

struct Certificate::State {
  openssl::Owned<X509> x509;
  Bytes der;
  Sha256Digest sha256;
  std::string subject;
  std::string issuer;
  std::string serial;
  int64_t not_before = 0;
  int64_t not_after = 0;
  CertificateKey key = CertificateKey::kOther;
  Bytes spki;

  // basicConstraints (RFC 5280, section 4.2.1.9).
  bool is_ca = false;
  std::optional<int64_t> path_length;
  // keyUsage (section 4.2.1.3): what it allows, everything if there is none.
  bool may_sign_certificates = true;
  bool may_sign_lists = true;
  // The first critical extension that is none of these two, dotted.
  std::optional<std::string> unknown_critical;

  std::unique_ptr<SignerMemo> signer = std::make_unique<SignerMemo>();
};

struct RevocationList::State {
  openssl::Owned<X509_CRL> crl;
  std::string issuer;
  int64_t this_update = 0;
  int64_t next_update = 0;
};

// CommonName returns the last common name of `name`, or all of it.
std::string CommonName(const X509_NAME* name);
// Dotted returns "2.5.29.15".
std::string Dotted(const ASN1_OBJECT* object);
// SecondsOf returns seconds since 1970; nothing if the time is malformed.
std::optional<int64_t> SecondsOf(const ASN1_TIME* time);

// CheckAlgorithm is a MismatchError unless the signature algorithm is one that
// VerifyChain allows and fits the issuer's key.
Status CheckAlgorithm(const X509_ALGOR* algorithm, const Certificate& issuer);

// IsListOf says whether the list is by the subject of `issuer`, by name.
bool IsListOf(const RevocationList& list, const Certificate& issuer);
// CheckRevocation is a MismatchError if a list of `issuer` is not signed by it,
// if none is current, or if one names the certificate. `is_listed` says whether
// there was a list at all.
Status CheckRevocation(const Certificate& certificate,
                       const Certificate& issuer, const ChainRules& rules,
                       bool& is_listed);

}  // namespace tally
