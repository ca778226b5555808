#include "formats/svsm.h"

#include <string>

#include "common/text.h"
#include "formats/guid_table.h"

namespace tally {
namespace {

constexpr std::string_view kSvsmInfoGuid =
    "a789a612-0597-4c4b-a49f-cbb1fe9d1ddd";

}  // namespace

Result<Svsm> ParseSvsm(ByteSpan image, uint64_t end_gpa) {
  if (end_gpa > uint64_t{1} << 32 || image.size() > end_gpa) {
    return InputError("svsm: size is " + HexNumber(image.size()) +
                      ", expected at most " + HexNumber(end_gpa) +
                      ", where the image ends in guest memory");
  }
  Svsm svsm{.size_bytes = image.size()};
  TALLY_ASSIGN(svsm.sections,
               ReadSevSections(image, "svsm", end_gpa - image.size()));
  TALLY_ASSIGN(const GuidTable table, GuidTable::Read(image, "svsm"));
  const GuidTable::Entry* info = table.Find(kSvsmInfoGuid);
  if (info == nullptr) {
    return InputError("svsm: the image has no SVSM_INFO entry (" +
                      std::string(kSvsmInfoGuid) + ")");
  }
  ByteReader r("svsm info entry", info->data, info->offset);
  svsm.entry_offset = r.U32Le("entry offset");
  TALLY_TRY(r.status());
  if (svsm.entry_offset >= image.size()) {
    return InputError("svsm info entry: entry offset at " +
                      HexNumber(info->offset) + ": found " +
                      HexNumber(svsm.entry_offset) + ", expected less than " +
                      HexNumber(image.size()));
  }
  return svsm;
}

}  // namespace tally
