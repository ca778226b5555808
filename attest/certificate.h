// X.509 certificates and revocation lists, as vendors of hardware use them.
//
// OpenSSL parses and does the arithmetic; the rules of a chain are ours, in one
// place, and the same for all vendors. Its own verifier is not used: it refuses
// AMD's certificates with serial number 0 and takes what a system trusts.
// Follows RFC 5280, sections 4 to 6, without policies and name constraints (a
// critical extension that we do not know is refused).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/digest.h"
#include "common/hash.h"
#include "common/result.h"

namespace tally {

// CertificateKey is what a certificate says of its key. All others, RSA of
// other sizes and curves that are not named among them, are kOther: they parse,
// and no chain may have them.
enum class CertificateKey {
  kRsa4096,
  kRsa3072,
  kRsa2048,
  kEcP256,
  kEcP384,
  kOther,
};

// Certificate is one parsed certificate. Copies share it.
class Certificate {
 public:
  // FromDer accepts one certificate in DER and nothing behind it, at most
  // kMaxCertificateBytes.
  static Result<Certificate> FromDer(ByteSpan der);
  // FromPem accepts one or more PEM "CERTIFICATE" blocks, in their order.
  static Result<std::vector<Certificate>> FromPem(std::string_view pem);
  // FromFile accepts DER or PEM, by its first bytes.
  static Result<std::vector<Certificate>> FromFile(ByteSpan bytes);

  const Bytes& der() const;
  const Sha256Digest& sha256() const;  // of the DER
  const std::string& subject() const;  // common name, or the whole name
  const std::string& issuer() const;
  const std::string& serial() const;  // hex
  int64_t not_before() const;         // seconds since 1970
  int64_t not_after() const;
  CertificateKey key() const;
  const Bytes& spki() const;  // SubjectPublicKeyInfo, DER

  // Extension returns the contents of the extension's OCTET STRING, nothing if
  // the certificate has none. `oid` is dotted: "1.3.6.1.4.1.3704.1.4".
  std::optional<Bytes> Extension(std::string_view oid) const;

  // VerifyEcdsa is a MismatchError unless r and s (big-endian, of the curve's
  // size each) are a signature of the key over `message`, hashed with SHA-256
  // on P-256 and SHA-384 on P-384.
  Status VerifyEcdsa(ByteSpan message, ByteSpan r, ByteSpan s) const;

  struct State;  // attest/certificate_state.h
  const State& state() const { return *state_; }

 private:
  explicit Certificate(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

inline constexpr size_t kMaxCertificateBytes = 16384;
inline constexpr size_t kMaxCertificates = 32;
inline constexpr size_t kMaxRevocationListBytes = 4 << 20;

// RevocationList is one parsed CRL (RFC 5280, section 5). Lists with an unknown
// critical extension, which makes them something less than a whole list of
// their issuer, are refused. Copies share it.
class RevocationList {
 public:
  // FromDer accepts one list in DER and nothing behind it, at most
  // kMaxRevocationListBytes.
  static Result<RevocationList> FromDer(ByteSpan der);
  // FromFile accepts DER or PEM.
  static Result<RevocationList> FromFile(ByteSpan bytes);

  const std::string& issuer() const;
  int64_t this_update() const;
  int64_t next_update() const;

  struct State;  // attest/certificate_state.h
  const State& state() const { return *state_; }

 private:
  explicit RevocationList(std::shared_ptr<const State> state);
  std::shared_ptr<const State> state_;
};

// ChainRules is what a chain has to be, besides well signed.
struct ChainRules {
  // SHA-256 of the DER of each root that is trusted.
  std::span<const Sha256Digest> roots;
  int64_t at = 0;  // seconds since 1970
  // Lists to look certificates up in. A list is used for the certificates of
  // its issuer and must be signed by it; of several of one issuer, one must be
  // current at `at`, and none may name the certificate.
  std::span<const RevocationList> revocations;
};

// VerifiedChain is the way from the leaf to the root.
struct VerifiedChain {
  std::vector<Certificate> certificates;  // leaf first, root last
  // The issuers of certificates in the chain that no list was given for, the
  // leaf's first.
  std::vector<std::string> without_revocations;
};

// VerifyChain finds the way from `leaf` over `others` (in any order, at most
// kMaxCertificates) to one of the roots, of at most six certificates. A root
// that is not among `others` cannot be found. It is trusted for its digest, so
// its own signature is not looked at. Every certificate must be of version 3
// and valid at the time, have no critical extension but basicConstraints and
// keyUsage, every issuer be a CA (basicConstraints, keyUsage where present,
// path length), and every signature be one of RSA-PSS or PKCS #1 with SHA-256
// or more and at least 2048 bits, or of ECDSA on P-256 or P-384 with SHA-256 or
// more. Names do not make an issuer, signatures do; where several certificates
// could be the issuer, the first good one is taken. MismatchError otherwise,
// with the certificate's name and the reason.
Result<VerifiedChain> VerifyChain(const Certificate& leaf,
                                  std::span<const Certificate> others,
                                  const ChainRules& rules);

}  // namespace tally
