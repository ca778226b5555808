#include "common/any_hash.h"

#include <openssl/evp.h>

#include "common/check.h"

namespace tally {
namespace {

struct AlgorithmFacts {
  HashAlgorithm algorithm;
  std::string_view name;
  size_t size_bytes;
  const char* openssl_name;
};

constexpr std::array<AlgorithmFacts, 4> kFacts = {{
    {HashAlgorithm::kSha1, "sha1", 20, "SHA1"},
    {HashAlgorithm::kSha256, "sha256", 32, "SHA256"},
    {HashAlgorithm::kSha384, "sha384", 48, "SHA384"},
    {HashAlgorithm::kSha512, "sha512", 64, "SHA512"},
}};

const AlgorithmFacts& FactsOf(HashAlgorithm algorithm) {
  return kFacts[static_cast<size_t>(algorithm)];
}

// MessageDigest looks each algorithm up once, for the life of the process.
const EVP_MD* MessageDigest(HashAlgorithm algorithm) {
  static const std::array<const EVP_MD*, kFacts.size()> digests = [] {
    std::array<const EVP_MD*, kFacts.size()> fetched = {};
    for (size_t i = 0; i < kFacts.size(); ++i) {
      fetched[i] = EVP_MD_fetch(nullptr, kFacts[i].openssl_name, nullptr);
      TALLY_CHECK(fetched[i] != nullptr);
    }
    return fetched;
  }();
  return digests[static_cast<size_t>(algorithm)];
}

}  // namespace

std::string_view HashName(HashAlgorithm algorithm) {
  return FactsOf(algorithm).name;
}

std::optional<HashAlgorithm> FindHash(std::string_view name) {
  for (const AlgorithmFacts& facts : kFacts) {
    if (facts.name == name) return facts.algorithm;
  }
  return std::nullopt;
}

size_t HashSizeBytes(HashAlgorithm algorithm) {
  return FactsOf(algorithm).size_bytes;
}

struct AnyHasher::Context {
  Context() : md(EVP_MD_CTX_new()) { TALLY_CHECK(md != nullptr); }
  ~Context() { EVP_MD_CTX_free(md); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  void Start(HashAlgorithm algorithm) {
    TALLY_CHECK(EVP_DigestInit_ex(md, MessageDigest(algorithm), nullptr) == 1);
  }

  EVP_MD_CTX* md;
};

AnyHasher::AnyHasher(HashAlgorithm algorithm)
    : algorithm_(algorithm), context_(std::make_unique<Context>()) {
  context_->Start(algorithm_);
}
AnyHasher::~AnyHasher() = default;
AnyHasher::AnyHasher(AnyHasher&&) noexcept = default;
AnyHasher& AnyHasher::operator=(AnyHasher&&) noexcept = default;

AnyHasher& AnyHasher::Update(ByteSpan bytes) {
  TALLY_CHECK(EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()) == 1);
  return *this;
}

Bytes AnyHasher::Finish() {
  Bytes digest(HashSizeBytes(algorithm_));
  unsigned size_bytes = 0;
  TALLY_CHECK(EVP_DigestFinal_ex(context_->md, digest.data(), &size_bytes) ==
              1);
  TALLY_CHECK(size_bytes == digest.size());
  context_->Start(algorithm_);
  return digest;
}

Bytes HashWith(HashAlgorithm algorithm, ByteSpan bytes) {
  return AnyHasher(algorithm).Update(bytes).Finish();
}

BankDigests HashBanks(std::span<const HashAlgorithm> algorithms,
                      ByteSpan bytes) {
  return BanksHasher(algorithms).Update(bytes).Finish();
}

BanksHasher::BanksHasher(std::span<const HashAlgorithm> algorithms) {
  for (HashAlgorithm algorithm : algorithms) hashers_.emplace_back(algorithm);
}

BanksHasher& BanksHasher::Update(ByteSpan bytes) {
  for (AnyHasher& hasher : hashers_) hasher.Update(bytes);
  return *this;
}

BankDigests BanksHasher::Finish() {
  BankDigests digests;
  for (AnyHasher& hasher : hashers_) {
    digests[hasher.algorithm()] = hasher.Finish();
  }
  return digests;
}

}  // namespace tally
