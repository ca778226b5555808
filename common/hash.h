// OpenSSL's hashes, which use the CPU's SHA instructions where there are any.
#pragma once

#include <array>
#include <cstdint>

#include "common/bytes.h"
#include "common/digest.h"

namespace tally {

// Hasher<D> hashes a stream into a D, one of the Sha…Digest types.
//
// Not copied by accident: Clone() says so. After Finish() it can be used again,
// from the empty stream.
template <typename D>
class Hasher {
 public:
  Hasher();
  Hasher(Hasher&&) noexcept = default;
  Hasher& operator=(Hasher&&) noexcept = default;

  Hasher& Update(ByteSpan bytes);
  // Finish returns the digest of everything so far and resets to the empty
  // stream.
  D Finish();
  // Clone returns a hasher in the same state: hash a common prefix once.
  Hasher Clone() const;

 private:
  // Room for OpenSSL's state of any of them.
  static constexpr size_t kStateBytes = 216;
  using State = std::array<uint8_t, kStateBytes>;

  explicit Hasher(const State& state) : state_(state) {}

  alignas(8) State state_;
};

using Sha1Hasher = Hasher<Sha1Digest>;
using Sha256Hasher = Hasher<Sha256Digest>;
using Sha384Hasher = Hasher<Sha384Digest>;
using Sha512Hasher = Hasher<Sha512Digest>;

// One-shot forms.
Sha256Digest Sha256(ByteSpan bytes);
Sha384Digest Sha384(ByteSpan bytes);
Sha512Digest Sha512(ByteSpan bytes);

// HmacSha256 (RFC 2104) derives identifiers from a seed.
Sha256Digest HmacSha256(ByteSpan key, ByteSpan message);

// HashSink hashes and counts what passes through.
class HashSink : public ByteSink {
 public:
  Status Append(ByteSpan bytes) override;
  uint64_t size_bytes() const { return size_bytes_; }
  Sha256Digest Finish() { return hasher_.Finish(); }

 private:
  Sha256Hasher hasher_;
  uint64_t size_bytes_ = 0;
};

}  // namespace tally
