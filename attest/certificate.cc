#include "attest/certificate.h"

#include <openssl/err.h>
#include <openssl/objects.h>

#include <algorithm>
#include <set>
#include <utility>

#include "attest/certificate_state.h"
#include "attest/pem.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr int kMaxExtensions = 64;

// keyUsage bits, RFC 5280 section 4.2.1.3: the bit's number in the BIT STRING.
constexpr int kKeyCertSign = 5;
constexpr int kCrlSign = 6;

std::string WholeName(const X509_NAME* name) {
  const openssl::Owned<BIO> bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr ||
      X509_NAME_print_ex(bio.get(), name, 0, XN_FLAG_RFC2253) < 0) {
    return "";
  }
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return size > 0 ? std::string(text, static_cast<size_t>(size)) : "";
}

std::string SerialHex(const X509* x509) {
  const openssl::Owned<BIGNUM> number(
      ASN1_INTEGER_to_BN(X509_get0_serialNumber(x509), nullptr));
  if (number == nullptr) return "";
  const openssl::OwnedMemory<char> hex(BN_bn2hex(number.get()));
  std::string text = hex == nullptr ? "" : hex.get();
  for (char& c : text) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

CertificateKey EcKey(EVP_PKEY* key, const X509_PUBKEY* info) {
  // Curves by name only, not by parameters that happen to be those of a curve.
  X509_ALGOR* algorithm = nullptr;
  X509_PUBKEY_get0_param(nullptr, nullptr, nullptr, &algorithm, info);
  int parameter = V_ASN1_UNDEF;
  X509_ALGOR_get0(nullptr, &parameter, nullptr, algorithm);
  char group[64];
  size_t size = 0;
  if (parameter != V_ASN1_OBJECT ||
      EVP_PKEY_get_group_name(key, group, sizeof group, &size) != 1) {
    return CertificateKey::kOther;
  }
  const std::string_view name(group, size);
  if (name == "prime256v1") return CertificateKey::kEcP256;
  if (name == "secp384r1") return CertificateKey::kEcP384;
  return CertificateKey::kOther;
}

CertificateKey KeyOf(const X509* x509) {
  EVP_PKEY* key = X509_get0_pubkey(x509);
  if (key == nullptr) return CertificateKey::kOther;
  if (EVP_PKEY_is_a(key, "EC") == 1) {
    return EcKey(key, X509_get_X509_PUBKEY(x509));
  }
  if (EVP_PKEY_is_a(key, "RSA") != 1) return CertificateKey::kOther;
  switch (EVP_PKEY_get_bits(key)) {
    case 2048:
      return CertificateKey::kRsa2048;
    case 3072:
      return CertificateKey::kRsa3072;
    case 4096:
      return CertificateKey::kRsa4096;
    default:
      return CertificateKey::kOther;
  }
}

Bytes SpkiOf(const X509* x509) {
  unsigned char* der = nullptr;
  const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x509), &der);
  const openssl::OwnedMemory<unsigned char> owned(der);
  return size > 0 ? Bytes(der, der + size) : Bytes();
}

// ReadExtensions refuses an extension that is there twice (RFC 5280, section
// 4.2) and notes the first critical one that has no meaning here.
Status ReadExtensions(Certificate::State& state) {
  const int count = X509_get_ext_count(state.x509.get());
  if (count > kMaxExtensions) {
    return InputError("certificate has " + std::to_string(count) +
                      " extensions, expected at most " +
                      std::to_string(kMaxExtensions));
  }
  std::set<std::string> seen;
  for (int i = 0; i < count; ++i) {
    X509_EXTENSION* extension = X509_get_ext(state.x509.get(), i);
    const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
    const std::string oid = Dotted(object);
    if (!seen.insert(oid).second) {
      return InputError("certificate has extension " + oid + " twice");
    }
    const int nid = OBJ_obj2nid(object);
    const bool is_known = nid == NID_basic_constraints || nid == NID_key_usage;
    if (X509_EXTENSION_get_critical(extension) != 0 && !is_known &&
        !state.unknown_critical) {
      state.unknown_critical = oid;
    }
  }
  return Ok();
}

Status ReadBasicConstraints(Certificate::State& state) {
  int found = -1;
  const openssl::Owned<BASIC_CONSTRAINTS> constraints(
      static_cast<BASIC_CONSTRAINTS*>(X509_get_ext_d2i(
          state.x509.get(), NID_basic_constraints, &found, nullptr)));
  if (found == -1) return Ok();
  if (constraints == nullptr) {
    return InputError("certificate's basicConstraints are malformed");
  }
  state.is_ca = constraints->ca != 0;
  if (constraints->pathlen != nullptr) {
    int64_t length = 0;
    if (ASN1_INTEGER_get_int64(&length, constraints->pathlen) != 1 ||
        length < 0) {
      return InputError("certificate's pathLenConstraint is malformed");
    }
    state.path_length = length;
  }
  return Ok();
}

Status ReadKeyUsage(Certificate::State& state) {
  int found = -1;
  const openssl::Owned<ASN1_BIT_STRING> usage(static_cast<ASN1_BIT_STRING*>(
      X509_get_ext_d2i(state.x509.get(), NID_key_usage, &found, nullptr)));
  if (found == -1) return Ok();
  if (usage == nullptr) {
    return InputError("certificate's keyUsage is malformed");
  }
  state.may_sign_certificates =
      ASN1_BIT_STRING_get_bit(usage.get(), kKeyCertSign) == 1;
  state.may_sign_lists = ASN1_BIT_STRING_get_bit(usage.get(), kCrlSign) == 1;
  return Ok();
}

Status ReadValidity(Certificate::State& state) {
  const auto not_before = SecondsOf(X509_get0_notBefore(state.x509.get()));
  const auto not_after = SecondsOf(X509_get0_notAfter(state.x509.get()));
  if (!not_before || !not_after) {
    return InputError("certificate's validity is malformed");
  }
  state.not_before = *not_before;
  state.not_after = *not_after;
  return Ok();
}

// ParseCertificateDer takes DER that encodes to itself again, with nothing
// behind it. The part that is signed is kept as it was found.
Result<openssl::Owned<X509>> ParseCertificateDer(ByteSpan der) {
  if (der.size() > kMaxCertificateBytes) {
    return InputError("certificate has " + std::to_string(der.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxCertificateBytes));
  }
  const unsigned char* at = der.data();
  openssl::Owned<X509> x509(
      d2i_X509(nullptr, &at, static_cast<long>(der.size())));
  if (x509 == nullptr) return InputError("certificate is not well-formed DER");
  if (at != der.data() + der.size()) {
    return InputError("certificate has " +
                      std::to_string(der.data() + der.size() - at) +
                      " trailing bytes");
  }
  unsigned char* again = nullptr;
  const int size = i2d_X509(x509.get(), &again);
  const openssl::OwnedMemory<unsigned char> owned(again);
  if (size < 0 ||
      !std::ranges::equal(ByteSpan(again, static_cast<size_t>(size)), der)) {
    return InputError("certificate is not DER, which has one form for a value");
  }
  return x509;
}

Result<Certificate::State> ReadCertificateState(ByteSpan der) {
  Certificate::State state;
  TALLY_ASSIGN(state.x509, ParseCertificateDer(der));
  state.der = ToBytes(der);
  state.sha256 = Sha256(der);
  state.subject = CommonName(X509_get_subject_name(state.x509.get()));
  state.issuer = CommonName(X509_get_issuer_name(state.x509.get()));
  state.serial = SerialHex(state.x509.get());
  TALLY_TRY(ReadValidity(state));
  state.key = KeyOf(state.x509.get());
  state.spki = SpkiOf(state.x509.get());
  TALLY_TRY(ReadExtensions(state));
  TALLY_TRY(ReadBasicConstraints(state));
  TALLY_TRY(ReadKeyUsage(state));
  return state;
}

}  // namespace

std::string CommonName(const X509_NAME* name) {
  // The API is not const-correct: X509_NAME_get_index_by_NID only reads.
  int last = -1;
  for (int i = -1;
       (i = X509_NAME_get_index_by_NID(name, NID_commonName, i)) >= 0;) {
    last = i;
  }
  if (last < 0) return WholeName(name);
  unsigned char* text = nullptr;
  const int size = ASN1_STRING_to_UTF8(
      &text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, last)));
  const openssl::OwnedMemory<unsigned char> owned(text);
  ERR_clear_error();
  if (size < 0) return WholeName(name);
  return std::string(AsText(ByteSpan(text, static_cast<size_t>(size))));
}

std::string Dotted(const ASN1_OBJECT* object) {
  std::string text(256, '\0');
  const int size =
      OBJ_obj2txt(text.data(), static_cast<int>(text.size()), object, 1);
  if (size < 0) return "";
  text.resize(std::min(static_cast<size_t>(size), text.size() - 1));
  return text;
}

std::optional<int64_t> SecondsOf(const ASN1_TIME* time) {
  const openssl::Owned<ASN1_TIME> epoch(ASN1_TIME_set(nullptr, 0));
  int days = 0;
  int seconds = 0;
  const bool is_good = epoch != nullptr && time != nullptr &&
                       ASN1_TIME_check(time) == 1 &&
                       ASN1_TIME_diff(&days, &seconds, epoch.get(), time) == 1;
  ERR_clear_error();
  if (!is_good) return std::nullopt;
  return int64_t{days} * 86400 + seconds;
}

Certificate::Certificate(std::shared_ptr<const State> state)
    : state_(std::move(state)) {}

Result<Certificate> Certificate::FromDer(ByteSpan der) {
  Result<State> state = ReadCertificateState(der);
  ERR_clear_error();
  if (!state) return std::move(state).error();
  return Certificate(std::make_shared<const State>(std::move(*state)));
}

Result<std::vector<Certificate>> Certificate::FromPem(std::string_view pem) {
  TALLY_ASSIGN(const std::vector<Bytes> blocks,
               DecodePem(pem, "CERTIFICATE", kMaxCertificates));
  std::vector<Certificate> certificates;
  for (const Bytes& block : blocks) {
    Result<Certificate> certificate = FromDer(block);
    if (!certificate) {
      return std::move(certificate)
          .error()
          .While("reading certificate " +
                 std::to_string(certificates.size() + 1) + " of the PEM text");
    }
    certificates.push_back(std::move(*certificate));
  }
  return certificates;
}

Result<std::vector<Certificate>> Certificate::FromFile(ByteSpan bytes) {
  if (LooksLikePem(bytes)) return FromPem(AsText(bytes));
  TALLY_ASSIGN(Certificate certificate, FromDer(bytes));
  return std::vector<Certificate>{std::move(certificate)};
}

const Bytes& Certificate::der() const { return state_->der; }
const Sha256Digest& Certificate::sha256() const { return state_->sha256; }
const std::string& Certificate::subject() const { return state_->subject; }
const std::string& Certificate::issuer() const { return state_->issuer; }
const std::string& Certificate::serial() const { return state_->serial; }
int64_t Certificate::not_before() const { return state_->not_before; }
int64_t Certificate::not_after() const { return state_->not_after; }
CertificateKey Certificate::key() const { return state_->key; }
const Bytes& Certificate::spki() const { return state_->spki; }

std::optional<Bytes> Certificate::Extension(std::string_view oid) const {
  const openssl::Owned<ASN1_OBJECT> object(
      OBJ_txt2obj(std::string(oid).c_str(), 1));
  ERR_clear_error();
  if (object == nullptr) return std::nullopt;
  const int at = X509_get_ext_by_OBJ(state_->x509.get(), object.get(), -1);
  if (at < 0) return std::nullopt;
  const ASN1_OCTET_STRING* data =
      X509_EXTENSION_get_data(X509_get_ext(state_->x509.get(), at));
  const unsigned char* bytes = ASN1_STRING_get0_data(data);
  return Bytes(bytes, bytes + ASN1_STRING_length(data));
}

}  // namespace tally
