// Digest<Tag, N>: digests of different meaning are different types, so that the
// wrong comparison does not compile.
#pragma once

#include <algorithm>
#include <array>
#include <compare>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/text.h"

namespace tally {

template <typename Tag, size_t N>
class Digest {
 public:
  static constexpr size_t kSizeBytes = N;

  // All zero: the initial value of most measurement registers.
  constexpr Digest() = default;
  constexpr explicit Digest(const std::array<uint8_t, N>& bytes)
      : bytes_(bytes) {}

  // FromBytes accepts exactly N bytes.
  static Result<Digest> FromBytes(ByteSpan bytes) {
    if (bytes.size() != N) {
      return InputError("digest has " + std::to_string(bytes.size()) +
                        " bytes, expected " + std::to_string(N));
    }
    Digest digest;
    std::copy(bytes.begin(), bytes.end(), digest.bytes_.begin());
    return digest;
  }

  // FromHex accepts exactly 2 N lower-case digits.
  static Result<Digest> FromHex(std::string_view hex) {
    if (std::ranges::any_of(hex, [](char c) { return c >= 'A' && c <= 'F'; })) {
      return InputError("found " + Quote(hex) +
                        ", expected a digest in lower case");
    }
    Result<Bytes> bytes = ParseHex(hex);
    if (!bytes) return std::move(bytes).error();
    return FromBytes(*bytes);
  }

  std::string hex() const { return Hex(bytes_); }
  ByteSpan span() const { return bytes_; }
  const std::array<uint8_t, N>& array() const { return bytes_; }

  auto operator<=>(const Digest&) const = default;

 private:
  std::array<uint8_t, N> bytes_ = {};
};

// Of TPMs and old event logs: nothing of ours rests on it.
using Sha1Digest = Digest<struct Sha1Tag, 20>;
using Sha256Digest = Digest<struct Sha256Tag, 32>;
using Sha384Digest = Digest<struct Sha384Tag, 48>;
using Sha512Digest = Digest<struct Sha512Tag, 64>;

}  // namespace tally
