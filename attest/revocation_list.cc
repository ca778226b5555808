#include <openssl/err.h>
#include <openssl/objects.h>

#include <utility>

#include "attest/certificate.h"
#include "attest/certificate_state.h"
#include "attest/pem.h"
#include "common/text.h"

namespace tally {
namespace {

// IsKnown says whether an extension may be critical: these say nothing that
// changes which certificates are revoked (RFC 5280, sections 5.2 and 5.3). All
// others make a list something else: of a part of the certificates, a
// difference to another list, of another issuer's certificates.
bool IsKnown(const ASN1_OBJECT* object) {
  switch (OBJ_obj2nid(object)) {
    case NID_authority_key_identifier:
    case NID_crl_number:
    case NID_crl_reason:
    case NID_invalidity_date:
      return true;
    default:
      return false;
  }
}

std::optional<std::string> IfUnknown(X509_EXTENSION* extension) {
  const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
  if (X509_EXTENSION_get_critical(extension) == 0 || IsKnown(object)) {
    return std::nullopt;
  }
  return Dotted(object);
}

// UnknownCritical returns the first such extension of a list or of an entry.
std::optional<std::string> UnknownCritical(const X509_CRL* crl) {
  std::optional<std::string> found;
  for (int i = 0; !found && i < X509_CRL_get_ext_count(crl); ++i) {
    found = IfUnknown(X509_CRL_get_ext(crl, i));
  }
  return found;
}

std::optional<std::string> UnknownCritical(const X509_REVOKED* entry) {
  std::optional<std::string> found;
  for (int i = 0; !found && i < X509_REVOKED_get_ext_count(entry); ++i) {
    found = IfUnknown(X509_REVOKED_get_ext(entry, i));
  }
  return found;
}

Status CheckCritical(X509_CRL* crl) {
  std::optional<std::string> found = UnknownCritical(crl);
  const STACK_OF(X509_REVOKED)* entries = X509_CRL_get_REVOKED(crl);
  for (int i = 0; !found && i < sk_X509_REVOKED_num(entries); ++i) {
    found = UnknownCritical(sk_X509_REVOKED_value(entries, i));
  }
  if (!found) return Ok();
  return InputError("revocation list has critical extension " + *found +
                    ", which is not known");
}

Result<openssl::Owned<X509_CRL>> ParseRevocationListDer(ByteSpan der) {
  if (der.size() > kMaxRevocationListBytes) {
    return InputError("revocation list has " + std::to_string(der.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxRevocationListBytes));
  }
  const unsigned char* at = der.data();
  openssl::Owned<X509_CRL> crl(
      d2i_X509_CRL(nullptr, &at, static_cast<long>(der.size())));
  if (crl == nullptr) {
    return InputError("revocation list is not well-formed DER");
  }
  if (at != der.data() + der.size()) {
    return InputError("revocation list has " +
                      std::to_string(der.data() + der.size() - at) +
                      " trailing bytes");
  }
  return crl;
}

Result<RevocationList::State> ReadRevocationListState(ByteSpan der) {
  RevocationList::State state;
  TALLY_ASSIGN(state.crl, ParseRevocationListDer(der));
  state.issuer = CommonName(X509_CRL_get_issuer(state.crl.get()));
  const auto this_update = SecondsOf(X509_CRL_get0_lastUpdate(state.crl.get()));
  const auto next_update = SecondsOf(X509_CRL_get0_nextUpdate(state.crl.get()));
  if (!this_update || !next_update) {
    return InputError("revocation list of " + Quote(state.issuer) +
                      " has no good thisUpdate and nextUpdate");
  }
  state.this_update = *this_update;
  state.next_update = *next_update;
  TALLY_TRY(CheckCritical(state.crl.get()));
  return state;
}

Status CheckSignature(const RevocationList& list, const Certificate& issuer) {
  const std::string name = "revocation list of " + Quote(list.issuer());
  if (!issuer.state().may_sign_lists) {
    return MismatchError(name + ": its issuer may not sign lists (keyUsage)");
  }
  const X509_ALGOR* algorithm = nullptr;
  X509_CRL* crl = list.state().crl.get();
  X509_CRL_get0_signature(crl, nullptr, &algorithm);
  const Status good_algorithm = CheckAlgorithm(algorithm, issuer);
  if (!good_algorithm) {
    return MismatchError(name + " " + good_algorithm.error().message());
  }
  const bool is_good =
      X509_CRL_verify(crl, X509_get0_pubkey(issuer.state().x509.get())) == 1;
  ERR_clear_error();
  if (!is_good) {
    return MismatchError(name + " is not signed by the key of " +
                         Quote(issuer.subject()));
  }
  return Ok();
}

bool Names(const RevocationList& list, const Certificate& certificate) {
  // The list is sorted at the first search, under a lock of its own.
  X509_REVOKED* entry = nullptr;
  return X509_CRL_get0_by_serial(
             list.state().crl.get(), &entry,
             X509_get0_serialNumber(certificate.state().x509.get())) != 0;
}

}  // namespace

RevocationList::RevocationList(std::shared_ptr<const State> state)
    : state_(std::move(state)) {}

Result<RevocationList> RevocationList::FromDer(ByteSpan der) {
  Result<State> state = ReadRevocationListState(der);
  ERR_clear_error();
  if (!state) return std::move(state).error();
  return RevocationList(std::make_shared<const State>(std::move(*state)));
}

Result<RevocationList> RevocationList::FromFile(ByteSpan bytes) {
  if (!LooksLikePem(bytes)) return FromDer(bytes);
  TALLY_ASSIGN(const std::vector<Bytes> blocks,
               DecodePem(AsText(bytes), "X509 CRL", 1));
  return FromDer(blocks.front());
}

const std::string& RevocationList::issuer() const { return state_->issuer; }
int64_t RevocationList::this_update() const { return state_->this_update; }
int64_t RevocationList::next_update() const { return state_->next_update; }

bool IsListOf(const RevocationList& list, const Certificate& issuer) {
  return X509_NAME_cmp(X509_CRL_get_issuer(list.state().crl.get()),
                       X509_get_subject_name(issuer.state().x509.get())) == 0;
}

Status CheckRevocation(const Certificate& certificate,
                       const Certificate& issuer, const ChainRules& rules,
                       bool& is_listed) {
  is_listed = false;
  bool is_current = false;
  int64_t newest = 0;
  for (const RevocationList& list : rules.revocations) {
    if (!IsListOf(list, issuer)) continue;
    is_listed = true;
    TALLY_TRY(CheckSignature(list, issuer));
    // A list that is out of date still speaks against a certificate.
    if (Names(list, certificate)) {
      return MismatchError("certificate " + Quote(certificate.subject()) +
                           " with serial number 0x" + certificate.serial() +
                           " was revoked by " + Quote(issuer.subject()));
    }
    is_current |=
        list.this_update() <= rules.at && rules.at <= list.next_update();
    newest = std::max(newest, list.next_update());
  }
  if (is_listed && !is_current) {
    return MismatchError("no revocation list of " + Quote(issuer.subject()) +
                         " is current at " + FormatUtcTime(rules.at) +
                         ", the newest is good until " + FormatUtcTime(newest));
  }
  return Ok();
}

}  // namespace tally
