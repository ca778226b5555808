#include "formats/acpi_tables.h"

#include <gtest/gtest.h>

#include <map>

#include "common/hash.h"
#include "common/json.h"
#include "common/text.h"
#include "tests/support/make_acpi.h"
#include "tests/support/sizes.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::AcpiDword;
using test::AcpiQword;
using test::kGib;
using test::MakeAcpiTables;

std::string ListError(ByteSpan tables) {
  const auto list = ListAcpiTables(tables);
  return list ? "" : list.error().ToString();
}

std::string CountError(ByteSpan tables) {
  const auto count = CountAcpiProcessors(tables);
  return count ? "" : count.error().ToString();
}

std::string MoveError(ByteSpan tables, uint64_t from_bytes) {
  const auto moved = MoveAcpiMemory(tables, from_bytes, kGib);
  return moved ? "" : moved.error().ToString();
}

TEST(AcpiTables, AreListedInFileOrder) {
  const auto list = ListAcpiTables(MakeAcpiTables(1, 2 * kGib)).value();
  ASSERT_EQ(list.size(), 3u);
  EXPECT_EQ(list[0], (AcpiTable{"FACS", 0, 64}));
  EXPECT_EQ(list[1].signature, "DSDT");
  EXPECT_EQ(list[2].signature, "APIC");
}

TEST(AcpiTables, CountProcessorsThatAreOn) {
  EXPECT_EQ(CountAcpiProcessors(MakeAcpiTables(1, kGib)).value(), 1u);
  EXPECT_EQ(CountAcpiProcessors(MakeAcpiTables(300, kGib)).value(), 300u);
}

TEST(AcpiTables, MoveToWhatAnotherMachineHas) {
  for (const uint64_t from : {kGib, 2 * kGib, 4 * kGib, 64 * kGib}) {
    for (const uint64_t to : {kGib, 2 * kGib, 4 * kGib, 64 * kGib}) {
      EXPECT_EQ(MoveAcpiMemory(MakeAcpiTables(2, from), from, to).value(),
                MakeAcpiTables(2, to));
    }
  }
}

TEST(AcpiTables, KeepAWindowThatBeginsAtADevice) {
  const Bytes dsdt = [] {
    ByteWriter w;
    w.Raw(AcpiDword(kGib, 0xdfffffff));
    w.Raw(AcpiQword(0x380000000000, 0x3807ffffffff));
    return std::move(w).Take();
  }();
  const Bytes tables = test::AcpiTable("DSDT", dsdt);
  const Bytes moved = MoveAcpiMemory(tables, kGib, 8 * kGib).value();
  EXPECT_TRUE(std::equal(moved.end() - 46, moved.end(), tables.end() - 46));
  EXPECT_NE(moved, tables);
}

// The digests are those of guests; see oasisprotocol/cli, tdx_qemu_test.go.
TEST(AcpiTables, MatchTheVectorsForEveryMemorySize) {
  TALLY_NEED_VECTOR(path, "tdx/oasis-cli/expected.json");
  const Bytes text = test::MustRead(path);
  const Json expected = ParseJson(AsText(text)).value();
  const Json::Array& cases = *expected.Find("acpi_sha384")->array();
  ASSERT_EQ(cases.size(), 20u);
  std::map<int64_t, Bytes> templates;
  size_t num_compared = 0;
  for (const Json& entry : cases) {
    const int64_t vcpus = *entry.Find("vcpus")->integer();
    // Of the templates four are at hand.
    if (vcpus != 1 && vcpus != 2 && vcpus != 4 && vcpus != 16) continue;
    ++num_compared;
    Bytes& tables = templates[vcpus];
    if (tables.empty()) {
      const Bytes hex =
          test::MustRead(path.parent_path() / ("template_qemu_cpu" +
                                               std::to_string(vcpus) + ".hex"));
      tables = ParseHex(Trim(AsText(hex))).value();
      EXPECT_EQ(CountAcpiProcessors(tables).value(), vcpus);
    }
    const auto mib =
        static_cast<uint64_t>(*entry.Find("memory_mib")->integer());
    const auto moved =
        MoveAcpiMemory(tables, test::OasisTemplateBytes(vcpus), mib << 20);
    ASSERT_TRUE(moved) << moved.error().ToString();
    EXPECT_EQ(Sha384(*moved).hex(), *entry.Find("tables")->text());
    EXPECT_EQ(Sha384(test::OasisLoader(*moved)).hex(),
              *entry.Find("table_loader")->text());
    EXPECT_TRUE(CheckAcpiLoader(test::OasisLoader(*moved)));
  }
  EXPECT_EQ(num_compared, 8u);
}

TEST(AcpiTables, RejectsBadHeaders) {
  EXPECT_EQ(ListError(AsBytes("dsdt....")),
            "acpi tables: signature at 0x0: found 'dsdt', expected capital "
            "letters and digits");
  EXPECT_EQ(ListError(AsBytes(std::string_view("DSDT\x07\0\0\0", 8))),
            "acpi tables: length at 0x4: found 0x7, expected at least 0x8");
  EXPECT_EQ(ListError(AsBytes(std::string_view("DSDT\x09\0\0\0", 8))),
            "acpi tables: table at 0x8: needs 1 bytes, 0 left");
  EXPECT_EQ(ListError(Bytes((uint64_t{16} << 20) + 1)),
            "acpi tables: size is 0x1000001, expected at most 0x1000000");
  Bytes many;
  for (int i = 0; i < 65; ++i) {
    const Bytes one = test::AcpiTable("SSDT", {});
    many.insert(many.end(), one.begin(), one.end());
  }
  EXPECT_EQ(ListError(many), "acpi tables: there are more than 64");
}

TEST(AcpiTables, RejectsBadProcessorLists) {
  EXPECT_EQ(CountError(test::AcpiTable("DSDT", {})),
            "acpi tables: there is no APIC");
  EXPECT_EQ(CountError(test::AcpiTable("APIC", Bytes{0, 0, 0, 0, 0, 0, 0, 0,  //
                                                     0, 1})),
            "acpi table APIC: length at 0x2d: found 1, expected at least 2");
  EXPECT_EQ(CountError(test::AcpiTable("APIC", Bytes{0, 0, 0, 0, 0, 0, 0, 0,  //
                                                     0, 4, 0, 0})),
            "acpi table APIC: flags at 0x30: needs 4 bytes, 0 left");
}

TEST(AcpiTables, RejectsOtherMachinesThanSaid) {
  EXPECT_EQ(MoveError(MakeAcpiTables(1, kGib), 2 * kGib),
            "acpi table DSDT: found 0 windows for PCI devices at 0x80000000, "
            "expected one, as a machine with 2147483648 bytes of memory has");
  Bytes tables = test::AcpiTable("SRAT", {});
  const Bytes rest = MakeAcpiTables(1, kGib);
  tables.insert(tables.end(), rest.begin(), rest.end());
  EXPECT_EQ(MoveError(tables, kGib),
            "acpi tables: there is an SRAT, which lists the memory: tables for "
            "another size are not computed");
}

TEST(AcpiLoader, RejectsOtherFiles) {
  EXPECT_EQ(CheckAcpiLoader(Bytes(127)).error().ToString(),
            "acpi table-loader: size is 0x7f, expected a multiple of 0x80, not "
            "zero");
  EXPECT_EQ(CheckAcpiLoader(Bytes(128, 5)).error().ToString(),
            "acpi table-loader: command at 0x0: found 84215045, expected at "
            "most 4");
}

}  // namespace
}  // namespace tally
