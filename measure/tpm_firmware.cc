#include "measure/tpm_firmware.h"

#include <algorithm>

#include "common/text.h"
#include "formats/gpt.h"
#include "formats/tcg_event_types.h"

namespace tally {
namespace {

constexpr std::string_view kFirmwareVolumes =
    "it holds firmware volumes as they are in memory while they run, which "
    "change with the machine's memory and processors";
constexpr std::string_view kAcpi =
    "it holds the ACPI tables that the machine monitor makes";
constexpr std::string_view kHostFirmware =
    "the host's firmware is not an input of the guest";
constexpr std::string_view kParavisor =
    "the paravisor's own TPM measures its own boot";

constexpr std::array<TpmProfile, 4> kTpmProfiles = {{
    {.name = "ovmf-2022.11",
     .what = "Debian 12's OVMF (edk2-stable202211)",
     .secure_boot_support = SecureBootSupport::kBuiltIn,
     .why_not = {kFirmwareVolumes}},
    // OvmfPkg/Library/AcpiPlatformLib/QemuFwCfgAcpi.c measures what QEMU's
    // fw_cfg gives, with and without TDX.
    {.name = "ovmf-2023.02",
     .what = "OVMF since edk2-stable202302, which measures QEMU's ACPI tables",
     .secure_boot_support = std::nullopt,
     .why_not = {kFirmwareVolumes, kAcpi}},
    // The event log of a Google Compute Engine guest, tests/measure.
    {.name = "gce",
     .what = "Google Compute Engine, whose firmware measures images into PCR 2",
     .image_pcr = 2,
     .partition_table_pcr = 2,
     .secure_boot_support = SecureBootSupport::kBuiltIn,
     .is_cloud = true,
     .why_not = {kHostFirmware, kAcpi}},
    {.name = "azure",
     .what = "Azure confidential VM, whose TPM belongs to the paravisor",
     .secure_boot_support = SecureBootSupport::kBuiltIn,
     .is_cloud = true,
     .why_not = {kParavisor, kParavisor, kParavisor, kParavisor, kParavisor,
                 kParavisor, kParavisor, kParavisor}},
}};

// GUIDs as they are in device paths, from OvmfPkg/OvmfPkgX64.fdf: the firmware
// volume DXEFV (7cb8bdc9-f8eb-4f34-aaea-3ee4af6516a1), in it UiApp
// (462caa21-7614-4503-836e-8ab6f4662331) and the shell
// (7c04a583-9e3e-4f1c-ad65-e05268d0b4d1).
constexpr Uuid kDxeVolume = {{0x7c, 0xb8, 0xbd, 0xc9, 0xf8, 0xeb, 0x4f, 0x34,
                              0xaa, 0xea, 0x3e, 0xe4, 0xaf, 0x65, 0x16, 0xa1}};
constexpr Uuid kUiApp = {{0x46, 0x2c, 0xaa, 0x21, 0x76, 0x14, 0x45, 0x03, 0x83,
                          0x6e, 0x8a, 0xb6, 0xf4, 0x66, 0x23, 0x31}};
constexpr Uuid kShell = {{0x7c, 0x04, 0xa5, 0x83, 0x9e, 0x3e, 0x4f, 0x1c, 0xad,
                          0x65, 0xe0, 0x52, 0x68, 0xd0, 0xb4, 0xd1}};
// What marks an option that firmware made itself: mBmAutoCreateBootOptionGuid
// of MdeModulePkg/Library/UefiBootManagerLib/BmBoot.c,
// 8108ac4e-9f11-4d59-850e-e21a522c59b2.
constexpr Uuid kAutoCreated = {{0x81, 0x08, 0xac, 0x4e, 0x9f, 0x11, 0x4d, 0x59,
                                0x85, 0x0e, 0xe2, 0x1a, 0x52, 0x2c, 0x59,
                                0xb2}};

// LOAD_OPTION_ACTIVE; LOAD_OPTION_HIDDEN and LOAD_OPTION_CATEGORY_APP besides.
constexpr uint32_t kActive = 0x1;
constexpr uint32_t kHiddenApplication = 0x109;

// EFI_LOAD_OPTION, UEFI 2.10, section 3.1.3.
Bytes LoadOption(uint32_t attributes, std::string_view description,
                 ByteSpan path, ByteSpan optional_data) {
  ByteWriter out;
  out.U32Le(attributes);
  out.U16Le(static_cast<uint16_t>(path.size()));
  for (const char c : description) out.U16Le(static_cast<uint8_t>(c));
  out.U16Le(0);
  out.Raw(path);
  out.Raw(optional_data);
  return std::move(out).Take();
}

void EndPath(ByteWriter* path) {
  path->U8(0x7f).U8(0xff).U16Le(4);  // END_ENTIRE_DEVICE_PATH
}

Bytes FirmwareFilePath(const Uuid& file) {
  ByteWriter path;
  path.U8(4).U8(7).U16Le(20).Raw(GuidBytes(kDxeVolume));  // Fv
  path.U8(4).U8(6).U16Le(20).Raw(GuidBytes(file));        // FvFile
  EndPath(&path);
  return std::move(path).Take();
}

Bytes PciPath(const PciPlace& place) {
  ByteWriter path;
  path.U8(2).U8(1).U16Le(12).U32Le(0x0a0341d0).U32Le(0);  // PciRoot(0)
  path.U8(1).U8(1).U16Le(6).U8(place.function).U8(place.device);
  EndPath(&path);
  return std::move(path).Take();
}

std::string BootName(uint16_t number) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string name = "Boot";
  for (int shift = 12; shift >= 0; shift -= 4) {
    name += kDigits[(static_cast<unsigned>(number) >> shift) & 0xf];
  }
  return name;
}

constexpr uint64_t kGptHeaderBytes = 92;

struct GptEntries {
  uint64_t first_sector = 0;
  uint32_t count = 0;
  uint32_t entry_bytes = 0;
};

// UEFI 2.10, section 5.3.2, table 5.5.
Result<GptEntries> FindGptEntries(ByteSpan header) {
  ByteReader r("gpt header", header, kGptSectorSize);
  if (AsText(r.Take("signature", 8)) != "EFI PART") {
    r.Fail("signature", "not a partition table");
  }
  r.Skip("revision to disk GUID", 64);
  GptEntries entries;
  entries.first_sector = r.U64Le("first sector of the entries");
  if (entries.first_sector > UINT32_MAX) {
    r.Fail("first sector of the entries", "too far");
  }
  entries.count = static_cast<uint32_t>(
      r.Count("number of entries", r.U32Le("number of entries"), 1024));
  entries.entry_bytes = r.U32Le("size of an entry");
  if (entries.entry_bytes < 128 || entries.entry_bytes > 4096) {
    r.Fail("size of an entry", "expected 128 to 4096");
  }
  TALLY_TRY(r.status());
  return entries;
}

}  // namespace

std::span<const TpmProfile> TpmProfiles() { return kTpmProfiles; }

const TpmProfile* FindTpmProfile(std::string_view name) {
  for (const TpmProfile& profile : kTpmProfiles) {
    if (profile.name == name) return &profile;
  }
  return nullptr;
}

std::vector<BootVariable> OvmfBootVariables(const PciPlace& disk) {
  const auto marker = GuidBytes(kAutoCreated);
  return {{"BootOrder", {0, 0, 1, 0, 2, 0}},
          {"Boot0000", LoadOption(kHiddenApplication, "UiApp",
                                  FirmwareFilePath(kUiApp), {})},
          {"Boot0001",
           LoadOption(kActive, "UEFI Misc Device", PciPath(disk), marker)},
          {"Boot0002", LoadOption(kActive, "EFI Internal Shell",
                                  FirmwareFilePath(kShell), {})}};
}

Result<std::vector<BootVariable>> StoredBootVariables(
    const std::vector<EfiStoredVariable>& variables) {
  std::vector<BootVariable> found;
  const EfiStoredVariable* order =
      FindEfiVariable(variables, kEfiGlobalVariable, "BootOrder");
  if (order == nullptr) return found;
  if (order->data.size() % 2 != 0) {
    return InputError("variable BootOrder has " +
                      std::to_string(order->data.size()) +
                      " bytes, expected an even number");
  }
  found.push_back({"BootOrder", ToBytes(order->data)});
  ByteReader r("BootOrder", order->data);
  while (r.remaining() > 0) {
    const std::string name = BootName(r.U16Le("number"));
    const EfiStoredVariable* option =
        FindEfiVariable(variables, kEfiGlobalVariable, name);
    // Firmware goes on without an option that is not there.
    if (option != nullptr) found.push_back({name, ToBytes(option->data)});
  }
  return found;
}

std::vector<BootEvent> BootVariableEvents(
    std::span<const HashAlgorithm> banks,
    std::span<const BootVariable> variables) {
  std::vector<BootEvent> events;
  for (const BootVariable& variable : variables) {
    // Of boot variables the data alone is hashed, without name and GUID.
    events.push_back(HashedEvent(banks, 1, kEvEfiVariableBoot,
                                 "variable " + variable.name, variable.data));
  }
  return events;
}

BootEvent SeparatorEvent(std::span<const HashAlgorithm> banks, uint32_t pcr) {
  constexpr std::array<uint8_t, 4> kZeros = {};
  return HashedEvent(banks, pcr, kEvSeparator, "separator", kZeros);
}

BootEvent ActionEvent(std::span<const HashAlgorithm> banks, uint32_t pcr,
                      std::string_view action) {
  return HashedEvent(banks, pcr, kEvEfiAction, std::string(action),
                     AsBytes(action));
}

// Of the table only what is needed to find the entries is checked: firmware
// takes tables that formats/gpt.h, which writes our own, would refuse.
Result<BootEvent> GptEvent(std::span<const HashAlgorithm> banks, uint32_t pcr,
                           ByteSpan disk) {
  ByteReader r("gpt header", disk);
  r.Skip("protective MBR", kGptSectorSize);
  const ByteSpan header = r.Take("header", kGptHeaderBytes);
  TALLY_TRY(r.status());
  TALLY_ASSIGN(const GptEntries where, FindGptEntries(header));
  ByteReader entries("gpt entries", disk);
  entries.Skip("before the entries", where.first_sector * kGptSectorSize);
  uint64_t num_used = 0;
  Bytes used;
  for (uint32_t i = 0; i < where.count && entries.ok(); ++i) {
    const ByteSpan entry = entries.Take("entry", where.entry_bytes);
    const ByteSpan type = entry.first(std::min<size_t>(entry.size(), 16));
    if (std::ranges::all_of(type, [](uint8_t byte) { return byte == 0; })) {
      continue;
    }
    ++num_used;
    used.insert(used.end(), entry.begin(), entry.end());
  }
  TALLY_TRY(entries.status());
  ByteWriter data;
  data.Raw(header).U64Le(num_used).Raw(used);
  return HashedEvent(banks, pcr, kEvEfiGptEvent, "partition table of the disk",
                     data.bytes());
}

}  // namespace tally
