// Cursors over bytes. Only ByteReader and ByteWriter turn bytes into numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/result.h"

namespace tally {

using Bytes = std::vector<uint8_t>;
using ByteSpan = std::span<const uint8_t>;

// AsBytes views the characters of `text` as bytes; no copy.
ByteSpan AsBytes(std::string_view text);
// AsText views `bytes` as characters; no copy, no check of the encoding.
std::string_view AsText(ByteSpan bytes);
// ToBytes copies.
Bytes ToBytes(ByteSpan bytes);

// AlignUp returns `value` rounded up to a multiple of `alignment` (a power of
// two, or any number greater than zero). It does not check for overflow.
constexpr uint64_t AlignUp(uint64_t value, uint64_t alignment) {
  return (value + alignment - 1) / alignment * alignment;
}

// ByteReader reads fields from the front of a span.
//
// Each read names its field. The first failure sticks: later reads return zero
// or an empty span, and Finish() reports the first one, with its offset:
// "eif header: kernel size at 0x1c: needs 8 bytes, 3 left".
class ByteReader {
 public:
  // `subject` names the structure in error text. `base_offset` is where `bytes`
  // begins in the file; it only affects reported offsets. The bytes must
  // outlive the reader.
  ByteReader(std::string_view subject, ByteSpan bytes, uint64_t base_offset = 0)
      : subject_(subject), bytes_(bytes), base_offset_(base_offset) {}

  uint8_t U8(std::string_view field);
  uint16_t U16Le(std::string_view field);
  uint32_t U32Le(std::string_view field);
  uint64_t U64Le(std::string_view field);
  uint16_t U16Be(std::string_view field);
  uint32_t U32Be(std::string_view field);
  uint64_t U64Be(std::string_view field);

  // Take returns the next `size_bytes` bytes, or an empty span on failure.
  ByteSpan Take(std::string_view field, uint64_t size_bytes);
  // Array returns the next N bytes as an array (zeros on failure).
  template <size_t N>
  std::array<uint8_t, N> Array(std::string_view field);
  // Zeros consumes reserved bytes that must all be zero.
  void Zeros(std::string_view field, uint64_t size_bytes);
  // Skip consumes bytes whose value the format says to ignore.
  void Skip(std::string_view field, uint64_t size_bytes);
  // Sub hands the next `size_bytes` bytes to a reader of their own, which can
  // not read outside of them. The caller finishes that reader.
  ByteReader Sub(std::string_view subject, uint64_t size_bytes);

  // Count returns `value` if it is at most `max`, else fails the field and
  // returns 0: use it before any loop or allocation that a file controls.
  uint64_t Count(std::string_view field, uint64_t value, uint64_t max);

  // Fail records a failure of the field that was read last.
  void Fail(std::string_view field, std::string_view why);

  bool ok() const { return !failure_.has_value(); }
  uint64_t remaining() const { return bytes_.size() - position_; }
  // offset is the position of the next byte in the file.
  uint64_t offset() const { return base_offset_ + position_; }

  // status returns the first failure, if any.
  Status status() const;
  // Finish is status(), and refuses bytes that nobody read.
  Status Finish();

 private:
  bool Need(std::string_view field, uint64_t size_bytes);
  uint64_t Integer(std::string_view field, int size_bytes, bool little_endian);

  std::string subject_;
  ByteSpan bytes_;
  uint64_t base_offset_;
  uint64_t position_ = 0;
  uint64_t field_offset_ = 0;
  std::optional<std::string> failure_;
};

// ByteWriter appends fields to a growing buffer. It never patches: lengths and
// checksums are computed before they are written.
class ByteWriter {
 public:
  ByteWriter& U8(uint8_t value);
  ByteWriter& U16Le(uint16_t value);
  ByteWriter& U32Le(uint32_t value);
  ByteWriter& U64Le(uint64_t value);
  ByteWriter& U16Be(uint16_t value);
  ByteWriter& U32Be(uint32_t value);
  ByteWriter& U64Be(uint64_t value);
  ByteWriter& Raw(ByteSpan bytes);
  ByteWriter& Text(std::string_view text);
  ByteWriter& Zeros(uint64_t size_bytes);
  // PadTo appends zeros up to the next multiple of `alignment`.
  ByteWriter& PadTo(uint64_t alignment);
  // ZerosUntil appends zeros until size() is `size_bytes`, which must not be
  // less than size() is now.
  ByteWriter& ZerosUntil(uint64_t size_bytes);

  uint64_t size() const { return bytes_.size(); }
  const Bytes& bytes() const { return bytes_; }
  Bytes Take() && { return std::move(bytes_); }

 private:
  ByteWriter& Integer(uint64_t value, int size_bytes, bool little_endian);
  Bytes bytes_;
};

// ByteSink takes a stream of bytes: a file, a hash, a buffer, or several.
class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Status Append(ByteSpan bytes) = 0;
};

// BufferSink collects into memory.
class BufferSink : public ByteSink {
 public:
  Status Append(ByteSpan bytes) override;
  const Bytes& bytes() const { return bytes_; }
  Bytes Take() && { return std::move(bytes_); }

 private:
  Bytes bytes_;
};

// TeeSink passes every append to each of its sinks, in order. It owns none.
class TeeSink : public ByteSink {
 public:
  explicit TeeSink(std::vector<ByteSink*> sinks) : sinks_(std::move(sinks)) {}
  Status Append(ByteSpan bytes) override;

 private:
  std::vector<ByteSink*> sinks_;
};

// AppendZeros appends `size_bytes` zeros to `sink`.
Status AppendZeros(ByteSink& sink, uint64_t size_bytes);

template <size_t N>
std::array<uint8_t, N> ByteReader::Array(std::string_view field) {
  std::array<uint8_t, N> out = {};
  const ByteSpan taken = Take(field, N);
  for (size_t i = 0; i < taken.size(); ++i) out[i] = taken[i];
  return out;
}

}  // namespace tally
