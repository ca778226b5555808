#include "common/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "common/check.h"

namespace tally {
namespace {

// Fetch looks an algorithm up. It stays for the life of the process:
// EVP_sha256() and its like would be looked up again, under a lock, for each
// digest, and verity makes one of every 4 KiB.
const EVP_MD* Fetch(const char* name) {
  const EVP_MD* md = EVP_MD_fetch(nullptr, name, nullptr);
  TALLY_CHECK(md != nullptr);
  return md;
}

template <typename D>
const EVP_MD* Algorithm();
template <>
const EVP_MD* Algorithm<Sha256Digest>() {
  static const EVP_MD* const md = Fetch("SHA256");
  return md;
}
template <>
const EVP_MD* Algorithm<Sha384Digest>() {
  static const EVP_MD* const md = Fetch("SHA384");
  return md;
}
template <>
const EVP_MD* Algorithm<Sha512Digest>() {
  static const EVP_MD* const md = Fetch("SHA512");
  return md;
}

template <typename D>
D HashOnce(ByteSpan bytes) {
  // To make a context costs as much as to hash a short message.
  thread_local Hasher<D> hasher;
  return hasher.Update(bytes).Finish();
}

}  // namespace

// SHA-2 has no failure mode of its own: OpenSSL refuses only without memory or
// with a broken installation, hence TALLY_CHECK.
template <typename D>
struct Hasher<D>::Context {
  Context() : md(EVP_MD_CTX_new()) { TALLY_CHECK(md != nullptr); }
  ~Context() { EVP_MD_CTX_free(md); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void Start() {
    TALLY_CHECK(EVP_DigestInit_ex(md, Algorithm<D>(), nullptr) == 1);
  }

  EVP_MD_CTX* md;
};

template <typename D>
Hasher<D>::Hasher() : context_(std::make_unique<Context>()) {
  context_->Start();
}
template <typename D>
Hasher<D>::~Hasher() = default;
template <typename D>
Hasher<D>::Hasher(Hasher&&) noexcept = default;
template <typename D>
Hasher<D>& Hasher<D>::operator=(Hasher&&) noexcept = default;

template <typename D>
Hasher<D>& Hasher<D>::Update(ByteSpan bytes) {
  TALLY_CHECK(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1);
  return *this;
}

template <typename D>
D Hasher<D>::Finish() {
  std::array<uint8_t, D::kSizeBytes> out = {};
  unsigned size_bytes = 0;
  TALLY_CHECK(EVP_DigestFinal_ex(context_->md, out.data(), &size_bytes) == 1);
  TALLY_CHECK(size_bytes == D::kSizeBytes);
  context_->Start();
  return D(out);
}

template <typename D>
Hasher<D> Hasher<D>::Clone() const {
  Hasher clone;
  TALLY_CHECK(EVP_MD_CTX_copy_ex(clone.context_->md, context_->md) == 1);
  return clone;
}

template class Hasher<Sha256Digest>;
template class Hasher<Sha384Digest>;
template class Hasher<Sha512Digest>;

Sha256Digest Sha256(ByteSpan bytes) { return HashOnce<Sha256Digest>(bytes); }
Sha384Digest Sha384(ByteSpan bytes) { return HashOnce<Sha384Digest>(bytes); }
Sha512Digest Sha512(ByteSpan bytes) { return HashOnce<Sha512Digest>(bytes); }

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
