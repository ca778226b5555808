#include "measure/mrtd.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/check.h"

namespace tally {
namespace {

constexpr size_t kGpaOffset = 0x10;
constexpr size_t kRecordBytes = 0x80;

// Record is an array, not a ByteWriter: there are 17 to a page.
std::array<uint8_t, kRecordBytes> Record(std::string_view operation,
                                         uint64_t gpa) {
  std::array<uint8_t, kRecordBytes> record = {};
  std::ranges::copy(operation, record.begin());  // 0x00 name of the function
  for (size_t i = 0; i < 8; ++i) {               // 0x10 GPA
    record[kGpaOffset + i] = static_cast<uint8_t>(gpa >> (8 * i));
  }
  return record;
}

}  // namespace

void MrtdHasher::AddPage(uint64_t gpa) {
  stream_.Update(Record("MEM.PAGE.ADD", gpa));
}

void MrtdHasher::Extend(uint64_t gpa, ByteSpan contents) {
  TALLY_CHECK(contents.size() % kTdxChunkBytes == 0);
  for (uint64_t at = 0; at < contents.size(); at += kTdxChunkBytes) {
    stream_.Update(Record("MR.EXTEND", gpa + at));
    stream_.Update(contents.subspan(at, kTdxChunkBytes));
  }
}

Mrtd MrtdHasher::value() const {
  return Mrtd(stream_.Clone().Finish().array());
}

}  // namespace tally
