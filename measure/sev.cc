#include "measure/sev.h"

#include <algorithm>
#include <string>

#include "common/check.h"
#include "common/hash.h"
#include "common/text.h"
#include "formats/ovmf.h"

namespace tally {
namespace {

// Progress is a launch that is under way.
struct Progress {
  Sha256Hasher hasher;
  std::vector<Event> events;

  void Load(ByteSpan bytes, std::string what, std::string type,
            std::optional<uint64_t> gpa) {
    hasher.Update(bytes);
    events.push_back({.what = std::move(what),
                      .type = std::move(type),
                      .gpa = gpa,
                      .size_bytes = bytes.size(),
                      .digest = Sha256(bytes),
                      .value_after = hasher.Clone().Finish()});
  }
};

std::string ModeName(SevMode mode) {
  return mode == SevMode::kSev ? "sev" : "sev-es";
}

// Layout reads the firmware's tables if the launch needs any of them: plain SEV
// starts any firmware.
Result<Ovmf> Layout(const SevLaunch& launch, bool needed) {
  if (needed) return ParseOvmf(launch.firmware);
  if (launch.firmware.empty()) {
    return InputError(ModeName(launch.mode) + ": the firmware is empty");
  }
  return Ovmf{.size_bytes = launch.firmware.size()};
}

Status CheckProcessors(const SevLaunch& launch, const Ovmf& layout,
                       std::span<const uint32_t> vcpu_counts) {
  for (const uint32_t num_vcpus : vcpu_counts) {
    if (num_vcpus == 0 || num_vcpus > kMaxVcpus) {
      return InputError("sev-es: found " + std::to_string(num_vcpus) +
                        " vcpus, expected 1 to " + std::to_string(kMaxVcpus));
    }
    if (num_vcpus > 1 && !layout.sev_es_reset_eip) {
      return InputError(
          "sev-es: the firmware has no SEV-ES reset address, so " +
          std::to_string(num_vcpus) + " vcpus cannot start");
    }
  }
  if (!ProfileOf(launch.vmm).rdx && launch.vcpu_signature == 0) {
    return InputError(
        "sev-es: vcpu signature is zero, expected that of a vcpu type");
  }
  return Ok();
}

Status CheckKernelHashes(const SevLaunch& launch, const Ovmf& layout) {
  if (!launch.kernel_hashes) return Ok();
  if (!ProfileOf(launch.vmm).measures_kernel) {
    return InputError(ModeName(launch.mode) + ": a kernel was given, but " +
                      std::string(SnpVmmName(launch.vmm)) +
                      " measures no kernel");
  }
  if (!layout.kernel_hashes) {
    return InputError(ModeName(launch.mode) +
                      ": a kernel was given, but the firmware has no "
                      "kernel-hashes table")
        .Hint(
            "use a firmware built from OvmfPkg/AmdSev/AmdSevX64.dsc, or "
            "measure without a kernel: then nothing binds it");
  }
  return Ok();
}

std::vector<Coverage> DescribeCoverage(const SevLaunch& launch) {
  const std::vector<std::string> bound = {std::string(kLaunchDigestName)};
  std::vector<Coverage> coverage = {{.input = "firmware", .registers = bound}};
  if (launch.mode == SevMode::kSevEs) {
    coverage.push_back({.input = "vcpus", .registers = bound});
  }
  for (const char* input : {"kernel", "initrd", "cmdline"}) {
    Coverage entry{.input = input};
    if (launch.kernel_hashes) {
      entry.registers = bound;
    } else {
      entry.why_not = "the launch loads no kernel hashes";
    }
    coverage.push_back(std::move(entry));
  }
  return coverage;
}

SevEsVmsas MakeVmsas(const SevLaunch& launch, const Ovmf& layout) {
  const VmsaFacts facts{.vmm = launch.vmm,
                        .era = launch.era,
                        .vcpu_signature = launch.vcpu_signature,
                        .guest_features = launch.guest_features};
  const uint32_t reset_eip = layout.sev_es_reset_eip.value_or(kBootEip);
  return {.first = EncodeVmsa(InitialVmsa(facts, kBootEip)),
          .other = EncodeVmsa(InitialVmsa(facts, reset_eip))};
}

// AddVmsas loads the processors; fewer are the beginning of more.
void AddVmsas(const SevEsVmsas& vmsas, std::span<const uint32_t> vcpu_counts,
              Progress* progress, std::vector<SevCell>* cells) {
  const size_t num_shared = progress->events.size();
  const uint32_t most = *std::ranges::max_element(vcpu_counts);
  for (uint32_t i = 0; i < most; ++i) {
    progress->Load(i == 0 ? vmsas.first : vmsas.other,
                   "vcpu " + std::to_string(i), "vmsa", std::nullopt);
  }
  for (const uint32_t num_vcpus : vcpu_counts) {
    const size_t num_events = num_shared + num_vcpus;
    const Event& last = progress->events[num_events - 1];
    cells->push_back(
        {.num_vcpus = num_vcpus,
         .launch_digest =
             SevLaunchDigest::FromBytes(last.value_after.span()).value(),
         .num_events = num_events});
  }
}

}  // namespace

Result<SevMeasurement> MeasureSev(const SevLaunch& launch,
                                  std::span<const uint32_t> vcpu_counts) {
  const bool is_es = launch.mode == SevMode::kSevEs;
  TALLY_CHECK(!is_es || !vcpu_counts.empty());
  TALLY_ASSIGN(const Ovmf layout,
               Layout(launch, is_es || launch.kernel_hashes.has_value()));
  TALLY_TRY(CheckKernelHashes(launch, layout));
  if (is_es) TALLY_TRY(CheckProcessors(launch, layout, vcpu_counts));

  Progress progress;
  progress.Load(launch.firmware, "firmware", "data", layout.gpa());
  if (launch.kernel_hashes) {
    progress.Load(EncodeSevHashTable(*launch.kernel_hashes),
                  "hashes of kernel, initrd and command line", "data",
                  layout.kernel_hashes->gpa);
  }
  SevMeasurement measurement{.coverage = DescribeCoverage(launch)};
  if (is_es) {
    AddVmsas(MakeVmsas(launch, layout), vcpu_counts, &progress,
             &measurement.cells);
  } else {
    const AnyDigest& value = progress.events.back().value_after;
    measurement.cells.push_back(
        {.launch_digest = SevLaunchDigest::FromBytes(value.span()).value(),
         .num_events = progress.events.size()});
  }
  measurement.events = std::move(progress.events);
  return measurement;
}

Result<SevEsVmsas> VmsasOfLaunch(const SevLaunch& launch) {
  TALLY_CHECK(launch.mode == SevMode::kSevEs);
  TALLY_ASSIGN(const Ovmf layout, ParseOvmf(launch.firmware));
  return MakeVmsas(launch, layout);
}

}  // namespace tally
