#include "formats/efi_variable_store.h"

#include <gtest/gtest.h>

#include "common/any_hash.h"
#include "common/text.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr size_t kVolumeHeader = 72;
constexpr size_t kFirstVariable = kVolumeHeader + 28;

Uuid Guid(std::string_view text) { return ParseUuid(text).value(); }

// VolumeAndStore is the beginning of a store with room for `body_bytes`.
ByteWriter VolumeAndStore(uint32_t body_bytes) {
  ByteWriter flash;
  flash.Zeros(16);
  flash.Raw(GuidBytes(Guid("fff12b8d-7696-4c8b-a985-2747075b4f50")));
  flash.U64Le(0x84000).Text("_FVH").U32Le(0x4feff).U16Le(kVolumeHeader);
  flash.ZerosUntil(kVolumeHeader);
  flash.Raw(GuidBytes(Guid("aaf32c78-947b-439a-a180-2e144ec37792")));
  flash.U32Le(28 + body_bytes).U8(0x5a).U8(0xfe).Zeros(6);
  return flash;
}

void AppendVariable(uint8_t state, std::string_view name, std::string_view data,
                    ByteWriter* flash) {
  flash->U16Le(0x55aa).U8(state).U8(0).U32Le(7).Zeros(8 + 16 + 4);
  flash->U32Le(static_cast<uint32_t>(2 * name.size() + 2));
  flash->U32Le(static_cast<uint32_t>(data.size()));
  flash->Raw(GuidBytes(kEfiGlobalVariable));
  for (const char c : name) flash->U16Le(static_cast<uint8_t>(c));
  flash->U16Le(0).Text(data);
  while ((flash->size() - kFirstVariable) % 4 != 0) flash->U8(0xff);
}

std::string VariableStoreError(const Bytes& flash) {
  const auto parsed = ParseEfiVariableStore(flash);
  return parsed ? "no error" : parsed.error().message();
}

TEST(EfiVariableStore, KeepsTheNewestValueOfEach) {
  ByteWriter flash = VolumeAndStore(4096);
  AppendVariable(0x3f, "Boot0001", "disk", &flash);
  AppendVariable(0x3c, "Lang", "deleted", &flash);
  AppendVariable(0x3e, "PK", "old", &flash);
  AppendVariable(0x3f, "PK", "new one", &flash);
  AppendVariable(0x3e, "KEK", "alone", &flash);
  while (flash.size() < kFirstVariable + 4096) flash.U8(0xff);
  const Bytes bytes = flash.bytes();
  const auto parsed = ParseEfiVariableStore(bytes);
  ASSERT_TRUE(parsed) << parsed.error().message();
  ASSERT_EQ(parsed->size(), 3u);
  EXPECT_EQ((*parsed)[0].name, "Boot0001");
  EXPECT_EQ((*parsed)[0].attributes, 7u);
  EXPECT_EQ(AsText((*parsed)[0].data), "disk");
  const EfiStoredVariable* pk =
      FindEfiVariable(*parsed, kEfiGlobalVariable, "PK");
  ASSERT_NE(pk, nullptr);
  EXPECT_EQ(AsText(pk->data), "new one");
  EXPECT_EQ(AsText((*parsed)[2].data), "alone");
  EXPECT_EQ(FindEfiVariable(*parsed, kEfiImageSecurityDatabase, "PK"), nullptr);
}

TEST(EfiVariableStore, AFullOneEndsWithItsLastVariable) {
  ByteWriter flash = VolumeAndStore(60 + 4);
  AppendVariable(0x3f, "A", "", &flash);
  EXPECT_EQ(ParseEfiVariableStore(flash.bytes()).value().size(), 1u);
}

TEST(EfiVariableStore, RejectsOtherFlash) {
  const Bytes good = VolumeAndStore(0).bytes();
  EXPECT_EQ(VariableStoreError(good), "no error");
  Bytes bytes = good;
  bytes[16] ^= 1;
  EXPECT_EQ(VariableStoreError(bytes),
            "efi variable store: file system guid at 0x10: not a volume of "
            "variables");
  bytes = good;
  bytes[40] = 'X';
  EXPECT_EQ(VariableStoreError(bytes),
            "efi variable store: signature at 0x28: not a firmware volume");
  bytes = good;
  bytes[kVolumeHeader] ^= 1;
  EXPECT_EQ(VariableStoreError(bytes),
            "efi variable store: store guid at 0x48: not a store of "
            "authenticated variables");
  bytes = good;
  bytes[kVolumeHeader + 16] = 27;
  EXPECT_EQ(VariableStoreError(bytes),
            "efi variable store: store size at 0x58: smaller than its header");
  bytes = good;
  bytes[kVolumeHeader + 16] = 29;
  EXPECT_EQ(VariableStoreError(bytes),
            "efi variable store: efi variable store at 0x64: needs 1 bytes, 0 "
            "left");
  bytes = good;
  bytes[kVolumeHeader + 21] = 0xff;
  EXPECT_EQ(VariableStoreError(bytes),
            "efi variable store: state at 0x5d: expected 0xfe");
}

TEST(EfiVariableStore, RejectsTwoOfOneName) {
  ByteWriter flash = VolumeAndStore(2 * 64);
  AppendVariable(0x3f, "A", "", &flash);
  AppendVariable(0x3f, "A", "", &flash);
  EXPECT_EQ(VariableStoreError(flash.bytes()),
            "efi variable store: variable 'A' is there twice");
}

TEST(EfiVariableStore, RejectsBadNames) {
  ByteWriter flash = VolumeAndStore(64);
  AppendVariable(0x3f, "A", "", &flash);
  Bytes bytes = flash.bytes();
  bytes[kFirstVariable + 61] = 4;
  EXPECT_EQ(VariableStoreError(bytes),
            "efi variable store: name at 0xa0: not ASCII with a NUL at its "
            "end");
  bytes = flash.bytes();
  bytes[kFirstVariable + 36] = 3;
  EXPECT_EQ(VariableStoreError(bytes),
            "efi variable store: name size at 0x90: not a name with its NUL");
  bytes = flash.bytes();
  bytes[kFirstVariable + 40] = 1;
  EXPECT_EQ(VariableStoreError(bytes),
            "efi variable store: data at 0xa4: needs 1 bytes, 0 left");
}

TEST(EfiVariableStore, ReadsDebiansStores) {
  for (const char* name : {"OVMF_VARS.fd", "OVMF_VARS_4M.fd",
                           "OVMF_VARS_4M.ms.fd", "OVMF_VARS_4M.snakeoil.fd"}) {
    const fs::path path = fs::path("/usr/share/OVMF") / name;
    if (!fs::exists(path)) GTEST_SKIP() << "not installed: " << path;
    const Bytes flash = test::MustRead(path);
    const auto parsed = ParseEfiVariableStore(flash);
    ASSERT_TRUE(parsed) << parsed.error().message();
    const bool is_enrolled =
        std::string_view(name).find('.') + 3 != std::string_view(name).size();
    EXPECT_EQ(FindEfiVariable(*parsed, kEfiGlobalVariable, "PK") != nullptr,
              is_enrolled)
        << name;
  }
}

// PCR 7's first event with Secure Boot off, known from many logs.
TEST(EfiVariableData, IsWhatFirmwareHashes) {
  const Bytes off = {0};
  EXPECT_EQ(
      Hex(HashWith(HashAlgorithm::kSha256,
                   EfiVariableData(kEfiGlobalVariable, "SecureBoot", off))),
      "115aa827dbccfb44d216ad9ecfda56bdea620b860a94bed5b7a27bba1c4d02d8");
}

}  // namespace
}  // namespace tally
