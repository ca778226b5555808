// Hashes that are chosen at run time: the banks of a TPM.
//
// Where the algorithm is fixed, use common/hash.h: its digests have types.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/bytes.h"
#include "common/digest.h"
#include "common/hash.h"

namespace tally {

// In the order of their sizes. SHA-1 is here because TPMs and old event logs
// have it; nothing of ours rests on it.
enum class HashAlgorithm : uint8_t { kSha1, kSha256, kSha384, kSha512 };

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

// AnyDigest is a digest of any algorithm, or none. It holds its bytes itself:
// a launch has thousands.
class AnyDigest {
 public:
  AnyDigest() = default;
  // `digest` has HashSizeBytes(algorithm) bytes.
  AnyDigest(HashAlgorithm algorithm, ByteSpan digest);
  // Each size is that of one algorithm.
  template <typename Tag, size_t N>
  AnyDigest(const Digest<Tag, N>& digest)
      : AnyDigest(AlgorithmOfSize(N), digest.span()) {}

  bool empty() const { return size_bytes_ == 0; }
  ByteSpan span() const { return ByteSpan(bytes_).first(size_bytes_); }
  // Text returns "sha384:<hex>"; hex returns the digits alone. Both are empty
  // if there is none.
  std::string Text() const;
  std::string hex() const { return Hex(span()); }

  bool operator==(const AnyDigest&) const = default;

 private:
  static HashAlgorithm AlgorithmOfSize(size_t size_bytes);

  HashAlgorithm algorithm_ = HashAlgorithm::kSha1;
  uint8_t size_bytes_ = 0;
  std::array<uint8_t, 64> bytes_ = {};
};

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
