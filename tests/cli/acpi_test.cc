#include <gtest/gtest.h>

#include "cli/acpi_directory.h"
#include "cli/acpi_from_qemu.h"
#include "common/process.h"
#include "formats/acpi_tables.h"
#include "tests/support/make_acpi.h"
#include "tests/support/sizes.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::kGib;

constexpr uint64_t kMib = uint64_t{1} << 20;

AcpiTables SmallTables(uint32_t vcpus, uint64_t memory_bytes) {
  Bytes loader(128);
  loader[0] = 1;
  return {.loader = loader,
          .rsdp = Bytes(20),
          .tables = test::MakeAcpiTables(vcpus, memory_bytes)};
}

std::string ReadError(const fs::path& directory, uint32_t vcpus) {
  const auto found = ReadAcpiDirectory(directory, kGib, vcpus);
  return found ? "" : found.error().ToString();
}

TEST(AcpiDirectory, HasOneForEachMachine) {
  const test::Scratch scratch;
  for (const uint32_t vcpus : {1u, 2u}) {
    ASSERT_TRUE(WriteAcpiDirectory(scratch.path(), 2 * kGib, vcpus,
                                   SmallTables(vcpus, 2 * kGib)));
  }
  const auto exact = ReadAcpiDirectory(scratch.path(), 2 * kGib, 2);
  ASSERT_TRUE(exact) << exact.error().ToString();
  EXPECT_EQ(AcpiOriginName(exact->origin), "files");
  EXPECT_EQ(exact->tables.source, BootSource::kGiven);
  EXPECT_EQ(exact->tables.tables, test::MakeAcpiTables(2, 2 * kGib));

  const auto moved = ReadAcpiDirectory(scratch.path(), 8 * kGib, 1);
  ASSERT_TRUE(moved) << moved.error().ToString();
  EXPECT_EQ(AcpiOriginName(moved->origin), "template");
  EXPECT_EQ(moved->tables.tables, test::MakeAcpiTables(1, 8 * kGib));
}

TEST(AcpiDirectory, MayBeThatOfOneMachine) {
  const test::Scratch scratch;
  const AcpiTables tables = SmallTables(3, kGib);
  scratch.Write("table-loader", tables.loader);
  scratch.Write("rsdp", tables.rsdp);
  scratch.Write("tables", tables.tables);
  EXPECT_EQ(ReadAcpiDirectory(scratch.path(), kGib, 3)->tables.tables,
            tables.tables);
  EXPECT_EQ(
      ReadError(scratch.path(), 4),
      "acpi table APIC: found 3 processors, expected 4\n  while reading '" +
          scratch.path().string() + "'");
}

TEST(AcpiDirectory, RejectsWhatIsNotThere) {
  const test::Scratch scratch;
  const std::string path = scratch.path().string();
  EXPECT_EQ(ReadError(scratch.path(), 2),
            "no ACPI tables in '" + path +
                "', neither 'tables' nor '2-vcpus-1024-MiB'");
  EXPECT_EQ(ReadError(scratch.path() / "missing", 2),
            "cannot read directory '" + path +
                "/missing': No such file or directory");
  EXPECT_EQ(
      WriteAcpiDirectory(scratch.path(), kGib + 1, 1, {}).error().ToString(),
      "memory of 1073741825 bytes is no number of MiB: its tables have no "
      "name");
}

TEST(AcpiDirectory, RejectsOtherFiles) {
  AcpiTables tables = SmallTables(1, kGib);
  tables.rsdp.resize(21);
  EXPECT_EQ(CheckAcpiTables(tables, 1).error().ToString(),
            "acpi rsdp: found 21 bytes, expected 20 or 36");
}

Result<AcpiTables> Ask(const fs::path& qemu, uint64_t memory_bytes,
                       std::vector<std::string> args = {}) {
  return AskQemuForAcpi({.program = qemu,
                         .memory_bytes = memory_bytes,
                         .vcpus = 2,
                         .args = std::move(args)});
}

TEST(AcpiFromQemu, IsWhatATemplateMovesTo) {
  TALLY_NEED_PROGRAM(qemu, "qemu-system-x86_64");
  const auto from = Ask(qemu, 2 * kGib);
  ASSERT_TRUE(from) << from.error().ToString();
  EXPECT_EQ(from->source, BootSource::kPredicted);
  EXPECT_TRUE(CheckAcpiTables(*from, 2));
  for (const uint64_t memory_bytes :
       {512 * kMib, 2815 * kMib, 2816 * kMib, 5000 * kMib, 300 * kGib}) {
    const auto to = Ask(qemu, memory_bytes);
    ASSERT_TRUE(to) << to.error().ToString();
    EXPECT_EQ(MoveAcpiMemory(from->tables, 2 * kGib, memory_bytes).value(),
              to->tables)
        << memory_bytes;
    EXPECT_EQ(from->loader, to->loader);
    EXPECT_EQ(from->rsdp, to->rsdp);
  }
}

TEST(AcpiFromQemu, NeedsThePlaceOfDevicesAbove4Gib) {
  TALLY_NEED_PROGRAM(qemu, "qemu-system-x86_64");
  EXPECT_EQ(Ask(qemu, kGib, {"-device", "virtio-rng-pci"}).error().ToString(),
            "PCI device 1 can go above 4 GiB, where firmware's choice of a "
            "place is in the tables");
  const auto tables = AskQemuForAcpi({.program = qemu,
                                      .memory_bytes = kGib,
                                      .vcpus = 2,
                                      .args = {"-device", "virtio-rng-pci"},
                                      .mmio64 = 0x380000000000});
  ASSERT_TRUE(tables) << tables.error().ToString();
  // Then the window does not move with memory.
  const Bytes moved = MoveAcpiMemory(tables->tables, kGib, 2 * kGib).value();
  size_t num_different = 0;
  for (size_t i = 0; i < moved.size(); ++i) {
    if (moved[i] != tables->tables[i]) ++num_different;
  }
  EXPECT_EQ(num_different, 2u);  // one byte each of the window's begin and size
}

TEST(AcpiFromQemu, TellsWhatQemuRefuses) {
  TALLY_NEED_PROGRAM(qemu, "qemu-system-x86_64");
  const auto tables = Ask(qemu, kGib, {"-device", "no-such-device"});
  ASSERT_FALSE(tables);
  EXPECT_EQ(tables.error().code(), ErrorCode::kTool);
  EXPECT_NE(tables.error().message().find("'no-such-device' is not a valid"),
            std::string::npos)
      << tables.error().message();
}

}  // namespace
}  // namespace tally
