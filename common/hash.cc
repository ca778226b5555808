#include "common/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

#include <new>

#include "common/check.h"

namespace tally {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

// Sha is OpenSSL's functions for a digest: the plain ones, not EVP. For EVP
// OpenSSL first reads its configuration and loads providers, which takes longer
// than many a measurement, lets a host's openssl.cnf decide what can be
// measured, and gives every digest a failure mode. They are deprecated since
// OpenSSL 3.0, and there in all versions since.
template <typename D>
struct Sha;

template <>
struct Sha<Sha1Digest> {
  using Context = SHA_CTX;
  static constexpr auto* kInit = SHA1_Init;
  static constexpr auto* kUpdate = SHA1_Update;
  static constexpr auto* kFinal = SHA1_Final;
};

template <>
struct Sha<Sha256Digest> {
  using Context = SHA256_CTX;
  static constexpr auto* kInit = SHA256_Init;
  static constexpr auto* kUpdate = SHA256_Update;
  static constexpr auto* kFinal = SHA256_Final;
};

template <>
struct Sha<Sha384Digest> {
  using Context = SHA512_CTX;
  static constexpr auto* kInit = SHA384_Init;
  static constexpr auto* kUpdate = SHA384_Update;
  static constexpr auto* kFinal = SHA384_Final;
};

template <>
struct Sha<Sha512Digest> {
  using Context = SHA512_CTX;
  static constexpr auto* kInit = SHA512_Init;
  static constexpr auto* kUpdate = SHA512_Update;
  static constexpr auto* kFinal = SHA512_Final;
};

#pragma GCC diagnostic pop

template <typename D>
typename Sha<D>::Context* ContextIn(std::span<uint8_t> state) {
  using Context = typename Sha<D>::Context;
  return std::launder(reinterpret_cast<Context*>(state.data()));
}

}  // namespace

template <typename D>
Hasher<D>::Hasher() {
  static_assert(sizeof(typename Sha<D>::Context) <= kStateBytes);
  state_.fill(0);
  Sha<D>::kInit(ContextIn<D>(state_));
}

template <typename D>
Hasher<D>& Hasher<D>::Update(ByteSpan bytes) {
  Sha<D>::kUpdate(ContextIn<D>(state_), bytes.data(), bytes.size());
  return *this;
}

template <typename D>
D Hasher<D>::Finish() {
  std::array<uint8_t, D::kSizeBytes> out = {};
  Sha<D>::kFinal(out.data(), ContextIn<D>(state_));
  Sha<D>::kInit(ContextIn<D>(state_));
  return D(out);
}

template <typename D>
Hasher<D> Hasher<D>::Clone() const {
  return Hasher(state_);
}

template class Hasher<Sha1Digest>;
template class Hasher<Sha256Digest>;
template class Hasher<Sha384Digest>;
template class Hasher<Sha512Digest>;

Sha256Digest Sha256(ByteSpan bytes) {
  return Sha256Hasher().Update(bytes).Finish();
}
Sha384Digest Sha384(ByteSpan bytes) {
  return Sha384Hasher().Update(bytes).Finish();
}
Sha512Digest Sha512(ByteSpan bytes) {
  return Sha512Hasher().Update(bytes).Finish();
}

Sha256Digest HmacSha256(ByteSpan key, ByteSpan message) {
  // OpenSSL takes a null pointer for a mistake, even where the size is zero.
  static constexpr uint8_t kNothing = 0;
  const uint8_t* key_data = key.empty() ? &kNothing : key.data();
  const uint8_t* message_data = message.empty() ? &kNothing : message.data();
  std::array<uint8_t, 32> out = {};
  unsigned size_bytes = 0;
  TALLY_CHECK(HMAC(EVP_sha256(), key_data, static_cast<int>(key.size()),
                   message_data, message.size(), out.data(),
                   &size_bytes) != nullptr);
  TALLY_CHECK(size_bytes == out.size());
  return Sha256Digest(out);
}

Status HashSink::Append(ByteSpan bytes) {
  hasher_.Update(bytes);
  size_bytes_ += bytes.size();
  return Ok();
}

}  // namespace tally
