// What measurements.json says of targets for tdx and tpm.
#include <gtest/gtest.h>

#include "cli/acpi_directory.h"
#include "cli/tdx_cells.h"
#include "cli/tpm_cells.h"
#include "tests/support/make_acpi.h"
#include "tests/support/make_tdvf.h"
#include "tests/support/make_uki.h"
#include "tests/support/sizes.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::kGib;

// BootCells has a directory of artifacts, whose firmware has no variables.
class BootCells : public testing::Test {
 protected:
  BootCells() {
    scratch_.Write("firmware.fd", test::MakeTdvf(test::TdvfSections()));
    scratch_.Write("firmware-vars.fd", test::EmptyVariableStore(0x1000));
    scratch_.Write("uki.efi", test::MakeUki("257.1"));
    scratch_.Write("disk.img", test::DiskWithOnePartition());
    scratch_.Write("kernel", "kernel");
    scratch_.Write("initrd", "initrd");
    scratch_.Write("cmdline", "console=ttyS0");
    manifest_.path = "m.yaml";
    manifest_.disk = DiskSpec{};
    manifest_.uki = UkiSpec{};
    manifest_.firmware = FirmwareSpec{};
    manifest_.firmware->vars = "/vars";
  }

  std::vector<MeasuredTarget> Measure(TargetSpec spec) {
    spec.name = "t";
    manifest_.targets = {std::move(spec)};
    const auto targets =
        MeasureTargets(manifest_, scratch_.path(), scratch_.path());
    EXPECT_TRUE(targets) << targets.error().ToString();
    return targets ? *targets : std::vector<MeasuredTarget>{};
  }

  static std::string StatusOf(const MeasuredTarget& target,
                              const std::string& name) {
    for (const MeasuredRegister& found : target.registers) {
      if (found.name != name) continue;
      return found.status + (found.why.empty() ? "" : ": " + found.why);
    }
    return "no such register";
  }

  static std::string BoundBy(const MeasuredTarget& target,
                             const std::string& artifact) {
    for (const BoundArtifact& bound : target.coverage) {
      if (bound.artifact != artifact) continue;
      return bound.bound_by.empty() ? "nothing: " + bound.why_not
                                    : bound.bound_by;
    }
    return "not listed";
  }

  const test::Scratch scratch_;
  Manifest manifest_;
};

TdxTarget QemuTarget() {
  return {.vmm = "qemu",
          .qemu_version = "9.2",
          .firmware_profile = "ovmf-2023.02",
          .page_order = "",
          .boot = "disk",
          .boot_disk = PciDevice{.device = 1, .function = 0},
          .memory = {kGib, 4 * kGib},
          .vcpus = {1, 2},
          .acpi = {},
          .rtmr3 = std::vector<RuntimeEvent>{}};
}

TEST_F(BootCells, TdxHasACellForEachMachine) {
  TdxTarget tdx = QemuTarget();
  tdx.acpi = "acpi";
  for (const uint32_t vcpus : {1u, 2u}) {
    Bytes loader(128);
    loader[0] = 1;
    const AcpiTables tables{.loader = loader,
                            .rsdp = Bytes(20),
                            .tables = test::MakeAcpiTables(vcpus, kGib)};
    ASSERT_TRUE(
        WriteAcpiDirectory(scratch_.path() / "acpi", kGib, vcpus, tables));
  }
  const auto cells = Measure({.tdx = tdx});
  ASSERT_EQ(cells.size(), 4u);
  EXPECT_EQ(*cells[0].profile.Find("acpi")->text(), "files");
  EXPECT_EQ(*cells[3].profile.Find("acpi")->text(), "template");
  EXPECT_EQ(*cells[3].profile.Find("memory_bytes")->integer(),
            static_cast<int64_t>(4 * kGib));
  EXPECT_EQ(*cells[3].profile.Find("vcpus")->integer(), 2);
  for (const MeasuredTarget& cell : cells) {
    ASSERT_EQ(cell.registers.size(), 5u);
    EXPECT_EQ(StatusOf(cell, "mrtd"), "predicted");
    EXPECT_EQ(StatusOf(cell, "rtmr0"), "given");
    EXPECT_EQ(StatusOf(cell, "rtmr1"), "predicted");
    EXPECT_EQ(cell.registers[4].value, std::string(96, '0'));
    EXPECT_EQ(BoundBy(cell, "firmware.fd"), "mrtd");
    EXPECT_EQ(BoundBy(cell, "firmware-vars.fd"), "rtmr0");
    EXPECT_EQ(BoundBy(cell, "uki.efi"), "rtmr1");
    EXPECT_EQ(BoundBy(cell, "kernel"), "uki.efi");
    EXPECT_EQ(BoundBy(cell, "disk.img"), "cmdline");
  }
  // Only RTMR 0 differs, in all of them.
  for (size_t i = 1; i < cells.size(); ++i) {
    EXPECT_NE(cells[i].registers[1].value, cells[0].registers[1].value);
    EXPECT_EQ(cells[i].registers[2].value, cells[0].registers[2].value);
  }
}

TEST_F(BootCells, TdxTellsWhatIsMissing) {
  TdxTarget tdx = QemuTarget();
  tdx.rtmr3.reset();
  const MeasuredTarget cell = Measure({.tdx = tdx}).at(0);
  EXPECT_EQ(StatusOf(cell, "rtmr0"),
            "not predictable: it needs the ACPI tables that the machine "
            "monitor makes");
  EXPECT_EQ(StatusOf(cell, "rtmr3"),
            "not predictable: the manifest does not say what applications "
            "extend: the target has no key 'rtmr3'");
  EXPECT_EQ(BoundBy(cell, "firmware-vars.fd"),
            "nothing: rtmr0 is not predictable: it needs the ACPI tables that "
            "the machine monitor makes");
  const std::string json = FormatMeasurements({cell});
  EXPECT_NE(json.find("\"why\": \"it needs the ACPI tables"),
            std::string::npos);
}

TEST_F(BootCells, TdxFoldsRuntimeEvents) {
  TdxTarget tdx = QemuTarget();
  tdx.rtmr3 = {{.sha384 = Hex(DstackEventDigest("a", Bytes{1})),
                .dstack_event = {},
                .payload_hex = {}}};
  const std::string raw = Measure({.tdx = tdx}).at(0).registers[4].value;
  tdx.rtmr3 = {{.sha384 = {}, .dstack_event = "a", .payload_hex = "01"}};
  EXPECT_EQ(Measure({.tdx = tdx}).at(0).registers[4].value, raw);
  EXPECT_NE(raw, std::string(96, '0'));
}

TEST_F(BootCells, CloudsHideWhatTheirFirmwareMeasures) {
  const auto gce = Measure({.tdx = TdxTarget{.vmm = "gce", .boot = "disk"}});
  ASSERT_EQ(gce.size(), 1u);
  EXPECT_EQ(StatusOf(gce[0], "mrtd"),
            "not predictable: the cloud's firmware is not an input of the "
            "release");
  EXPECT_EQ(StatusOf(gce[0], "rtmr1"),
            "not predictable: what the cloud's firmware measures there, and in "
            "what order, is not known");
  EXPECT_EQ(BoundBy(gce[0], "firmware.fd"), "not listed");
  const auto azure =
      Measure({.tdx = TdxTarget{.vmm = "azure", .boot = "disk"}});
  for (const MeasuredRegister& found : azure.at(0).registers) {
    EXPECT_EQ(found.status, "not predictable") << found.name;
  }
}

TEST_F(BootCells, TpmHasACellForEachBank) {
  const auto cells =
      Measure({.tpm = TpmTarget{.firmware_profile = "ovmf-2022.11",
                                .banks = {"sha256", "sha384"},
                                .boot_disk = PciDevice{.device = 1}}});
  ASSERT_EQ(cells.size(), 2u);
  EXPECT_EQ(*cells[1].profile.Find("bank")->text(), "sha384");
  ASSERT_EQ(cells[1].registers.size(), 16u);
  EXPECT_EQ(StatusOf(cells[1], "pcr4"), "predicted");
  EXPECT_EQ(cells[0].registers[4].value.size(), 64u);
  EXPECT_EQ(cells[1].registers[4].value.size(), 96u);
  EXPECT_EQ(BoundBy(cells[0], "uki.efi"), "pcr4");
  EXPECT_EQ(BoundBy(cells[0], "firmware-vars.fd"), "pcr7");
  EXPECT_EQ(BoundBy(cells[0], "firmware.fd").substr(0, 34),
            "nothing: pcr0 is not predictable: ");
}

TEST_F(BootCells, TpmOfACloudBindsTheImageWhereItsFirmwareMeasuresIt) {
  EXPECT_EQ(BoundBy(Measure({.tpm = TpmTarget{.firmware_profile = "gce",
                                              .banks = {"sha256"}}})
                        .at(0),
                    "uki.efi"),
            "pcr11");  // PCR 2 needs to be told of Secure Boot; or see below
  const auto azure = Measure(
      {.tpm = TpmTarget{.firmware_profile = "azure", .banks = {"sha256"}}});
  EXPECT_EQ(BoundBy(azure.at(0), "uki.efi"), "pcr11");
  EXPECT_EQ(StatusOf(azure.at(0), "pcr4"),
            "not predictable: the paravisor's own TPM measures its own boot");
}

TEST_F(BootCells, RefusesProfilesThatNobodyKnows) {
  TargetSpec spec{.tpm = TpmTarget{.firmware_profile = "bios"}};
  EXPECT_EQ(CheckBootTarget(spec).error().ToString(),
            "found firmware profile 'bios', expected ovmf-2022.11, "
            "ovmf-2023.02, gce, azure");
  spec = {.tdx = QemuTarget()};
  spec.tdx->qemu_version = "7.2";
  EXPECT_EQ(CheckBootTarget(spec).error().ToString(),
            "found QEMU version '7.2', expected 8.0 or later");
}

}  // namespace
}  // namespace tally
