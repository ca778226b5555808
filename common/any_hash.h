// Hashes that are chosen at run time: the banks of a TPM.
//
// Where the algorithm is fixed, use common/hash.h: its digests have types.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <variant>
#include <vector>

#include "common/bytes.h"
#include "common/hash.h"

namespace tally {

// In the order of their sizes. SHA-1 is here because TPMs and old event logs
// have it; nothing of ours rests on it.
enum class HashAlgorithm { kSha1, kSha256, kSha384, kSha512 };

inline constexpr std::array<HashAlgorithm, 4> kHashAlgorithms = {
    HashAlgorithm::kSha1, HashAlgorithm::kSha256, HashAlgorithm::kSha384,
    HashAlgorithm::kSha512};

// HashName returns "sha1", "sha256", "sha384" or "sha512".
std::string_view HashName(HashAlgorithm algorithm);
// FindHash is its inverse; nothing for any other name.
std::optional<HashAlgorithm> FindHash(std::string_view name);
// HashSizeBytes returns 20, 32, 48 or 64.
size_t HashSizeBytes(HashAlgorithm algorithm);

// AnyHasher hashes a stream. Move-only. After Finish() it can be used again,
// from the empty stream.
class AnyHasher {
 public:
  explicit AnyHasher(HashAlgorithm algorithm);

  AnyHasher& Update(ByteSpan bytes);
  // Finish returns HashSizeBytes(algorithm()) bytes.
  Bytes Finish();
  HashAlgorithm algorithm() const { return kHashAlgorithms[hasher_.index()]; }

 private:
  // In the order of HashAlgorithm.
  std::variant<Sha1Hasher, Sha256Hasher, Sha384Hasher, Sha512Hasher> hasher_;
};

Bytes HashWith(HashAlgorithm algorithm, ByteSpan bytes);

// BankDigests is one digest an algorithm, of the same bytes.
using BankDigests = std::map<HashAlgorithm, Bytes>;

// HashBanks hashes `bytes` with each algorithm.
BankDigests HashBanks(std::span<const HashAlgorithm> algorithms,
                      ByteSpan bytes);

// BanksHasher hashes one stream with several algorithms.
class BanksHasher {
 public:
  explicit BanksHasher(std::span<const HashAlgorithm> algorithms);

  BanksHasher& Update(ByteSpan bytes);
  // Finish returns a digest an algorithm and begins again.
  BankDigests Finish();

 private:
  std::vector<AnyHasher> hashers_;
};

}  // namespace tally
