#include "attest/ecdsa_key.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include <array>
#include <string>

#include "attest/certificate.h"
#include "attest/openssl.h"
#include "attest/pem.h"
#include "common/json.h"
#include "common/text.h"

namespace tally {
namespace {

constexpr uint8_t kNotCompressed = 0x04;
constexpr std::string_view kPemPublicKey = "-----BEGIN PUBLIC KEY-----";

using openssl::Owned;

struct CurveRow {
  EcCurve curve;
  const char* group;  // OpenSSL's name
  const EVP_MD* (*hash)();
};
constexpr std::array<CurveRow, 3> kCurves = {{
    {EcCurve::kP256, "prime256v1", EVP_sha256},
    {EcCurve::kP384, "secp384r1", EVP_sha384},
    {EcCurve::kP521, "secp521r1", EVP_sha512},
}};

const CurveRow& RowOf(EcCurve curve) {
  if (curve == EcCurve::kP256) return kCurves[0];
  return curve == EcCurve::kP384 ? kCurves[1] : kCurves[2];
}

// KeyFromPoint returns null if the point is not on the curve.
Owned<EVP_PKEY> KeyFromPoint(EcCurve curve, Bytes point) {
  std::string group = RowOf(curve).group;
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(),
                                       0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                        point.size()),
      OSSL_PARAM_construct_end()};
  const Owned<EVP_PKEY_CTX> context(
      EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1) {
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params);
  }
  ERR_clear_error();
  return Owned<EVP_PKEY>(key);
}

// DerOf returns the ECDSA-Sig-Value that OpenSSL wants; nothing if it cannot.
Bytes DerOf(ByteSpan signature) {
  const size_t half = signature.size() / 2;
  const Owned<ECDSA_SIG> built(ECDSA_SIG_new());
  Owned<BIGNUM> r(BN_bin2bn(signature.data(), static_cast<int>(half), nullptr));
  Owned<BIGNUM> s(
      BN_bin2bn(signature.data() + half, static_cast<int>(half), nullptr));
  if (built == nullptr || r == nullptr || s == nullptr ||
      ECDSA_SIG_set0(built.get(), r.get(), s.get()) != 1) {
    return {};
  }
  // set0 took both.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(built.get(), &der);
  const openssl::OwnedMemory<unsigned char> owned(der);
  return size <= 0 ? Bytes() : Bytes(der, der + size);
}

// ParseBase64Url accepts base64url without padding (RFC 7515, appendix C).
Result<Bytes> ParseBase64Url(std::string text) {
  for (char& c : text) {
    if (c == '+' || c == '/') return InputError("not base64url");
    if (c == '-') c = '+';
    if (c == '_') c = '/';
  }
  text.append((4 - text.size() % 4) % 4, '=');
  return ParseBase64(text);
}

// RFC 7518, section 6.2.1.
Result<EcdsaPublicKey> FromJwk(std::string_view text) {
  TALLY_ASSIGN(const Json jwk, ParseJson(text));
  const auto member = [&jwk](std::string_view name) {
    const Json* found = jwk.Find(name);
    const std::string* value = found == nullptr ? nullptr : found->text();
    return value == nullptr ? std::string() : *value;
  };
  if (member("kty") != "EC") {
    return InputError("jwk: found kty " + Quote(member("kty")) +
                      ", expected 'EC'");
  }
  for (const CurveRow& row : kCurves) {
    if (member("crv") != EcCurveName(row.curve)) continue;
    TALLY_ASSIGN(const Bytes x, ParseBase64Url(member("x")));
    TALLY_ASSIGN(const Bytes y, ParseBase64Url(member("y")));
    return EcdsaPublicKey::FromCoordinates(row.curve, x, y);
  }
  return InputError("jwk: found crv " + Quote(member("crv")) +
                    ", expected 'P-256', 'P-384' or 'P-521'");
}

}  // namespace

struct EcdsaPublicKey::State {
  EcCurve curve;
  Bytes point;
  Owned<EVP_PKEY> key;
};

EcdsaPublicKey::EcdsaPublicKey(std::shared_ptr<const State> state)
    : state_(std::move(state)) {}

EcCurve EcdsaPublicKey::curve() const { return state_->curve; }
const Bytes& EcdsaPublicKey::point() const { return state_->point; }

Result<EcdsaPublicKey> EcdsaPublicKey::FromCoordinates(EcCurve curve,
                                                       ByteSpan x, ByteSpan y) {
  const size_t size = EcCoordinateBytes(curve);
  if (x.size() != size || y.size() != size) {
    return InputError("found coordinates of " + std::to_string(x.size()) +
                      " and " + std::to_string(y.size()) + " bytes, expected " +
                      std::to_string(size) + " for " +
                      std::string(EcCurveName(curve)));
  }
  ByteWriter w;
  w.U8(kNotCompressed).Raw(x).Raw(y);
  Bytes point = std::move(w).Take();
  Owned<EVP_PKEY> key = KeyFromPoint(curve, point);
  if (key == nullptr) {
    return InputError("the public key is not a point on " +
                      std::string(EcCurveName(curve)));
  }
  return EcdsaPublicKey(std::make_shared<const State>(
      State{curve, std::move(point), std::move(key)}));
}

Result<EcdsaPublicKey> EcdsaPublicKey::FromPoint(ByteSpan point) {
  for (const CurveRow& row : kCurves) {
    const size_t size = EcCoordinateBytes(row.curve);
    if (point.size() != 1 + 2 * size || point[0] != kNotCompressed) continue;
    return FromCoordinates(row.curve, point.subspan(1, size),
                           point.subspan(1 + size));
  }
  return InputError("found " + std::to_string(point.size()) +
                    " bytes that are no uncompressed point on P-256, P-384 or "
                    "P-521");
}

Result<EcdsaPublicKey> EcdsaPublicKey::FromSpki(ByteSpan der) {
  const unsigned char* at = der.data();
  const Owned<EVP_PKEY> key(
      d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  ERR_clear_error();
  if (key == nullptr || at != der.data() + der.size()) {
    return InputError("found no SubjectPublicKeyInfo");
  }
  std::array<unsigned char, 256> point;
  size_t size = 0;
  if (EVP_PKEY_is_a(key.get(), "EC") != 1 ||
      EVP_PKEY_get_octet_string_param(key.get(),
                                      OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY,
                                      point.data(), point.size(), &size) != 1) {
    ERR_clear_error();
    return InputError("found a key of another kind, expected ECDSA");
  }
  std::array<char, 64> group = {};
  size_t group_size = 0;
  EVP_PKEY_get_group_name(key.get(), group.data(), group.size(), &group_size);
  ERR_clear_error();
  Result<EcdsaPublicKey> found = FromPoint(ByteSpan(point).first(size));
  if (found && std::string_view(group.data(), group_size) ==
                   RowOf(found->curve()).group) {
    return found;
  }
  return InputError("found a key on a curve '" +
                    std::string(group.data(), group_size) +
                    "', expected P-256, P-384 or P-521");
}

Result<EcdsaPublicKey> EcdsaPublicKey::FromFile(ByteSpan bytes) {
  const std::string_view text = AsText(bytes);
  if (Trim(text).substr(0, 1) == "{") return FromJwk(text);
  if (text.find(kPemPublicKey) != std::string_view::npos) {
    TALLY_ASSIGN(const std::vector<Bytes> blocks,
                 DecodePem(text, "PUBLIC KEY", 1));
    return FromSpki(blocks.front());
  }
  if (text.find(kPemCertificate) != std::string_view::npos ||
      (!bytes.empty() && bytes[0] == 0x30)) {
    TALLY_ASSIGN(const std::vector<Certificate> certificates,
                 Certificate::FromFile(bytes));
    return FromSpki(certificates.front().spki());
  }
  return InputError("found neither PEM, nor a certificate, nor a JWK");
}

Status EcdsaPublicKey::Verify(ByteSpan message, ByteSpan signature) const {
  const size_t expected = 2 * EcCoordinateBytes(curve());
  if (signature.size() != expected) {
    return MismatchError("found a signature of " +
                         std::to_string(signature.size()) +
                         " bytes, expected " + std::to_string(expected) +
                         " for " + std::string(EcCurveName(curve())));
  }
  const Bytes der = DerOf(signature);
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const bool good =
      !der.empty() && context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, RowOf(curve()).hash(),
                           nullptr, state_->key.get()) == 1 &&
      EVP_DigestVerify(context.get(), der.data(), der.size(), message.data(),
                       message.size()) == 1;
  ERR_clear_error();
  if (good) return Ok();
  return MismatchError("the signature is not by this key over these bytes");
}

}  // namespace tally
