#include "formats/tcg_event_data.h"

#include <algorithm>
#include <set>

#include "common/text.h"
#include "formats/efi_device_path.h"
#include "formats/tcg_event_types.h"
#include "formats/uuid.h"

namespace tally {
namespace {

// Longer texts are cut: a log that lies does not fill a terminal.
constexpr size_t kMaxShownBytes = 4096;

// TaggedEvents: Linux drivers/firmware/efi/libstub/efistub.h, systemd
// src/fundamental/tpm2-pcr.h (v257).
struct TagName {
  uint32_t tag;
  std::string_view name;
};
constexpr TagName kTags[] = {
    {0x8f3b22ec, "initrd"},
    {0x8f3b22ed, "kernel command line"},
    {0xf5bc582a, "loader.conf"},
    {0x6c46f751, "device tree add-on"},
    {0x49dffe0f, "initrd add-on"},
    {0xdac08e1a, "microcode add-on"},
    {0x13aed6db, "profile of the image"},
};

std::string SizeText(ByteSpan data) {
  return std::to_string(data.size()) + " bytes";
}

// Shown quotes bytes that are text, up to trailing NULs.
std::string Shown(ByteSpan data) {
  ByteSpan text = data.first(std::min(data.size(), kMaxShownBytes));
  while (!text.empty() && text.back() == 0) text = text.first(text.size() - 1);
  return Quote(AsText(text));
}

bool IsUtf16(ByteSpan data) {
  return data.size() >= 2 && data.size() % 2 == 0 && data[0] != 0 &&
         data[1] == 0;
}

bool IsText(ByteSpan data) {
  while (!data.empty() && data.back() == 0) data = data.first(data.size() - 1);
  return !data.empty() && std::ranges::all_of(data, [](uint8_t b) {
    return b == '\n' || b == '\t' || (b >= 0x20 && b < 0x7f);
  });
}

std::string TextOrSize(ByteSpan data) {
  if (IsUtf16(data)) {
    return "'" + Utf16Text(data.first(std::min(data.size(), kMaxShownBytes))) +
           "'";
  }
  return IsText(data) ? Shown(data) : SizeText(data);
}

Uuid Guid(ByteReader& r, std::string_view field) {
  return UuidFromGuidBytes(r.Array<16>(field));
}

// Each reader fills in text, and value if it is a variable's. What it returns
// becomes `problem`.

Status ReadText(ByteSpan data, EventData* out) {
  out->text = TextOrSize(data);
  return Ok();
}

Status ReadSeparator(ByteSpan data, EventData* out) {
  ByteReader r("separator", data);
  const uint32_t value = r.U32Le("value");
  TALLY_TRY(r.Finish());
  constexpr uint32_t kError = 1;  // section 3.3.3.2
  if (value != 0 && value != UINT32_MAX && value != kError) {
    return InputError("separator: found " + HexNumber(value) +
                      ", expected 0x0, 0x1 or 0xffffffff");
  }
  out->text = value == kError ? "error" : "end of the firmware's part";
  return Ok();
}

// UEFI_PLATFORM_FIRMWARE_BLOB; older logs have a name instead.
Status ReadBlob(ByteSpan data, EventData* out) {
  if (IsText(data)) return ReadText(data, out);
  ByteReader r("firmware blob", data);
  const uint64_t base = r.U64Le("base");
  const uint64_t size_bytes = r.U64Le("length");
  TALLY_TRY(r.Finish());
  out->text = HexNumber(size_bytes) + " bytes at " + HexNumber(base);
  return Ok();
}

std::string TakeDescription(ByteReader& r) {
  return Shown(r.Take("description", r.U8("description size")));
}

// UEFI_PLATFORM_FIRMWARE_BLOB2
Status ReadBlob2(ByteSpan data, EventData* out) {
  ByteReader r("firmware blob", data);
  const std::string description = TakeDescription(r);
  const uint64_t base = r.U64Le("base");
  const uint64_t size_bytes = r.U64Le("length");
  TALLY_TRY(r.Finish());
  out->text = description + ": " + HexNumber(size_bytes) + " bytes at " +
              HexNumber(base);
  return Ok();
}

void ReadTables(ByteReader& r, std::string* text) {
  const uint64_t count = r.U64Le("number of tables");
  // A table has 24 bytes.
  r.Count("number of tables", count, r.remaining() / 24);
  for (uint64_t i = 0; i < count && r.ok(); ++i) {
    *text += (i == 0 ? "" : ", ") + FormatUuid(Guid(r, "table"));
    *text += " at " + HexNumber(r.U64Le("address"));
  }
}

// UEFI_HANDOFF_TABLE_POINTERS
Status ReadHandoffTables(ByteSpan data, EventData* out) {
  ByteReader r("handoff tables", data);
  std::string text;
  ReadTables(r, &text);
  TALLY_TRY(r.Finish());
  out->text = text;
  return Ok();
}

// UEFI_HANDOFF_TABLE_POINTERS2
Status ReadHandoffTables2(ByteSpan data, EventData* out) {
  ByteReader r("handoff tables", data);
  std::string text = TakeDescription(r) + ": ";
  ReadTables(r, &text);
  TALLY_TRY(r.Finish());
  out->text = text;
  return Ok();
}

// UEFI_IMAGE_LOAD_EVENT
Status ReadImage(ByteSpan data, EventData* out) {
  ByteReader r("image load event", data);
  r.Skip("address", 8);
  const uint64_t size_bytes = r.U64Le("length");
  r.Skip("link time address", 8);
  const ByteSpan path = r.Take("device path", r.U64Le("device path length"));
  TALLY_TRY(r.Finish());
  out->text = HexNumber(size_bytes) + " bytes";
  if (path.empty()) return Ok();
  TALLY_ASSIGN(const std::string shown, FormatDevicePath(path));
  out->text += " from " + shown;
  return Ok();
}

// EFI_LOAD_OPTION, UEFI 2.10, section 3.1.3.
Result<std::string> LoadOptionText(ByteSpan data) {
  ByteReader r("load option", data);
  r.Skip("attributes", 4);
  const uint16_t path_bytes = r.U16Le("path length");
  TALLY_TRY(r.status());
  ByteSpan rest = data.last(r.remaining());
  std::string name = Utf16Text(rest);
  while (r.ok() && r.U16Le("description") != 0) {
  }
  const ByteSpan path = r.Take("path", path_bytes);
  TALLY_TRY(r.status());
  TALLY_ASSIGN(const std::string shown, FormatDevicePath(path));
  return "'" + name + "' " + shown;
}

std::string BootOrderText(ByteSpan value) {
  std::string text;
  for (size_t i = 0; i + 1 < value.size(); i += 2) {
    const uint8_t digits[] = {value[i + 1], value[i]};
    text += (i == 0 ? "" : ",") + Hex(digits);
  }
  return text;
}

// ValueText shows a variable's value, of those that boot depends on.
Result<std::string> ValueText(std::string_view name, ByteSpan value) {
  if (value.empty()) return std::string("empty");
  if (name == "SecureBoot" || name == "MokListTrusted") {
    return std::string(value.front() == 0 ? "off" : "on");
  }
  if (name == "BootOrder") return BootOrderText(value);
  if (name.size() == 8 && name.starts_with("Boot")) {
    return LoadOptionText(value);
  }
  if (name == "SbatLevel") return Shown(value);
  return SizeText(value);
}

// UEFI_VARIABLE_DATA
Status ReadVariable(ByteSpan data, EventData* out) {
  ByteReader r("variable", data);
  r.Skip("guid", 16);
  const uint64_t units = r.U64Le("name length");
  const uint64_t value_bytes = r.U64Le("data length");
  r.Count("name length", units, r.remaining() / 2);
  const std::string name = Utf16Text(r.Take("name", 2 * units));
  out->value = r.Take("data", value_bytes);
  TALLY_TRY(r.Finish());
  out->text = name + ": " + SizeText(out->value);
  TALLY_ASSIGN(const std::string shown, ValueText(name, out->value));
  out->text = name + ": " + shown;
  return Ok();
}

// UEFI_GPT_DATA
Status ReadGpt(ByteSpan data, EventData* out) {
  constexpr uint64_t kGuidOffset = 56;  // of the disk, in its header
  constexpr uint64_t kHeaderBytes = 92;
  ByteReader r("gpt event", data);
  r.Skip("header", kGuidOffset);
  const Uuid disk = Guid(r, "disk guid");
  r.Skip("entry lba and count", 8 + 4);
  const uint32_t entry_bytes = r.U32Le("entry size");
  r.Skip("checksum", kHeaderBytes - kGuidOffset - 16 - 16);
  const uint64_t count = r.U64Le("number of partitions");
  TALLY_TRY(r.status());
  constexpr uint32_t kNameOffset = 56;
  if (entry_bytes < kNameOffset || count > r.remaining() / entry_bytes) {
    return InputError("gpt event: " + std::to_string(count) + " entries of " +
                      std::to_string(entry_bytes) + " bytes in " +
                      std::to_string(r.remaining()));
  }
  std::string text = "disk " + FormatUuid(disk) + ", partitions:";
  for (uint64_t i = 0; i < count; ++i) {
    const ByteSpan entry = r.Take("entry", entry_bytes);
    text += " '" + Utf16Text(entry.subspan(kNameOffset)) + "'";
  }
  TALLY_TRY(r.Finish());
  out->text = text;
  return Ok();
}

// TCG_PCClientTaggedEvent
Status ReadTagged(ByteSpan data, EventData* out) {
  ByteReader r("tagged event", data);
  const uint32_t tag = r.U32Le("tag");
  const ByteSpan value = r.Take("data", r.U32Le("size"));
  TALLY_TRY(r.Finish());
  const auto known = std::ranges::find(kTags, tag, &TagName::tag);
  out->text =
      known == std::end(kTags) ? HexNumber(tag) : std::string(known->name);
  out->text += ": " + TextOrSize(value);
  return Ok();
}

Status ReadNoAction(ByteSpan data, EventData* out) {
  constexpr std::string_view kLocality("StartupLocality\0", 16);
  if (data.size() == kLocality.size() + 1 &&
      AsText(data).starts_with(kLocality)) {
    out->text = "startup locality " + std::to_string(data.back());
    return Ok();
  }
  // All begin with a signature of 16 bytes, with or without NUL.
  const ByteSpan signature = data.first(std::min<size_t>(data.size(), 16));
  out->text = IsText(signature) ? Shown(signature) + ", " + SizeText(data)
                                : SizeText(data);
  return Ok();
}

// EFI version strings are UTF-16, a GUID or a number.
Status ReadVersion(ByteSpan data, EventData* out) {
  if (data.size() == 16) {
    ByteReader r("version", data);
    out->text = FormatUuid(Guid(r, "guid"));
    return Ok();
  }
  return ReadText(data, out);
}

struct EventTypeRow {
  uint32_t type;
  Status (*read)(ByteSpan, EventData*);
  DigestRule rule;
};

// Rules: section 10.4.1, table 27, and 10.4.2. edk2 hashes the value alone of
// EV_EFI_VARIABLE_BOOT, and shim that of its own EV_EFI_VARIABLE_AUTHORITY.
constexpr EventTypeRow kEventTypes[] = {
    {kEvNoAction, ReadNoAction, DigestRule::kElsewhere},
    {kEvPostCode, ReadBlob, DigestRule::kElsewhere},
    {kEvPostCode2, ReadBlob2, DigestRule::kElsewhere},
    {kEvSeparator, ReadSeparator, DigestRule::kData},
    {kEvAction, ReadText, DigestRule::kData},
    {kEvEventTag, ReadTagged, DigestRule::kElsewhere},
    {kEvSCrtmVersion, ReadVersion, DigestRule::kData},
    {kEvOmitBootDeviceEvents, ReadText, DigestRule::kData},
    {kEvEfiVariableDriverConfig, ReadVariable, DigestRule::kData},
    {kEvEfiVariableBoot, ReadVariable, DigestRule::kDataOrValue},
    {kEvEfiVariableBoot2, ReadVariable, DigestRule::kData},
    {kEvEfiVariableAuthority, ReadVariable, DigestRule::kDataOrValue},
    {kEvEfiBootServicesApplication, ReadImage, DigestRule::kElsewhere},
    {kEvEfiBootServicesDriver, ReadImage, DigestRule::kElsewhere},
    {kEvEfiRuntimeServicesDriver, ReadImage, DigestRule::kElsewhere},
    {kEvEfiGptEvent, ReadGpt, DigestRule::kData},
    {kEvEfiGptEvent2, ReadGpt, DigestRule::kData},
    {kEvEfiAction, ReadText, DigestRule::kData},
    {kEvEfiPlatformFirmwareBlob, ReadBlob, DigestRule::kElsewhere},
    {kEvEfiPlatformFirmwareBlob2, ReadBlob2, DigestRule::kElsewhere},
    {kEvEfiHandoffTables, ReadHandoffTables, DigestRule::kElsewhere},
    {kEvEfiHandoffTables2, ReadHandoffTables2, DigestRule::kElsewhere},
};

// HasDigestsOf says whether each digest that can be checked is that of `bytes`.
bool HasDigestsOf(const LoggedEvent& event, ByteSpan bytes) {
  return std::ranges::all_of(event.digests, [&](const EventLogDigest& digest) {
    const auto hash = HashOfTpmAlgorithm(digest.algorithm);
    return !hash || HashWith(*hash, bytes) == digest.digest;
  });
}

}  // namespace

EventData ReadEventData(uint32_t type, ByteSpan data) {
  const auto row = std::ranges::find(kEventTypes, type, &EventTypeRow::type);
  EventData out;
  if (row != std::end(kEventTypes)) out.rule = row->rule;
  const Status status =
      (row == std::end(kEventTypes) ? ReadText : row->read)(data, &out);
  if (!status) out.problem = status.error().message();
  if (out.text.empty()) out.text = SizeText(data);
  return out;
}

std::vector<std::string> EventNotes(const LoggedEvent& event) {
  std::vector<std::string> notes;
  const EventData data = ReadEventData(event.type, event.data);
  if (!data.problem.empty()) notes.push_back(data.problem);
  if (event.type == kEvSeparator && data.text == "error") {
    notes.push_back("the firmware reports an error");
  }
  if (data.rule == DigestRule::kElsewhere) return notes;
  const bool is_of_value = data.rule == DigestRule::kDataOrValue &&
                           data.problem.empty() &&
                           HasDigestsOf(event, data.value);
  if (!is_of_value && !HasDigestsOf(event, event.data)) {
    notes.push_back("the digest is not that of the data");
  }
  return notes;
}

std::vector<std::string> MissingSeparators(const EventLog& log) {
  constexpr uint32_t kFirmwarePcrs = 8;
  std::set<uint32_t> used;
  std::set<uint32_t> separated;
  for (const LoggedEvent& event : log.events) {
    if (event.type == kEvNoAction) continue;
    if (event.register_index >= kFirmwarePcrs) continue;
    used.insert(event.register_index);
    if (event.type == kEvSeparator) separated.insert(event.register_index);
  }
  std::vector<std::string> notes;
  for (const uint32_t pcr : used) {
    if (separated.contains(pcr)) continue;
    notes.push_back("PCR " + std::to_string(pcr) + " has no separator");
  }
  return notes;
}

}  // namespace tally
