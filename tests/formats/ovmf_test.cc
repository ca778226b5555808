#include "formats/ovmf.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "formats/uuid.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

constexpr uint64_t kImageBytes = 0x2000;
constexpr std::string_view kMetadata = "dc886566-984a-4798-a75e-5585a7bf67cc";
constexpr std::string_view kHashes = "7255371f-3a3b-4b04-927b-1da6efa8d454";
constexpr std::string_view kReset = "00f771de-1a7e-4fcb-890e-68c77e2fb44e";
constexpr std::string_view kFooter = "96b582de-1fb2-45f7-baea-a366c55a082d";

// Firmware is a firmware with a field for everything a test wants to get wrong.
struct Firmware {
  std::string signature = "ASEV";
  uint32_t version = 1;
  std::optional<uint32_t> metadata_size;
  std::optional<uint32_t> num_sections;
  std::optional<uint32_t> metadata_from_end;
  std::vector<std::array<uint32_t, 3>> sections = {{0x800000, 0x3000, 1},
                                                   {0x803000, 0x1000, 2},
                                                   {0x804000, 0x1000, 3},
                                                   {0x805000, 0x1000, 4},
                                                   {0x806000, 0x1000, 0x10}};
  uint32_t hashes_gpa = 0x806c00;
  uint32_t hashes_size = 0x400;
  std::string footer{kFooter};
  std::optional<uint16_t> table_size;
  std::optional<uint16_t> reset_entry_size;
  bool two_reset_entries = false;
};

void WriteEntry(ByteWriter& w, std::string_view guid, const Bytes& data,
                std::optional<uint16_t> size = std::nullopt) {
  w.Raw(data);
  w.U16Le(size.value_or(static_cast<uint16_t>(data.size() + 18)));
  w.Raw(GuidBytes(ParseUuid(guid).value()));
}

Bytes U32s(std::initializer_list<uint32_t> values) {
  ByteWriter w;
  for (const uint32_t value : values) w.U32Le(value);
  return std::move(w).Take();
}

Bytes EncodeFirmware(const Firmware& image) {
  ByteWriter metadata;
  metadata.Text(image.signature);
  const auto count = static_cast<uint32_t>(image.sections.size());
  metadata.U32Le(image.metadata_size.value_or(16 + 12 * count));
  metadata.U32Le(image.version);
  metadata.U32Le(image.num_sections.value_or(count));
  for (const auto& section : image.sections) {
    for (const uint32_t value : section) metadata.U32Le(value);
  }

  ByteWriter table;
  if (image.two_reset_entries) WriteEntry(table, kReset, U32s({1}));
  WriteEntry(table, kHashes, U32s({image.hashes_gpa, image.hashes_size}));
  WriteEntry(table, kMetadata,
             U32s({image.metadata_from_end.value_or(kImageBytes - 0x100)}));
  WriteEntry(table, kReset, U32s({0x0080b004}), image.reset_entry_size);
  table.U16Le(
      image.table_size.value_or(static_cast<uint16_t>(table.size() + 18)));
  table.Raw(GuidBytes(ParseUuid(image.footer).value()));

  ByteWriter w;
  w.ZerosUntil(0x100).Raw(metadata.bytes());
  w.ZerosUntil(kImageBytes - 32 - table.size()).Raw(table.bytes()).Zeros(32);
  return std::move(w).Take();
}

std::string RefusedBytes(const Bytes& bytes) {
  const auto ovmf = ParseOvmf(bytes);
  return ovmf ? "accepted" : ovmf.error().message();
}
std::string FirmwareRefusal(const Firmware& image) {
  return RefusedBytes(EncodeFirmware(image));
}

TEST(Ovmf, ReadsEveryField) {
  const auto ovmf = ParseOvmf(EncodeFirmware({}));
  ASSERT_TRUE(ovmf) << ovmf.error().ToString();
  EXPECT_EQ(
      *ovmf,
      (Ovmf{.size_bytes = 0x2000,
            .sections = {{0x800000, 0x3000, OvmfSectionKind::kSecMem, 0x110},
                         {0x803000, 0x1000, OvmfSectionKind::kSecrets, 0x11c},
                         {0x804000, 0x1000, OvmfSectionKind::kCpuid, 0x128},
                         {0x805000, 0x1000, OvmfSectionKind::kSvsmCaa, 0x134},
                         {0x806000, 0x1000, OvmfSectionKind::kKernelHashes,
                          0x140}},
            .kernel_hashes = OvmfRange{0x806c00, 0x400},
            .sev_es_reset_eip = 0x0080b004}));
  EXPECT_EQ(ovmf->gpa(), 0xffffe000u);
}

TEST(Ovmf, ReadsDebiansFirmware) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  const auto ovmf = ParseOvmf(test::MustRead(path));
  ASSERT_TRUE(ovmf) << ovmf.error().ToString();
  EXPECT_EQ(
      *ovmf,
      (Ovmf{
          .size_bytes = 0x200000,
          .sections = {{0x800000, 0x9000, OvmfSectionKind::kSecMem, 0x1ffae4},
                       {0x80a000, 0x3000, OvmfSectionKind::kSecMem, 0x1ffaf0},
                       {0x80d000, 0x1000, OvmfSectionKind::kSecrets, 0x1ffafc},
                       {0x80e000, 0x1000, OvmfSectionKind::kCpuid, 0x1ffb08},
                       {0x80f000, 0x11000, OvmfSectionKind::kSecMem, 0x1ffb14}},
          .sev_es_reset_eip = 0x0080b004}));
}

TEST(Ovmf, RejectsATruncatedFirmware) {
  TALLY_NEED_VECTOR(path, "snp/debian-ovmf/OVMF.fd");
  Bytes firmware = test::MustRead(path);
  firmware.resize(firmware.size() - 0x1000);
  const auto ovmf = ParseOvmf(firmware);
  ASSERT_FALSE(ovmf);
  EXPECT_EQ(ovmf.error().code(), ErrorCode::kInput);
  EXPECT_TRUE(ovmf.error().message().starts_with(
      "ovmf table: footer guid at 0x1fefd0: found "))
      << ovmf.error().message();
  EXPECT_TRUE(ovmf.error().message().ends_with(
      ", expected 96b582de-1fb2-45f7-baea-a366c55a082d"));
  EXPECT_EQ(ovmf.error().hints(),
            std::vector<std::string>{"the file is not an image with SEV "
                                     "support, or is truncated"});
  firmware.resize(1000);
  EXPECT_EQ(RefusedBytes(firmware),
            "ovmf: size 0x3e8 is not a multiple of 0x1000");
}

TEST(Ovmf, RejectsBadSizes) {
  EXPECT_EQ(RefusedBytes(Bytes()),
            "ovmf: size is 0x0, expected at most 0x2000000 and not zero");
  EXPECT_EQ(RefusedBytes(Bytes(uint64_t{65} << 20)),
            "ovmf: size is 0x4100000, expected at most 0x2000000 and not zero");
}

TEST(Ovmf, RejectsAMissingFooter) {
  EXPECT_EQ(FirmwareRefusal({.footer = "01020304-0506-0708-090a-0b0c0d0e0f10"}),
            "ovmf table: footer guid at 0x1fd0: found "
            "01020304-0506-0708-090a-0b0c0d0e0f10, expected "
            "96b582de-1fb2-45f7-baea-a366c55a082d");
}

TEST(Ovmf, RejectsABadTable) {
  EXPECT_EQ(FirmwareRefusal({.table_size = 17}),
            "ovmf table: table size at 0x1fce: found 17, expected at least 18 "
            "and no more than the image");
  EXPECT_EQ(FirmwareRefusal({.table_size = 0x2000}),
            "ovmf table: table size at 0x1fce: found 8192, expected at least "
            "18 and no more than the image");
  EXPECT_EQ(FirmwareRefusal({.table_size = 18 + 22 + 5}),
            "ovmf table: entry at 0x1fb3: needs 18 bytes, 5 left");
  EXPECT_EQ(FirmwareRefusal({.reset_entry_size = 17}),
            "ovmf table: entry size at 0x1fbc: found 17, expected at least 18");
  EXPECT_EQ(FirmwareRefusal({.reset_entry_size = 1000}),
            "ovmf table: entry size at 0x1fbc: found 1000, expected at most "
            "70");
  EXPECT_EQ(
      FirmwareRefusal({.reset_entry_size = 20}),
      "ovmf table: entry size at 0x1fa8: found 25958, expected at most 50");
  EXPECT_EQ(FirmwareRefusal({.two_reset_entries = true}),
            "ovmf table: entry 00f771de-1a7e-4fcb-890e-68c77e2fb44e at 0x1f72 "
            "is there twice");
}

TEST(Ovmf, RejectsABadMetadataHeader) {
  EXPECT_EQ(FirmwareRefusal({.signature = "ASEW"}),
            "ovmf sev metadata: signature at 0x100: expected 'ASEV'");
  EXPECT_EQ(FirmwareRefusal({.version = 2}),
            "ovmf sev metadata: version at 0x108: found 2, expected 1");
  EXPECT_EQ(FirmwareRefusal({.metadata_size = 75}),
            "ovmf sev metadata: size at 0x104: found 75, expected 76 for 5 "
            "sections");
  EXPECT_EQ(FirmwareRefusal({.num_sections = 65}),
            "ovmf sev metadata: section count at 0x10c: found 65, expected at "
            "most 64");
  EXPECT_EQ(FirmwareRefusal({.metadata_from_end = 0x2001}),
            "ovmf sev metadata entry: offset from end at 0x1fa2: found 0x2001, "
            "expected at most 0x2000");
  EXPECT_EQ(FirmwareRefusal({.metadata_from_end = 0}),
            "ovmf sev metadata: signature at 0x2000: needs 4 bytes, 0 left");
}

std::string RefusedSections(std::vector<std::array<uint32_t, 3>> sections) {
  return FirmwareRefusal({.sections = std::move(sections), .hashes_gpa = 0});
}

TEST(Ovmf, RejectsBadSections) {
  EXPECT_EQ(RefusedSections({{0x800000, 0x1000, 5}}),
            "ovmf sev metadata: section kind at 0x118: found 0x5, expected "
            "0x1, 0x2, 0x3, 0x4 or 0x10");
  EXPECT_EQ(RefusedSections({{0x800000, 0, 1}}),
            "ovmf sev metadata: section SNP_SEC_MEM at 0x110, gpa 0x800000: "
            "size is zero");
  EXPECT_EQ(RefusedSections({{0x800000, 0x1001, 1}}),
            "ovmf sev metadata: section SNP_SEC_MEM at 0x110, gpa 0x800000: "
            "size 0x1001 "
            "is not a multiple of 0x1000");
  EXPECT_EQ(RefusedSections({{0x800800, 0x1000, 1}}),
            "ovmf sev metadata: section SNP_SEC_MEM at 0x110, gpa 0x800800: "
            "address is "
            "not a multiple of 0x1000");
  EXPECT_EQ(
      RefusedSections({{0x800000, 0x1001000, 1}}),
      "ovmf sev metadata: section SNP_SEC_MEM at 0x110, gpa 0x800000: size is "
      "0x1001000, expected at most 0x1000000");
  EXPECT_EQ(RefusedSections({{0xffffd000, 0x2000, 1}}),
            "ovmf sev metadata: section SNP_SEC_MEM at 0x110, gpa 0xffffd000: "
            "ends at "
            "0xfffff000, expected at most 0xffffe000 where the image begins");
  EXPECT_EQ(RefusedSections({{0xfffff000, 0x2000, 1}}),
            "ovmf sev metadata: section SNP_SEC_MEM at 0x110, gpa 0xfffff000: "
            "ends at "
            "0x100001000, expected at most 0xffffe000 where the image begins");
  EXPECT_EQ(
      RefusedSections({{0x800000, 0x2000, 2}}),
      "ovmf sev metadata: section SNP_SECRETS at 0x110, gpa 0x800000: size is "
      "0x2000, expected 0x1000");
  EXPECT_EQ(
      RefusedSections({{0x800000, 0x1000, 3}, {0x900000, 0x1000, 3}}),
      "ovmf sev metadata: section SNP_CPUID at 0x11c, gpa 0x900000: second "
      "of its kind, the first is at 0x110");
  EXPECT_EQ(RefusedSections({{0x802000, 0x1000, 2}, {0x800000, 0x3000, 1}}),
            "ovmf sev metadata: section SNP_SECRETS at 0x110, gpa 0x802000, "
            "overlaps the section SNP_SEC_MEM at 0x11c, gpa 0x800000");
}

TEST(Ovmf, RejectsAKernelHashesTableOutsideItsSection) {
  EXPECT_EQ(FirmwareRefusal({.hashes_size = 175}),
            "ovmf kernel-hashes entry: table at 0x806c00: size is 175, "
            "expected at least 176");
  EXPECT_EQ(FirmwareRefusal({.hashes_gpa = 0x806c01}),
            "ovmf kernel-hashes entry: table at 0x806c01: not inside the "
            "section SNP_KERNEL_HASHES at 0x140, gpa 0x806000");
  EXPECT_EQ(FirmwareRefusal({.hashes_gpa = 0x805f00}),
            "ovmf kernel-hashes entry: table at 0x805f00: not inside the "
            "section SNP_KERNEL_HASHES at 0x140, gpa 0x806000");
  EXPECT_EQ(FirmwareRefusal({.hashes_size = 0xffffffff}),
            "ovmf kernel-hashes entry: table at 0x806c00: not inside the "
            "section SNP_KERNEL_HASHES at 0x140, gpa 0x806000");
}

TEST(Ovmf, RejectsALayoutWhoseAddressesWrap) {
  Ovmf layout{.size_bytes = 0x1000};
  layout.sections = {{.gpa = 0xfffffffffffff000, .size_bytes = 0x2000}};
  EXPECT_FALSE(CheckOvmf(layout));
  layout.sections.assign(65, {.gpa = 0x1000, .size_bytes = 0x1000});
  EXPECT_EQ(CheckOvmf(layout).error().message(),
            "ovmf sev metadata: found 65 sections, expected at most 64");
}

TEST(Ovmf, RejectsOrAcceptsEveryTruncationWithoutCrashing) {
  const Bytes whole = EncodeFirmware({});
  for (size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(ParseOvmf(ByteSpan(whole).first(size))) << size;
  }
}

}  // namespace
}  // namespace tally
