#include "sign/ecdsa_p384.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>

#include <string>

#include "common/file.h"
#include "sign/openssl.h"

namespace tally {
namespace {

constexpr std::string_view kGroup = "secp384r1";

using Number = std::array<uint8_t, 48>;

struct Free {
  void operator()(BIGNUM* number) const { BN_free(number); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using BigNumber = std::unique_ptr<BIGNUM, Free>;
using EcdsaSignature = std::unique_ptr<ECDSA_SIG, Free>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free>;

bool IsP384(EVP_PKEY* key) {
  char group[64];
  size_t size = 0;
  return EVP_PKEY_is_a(key, "EC") == 1 &&
         EVP_PKEY_get_group_name(key, group, sizeof group, &size) == 1 &&
         std::string_view(group, size) == kGroup;
}

bool ToNumber(const BIGNUM* from, Number& to) {
  return BN_bn2binpad(from, to.data(), static_cast<int>(to.size())) ==
         static_cast<int>(to.size());
}

Result<P384Point> PointOf(EVP_PKEY* key) {
  BIGNUM* x = nullptr;
  BIGNUM* y = nullptr;
  const bool found =
      EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
      EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1;
  const BigNumber owned_x(x);
  const BigNumber owned_y(y);
  P384Point point;
  if (!found || !ToNumber(x, point.x) || !ToNumber(y, point.y)) {
    return openssl::LastError("cannot read the public half of the key");
  }
  return point;
}

// CheckPair refuses a file whose public half is not that of its private half:
// what it signs would not verify.
Status CheckPair(EVP_PKEY* key) {
  const KeyContext context(EVP_PKEY_CTX_new(key, nullptr));
  const bool good =
      context != nullptr && EVP_PKEY_pairwise_check(context.get()) == 1;
  ERR_clear_error();
  if (good) return Ok();
  return InputError("the public half of the key is not that of the private");
}

// KeyOf returns null if the point is not on the curve.
openssl::Key KeyOf(const P384Point& point) {
  Bytes octets = {0x04};  // SEC 1, section 2.3.3: not compressed
  octets.insert(octets.end(), point.x.begin(), point.x.end());
  octets.insert(octets.end(), point.y.begin(), point.y.end());
  std::string group(kGroup);
  OSSL_PARAM params[] = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group.data(),
                                       0),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, octets.data(),
                                        octets.size()),
      OSSL_PARAM_construct_end()};
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  if (context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1) {
    EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, params);
  }
  ERR_clear_error();
  return openssl::Key(key);
}

Result<P384Signature> NumbersOf(const Bytes& der) {
  const unsigned char* at = der.data();
  const EcdsaSignature parsed(
      d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  P384Signature signature;
  if (parsed == nullptr ||
      !ToNumber(ECDSA_SIG_get0_r(parsed.get()), signature.r) ||
      !ToNumber(ECDSA_SIG_get0_s(parsed.get()), signature.s)) {
    return openssl::LastError("cannot read a signature");
  }
  return signature;
}

Result<Bytes> DerOf(const P384Signature& signature) {
  const EcdsaSignature built(ECDSA_SIG_new());
  BigNumber r(BN_bin2bn(signature.r.data(), 48, nullptr));
  BigNumber s(BN_bin2bn(signature.s.data(), 48, nullptr));
  if (built == nullptr || r == nullptr || s == nullptr ||
      ECDSA_SIG_set0(built.get(), r.get(), s.get()) != 1) {
    return openssl::LastError("cannot encode a signature");
  }
  // set0 took both.
  static_cast<void>(r.release());
  static_cast<void>(s.release());
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(built.get(), &der);
  if (size <= 0) return openssl::LastError("cannot encode a signature");
  Bytes bytes(der, der + size);
  OPENSSL_free(der);
  return bytes;
}

}  // namespace

struct EcdsaP384Key::State {
  openssl::Key key;
  P384Point point;
};

EcdsaP384Key::EcdsaP384Key(std::unique_ptr<State> state)
    : state_(std::move(state)) {}
EcdsaP384Key::EcdsaP384Key(EcdsaP384Key&&) noexcept = default;
EcdsaP384Key& EcdsaP384Key::operator=(EcdsaP384Key&&) noexcept = default;
EcdsaP384Key::~EcdsaP384Key() = default;

Result<EcdsaP384Key> EcdsaP384Key::FromPem(std::string_view pem) {
  TALLY_ASSIGN(openssl::Key key, openssl::ParsePrivateKey(pem));
  if (!IsP384(key.get())) {
    return InputError("found " + openssl::NameOfKey(key.get()) +
                      ", expected ECDSA P-384 (curve 'secp384r1')")
        .Hint(
            "openssl genpkey -algorithm EC -pkeyopt "
            "ec_paramgen_curve:P-384 -out KEY");
  }
  TALLY_TRY(CheckPair(key.get()));
  TALLY_ASSIGN(const P384Point point, PointOf(key.get()));
  return EcdsaP384Key(
      std::make_unique<State>(State{.key = std::move(key), .point = point}));
}

Result<EcdsaP384Key> EcdsaP384Key::Load(const std::filesystem::path& path) {
  TALLY_ASSIGN(std::string pem, ReadTextFile(path, openssl::kMaxPemBytes));
  Result<EcdsaP384Key> key = FromPem(pem);
  OPENSSL_cleanse(pem.data(), pem.size());
  if (!key) {
    return std::move(key).error().While("reading key '" + path.string() + "'");
  }
  return key;
}

const P384Point& EcdsaP384Key::public_point() const { return state_->point; }

Result<P384Signature> EcdsaP384Key::Sign(ByteSpan message) const {
  const openssl::MdContext context(EVP_MD_CTX_new());
  size_t size = 0;
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha384(), nullptr,
                         state_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, message.data(),
                     message.size()) != 1) {
    return openssl::LastError("cannot sign");
  }
  Bytes der(size);
  if (EVP_DigestSign(context.get(), der.data(), &size, message.data(),
                     message.size()) != 1) {
    return openssl::LastError("cannot sign");
  }
  der.resize(size);
  return NumbersOf(der);
}

Status VerifyP384(const P384Point& point, ByteSpan message,
                  const P384Signature& signature) {
  const openssl::Key key = KeyOf(point);
  if (key == nullptr) return InputError("the key is not a point on P-384");
  TALLY_ASSIGN(const Bytes der, DerOf(signature));
  const openssl::MdContext context(EVP_MD_CTX_new());
  if (context == nullptr ||
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha384(), nullptr,
                           key.get()) != 1) {
    return openssl::LastError("cannot verify");
  }
  const int verified = EVP_DigestVerify(context.get(), der.data(), der.size(),
                                        message.data(), message.size());
  ERR_clear_error();
  if (verified == 1) return Ok();
  return MismatchError("the signature is not by this key over these bytes");
}

}  // namespace tally
