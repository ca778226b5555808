#include "tests/support/make_certificate.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <map>
#include <utility>

#include "common/check.h"
#include "common/text.h"

namespace tally::test {

struct TestKey::State {
  explicit State(EVP_PKEY* made) : key(made) { TALLY_CHECK(key != nullptr); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() { EVP_PKEY_free(key); }
  EVP_PKEY* key;
};

namespace {

struct Free {
  void operator()(X509* x509) const { X509_free(x509); }
  void operator()(X509_CRL* crl) const { X509_CRL_free(crl); }
  void operator()(X509_NAME* name) const { X509_NAME_free(name); }
  void operator()(ASN1_STRING* text) const { ASN1_STRING_free(text); }
  void operator()(ASN1_OBJECT* object) const { ASN1_OBJECT_free(object); }
  void operator()(X509_EXTENSION* extension) const {
    X509_EXTENSION_free(extension);
  }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

size_t CurveBytes(EVP_PKEY* key) {
  return static_cast<size_t>(EVP_PKEY_get_bits(key) + 7) / 8;
}

Owned<X509_NAME> Name(const std::string& common_name) {
  Owned<X509_NAME> name(X509_NAME_new());
  TALLY_CHECK(
      X509_NAME_add_entry_by_txt(name.get(), "O", MBSTRING_UTF8,
                                 reinterpret_cast<const unsigned char*>("Test"),
                                 -1, -1, 0) == 1);
  TALLY_CHECK(X509_NAME_add_entry_by_txt(
                  name.get(), "CN", MBSTRING_UTF8,
                  reinterpret_cast<const unsigned char*>(common_name.data()),
                  static_cast<int>(common_name.size()), -1, 0) == 1);
  return name;
}

Owned<ASN1_TIME> Time(int64_t seconds) {
  return Owned<ASN1_TIME>(ASN1_TIME_set(nullptr, seconds));
}

Owned<ASN1_INTEGER> Number(int64_t value) {
  Owned<ASN1_INTEGER> number(ASN1_INTEGER_new());
  TALLY_CHECK(ASN1_INTEGER_set_int64(number.get(), value) == 1);
  return number;
}

Owned<X509_EXTENSION> Extension(const TestExtension& extension) {
  const Owned<ASN1_OBJECT> object(OBJ_txt2obj(extension.oid.c_str(), 1));
  const Owned<ASN1_OCTET_STRING> value(ASN1_OCTET_STRING_new());
  TALLY_CHECK(ASN1_OCTET_STRING_set(value.get(), extension.value.data(),
                                    static_cast<int>(extension.value.size())) ==
              1);
  return Owned<X509_EXTENSION>(X509_EXTENSION_create_by_OBJ(
      nullptr, object.get(), extension.critical ? 1 : 0, value.get()));
}

Owned<X509_EXTENSION> Extension(int nid, const std::string& text) {
  Owned<X509_EXTENSION> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, nid, text.c_str()));
  TALLY_CHECK(extension != nullptr);
  return extension;
}

Owned<EVP_MD_CTX> SigningContext(const TestSigning& signing,
                                 const TestKey& key) {
  Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* key_context = nullptr;
  EVP_PKEY* pkey = key.state().key;
  const EVP_MD* hash = EVP_PKEY_is_a(pkey, "ED25519") == 1
                           ? nullptr
                           : EVP_get_digestbyname(signing.hash.c_str());
  TALLY_CHECK(EVP_DigestSignInit(context.get(), &key_context, hash, nullptr,
                                 pkey) == 1);
  if (!signing.pss) return context;
  TALLY_CHECK(
      EVP_PKEY_CTX_set_rsa_padding(key_context, RSA_PKCS1_PSS_PADDING) == 1);
  TALLY_CHECK(EVP_PKEY_CTX_set_rsa_pss_saltlen(
                  key_context, signing.pss_salt_bytes.value_or(
                                   RSA_PSS_SALTLEN_DIGEST)) == 1);
  if (!signing.mgf_hash.empty()) {
    TALLY_CHECK(
        EVP_PKEY_CTX_set_rsa_mgf1_md(
            key_context, EVP_get_digestbyname(signing.mgf_hash.c_str())) == 1);
  }
  return context;
}

template <typename T>
Bytes Encode(int (*encode)(const T*, unsigned char**), const T* object) {
  unsigned char* der = nullptr;
  const int size = encode(object, &der);
  TALLY_CHECK(size > 0);
  Bytes out(der, der + size);
  OPENSSL_free(der);
  return out;
}

}  // namespace

TestKey TestKey::P256() { return Curve("P-256"); }
TestKey TestKey::P384() { return Curve("P-384"); }

TestKey TestKey::Curve(const std::string& name) {
  return TestKey(std::make_shared<State>(EVP_EC_gen(name.c_str())));
}

TestKey TestKey::Rsa(unsigned bits) {
  static std::map<unsigned, TestKey> made;
  const auto found = made.find(bits);
  if (found != made.end()) return found->second;
  TestKey key(std::make_shared<State>(EVP_RSA_gen(bits)));
  made.emplace(bits, key);
  return key;
}

TestKey TestKey::Ed25519() {
  return TestKey(
      std::make_shared<State>(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")));
}

Bytes TestKey::Sign(ByteSpan message, const TestSigning& signing) const {
  const Owned<EVP_MD_CTX> context = SigningContext(signing, *this);
  size_t size = 0;
  TALLY_CHECK(EVP_DigestSign(context.get(), nullptr, &size, message.data(),
                             message.size()) == 1);
  Bytes signature(size);
  TALLY_CHECK(EVP_DigestSign(context.get(), signature.data(), &size,
                             message.data(), message.size()) == 1);
  signature.resize(size);
  return signature;
}

Bytes TestKey::SignEcdsa(ByteSpan message) const {
  const size_t number_bytes = CurveBytes(state_->key);
  const Bytes der =
      Sign(message, {.hash = number_bytes == 32 ? "SHA256" : "SHA384"});
  const unsigned char* at = der.data();
  const Owned<ECDSA_SIG> signature(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  Bytes out(2 * number_bytes);
  const int number_size = static_cast<int>(number_bytes);
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out.data(), number_size);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out.data() + number_bytes,
               number_size);
  return out;
}

Bytes TestKey::Point() const {
  Bytes point(2 * CurveBytes(state_->key) + 1);
  size_t size = 0;
  TALLY_CHECK(EVP_PKEY_get_octet_string_param(
                  state_->key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point.data(),
                  point.size(), &size) == 1);
  TALLY_CHECK(size == point.size() && point[0] == 4);
  point.erase(point.begin());
  return point;
}

Bytes MakeCertificate(const TestCertificate& certificate, const TestKey& key,
                      const TestKey& issuer_key) {
  const Owned<X509> x509(X509_new());
  X509* x = x509.get();
  X509_set_version(x, certificate.version - 1);
  X509_set_serialNumber(x, Number(certificate.serial).get());
  X509_set_subject_name(x, Name(certificate.subject).get());
  X509_set_issuer_name(x, Name(certificate.issuer).get());
  X509_set1_notBefore(x, Time(certificate.not_before).get());
  X509_set1_notAfter(x, Time(certificate.not_after).get());
  TALLY_CHECK(X509_set_pubkey(x, key.state().key) == 1);
  if (certificate.ca) {
    std::string text = *certificate.ca ? "critical,CA:TRUE" : "CA:FALSE";
    if (certificate.path_length) {
      text += ",pathlen:" + std::to_string(*certificate.path_length);
    }
    X509_add_ext(x, Extension(NID_basic_constraints, text).get(), -1);
  }
  if (!certificate.key_usage.empty()) {
    X509_add_ext(x, Extension(NID_key_usage, certificate.key_usage).get(), -1);
  }
  for (const TestExtension& extension : certificate.extensions) {
    X509_add_ext(x, Extension(extension).get(), -1);
  }
  const auto context = SigningContext(certificate.signing, issuer_key);
  TALLY_CHECK(X509_sign_ctx(x, context.get()) > 0);
  return Encode<X509>(i2d_X509, x);
}

Bytes MakeRevocationList(const TestRevocationList& list,
                         const TestKey& issuer_key) {
  const Owned<X509_CRL> crl(X509_CRL_new());
  X509_CRL* x = crl.get();
  X509_CRL_set_version(x, 1);
  X509_CRL_set_issuer_name(x, Name(list.issuer).get());
  X509_CRL_set1_lastUpdate(x, Time(list.this_update).get());
  if (list.next_update) {
    X509_CRL_set1_nextUpdate(x, Time(*list.next_update).get());
  }
  for (const int64_t serial : list.serials) {
    X509_REVOKED* entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, Number(serial).get());
    X509_REVOKED_set_revocationDate(entry, Time(list.this_update).get());
    for (const TestExtension& extension : list.entry_extensions) {
      X509_REVOKED_add_ext(entry, Extension(extension).get(), -1);
    }
    X509_CRL_add0_revoked(x, entry);
  }
  for (const TestExtension& extension : list.extensions) {
    X509_CRL_add_ext(x, Extension(extension).get(), -1);
  }
  const auto context = SigningContext(list.signing, issuer_key);
  TALLY_CHECK(X509_CRL_sign_ctx(x, context.get()) > 0);
  return Encode<X509_CRL>(i2d_X509_CRL, x);
}

std::string Pem(const std::string& label, ByteSpan der) {
  const std::string base64 = Base64(der);
  std::string out = "-----BEGIN " + label + "-----\n";
  for (size_t i = 0; i < base64.size(); i += 64) {
    out += base64.substr(i, 64) + "\n";
  }
  return out + "-----END " + label + "-----\n";
}

}  // namespace tally::test
