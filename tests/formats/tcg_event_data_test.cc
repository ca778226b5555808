#include "formats/tcg_event_data.h"

#include <gtest/gtest.h>

#include "common/text.h"
#include "formats/efi_variable_store.h"
#include "formats/tcg_event_types.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

std::string TextOf(uint32_t type, ByteSpan data) {
  const EventData read = ReadEventData(type, data);
  EXPECT_EQ(read.problem, "");
  return read.text;
}

std::string ProblemOf(uint32_t type, ByteSpan data) {
  return ReadEventData(type, data).problem;
}

Bytes Utf16(std::string_view text) {
  ByteWriter w;
  for (const char c : text) w.U16Le(static_cast<uint8_t>(c));
  return std::move(w.U16Le(0)).Take();
}

Bytes VariableData(std::string_view name, ByteSpan value) {
  return EfiVariableData(kEfiGlobalVariable, name, value);
}

LoggedEvent Event(uint32_t type, ByteSpan data, ByteSpan hashed) {
  return {.register_index = 1,
          .type = type,
          .digests = {{kTpmAlgSha1, HashWith(HashAlgorithm::kSha1, hashed)},
                      {kTpmAlgSha256, HashWith(HashAlgorithm::kSha256, hashed)},
                      // One that cannot be checked.
                      {0x7777, {1, 2, 3}}},
          .data = ToBytes(data)};
}

TEST(EventData, SaysWhatVariablesHold) {
  const Bytes off = {0};
  const Bytes on = {1};
  const Bytes order = {1, 0, 2, 0x10};
  const auto text = [](std::string_view name, ByteSpan value) {
    return TextOf(kEvEfiVariableBoot, VariableData(name, value));
  };
  EXPECT_EQ(text("SecureBoot", off), "SecureBoot: off");
  EXPECT_EQ(text("SecureBoot", on), "SecureBoot: on");
  EXPECT_EQ(text("PK", {}), "PK: empty");
  EXPECT_EQ(text("dbx", order), "dbx: 4 bytes");
  EXPECT_EQ(text("BootOrder", order), "BootOrder: 0001,1002");
  EXPECT_EQ(text("SbatLevel", AsBytes("sbat,1\n")), "SbatLevel: 'sbat,1\\x0a'");
}

TEST(EventData, SaysWhatABootOptionStarts) {
  ByteWriter path;
  path.U8(2).U8(1).U16Le(12).U32Le(0x0a0341d0).U32Le(0);
  path.U8(1).U8(1).U16Le(6).U8(2).U8(0x1f);
  path.U8(0x7f).U8(0xff).U16Le(4);
  ByteWriter option;
  option.U32Le(1).U16Le(static_cast<uint16_t>(path.size()));
  option.Raw(Utf16("disk")).Raw(path.bytes());
  EXPECT_EQ(
      TextOf(kEvEfiVariableBoot, VariableData("Boot0001", option.bytes())),
      "Boot0001: 'disk' PciRoot(0x0)/Pci(0x1f,0x2)");
}

TEST(EventData, SaysWhichImageWasLoaded) {
  ByteWriter path;
  const Bytes name = Utf16("\\EFI\\x.efi");
  path.U8(4).U8(4).U16Le(static_cast<uint16_t>(4 + name.size())).Raw(name);
  path.U8(0x7f).U8(0xff).U16Le(4);
  ByteWriter event;
  event.U64Le(0x1000).U64Le(0x2000).U64Le(0).U64Le(path.size());
  event.Raw(path.bytes());
  EXPECT_EQ(TextOf(kEvEfiBootServicesApplication, event.bytes()),
            "0x2000 bytes from \\EFI\\x.efi");
}

TEST(EventData, SaysWhatTextsAndTagsSay) {
  EXPECT_EQ(TextOf(kEvEfiAction, AsBytes("Calling")), "'Calling'");
  EXPECT_EQ(TextOf(kEvIpl, Utf16(".cmdline")), "'.cmdline'");
  EXPECT_EQ(TextOf(kEvIpl, AsBytes(std::string_view("grub_cmd: x\0", 12))),
            "'grub_cmd: x'");
  const Bytes accent = {'a', 0, 0xe9, 0, 0, 0};
  EXPECT_EQ(TextOf(kEvIpl, accent), "'a\\u00e9'");
  const Bytes binary = {0, 1, 2};
  EXPECT_EQ(TextOf(kEvIpl, binary), "3 bytes");
  ByteWriter tag;
  tag.U32Le(0x8f3b22ec).U32Le(6).Text("initrd");
  EXPECT_EQ(TextOf(kEvEventTag, tag.bytes()), "initrd: 'initrd'");
  ByteWriter unknown;
  unknown.U32Le(0x1234).U32Le(0);
  EXPECT_EQ(TextOf(kEvEventTag, unknown.bytes()), "0x1234: 0 bytes");
  EXPECT_EQ(
      TextOf(kEvNoAction, AsBytes(std::string_view("StartupLocality\0\3", 17))),
      "startup locality 3");
}

TEST(EventData, SaysWhereFirmwareIs) {
  ByteWriter blob;
  blob.U64Le(0x820000).U64Le(0xe0000);
  EXPECT_EQ(TextOf(kEvEfiPlatformFirmwareBlob, blob.bytes()),
            "0xe0000 bytes at 0x820000");
  EXPECT_EQ(TextOf(kEvPostCode, AsBytes("ACPI DATA")), "'ACPI DATA'");
  ByteWriter blob2;
  blob2.U8(2).Text("Fv").U64Le(0x1).U64Le(0x2);
  EXPECT_EQ(TextOf(kEvEfiPlatformFirmwareBlob2, blob2.bytes()),
            "'Fv': 0x2 bytes at 0x1");
  ByteWriter tables;
  tables.U8(8).Text("TdxTable").U64Le(1);
  tables.Raw(GuidBytes(kEfiGlobalVariable)).U64Le(0x809000);
  EXPECT_EQ(TextOf(kEvEfiHandoffTables2, tables.bytes()),
            "'TdxTable': 8be4df61-93ca-11d2-aa0d-00e098032b8c at 0x809000");
}

TEST(EventData, SaysWhatIsWrongWithTheData) {
  const Bytes two = {0, 0, 0, 2};
  EXPECT_EQ(ProblemOf(kEvSeparator, two),
            "separator: found 0x2000000, expected 0x0, 0x1 or 0xffffffff");
  EXPECT_EQ(ProblemOf(kEvSeparator, ByteSpan(two).first(3)),
            "separator: value at 0x0: needs 4 bytes, 3 left");
  Bytes variable = VariableData("PK", {});
  variable.push_back(0);
  EXPECT_EQ(ProblemOf(kEvEfiVariableDriverConfig, variable),
            "variable: end at 0x24: 1 trailing bytes, expected the end of the "
            "data");
  variable[16] = 0xff;
  EXPECT_EQ(ProblemOf(kEvEfiVariableDriverConfig, variable),
            "variable: name length at 0x18: found 255, expected at most 2");
  EXPECT_EQ(ProblemOf(kEvEfiVariableBoot, VariableData("Boot0001", two)),
            "load option: path length at 0x4: needs 2 bytes, 0 left");
  ByteWriter image;
  image.Zeros(24).U64Le(4).U8(1).U8(1).U16Le(3);
  EXPECT_EQ(ProblemOf(kEvEfiBootServicesDriver, image.bytes()),
            "device path: length at 0x2: found 3, expected at least 4");
  ByteWriter tag;
  tag.U32Le(1).U32Le(2);
  EXPECT_EQ(ProblemOf(kEvEventTag, tag.bytes()),
            "tagged event: data at 0x8: needs 2 bytes, 0 left");
  ByteWriter gpt;
  gpt.ZerosUntil(84).U32Le(128).U32Le(0).U64Le(1000);
  EXPECT_EQ(ProblemOf(kEvEfiGptEvent, gpt.bytes()),
            "gpt event: 1000 entries of 128 bytes in 0");
  ByteWriter tables;
  tables.U64Le(2);
  EXPECT_EQ(ProblemOf(kEvEfiHandoffTables, tables.bytes()),
            "handoff tables: number of tables at 0x0: found 2, expected at "
            "most 0");
}

TEST(EventNotes, ADigestMustBeThatOfTheDataWhereTheTypeSaysSo) {
  const Bytes zeros(4);
  const Bytes ones = {1, 0, 0, 0};
  EXPECT_TRUE(EventNotes(Event(kEvSeparator, zeros, zeros)).empty());
  EXPECT_EQ(EventNotes(Event(kEvSeparator, zeros, ones)),
            std::vector<std::string>{"the digest is not that of the data"});
  // What an image event has is an address.
  EXPECT_TRUE(EventNotes(Event(kEvIpl, zeros, ones)).empty());
  EXPECT_EQ(EventNotes(Event(kEvSeparator, ones, ones)),
            std::vector<std::string>{"the firmware reports an error"});
}

TEST(EventNotes, ABootVariableIsHashedWholeOrByItsValue) {
  const Bytes value = {1, 0};
  const Bytes whole = VariableData("BootOrder", value);
  EXPECT_TRUE(EventNotes(Event(kEvEfiVariableBoot, whole, whole)).empty());
  EXPECT_TRUE(EventNotes(Event(kEvEfiVariableBoot, whole, value)).empty());
  EXPECT_EQ(EventNotes(Event(kEvEfiVariableDriverConfig, whole, value)),
            std::vector<std::string>{"the digest is not that of the data"});
}

TEST(EventNotes, NameThePcrsWithoutASeparator) {
  EventLog log;
  log.events = {{.register_index = 0, .type = kEvSCrtmVersion},
                {.register_index = 0, .type = kEvSeparator},
                {.register_index = 4, .type = kEvEfiAction},
                {.register_index = 5, .type = kEvNoAction},
                {.register_index = 9, .type = kEvIpl}};
  EXPECT_EQ(MissingSeparators(log),
            std::vector<std::string>{"PCR 4 has no separator"});
}

// Two programs log wrong data: a boot loader gives a size for its kernel that
// is not the structure's, and shim a certificate that does not end where it
// says.
TEST(EventNotes, OfRealLogsAreFew) {
  TALLY_NEED_VECTOR(vectors, "tpm/tpm2-tools");
  std::string notes;
  for (const char* name :
       {"tpm/tpm2-tools/event-arch-linux.bin",
        "tpm/tpm2-tools/event-bootorder.bin",
        "tpm/tpm2-tools/event-gce-ubuntu-2104-log.bin",
        "tpm/tpm2-tools/event-moklisttrusted.bin",
        "tpm/tpm2-tools/event-postcode.bin",
        "tpm/tpm2-tools/event-sd-boot-fedora37.bin",
        "tpm/tpm2-tools/event-uefi-sha1-log.bin",
        "tpm/canonical-tcglog/binary_bios_measurements",
        "uki/dstack-gcp/tpm_eventlog.bin", "tdx/dstack/ccel.bin",
        "tdx/trustee/CCEL_data", "tdx/trustee/CCEL_data_grub",
        "tdx/trustee/CCEL_data_ovmf"}) {
    const EventLog log =
        ParseEventLog(
            test::MustRead(vectors.parent_path().parent_path() / name))
            .value();
    for (const LoggedEvent& event : log.events) {
      for (const std::string& note : EventNotes(event)) {
        notes += fs::path(name).filename().string() + " " +
                 HexNumber(event.offset) + " " + note + "\n";
      }
    }
  }
  EXPECT_EQ(
      notes,
      "event-bootorder.bin 0xd3c image load event: end at 0x20: 9 trailing "
      "bytes, expected the end of the data\n"
      "event-postcode.bin 0x5c62 image load event: end at 0x20: 9 trailing "
      "bytes, expected the end of the data\n"
      "event-postcode.bin 0x5cd3 variable: end at 0x460: 6 trailing bytes, "
      "expected the end of the data\n"
      "event-postcode.bin 0x5cd3 the digest is not that of the data\n"
      "event-postcode.bin 0x699d image load event: end at 0x20: 9 trailing "
      "bytes, expected the end of the data\n"
      "event-postcode.bin 0x6a0e variable: end at 0x460: 6 trailing bytes, "
      "expected the end of the data\n"
      "event-postcode.bin 0x6a0e the digest is not that of the data\n"
      "event-uefi-sha1-log.bin 0x2645 image load event: end at 0x20: 9 "
      "trailing bytes, expected the end of the data\n");
}

}  // namespace
}  // namespace tally
