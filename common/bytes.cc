#include "common/bytes.h"

#include <algorithm>

#include "common/check.h"
#include "common/text.h"

namespace tally {

ByteSpan AsBytes(std::string_view text) {
  // The one cast of the project: char and unsigned char may alias.
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string_view AsText(ByteSpan bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Bytes ToBytes(ByteSpan bytes) { return Bytes(bytes.begin(), bytes.end()); }

uint8_t ByteReader::U8(std::string_view field) {
  return static_cast<uint8_t>(Integer(field, 1, true));
}
uint16_t ByteReader::U16Le(std::string_view field) {
  return static_cast<uint16_t>(Integer(field, 2, true));
}
uint32_t ByteReader::U32Le(std::string_view field) {
  return static_cast<uint32_t>(Integer(field, 4, true));
}
uint64_t ByteReader::U64Le(std::string_view field) {
  return Integer(field, 8, true);
}
uint16_t ByteReader::U16Be(std::string_view field) {
  return static_cast<uint16_t>(Integer(field, 2, false));
}
uint32_t ByteReader::U32Be(std::string_view field) {
  return static_cast<uint32_t>(Integer(field, 4, false));
}
uint64_t ByteReader::U64Be(std::string_view field) {
  return Integer(field, 8, false);
}

ByteSpan ByteReader::Take(std::string_view field, uint64_t size_bytes) {
  if (!Need(field, size_bytes)) return {};
  const ByteSpan taken = bytes_.subspan(position_, size_bytes);
  position_ += size_bytes;
  return taken;
}

void ByteReader::Zeros(std::string_view field, uint64_t size_bytes) {
  const ByteSpan taken = Take(field, size_bytes);
  const auto nonzero =
      std::ranges::find_if(taken, [](uint8_t b) { return b != 0; });
  if (nonzero == taken.end()) return;
  field_offset_ += static_cast<uint64_t>(nonzero - taken.begin());
  Fail(field, "found " + HexNumber(*nonzero) + ", expected zero");
}

void ByteReader::Skip(std::string_view field, uint64_t size_bytes) {
  Take(field, size_bytes);
}

ByteReader ByteReader::Sub(std::string_view subject, uint64_t size_bytes) {
  const uint64_t start = offset();
  ByteReader sub(subject, Take(subject, size_bytes), start);
  sub.failure_ = failure_;
  return sub;
}

uint64_t ByteReader::Count(std::string_view field, uint64_t value,
                           uint64_t max) {
  if (!ok()) return 0;
  if (value <= max) return value;
  Fail(field, "found " + std::to_string(value) + ", expected at most " +
                  std::to_string(max));
  return 0;
}

void ByteReader::Fail(std::string_view field, std::string_view why) {
  if (!ok()) return;
  failure_ = subject_ + ": " + std::string(field) + " at " +
             HexNumber(base_offset_ + field_offset_) + ": " + std::string(why);
}

Status ByteReader::status() const {
  if (failure_) return InputError(*failure_);
  return Ok();
}

Status ByteReader::Finish() {
  if (ok() && remaining() != 0) {
    field_offset_ = position_;
    Fail("end", std::to_string(remaining()) +
                    " trailing bytes, expected the end of the data");
  }
  return status();
}

bool ByteReader::Need(std::string_view field, uint64_t size_bytes) {
  if (!ok()) return false;
  field_offset_ = position_;
  if (size_bytes <= remaining()) return true;
  Fail(field, "needs " + std::to_string(size_bytes) + " bytes, " +
                  std::to_string(remaining()) + " left");
  return false;
}

uint64_t ByteReader::Integer(std::string_view field, int size_bytes,
                             bool little_endian) {
  uint64_t value = 0;
  const ByteSpan taken = Take(field, static_cast<uint64_t>(size_bytes));
  for (size_t i = 0; i < taken.size(); ++i) {
    const size_t at = little_endian ? taken.size() - 1 - i : i;
    value = (value << 8) | taken[at];
  }
  return value;
}

ByteWriter& ByteWriter::U8(uint8_t value) { return Integer(value, 1, true); }
ByteWriter& ByteWriter::U16Le(uint16_t value) {
  return Integer(value, 2, true);
}
ByteWriter& ByteWriter::U32Le(uint32_t value) {
  return Integer(value, 4, true);
}
ByteWriter& ByteWriter::U64Le(uint64_t value) {
  return Integer(value, 8, true);
}
ByteWriter& ByteWriter::U16Be(uint16_t value) {
  return Integer(value, 2, false);
}
ByteWriter& ByteWriter::U32Be(uint32_t value) {
  return Integer(value, 4, false);
}
ByteWriter& ByteWriter::U64Be(uint64_t value) {
  return Integer(value, 8, false);
}

ByteWriter& ByteWriter::Raw(ByteSpan bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return *this;
}

ByteWriter& ByteWriter::Text(std::string_view text) {
  return Raw(AsBytes(text));
}

ByteWriter& ByteWriter::Zeros(uint64_t size_bytes) {
  bytes_.resize(bytes_.size() + size_bytes);
  return *this;
}

ByteWriter& ByteWriter::PadTo(uint64_t alignment) {
  return ZerosUntil(AlignUp(size(), alignment));
}

ByteWriter& ByteWriter::ZerosUntil(uint64_t size_bytes) {
  TALLY_CHECK(size_bytes >= size());
  bytes_.resize(size_bytes);
  return *this;
}

ByteWriter& ByteWriter::Integer(uint64_t value, int size_bytes,
                                bool little_endian) {
  for (int i = 0; i < size_bytes; ++i) {
    const int shift = 8 * (little_endian ? i : size_bytes - 1 - i);
    bytes_.push_back(static_cast<uint8_t>(value >> shift));
  }
  return *this;
}

Status BufferSink::Append(ByteSpan bytes) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  return Ok();
}

Status TeeSink::Append(ByteSpan bytes) {
  for (ByteSink* sink : sinks_) TALLY_TRY(sink->Append(bytes));
  return Ok();
}

Status AppendZeros(ByteSink& sink, uint64_t size_bytes) {
  static constexpr std::array<uint8_t, 4096> kZeros = {};
  while (size_bytes > 0) {
    const uint64_t step = std::min<uint64_t>(size_bytes, kZeros.size());
    TALLY_TRY(sink.Append(ByteSpan(kZeros).first(step)));
    size_bytes -= step;
  }
  return Ok();
}

}  // namespace tally
