#include "common/any_hash.h"

#include <algorithm>

#include "common/check.h"

namespace tally {
namespace {

struct AlgorithmFacts {
  HashAlgorithm algorithm;
  std::string_view name;
  size_t size_bytes;
};

constexpr std::array<AlgorithmFacts, 4> kFacts = {{
    {HashAlgorithm::kSha1, "sha1", 20},
    {HashAlgorithm::kSha256, "sha256", 32},
    {HashAlgorithm::kSha384, "sha384", 48},
    {HashAlgorithm::kSha512, "sha512", 64},
}};

const AlgorithmFacts& FactsOf(HashAlgorithm algorithm) {
  return kFacts[static_cast<size_t>(algorithm)];
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

AnyHasher::AnyHasher(HashAlgorithm algorithm) {
  switch (algorithm) {
    case HashAlgorithm::kSha1:
      break;
    case HashAlgorithm::kSha256:
      hasher_.emplace<Sha256Hasher>();
      break;
    case HashAlgorithm::kSha384:
      hasher_.emplace<Sha384Hasher>();
      break;
    case HashAlgorithm::kSha512:
      hasher_.emplace<Sha512Hasher>();
      break;
  }
}

AnyHasher& AnyHasher::Update(ByteSpan bytes) {
  std::visit([&](auto& hasher) { hasher.Update(bytes); }, hasher_);
  return *this;
}

Bytes AnyHasher::Finish() {
  return std::visit(
      [](auto& hasher) { return ToBytes(hasher.Finish().span()); }, hasher_);
}

Bytes HashWith(HashAlgorithm algorithm, ByteSpan bytes) {
  return AnyHasher(algorithm).Update(bytes).Finish();
}

AnyDigest::AnyDigest(HashAlgorithm algorithm, ByteSpan digest)
    : algorithm_(algorithm),
      size_bytes_(static_cast<uint8_t>(HashSizeBytes(algorithm))) {
  TALLY_CHECK(digest.size() == size_bytes_);
  std::ranges::copy(digest, bytes_.begin());
}

std::string AnyDigest::Text() const {
  return empty() ? "" : std::string(HashName(algorithm_)) + ":" + hex();
}

HashAlgorithm AnyDigest::AlgorithmOfSize(size_t size_bytes) {
  const auto facts =
      std::ranges::find(kFacts, size_bytes, &AlgorithmFacts::size_bytes);
  TALLY_CHECK(facts != kFacts.end());
  return facts->algorithm;
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
