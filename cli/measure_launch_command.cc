// tally measure snp|sev|seves|snp:ovmf-hash: launch digests of AMD guests.

#include <algorithm>

#include "cli/launch_inputs.h"
#include "cli/measure_answer.h"
#include "common/text.h"

namespace tally {
namespace {

// LaunchCell is the launch with one number of processors.
struct LaunchCell {
  uint32_t num_vcpus = 0;  // 0: does not count
  Bytes digest;
  size_t num_events = 0;
};

// MeasuredLaunch is what all kinds of launch have in common.
struct MeasuredLaunch {
  std::string platform;
  std::string algorithm;
  std::vector<LaunchCell> cells;
  std::vector<Event> events;
  std::vector<Coverage> coverage;
  // The pages of the first processor and of all others; empty for SEV.
  Bytes first_vmsa;
  Bytes other_vmsa;
};

template <typename Measurement>
MeasuredLaunch Common(Measurement measurement, std::string platform,
                      std::string algorithm) {
  MeasuredLaunch measured{.platform = std::move(platform),
                          .algorithm = std::move(algorithm),
                          .events = std::move(measurement.events),
                          .coverage = std::move(measurement.coverage)};
  for (const auto& cell : measurement.cells) {
    const ByteSpan digest = cell.launch_digest.span();
    measured.cells.push_back({.num_vcpus = cell.num_vcpus,
                              .digest = Bytes(digest.begin(), digest.end()),
                              .num_events = cell.num_events});
  }
  return measured;
}

Result<SnpMeasurement> MeasureSnpInputs(const LaunchInputs& inputs,
                                        std::span<const uint32_t> vcpus) {
  if (!inputs.firmware_digest) return MeasureSnp(inputs.snp, vcpus);
  TALLY_ASSIGN(const Ovmf layout, ParseOvmf(inputs.firmware.bytes()));
  return MeasureSnpFromSeed(
      {.after_firmware = *inputs.firmware_digest, .layout = layout}, inputs.snp,
      vcpus);
}

Result<MeasuredLaunch> MeasureInputs(const LaunchFlags& flags,
                                     const LaunchInputs& inputs) {
  if (flags.kind == LaunchKind::kSnp) {
    TALLY_ASSIGN(SnpMeasurement snp, MeasureSnpInputs(inputs, flags.vcpus));
    MeasuredLaunch measured = Common(std::move(snp), "sev-snp", "sha384");
    TALLY_ASSIGN(const SnpVmsas vmsas, VmsasOfLaunch(inputs.snp));
    measured.first_vmsa = vmsas.first;
    measured.other_vmsa = vmsas.other;
    return measured;
  }
  const bool is_es = flags.kind == LaunchKind::kSevEs;
  TALLY_ASSIGN(SevMeasurement sev, MeasureSev(inputs.sev, flags.vcpus));
  MeasuredLaunch measured =
      Common(std::move(sev), is_es ? "sev-es" : "sev", "sha256");
  if (is_es) {
    TALLY_ASSIGN(const SevEsVmsas vmsas, VmsasOfLaunch(inputs.sev));
    measured.first_vmsa = vmsas.first;
    measured.other_vmsa = vmsas.other;
  }
  return measured;
}

uint32_t MostVcpus(const MeasuredLaunch& measured) {
  uint32_t most = 0;
  for (const LaunchCell& cell : measured.cells) {
    most = std::max(most, cell.num_vcpus);
  }
  return most;
}

// DumpVmsas writes vmsa0.bin … into the current directory, as sev-snp-measure
// does.
Status DumpVmsas(const MeasuredLaunch& measured) {
  if (measured.first_vmsa.empty()) {
    return UsageError("--dump-vmsa: sev guests have no VMSA");
  }
  for (uint32_t i = 0; i < MostVcpus(measured); ++i) {
    TALLY_TRY(
        WriteFileAtomic("vmsa" + std::to_string(i) + ".bin",
                        i == 0 ? measured.first_vmsa : measured.other_vmsa));
  }
  return Ok();
}

std::string Explain(const MeasuredLaunch& measured) {
  std::string text = ExplainEvents(measured.events);
  if (measured.first_vmsa.empty()) return text;
  text += ExplainVmsa("vcpu 0", measured.first_vmsa);
  if (MostVcpus(measured) > 1) {
    text += ExplainVmsa("all other vcpus", measured.other_vmsa);
  }
  return text;
}

std::string AnswerText(const MeasuredLaunch& measured,
                       const MeasureLaunchFlags& flags) {
  std::string text = flags.explain ? Explain(measured) : "";
  for (const LaunchCell& cell : measured.cells) {
    // One value is printed bare, as scripts around sev-snp-measure expect.
    if (measured.cells.size() > 1) {
      text += "vcpus=" + std::to_string(cell.num_vcpus) + " launch_digest=";
    }
    text += FormatDigest(cell.digest, flags.form) + "\n";
  }
  return text;
}

Json VmsaOrNull(ByteSpan page) {
  return page.empty() ? Json() : VmsaRecord(page);
}

Json AnswerRecord(const MeasuredLaunch& measured) {
  std::vector<size_t> lengths;
  for (const LaunchCell& cell : measured.cells) {
    lengths.push_back(cell.num_events);
  }
  const std::vector<Sha256Digest> digests =
      DigestEventPrefixes(measured.events, lengths);
  Json::Array cells;
  for (size_t i = 0; i < measured.cells.size(); ++i) {
    const LaunchCell& cell = measured.cells[i];
    Json launch_digest =
        Json::Object{{"algorithm", measured.algorithm},
                     {"value", Hex(cell.digest)},
                     {"events_sha256", digests[i].hex()},
                     {"num_events", static_cast<uint64_t>(cell.num_events)}};
    cells.push_back(Json::Object{
        {"vcpus", cell.num_vcpus == 0 ? Json() : Json(int64_t{cell.num_vcpus})},
        {"registers",
         Json::Object{{"launch_digest", std::move(launch_digest)}}}});
  }
  return Json::Object{
      {"platform", measured.platform},
      {"cells", std::move(cells)},
      {"events", EventsToJson(measured.events)},
      {"ranges", EventRanges(measured.events).ToJson()},
      {"coverage", CoverageRecord(measured.coverage)},
      {"vmsa_first", VmsaOrNull(measured.first_vmsa)},
      {"vmsa_other",
       MostVcpus(measured) > 1 ? VmsaOrNull(measured.other_vmsa) : Json()}};
}

}  // namespace

Status RunMeasureLaunch(const MeasureLaunchFlags& flags, Console& console) {
  TALLY_ASSIGN(const LaunchInputs inputs, OpenLaunch(flags.launch));
  for (const std::string& warning : inputs.warnings) console.Warn(warning);
  Result<MeasuredLaunch> measured = MeasureInputs(flags.launch, inputs);
  if (!measured) {
    return std::move(measured).error().While(Measuring(flags.launch));
  }
  if (flags.dump_vmsa) TALLY_TRY(DumpVmsas(*measured));
  WarnUncovered(measured->coverage, console);
  if (flags.launch.kind == LaunchKind::kSevEs && !flags.launch.era &&
      inputs.sev.vmm == SnpVmm::kQemu) {
    console.Hint(
        "QEMU's default, legacy-vm-type=auto, makes SEV-ES guests as hosts "
        "before Linux 6.10 did: --vmsa-era before-linux-6.10");
  }
  console.Answer(
      AnswerText(*measured, flags),
      console.form() == OutputForm::kJson ? AnswerRecord(*measured) : Json());
  return Ok();
}

Status RunMeasureOvmfHash(const OvmfHashFlags& flags, Console& console) {
  for (const std::string& option : flags.unused) {
    console.Warn(option + " has no effect: only the firmware's pages count");
  }
  TALLY_ASSIGN(const MappedFile firmware, MappedFile::Open(flags.ovmf));
  Result<SnpFirmwareSeed> seed = SeedSnpFirmware(firmware.bytes());
  if (!seed) {
    return std::move(seed).error().While("measuring " +
                                         Quote(flags.ovmf.string()));
  }
  const SnpLaunchDigest& digest = seed->after_firmware;
  console.Answer(
      digest.hex() + "\n",
      Json::Object{{"platform", "sev-snp"}, {"ovmf_hash", digest.hex()}});
  return Ok();
}

}  // namespace tally
