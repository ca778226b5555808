#include "formats/sev_hash_table.h"

#include "common/check.h"
#include "common/hash.h"
#include "formats/uuid.h"
#include "formats/x86_memory.h"

namespace tally {
namespace {

constexpr std::string_view kTableGuid = "9438d606-4f22-4cc9-b479-a793d411fd21";
constexpr std::string_view kCmdlineGuid =
    "97d02dd8-bd20-4c94-aa78-e7714d36ab2a";
constexpr std::string_view kInitrdGuid = "44baf731-3a2f-4bd7-9af1-41e29169781d";
constexpr std::string_view kKernelGuid = "4de79437-abd2-427f-b835-d5b172d2045b";
constexpr uint16_t kHashEntryBytes = 16 + 2 + 32;
constexpr uint16_t kTableBytes = 16 + 2 + 3 * kHashEntryBytes;
static_assert(kTableBytes == 168);

void WriteEntry(ByteWriter& w, std::string_view guid,
                const Sha256Digest& digest) {
  w.Raw(GuidBytes(ParseUuid(guid).value()));
  w.U16Le(kHashEntryBytes);
  w.Raw(digest.span());
}

}  // namespace

Sha256Digest HashCmdline(std::string_view cmdline) {
  constexpr uint8_t kNul = 0;
  Sha256Hasher hasher;
  hasher.Update(AsBytes(cmdline)).Update({&kNul, 1});
  return hasher.Finish();
}

SevHashes HashKernelInputs(ByteSpan kernel, ByteSpan initrd,
                           std::string_view cmdline) {
  return {.kernel = Sha256(kernel),
          .initrd = Sha256(initrd),
          .cmdline = HashCmdline(cmdline)};
}

Bytes EncodeSevHashTable(const SevHashes& hashes) {
  ByteWriter w;
  w.Raw(GuidBytes(ParseUuid(kTableGuid).value()));  // 0x00 GUID
  w.U16Le(kTableBytes);                             // 0x10 length
  WriteEntry(w, kCmdlineGuid, hashes.cmdline);      // 0x12
  WriteEntry(w, kInitrdGuid, hashes.initrd);        // 0x44
  WriteEntry(w, kKernelGuid, hashes.kernel);        // 0x76
  w.ZerosUntil(kSevHashTableBytes);                 // 0xa8 padding
  return std::move(w).Take();
}

Bytes EncodeSevHashPage(const SevHashes& hashes, uint64_t offset) {
  TALLY_CHECK(offset <= kX86PageBytes - kSevHashTableBytes);
  ByteWriter w;
  w.Zeros(offset);
  w.Raw(EncodeSevHashTable(hashes));
  w.ZerosUntil(kX86PageBytes);
  return std::move(w).Take();
}

}  // namespace tally
