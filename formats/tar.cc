// POSIX.1-2017, utility pax: "ustar Interchange Format" and "pax Interchange
// Format".
#include "formats/tar.h"

#include <algorithm>
#include <numeric>

#include "common/text.h"

namespace tally {
namespace {

constexpr uint64_t kTarBlockSize = 512;
constexpr size_t kMaxUstarName = 100;
constexpr uint64_t kMaxUstarSize = (uint64_t{1} << 33) - 1;  // 11 octal digits
constexpr uint64_t kMaxSize = uint64_t{1} << 50;
constexpr size_t kMaxName = 4096;
// Two records: a name, and a size.
constexpr uint64_t kMaxPaxSize = kMaxName + 64;
// The name of a pax header; who does not know them sees a file of that name.
constexpr char kPaxName[] = "pax-header";

bool IsTarName(std::string_view name) {
  if (name.empty() || name.size() > kMaxName) return false;
  const auto is_control = [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
  };
  if (std::ranges::any_of(name, is_control) || !IsUtf8(name)) return false;
  return std::ranges::none_of(Split(name, '/'), [](const std::string& part) {
    return part.empty() || part == "." || part == "..";
  });
}

Status CheckHeader(const TarHeader& header) {
  if (!IsTarName(header.name)) {
    return InputError("tar: found name " + Quote(header.name.substr(0, 200)) +
                      ", expected a relative path in UTF-8 without control "
                      "bytes, '.' and '..', at most 4096 bytes");
  }
  if (header.mtime > kMaxTarTime) {
    return InputError("tar: time " + std::to_string(header.mtime) + " of " +
                      Quote(header.name) + ", expected at most " +
                      std::to_string(kMaxTarTime));
  }
  if (header.size_bytes > kMaxSize) {
    return InputError("tar: size " + std::to_string(header.size_bytes) +
                      " of " + Quote(header.name) + ", expected at most " +
                      std::to_string(kMaxSize));
  }
  return Ok();
}

Status CheckOrder(std::string_view last, std::string_view name) {
  if (last < name) return Ok();
  return InputError("tar: found " + Quote(name) + " after " + Quote(last) +
                    ", expected each name once, sorted by bytes");
}

// Octal returns `digits` octal digits and a NUL.
std::string Octal(uint64_t value, size_t digits) {
  std::string text(digits + 1, '\0');
  for (size_t i = digits; i-- > 0; value >>= 3) {
    text[i] = static_cast<char>('0' + (value & 7));
  }
  return text;
}

// EncodeUstar returns one header block. Name, size and time must fit.
Bytes EncodeUstar(std::string_view name, uint64_t size_bytes, uint64_t mtime,
                  char typeflag) {
  const auto block = [&](std::string_view checksum) {
    ByteWriter out;
    out.Text(name).ZerosUntil(kMaxUstarName);  // 0 name
    out.Text(Octal(0644, 7));                  // 100 mode
    out.Text(Octal(0, 7));                     // 108 uid
    out.Text(Octal(0, 7));                     // 116 gid
    out.Text(Octal(size_bytes, 11));           // 124 size
    out.Text(Octal(mtime, 11));                // 136 mtime
    out.Text(checksum);                        // 148 chksum
    out.U8(static_cast<uint8_t>(typeflag));    // 156 typeflag
    out.Zeros(100);                            // 157 linkname
    out.Text("ustar").Zeros(1);                // 257 magic
    out.Text("00");                            // 263 version
    out.Zeros(32);                             // 265 uname
    out.Zeros(32);                             // 297 gname
    out.Text(Octal(0, 7));                     // 329 devmajor
    out.Text(Octal(0, 7));                     // 337 devminor
    out.Zeros(155);                            // 345 prefix
    out.ZerosUntil(kTarBlockSize);
    return std::move(out).Take();
  };
  // The sum counts its own field as spaces; six digits, a NUL, a space.
  const Bytes blank = block("        ");
  const uint64_t sum = std::accumulate(blank.begin(), blank.end(), uint64_t{0});
  return block(Octal(sum, 6) + " ");
}

// PaxRecord returns "LENGTH KEYWORD=VALUE\n", where LENGTH counts itself.
std::string PaxRecord(std::string_view keyword, std::string_view value) {
  const size_t rest = keyword.size() + value.size() + 3;
  size_t length = rest + 1;
  while (std::to_string(length).size() + rest != length) ++length;
  return std::to_string(length) + " " + std::string(keyword) + "=" +
         std::string(value) + "\n";
}

// PaxText returns the records for what ustar has no room for, or "".
std::string PaxText(const TarHeader& header) {
  std::string text;
  // POSIX has no encoding for ustar names but ASCII.
  const bool is_ascii = std::ranges::none_of(
      header.name, [](char c) { return static_cast<unsigned char>(c) > 0x7e; });
  if (header.name.size() > kMaxUstarName || !is_ascii) {
    text += PaxRecord("path", header.name);
  }
  if (header.size_bytes > kMaxUstarSize) {
    text += PaxRecord("size", std::to_string(header.size_bytes));
  }
  return text;
}

// EncodeHeader returns all blocks that stand before a content.
Bytes EncodeHeader(const TarHeader& header) {
  ByteWriter out;
  const std::string pax = PaxText(header);
  if (!pax.empty()) {
    out.Raw(EncodeUstar(kPaxName, pax.size(), header.mtime, 'x'));
    out.Text(pax).PadTo(kTarBlockSize);
  }
  out.Raw(EncodeUstar(std::string_view(header.name).substr(0, kMaxUstarName),
                      header.size_bytes > kMaxUstarSize ? 0 : header.size_bytes,
                      header.mtime, '0'));
  return std::move(out).Take();
}

Error BadBlock(uint64_t offset, const std::string& what) {
  return InputError("tar: " + what + " at " + HexNumber(offset));
}

// Ustar is the part of a header block that says something.
struct Ustar {
  std::string name;
  uint64_t size_bytes = 0;
  uint64_t mtime = 0;
  char typeflag = '0';
};

Result<uint64_t> ParseOctal(ByteSpan digits, uint64_t offset) {
  uint64_t value = 0;
  for (const uint8_t digit : digits) {
    if (digit < '0' || digit > '7') {
      return BadBlock(offset, "header with digits that are not octal");
    }
    value = value * 8 + (digit - '0');
  }
  return value;
}

// ParseUstar: whatever else the block says must be what EncodeUstar writes.
Result<Ustar> ParseUstar(ByteSpan block, uint64_t offset) {
  Ustar ustar;
  const std::string_view name = AsText(block.first(kMaxUstarName));
  ustar.name = std::string(name.substr(0, name.find('\0')));
  TALLY_ASSIGN(ustar.size_bytes, ParseOctal(block.subspan(124, 11), offset));
  TALLY_ASSIGN(ustar.mtime, ParseOctal(block.subspan(136, 11), offset));
  ustar.typeflag = static_cast<char>(block[156]);
  if (ustar.typeflag != '0' && ustar.typeflag != 'x') {
    return BadBlock(offset, "found an entry of type " +
                                Quote(std::string_view(&ustar.typeflag, 1)) +
                                ", expected a regular file");
  }
  const Bytes expected =
      EncodeUstar(ustar.name, ustar.size_bytes, ustar.mtime, ustar.typeflag);
  if (!std::ranges::equal(expected, block)) {
    return BadBlock(offset, "header in another form than the canonical one");
  }
  return ustar;
}

// ParsePax reads the records that PaxText may write.
Result<TarHeader> ParsePax(std::string_view text, uint64_t offset) {
  TarHeader header;
  const Error bad = BadBlock(offset,
                             "pax records in another form than the "
                             "canonical one");
  std::string_view rest = text;
  while (!rest.empty()) {
    const size_t space = rest.find(' ');
    const size_t equals = rest.find('=');
    if (space == std::string_view::npos || equals == std::string_view::npos ||
        space > equals) {
      return bad;
    }
    const Result<uint64_t> length = ParseUnsigned(rest.substr(0, space));
    if (!length || *length > rest.size() || *length <= equals + 1) return bad;
    const std::string_view keyword = rest.substr(space + 1, equals - space - 1);
    const std::string_view value =
        rest.substr(equals + 1, *length - equals - 2);
    if (keyword == "path") {
      header.name = std::string(value);
    } else if (keyword == "size") {
      const Result<uint64_t> size_bytes = ParseUnsigned(value);
      if (!size_bytes) return bad;
      header.size_bytes = *size_bytes;
    } else {
      return bad;
    }
    rest.remove_prefix(*length);
  }
  if (text.empty() || PaxText(header) != text) return bad;
  return header;
}

}  // namespace

Status TarWriter::Begin(const TarHeader& header) {
  TALLY_TRY(CheckHeader(header));
  TALLY_TRY(CheckOrder(name_, header.name));
  name_ = header.name;
  size_bytes_ = header.size_bytes;
  left_bytes_ = header.size_bytes;
  return sink_.Append(EncodeHeader(header));
}

Status TarWriter::Append(ByteSpan bytes) {
  if (bytes.size() > left_bytes_) {
    return InputError("tar: " + Quote(name_) + " has more than the expected " +
                      std::to_string(size_bytes_) + " bytes");
  }
  left_bytes_ -= bytes.size();
  return sink_.Append(bytes);
}

Status TarWriter::End() {
  if (left_bytes_ != 0) {
    return InputError(
        "tar: " + Quote(name_) + " has " + std::to_string(left_bytes_) +
        " bytes less than the expected " + std::to_string(size_bytes_));
  }
  return AppendZeros(sink_, AlignUp(size_bytes_, kTarBlockSize) - size_bytes_);
}

Status TarWriter::Add(const TarHeader& header, ByteSpan content) {
  TALLY_TRY(Begin(header));
  TALLY_TRY(Append(content));
  return End();
}

Status TarWriter::Finish() { return AppendZeros(sink_, 2 * kTarBlockSize); }

Result<ByteSpan> TarReader::Take(const char* what, uint64_t size_bytes) {
  const uint64_t left = archive_.size() - offset_;
  if (size_bytes > left) {
    return BadBlock(offset_, std::string(what) + " needs " +
                                 std::to_string(size_bytes) + " bytes, found " +
                                 std::to_string(left) + ",");
  }
  const ByteSpan taken = archive_.subspan(offset_, size_bytes);
  offset_ += size_bytes;
  return taken;
}

// TakeEnd: two blocks of zeros, and nothing after them.
Status TarReader::TakeEnd() {
  TALLY_ASSIGN(const ByteSpan block, Take("end of archive", kTarBlockSize));
  if (!std::ranges::all_of(block, [](uint8_t byte) { return byte == 0; })) {
    return BadBlock(offset_ - kTarBlockSize,
                    "found more after a block of zeros");
  }
  if (offset_ == archive_.size()) return Ok();
  return BadBlock(offset_, "found more after the end of the archive");
}

Result<std::optional<TarEntry>> TarReader::Next() {
  const auto all_zero = [](ByteSpan bytes) {
    return std::ranges::all_of(bytes, [](uint8_t byte) { return byte == 0; });
  };
  TarEntry entry;
  entry.offset = offset_;
  TALLY_ASSIGN(ByteSpan block, Take("header", kTarBlockSize));
  if (all_zero(block)) {
    TALLY_TRY(TakeEnd());
    return std::optional<TarEntry>();
  }
  TALLY_ASSIGN(Ustar ustar, ParseUstar(block, entry.offset));
  TarHeader pax;
  if (ustar.typeflag == 'x') {
    if (ustar.size_bytes > kMaxPaxSize) {
      return BadBlock(
          entry.offset,
          "pax header of " + std::to_string(ustar.size_bytes) + " bytes");
    }
    TALLY_ASSIGN(const ByteSpan text, Take("pax header", ustar.size_bytes));
    TALLY_ASSIGN(pax, ParsePax(AsText(text), entry.offset));
    TALLY_TRY(Take("padding", AlignUp(ustar.size_bytes, kTarBlockSize) -
                                  ustar.size_bytes));
    TALLY_ASSIGN(block, Take("header", kTarBlockSize));
    TALLY_ASSIGN(ustar, ParseUstar(block, offset_ - kTarBlockSize));
  }
  entry.header = {
      .name = pax.name.empty() ? ustar.name : pax.name,
      .size_bytes = pax.size_bytes > 0 ? pax.size_bytes : ustar.size_bytes,
      .mtime = ustar.mtime};
  TALLY_TRY(CheckHeader(entry.header));
  // One encoding for each entry: all blocks so far must be those.
  if (!std::ranges::equal(
          EncodeHeader(entry.header),
          archive_.subspan(entry.offset, offset_ - entry.offset))) {
    return BadBlock(entry.offset,
                    "header in another form than the canonical one");
  }
  TALLY_TRY(CheckOrder(name_, entry.header.name));
  name_ = entry.header.name;

  TALLY_ASSIGN(entry.content, Take("content", entry.header.size_bytes));
  const uint64_t padding =
      AlignUp(entry.header.size_bytes, kTarBlockSize) - entry.header.size_bytes;
  TALLY_ASSIGN(const ByteSpan zeros, Take("padding", padding));
  if (!all_zero(zeros)) {
    return BadBlock(offset_ - padding, "padding that is not zero");
  }
  return std::optional<TarEntry>(std::move(entry));
}

}  // namespace tally
