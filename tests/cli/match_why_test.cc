// Why evidence does not match: what is said of boots and launches that differ
// from a release in one known thing.
#include "cli/match_why.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "cli/tdx_cells.h"
#include "cli/tpm_cells.h"
#include "measure/event_log_replay.h"
#include "tests/support/make_event_log.h"
#include "tests/support/make_ovmf.h"
#include "tests/support/make_tdvf.h"
#include "tests/support/make_uki.h"
#include "tests/support/sizes.h"
#include "tests/support/test_files.h"

namespace tally {
namespace {

using test::kGib;

// Machine is artifacts and a manifest: the release, or what really ran.
class Machine {
 public:
  explicit Machine(TargetSpec spec) {
    spec.name = "t";
    manifest.path = "m.yaml";
    manifest.firmware = FirmwareSpec{};
    manifest.uki = UkiSpec{};
    manifest.targets = {std::move(spec)};
    scratch.Write("kernel", "kernel");
    scratch.Write("initrd", "initrd");
    scratch.Write("cmdline", "console=ttyS0");
  }

  std::vector<MeasuredTarget> Measure() const {
    auto measured = MeasureTargets(manifest, scratch.path(), scratch.path());
    EXPECT_TRUE(measured) << measured.error().ToString();
    return std::move(measured).value();
  }
  ReleaseFiles Files() const {
    return {manifest, scratch.path(), scratch.path()};
  }

  const test::Scratch scratch;
  Manifest manifest;
};

std::vector<PublishedTarget> Published(const Machine& machine) {
  return ParseMeasurements(FormatMeasurements(machine.Measure()), {}).value();
}

// Attested makes evidence of the values that hardware would report.
Evidence Attested(EvidenceKind kind, const Machine& machine) {
  Evidence evidence = {.kind = kind, .checks = {Passed("signature", "")}};
  const std::vector<MeasuredTarget> measured = machine.Measure();
  for (const MeasuredRegister& found : measured.at(0).registers) {
    if (found.value.empty()) continue;
    evidence.registers.push_back({.name = found.name,
                                  .algorithm = found.algorithm,
                                  .value = ParseHex(found.value).value()});
  }
  return evidence;
}

// LogOf writes the log that firmware would have written. What an event's data
// says is not looked at.
Bytes LogOf(std::span<const BootEvent> events, HashAlgorithm bank,
            LogRegisters registers) {
  const test::LogBank log_bank =
      bank == HashAlgorithm::kSha384 ? test::kSha384Bank : test::kSha256Bank;
  ByteWriter log;
  log.Raw(test::SpecIdLogEvent({log_bank}));
  for (const BootEvent& event : events) {
    std::optional<uint32_t> index = event.pcr;
    if (registers == LogRegisters::kRtmrs) {
      index = RtmrOfPcr(event.pcr);
      if (index) ++*index;  // 0 is MRTD
    }
    if (!index) continue;
    log.U32Le(*index).U32Le(event.type).U32Le(1).U16Le(log_bank.id);
    log.Raw(event.digests.at(bank)).U32Le(1).Text("x");
  }
  return std::move(log).Take();
}

// WhyNot explains evidence by a release that published these measurements.
MatchWhy WhyNot(const std::vector<PublishedTarget>& published,
                const Machine& release, const Evidence& evidence) {
  const MatchPolicy policy = {
      .registers = {{"rtmr0", {RegisterUse::kIgnored, "no ACPI tables"}}}};
  const Verdict verdict = MatchEvidence(
      evidence,
      {.published = published, .policy = policy, .freshness = Freshness{}});
  EXPECT_TRUE(verdict.target);
  return ExplainMismatch(release.Files(), evidence, *verdict.target);
}

MatchWhy Why(const Machine& release, const Evidence& evidence) {
  return WhyNot(Published(release), release, evidence);
}

TargetSpec Tdx() {
  return {.tdx = TdxTarget{.vmm = "qemu",
                           .qemu_version = "9.2",
                           .firmware_profile = "ovmf-2023.02",
                           .page_order = "",
                           .boot = "uki",
                           .boot_disk = {},
                           .memory = {kGib},
                           .vcpus = {1},
                           .acpi = {},
                           .rtmr3 = std::vector<RuntimeEvent>{}}};
}

class TdxMachine : public Machine {
 public:
  explicit TdxMachine(const std::string& stub = "257.1",
                      TargetSpec spec = Tdx())
      : Machine(std::move(spec)) {
    manifest.firmware->vars = "/vars";
    scratch.Write("firmware.fd", test::MakeTdvf(test::TdvfSections()));
    scratch.Write("firmware-vars.fd", test::EmptyVariableStore(0x1000));
    scratch.Write("uki.efi", test::MakeUki(stub));
  }
};

Bytes CcelOf(const Machine& machine) {
  const TdxCells cells =
      OpenTdxCells(machine.manifest, *machine.manifest.targets[0].tdx,
                   machine.scratch.path(), machine.scratch.path())
          .value();
  return LogOf(PredictTdxCells(cells).value()[0].events, HashAlgorithm::kSha384,
               LogRegisters::kRtmrs);
}

TEST(MatchWhy, TheLogOfATdxGuestNamesTheImage) {
  const TdxMachine release;
  const TdxMachine other("257.2");
  Evidence evidence = Attested(EvidenceKind::kTdxQuote, other);
  evidence.event_log = CcelOf(other);
  const MatchWhy why = Why(release, evidence);
  EXPECT_EQ(why.why_not, "");
  EXPECT_TRUE(why.first_difference.starts_with("rtmr1 event "))
      << why.first_difference;
  EXPECT_NE(why.first_difference.find(": expected sha384:"), std::string::npos);
  ASSERT_EQ(why.registers.size(), 1u);
  EXPECT_EQ(why.registers[0].name, "rtmr1");
  EXPECT_FALSE(why.registers[0].differences);
}

TEST(MatchWhy, TheSearchNeedsNoLogOfATdxGuest) {
  TargetSpec single = Tdx();
  single.tdx->page_order = "single-pass";
  TargetSpec two = Tdx();
  two.tdx->page_order = "two-pass";
  const TdxMachine release("257.1", single);
  const TdxMachine other("257.1", two);
  const MatchWhy why = Why(release, Attested(EvidenceKind::kTdxQuote, other));
  EXPECT_EQ(why.first_difference, "");
  EXPECT_EQ(MatchWhyText(why),
            "  explained         mrtd: page order: expected single-pass, "
            "attested two-pass\n");
}

class SnpMachine : public Machine {
 public:
  explicit SnpMachine(uint32_t num_vcpus, Bytes firmware = test::MakeOvmf())
      : Machine(TargetSpec{.sev = SevTarget{.platform = "sev-snp",
                                            .vmms = {"qemu"},
                                            .vcpu_types = {"EPYC-v4"},
                                            .vcpus = {num_vcpus},
                                            .guest_features = {1},
                                            .igvm_policy = {}}}) {
    scratch.Write("firmware.fd", firmware);
  }
};

TEST(MatchWhy, TheSearchNamesWhatASnpGuestWasLaunchedWith) {
  const MatchWhy why =
      Why(SnpMachine(2), Attested(EvidenceKind::kSnpReport, SnpMachine(8)));
  EXPECT_EQ(why.why_not, "");
  ASSERT_EQ(why.registers.size(), 1u);
  EXPECT_EQ(why.registers[0].name, "launch_digest");
  ASSERT_TRUE(why.registers[0].differences);
  ASSERT_EQ(why.registers[0].differences->size(), 1u);
  EXPECT_EQ(why.registers[0].differences->at(0).given, "2");
  EXPECT_EQ(why.registers[0].differences->at(0).found, "8");
}

TEST(MatchWhy, MeasurementsOfOtherArtifactsAreNamed) {
  Bytes firmware = test::MakeOvmf();
  firmware.front() ^= 1;
  const SnpMachine release(2);
  const MatchWhy why = WhyNot(Published(SnpMachine(2, firmware)), release,
                              Attested(EvidenceKind::kSnpReport, release));
  EXPECT_EQ(MatchWhyText(why),
            "  explained         launch_digest: the release's artifacts give "
            "the attested value; measurements.json is not theirs\n");
}

TEST(MatchWhy, TheLogOfATpmNamesTheImage) {
  const auto make = [](const std::string& stub) {
    auto machine = std::make_unique<Machine>(TargetSpec{
        .tpm = TpmTarget{.firmware_profile = "ovmf-2022.11",
                         .banks = {"sha256"},
                         .boot_disk = PciDevice{.device = 1, .function = 0}}});
    machine->manifest.disk = DiskSpec{};
    machine->manifest.firmware->vars = "/vars";
    machine->scratch.Write("firmware-vars.fd",
                           test::EmptyVariableStore(0x1000));
    machine->scratch.Write("uki.efi", test::MakeUki(stub));
    machine->scratch.Write("disk.img", test::DiskWithOnePartition());
    return machine;
  };
  const auto release = make("257.1");
  const auto other = make("257.2");
  Evidence evidence = Attested(EvidenceKind::kTpmQuote, *other);
  const TpmCells cells =
      OpenTpmCells(other->manifest, *other->manifest.targets[0].tpm,
                   other->scratch.path())
          .value();
  evidence.event_log = LogOf(PredictTpm(cells.boot).value().events,
                             HashAlgorithm::kSha256, LogRegisters::kPcrs);
  const MatchWhy why = Why(*release, evidence);
  EXPECT_EQ(why.why_not, "");
  EXPECT_TRUE(why.first_difference.starts_with("pcr4 event "))
      << why.first_difference;
  EXPECT_NE(why.first_difference.find("EV_EFI_BOOT_SERVICES_APPLICATION"),
            std::string::npos)
      << why.first_difference;
}

TEST(MatchWhy, WithoutArtifactsItSaysSo) {
  const TdxMachine release;
  const Evidence evidence =
      Attested(EvidenceKind::kTdxQuote, TdxMachine("257.2"));
  const Verdict verdict =
      MatchEvidence(evidence, {.published = Published(release),
                               .policy = MatchPolicy{},
                               .freshness = Freshness{}});
  const test::Scratch empty;
  const MatchWhy why =
      ExplainMismatch({release.manifest, empty.path(), empty.path()}, evidence,
                      *verdict.target);
  EXPECT_NE(why.why_not.find("firmware.fd"), std::string::npos) << why.why_not;
  EXPECT_TRUE(MatchWhyText(why).starts_with("  not explained     "));
  EXPECT_TRUE(why.registers.empty());
}

}  // namespace
}  // namespace tally
