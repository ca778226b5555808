// Reads one header at a time; what concerns several headers is in CheckIgvm.
#include <optional>
#include <string>

#include "common/text.h"
#include "formats/crc32.h"
#include "formats/igvm.h"
#include "formats/igvm_headers.h"
#include "formats/igvm_layout.h"

namespace tally {
namespace {

struct FixedHeader {
  uint64_t headers_offset = 0;
  uint64_t headers_bytes = 0;
};

// ReadFixedHeader sets the version, architecture and page size of `igvm`.
Result<FixedHeader> ReadFixedHeader(ByteSpan file, Igvm* igvm) {
  ByteReader r("igvm", file);
  if (r.U32Le("magic") != kIgvmMagic) r.Fail("magic", "expected 'IGVM'");
  igvm->version = r.U32Le("format version");
  if (igvm->version != 1 && igvm->version != 2) {
    r.Fail("format version",
           "found " + std::to_string(igvm->version) + ", expected 1 or 2");
  }
  const uint64_t fixed_bytes =
      igvm->version == 1 ? kIgvmFixedHeaderBytes : kIgvmFixedHeaderV2Bytes;
  FixedHeader fixed{.headers_offset = r.U32Le("variable header offset")};
  if (fixed.headers_offset < fixed_bytes ||
      fixed.headers_offset % kIgvmAlignment != 0 ||
      fixed.headers_offset > file.size()) {
    r.Fail("variable header offset",
           "found " + HexNumber(fixed.headers_offset) +
               ", expected a multiple of 8 from " + HexNumber(fixed_bytes) +
               " to " + HexNumber(file.size()));
  }
  fixed.headers_bytes = r.U32Le("variable header size");
  if (r.ok() && fixed.headers_bytes > file.size() - fixed.headers_offset) {
    r.Fail("variable header size",
           "found " + HexNumber(fixed.headers_bytes) + ", " +
               HexNumber(file.size() - fixed.headers_offset) + " left");
  }
  r.Count("variable header size", fixed.headers_bytes, kMaxIgvmHeaderBytes);
  if (const uint64_t size = r.U32Le("total file size"); size != file.size()) {
    r.Fail("total file size", "found " + std::to_string(size) +
                                  ", the file has " +
                                  std::to_string(file.size()));
  }
  const uint32_t checksum = r.U32Le("checksum");
  if (r.ok()) {
    // The field itself counts as zero. A gap before the headers does not count.
    constexpr uint64_t kChecksumOffset = 20;
    const uint32_t expected =
        Crc32Hasher()
            .Update(file.first(kChecksumOffset))
            .Update(std::array<uint8_t, 4>{})
            .Update(file.subspan(kIgvmFixedHeaderBytes,
                                 fixed_bytes - kIgvmFixedHeaderBytes))
            .Update(file.subspan(fixed.headers_offset, fixed.headers_bytes))
            .value();
    if (checksum != expected) {
      r.Fail("checksum", "found " + HexNumber(checksum) + ", expected " +
                             HexNumber(expected));
    }
  }
  if (igvm->version == 2) {
    const uint32_t architecture = r.U32Le("architecture");
    r.Count("architecture", architecture, 1);
    igvm->architecture = static_cast<IgvmArchitecture>(architecture);
    igvm->page_size = r.U32Le("page size");
  }
  TALLY_TRY(r.status());
  return fixed;
}

// HeaderReader reads the headers of one file.
class HeaderReader {
 public:
  HeaderReader(ByteSpan file, uint64_t data_start, Igvm* igvm)
      : data_(file, data_start), igvm_(*igvm) {}

  Status Read(ByteReader headers) {
    while (headers.ok() && headers.remaining() > 0) {
      TALLY_TRY(ReadOne(headers));
    }
    return headers.Finish();
  }

 private:
  Status ReadOne(ByteReader& headers);
  Status EnterSection(uint32_t type, uint64_t offset);
  Status ReadUnknown(uint32_t type, ByteSpan content, uint64_t offset);

  IgvmFileData data_;
  Igvm& igvm_;
  IgvmSection section_ = IgvmSection::kPlatform;
};

std::optional<IgvmSection> SectionOf(uint32_t type) {
  const uint32_t number = type & ~kIgvmOptionalBit;
  if (number >= 0x1 && number <= 0x100) return IgvmSection::kPlatform;
  if (number >= 0x101 && number <= 0x200) return IgvmSection::kInitialization;
  if (number >= 0x301 && number <= 0x400) return IgvmSection::kDirective;
  return std::nullopt;
}

Status HeaderReader::EnterSection(uint32_t type, uint64_t offset) {
  const std::optional<IgvmSection> section = SectionOf(type);
  if (!section) {
    return InputError("igvm: header type at " + HexNumber(offset) + ": found " +
                      HexNumber(type) + ", which is in no section's range");
  }
  if (*section < section_) {
    return InputError("igvm: header type at " + HexNumber(offset) + ": found " +
                      HexNumber(type) + " after a header of a later section");
  }
  section_ = *section;
  return Ok();
}

Status HeaderReader::ReadOne(ByteReader& headers) {
  const uint64_t offset = headers.offset();
  const uint32_t type = headers.U32Le("header type");
  const uint32_t size = headers.U32Le("header length");
  const ByteSpan content = headers.Take("header content", size);
  headers.Zeros("header padding", AlignUp(size, kIgvmAlignment) - size);
  TALLY_TRY(headers.status());
  TALLY_TRY(EnterSection(type, offset));

  const IgvmTypeInfo* info = FindIgvmType(type);
  if (info == nullptr) return ReadUnknown(type, content, offset);
  if (size != info->size_bytes) {
    return InputError("igvm: header length at " + HexNumber(offset + 4) +
                      ": found " + std::to_string(size) + ", a " +
                      std::string(info->name) + " has " +
                      std::to_string(info->size_bytes));
  }
  const std::string subject = "igvm " + std::string(info->name);
  ByteReader r(subject, content, offset + kIgvmHeaderPrefixBytes);
  switch (section_) {
    case IgvmSection::kPlatform:
      igvm_.platforms.push_back(ReadIgvmPlatform(r));
      break;
    case IgvmSection::kInitialization:
      igvm_.initializations.push_back(ReadIgvmInitialization(r, type, data_));
      break;
    case IgvmSection::kDirective:
      igvm_.directives.push_back(ReadIgvmDirective(r, type, igvm_, data_));
      break;
  }
  TALLY_TRY(r.Finish());
  return data_.status();
}

Status HeaderReader::ReadUnknown(uint32_t type, ByteSpan content,
                                 uint64_t offset) {
  if ((type & kIgvmOptionalBit) == 0) {
    return InputError("igvm: header type at " + HexNumber(offset) + ": found " +
                      HexNumber(type) + ", which is unknown and not optional");
  }
  // One loader would obey it and another would not: two guests, one file.
  if (const auto* info = FindIgvmType(type & ~kIgvmOptionalBit)) {
    return InputError("igvm: header type at " + HexNumber(offset) + ": found " +
                      HexNumber(type) + ", an optional " +
                      std::string(info->name) +
                      ", expected one without the optional bit");
  }
  const IgvmUnknown unknown{.type = type, .content = {content}};
  switch (section_) {
    case IgvmSection::kPlatform:
      igvm_.platforms.push_back(unknown);
      break;
    case IgvmSection::kInitialization:
      igvm_.initializations.push_back(unknown);
      break;
    case IgvmSection::kDirective:
      igvm_.directives.push_back(unknown);
      break;
  }
  return Ok();
}

}  // namespace

Result<Igvm> ParseIgvm(ByteSpan file, const IgvmContentsRead& read) {
  if (file.size() > kMaxIgvmBytes) {
    return InputError("igvm: found " + std::to_string(file.size()) +
                      " bytes, expected at most " +
                      std::to_string(kMaxIgvmBytes));
  }
  Igvm igvm;
  TALLY_ASSIGN(const FixedHeader fixed, ReadFixedHeader(file, &igvm));
  const ByteReader headers(
      "igvm", file.subspan(fixed.headers_offset, fixed.headers_bytes),
      fixed.headers_offset);
  const uint64_t data_start = fixed.headers_offset + fixed.headers_bytes;
  TALLY_TRY(HeaderReader(file, data_start, &igvm).Read(headers));
  TALLY_TRY(CheckIgvm(igvm, read));
  return igvm;
}

}  // namespace tally
