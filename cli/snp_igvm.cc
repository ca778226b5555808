#include "cli/snp_igvm.h"

#include <algorithm>
#include <string>

#include "builder/igvm.h"
#include "common/check.h"
#include "common/hash.h"
#include "formats/vmsa.h"
#include "measure/igvm_kvm.h"
#include "measure/vmm.h"

namespace tally {
namespace {

constexpr uint64_t kCr0NumericError = 0x20;

Status CheckVmm(const SnpLaunch& launch) {
  if (launch.vmm != SnpVmm::kQemu) {
    return InputError("igvm: found monitor " +
                      std::string(SnpVmmName(launch.vmm)) + ", expected " +
                      std::string(SnpVmmName(SnpVmm::kQemu)) +
                      ", which alone is known to load such files");
  }
  if (launch.svsm) {
    return InputError("igvm: files with an SVSM are not built here");
  }
  return Ok();
}

// ResetState is the VMSA of a processor that no VP context names. QEMU looks
// for the SEV-ES reset address in a firmware given with -bios, and sets the
// other processors only then (target/i386/sev.c, sev_es_save_reset_vector).
Vmsa ResetState(const SnpLaunch& launch) {
  return InitialVmsa({.vmm = launch.vmm,
                      .era = launch.era,
                      .vcpu_signature = launch.vcpu_signature,
                      .guest_features = launch.guest_features},
                     kBootEip);
}

// FirstVmsa has CR0.NE, since there are hosts on which KVM sets it.
Bytes FirstVmsa(const SnpLaunch& launch) {
  Vmsa vmsa = ResetState(launch);
  vmsa.cr0 |= kCr0NumericError;
  return EncodeVmsa(vmsa);
}

// CheckKvm: a file that KVM measured in another way would have no prediction.
Status CheckKvm(const Igvm& igvm) {
  TALLY_ASSIGN(const std::vector<IgvmKvmFinding> findings,
               CheckIgvmForKvm(igvm, IgvmPlatformType::kSevSnp));
  if (findings.empty()) return Ok();
  return InputError("igvm: " + WhereOf(findings.front()) + ": " +
                    findings.front().what);
}

std::vector<SnpStep> OtherProcessors(const SnpLaunch& launch,
                                     uint32_t num_vcpus) {
  const SnpPage page{.contents = Sha384(EncodeVmsa(ResetState(launch))),
                     .type = SnpPageType::kVmsa,
                     .gpa = kIgvmVmsaGpa};
  std::vector<SnpStep> steps;
  for (uint32_t i = 1; i < num_vcpus; ++i) {
    steps.push_back({page, "vcpu " + std::to_string(i)});
  }
  return steps;
}

}  // namespace

Result<Bytes> BuildSnpIgvm(const SnpLaunch& launch, uint64_t policy) {
  TALLY_TRY(CheckVmm(launch));
  const Bytes vmsa = FirstVmsa(launch);
  return BuildIgvm({.firmware = launch.firmware,
                    .kernel_hashes = launch.kernel_hashes,
                    .vmsas = {{.vp_index = 0, .page = vmsa}},
                    .policy = policy});
}

Result<SnpMeasurement> MeasureSnpIgvm(ByteSpan file, const SnpLaunch& launch,
                                      std::span<const uint32_t> vcpu_counts) {
  TALLY_CHECK(!vcpu_counts.empty());
  TALLY_TRY(CheckVmm(launch));
  // For its checks, and for what it says about coverage.
  TALLY_ASSIGN(SnpMeasurement measurement, MeasureSnp(launch, vcpu_counts));
  TALLY_ASSIGN(const Igvm igvm, ParseIgvm(file));
  TALLY_TRY(CheckKvm(igvm));
  measurement.events.clear();
  const auto keep = [&](const Event& event) {
    measurement.events.push_back(event);
  };
  TALLY_ASSIGN(const IgvmSnpMeasurement of_file,
               MeasureIgvmSnp(igvm, IgvmZeroPages::kNormal, {.event = keep}));

  const size_t num_shared = measurement.events.size();
  FoldSnp(of_file.launch_digest,
          OtherProcessors(launch, *std::ranges::max_element(vcpu_counts)),
          &measurement.events);
  for (SnpCell& cell : measurement.cells) {
    cell.num_events = num_shared + (cell.num_vcpus - 1);
    cell.launch_digest =
        SnpLaunchDigest::FromBytes(
            measurement.events[cell.num_events - 1].value_after.span())
            .value();
  }
  return measurement;
}

}  // namespace tally
