#include "formats/efi_variable_store.h"

#include <algorithm>

#include "common/text.h"

namespace tally {
namespace {

// EFI_SYSTEM_NV_DATA_FV_GUID, fff12b8d-7696-4c8b-a985-2747075b4f50
constexpr Uuid kNvDataVolume = {{0xff, 0xf1, 0x2b, 0x8d, 0x76, 0x96, 0x4c, 0x8b,
                                 0xa9, 0x85, 0x27, 0x47, 0x07, 0x5b, 0x4f,
                                 0x50}};
// gEfiAuthenticatedVariableGuid, aaf32c78-947b-439a-a180-2e144ec37792
constexpr Uuid kAuthenticatedVariables = {{0xaa, 0xf3, 0x2c, 0x78, 0x94, 0x7b,
                                           0x43, 0x9a, 0xa1, 0x80, 0x2e, 0x14,
                                           0x4e, 0xc3, 0x77, 0x92}};
constexpr uint32_t kVolumeSignature = 0x4856465f;  // "_FVH"
constexpr uint64_t kStoreHeaderBytes = 28;
constexpr uint64_t kVariableHeaderBytes = 60;
constexpr uint8_t kFormatted = 0x5a;
constexpr uint8_t kHealthy = 0xfe;
constexpr uint16_t kVariableStart = 0x55aa;
// VAR_ADDED, and that with VAR_IN_DELETED_TRANSITION: the old value, which
// counts until the new one is complete.
constexpr uint8_t kAdded = 0x3f;
constexpr uint8_t kBeingReplaced = 0x3e;

struct Found {
  EfiStoredVariable variable;
  uint8_t state = 0;
};

// VolumeHeader returns where the store begins.
Result<uint64_t> VolumeHeader(ByteSpan flash) {
  ByteReader r("efi variable store", flash);
  r.Zeros("zero vector", 16);
  const auto guid = r.Array<16>("file system guid");
  if (r.ok() && UuidFromGuidBytes(guid) != kNvDataVolume) {
    r.Fail("file system guid", "not a volume of variables");
  }
  r.Skip("volume length", 8);
  if (r.U32Le("signature") != kVolumeSignature) {
    r.Fail("signature", "not a firmware volume");
  }
  r.Skip("attributes", 4);
  const uint16_t size_bytes = r.U16Le("header length");
  TALLY_TRY(r.status());
  return uint64_t{size_bytes};
}

// StoreBody returns the part of the store behind its header.
Result<ByteReader> StoreBody(ByteSpan flash, uint64_t store_offset) {
  ByteReader r("efi variable store", flash);
  r.Skip("volume header", store_offset);
  const auto guid = r.Array<16>("store guid");
  if (r.ok() && UuidFromGuidBytes(guid) != kAuthenticatedVariables) {
    r.Fail("store guid", "not a store of authenticated variables");
  }
  const uint32_t size_bytes = r.U32Le("store size");
  if (r.ok() && size_bytes < kStoreHeaderBytes) {
    r.Fail("store size", "smaller than its header");
  }
  if (r.U8("format") != kFormatted) r.Fail("format", "expected 0x5a");
  if (r.U8("state") != kHealthy) r.Fail("state", "expected 0xfe");
  r.Skip("reserved", 6);
  TALLY_TRY(r.status());
  ByteReader body = r.Sub("efi variable store", size_bytes - kStoreHeaderBytes);
  TALLY_TRY(r.status());
  return body;
}

// TakeVariableName reads UTF-16 with a NUL.
std::string TakeVariableName(ByteReader& r, uint32_t size_bytes) {
  std::string name;
  if (size_bytes < 4 || size_bytes % 2 != 0) {
    r.Fail("name size", "not a name with its NUL");
    return name;
  }
  const ByteSpan bytes = r.Take("name", size_bytes);
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    const bool is_last = i + 2 == bytes.size();
    if (bytes[i + 1] != 0 || bytes[i] >= 0x7f ||
        (is_last ? bytes[i] != 0 : bytes[i] < 0x20)) {
      r.Fail("name", "not ASCII with a NUL at its end");
      return name;
    }
    if (!is_last) name += static_cast<char>(bytes[i]);
  }
  return name;
}

Found TakeVariable(ByteReader& r) {
  Found found;
  found.state = r.U8("variable state");
  r.Skip("reserved", 1);
  found.variable.attributes = r.U32Le("attributes");
  r.Skip("monotonic count, time stamp, public key index", 8 + 16 + 4);
  const uint32_t name_bytes = r.U32Le("name size");
  const uint32_t data_bytes = r.U32Le("data size");
  found.variable.vendor = UuidFromGuidBytes(r.Array<16>("vendor guid"));
  found.variable.name = TakeVariableName(r, name_bytes);
  found.variable.data = r.Take("data", data_bytes);
  return found;
}

// Keep adds the variable, unless it is deleted or only the old value of one
// that is there.
Status Keep(const Found& found, std::vector<Found>* kept) {
  if (found.state != kAdded && found.state != kBeingReplaced) return Ok();
  const auto same = std::ranges::find_if(*kept, [&](const Found& other) {
    return other.variable.vendor == found.variable.vendor &&
           other.variable.name == found.variable.name;
  });
  if (same == kept->end()) {
    kept->push_back(found);
    return Ok();
  }
  if (same->state == found.state) {
    return InputError("efi variable store: variable " +
                      Quote(found.variable.name) + " is there twice");
  }
  if (found.state == kAdded) *same = found;
  return Ok();
}

}  // namespace

Result<std::vector<EfiStoredVariable>> ParseEfiVariableStore(ByteSpan flash) {
  TALLY_ASSIGN(const uint64_t store_offset, VolumeHeader(flash));
  TALLY_ASSIGN(ByteReader r, StoreBody(flash, store_offset));
  std::vector<Found> kept;
  const uint64_t start = r.offset();
  while (r.remaining() >= kVariableHeaderBytes) {
    // The free space is erased flash.
    if (r.U16Le("variable start") != kVariableStart) break;
    const Found found = TakeVariable(r);
    TALLY_TRY(r.status());
    TALLY_TRY(Keep(found, &kept));
    const uint64_t used = (r.offset() - start) % 4;
    if (used != 0) r.Skip("padding", std::min(4 - used, r.remaining()));
  }
  std::vector<EfiStoredVariable> variables;
  for (Found& found : kept) variables.push_back(std::move(found.variable));
  return variables;
}

const EfiStoredVariable* FindEfiVariable(
    const std::vector<EfiStoredVariable>& variables, const Uuid& vendor,
    std::string_view name) {
  for (const EfiStoredVariable& variable : variables) {
    if (variable.vendor == vendor && variable.name == name) return &variable;
  }
  return nullptr;
}

Bytes EfiVariableData(const Uuid& vendor, std::string_view name,
                      ByteSpan data) {
  ByteWriter out;
  out.Raw(GuidBytes(vendor));
  out.U64Le(name.size());
  out.U64Le(data.size());
  for (const char c : name) out.U16Le(static_cast<uint8_t>(c));
  out.Raw(data);
  return std::move(out).Take();
}

}  // namespace tally
