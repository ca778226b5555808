// The launch digest of AMD SEV-SNP guests.
//
// Follows AMD 56860 (SEV Secure Nested Paging Firmware ABI Specification),
// SNP_LAUNCH_UPDATE, and what QEMU (with and without an SVSM), Amazon EC2 and
// Google Compute Engine do with it. See docs/measurements/sev-snp.md. Not
// modelled: guests whose VMPL1-3 have permissions at launch.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/bytes.h"
#include "formats/ovmf.h"
#include "formats/sev_hash_table.h"
#include "formats/svsm.h"
#include "measure/event.h"
#include "measure/initial_vmsa.h"
#include "measure/snp_page.h"

namespace tally {

// SnpSvsmImage is an SVSM that is launched below the firmware.
struct SnpSvsmImage {
  // Must outlive the call.
  ByteSpan image;
  // The size of the firmware's variable store, which lies between the two.
  uint64_t vars_size_bytes = 0;
};

// SnpLaunch is everything but the number of processors that the launch digest
// depends on.
struct SnpLaunch {
  // The firmware image; must outlive the call.
  ByteSpan firmware;
  // CPUID Fn0000_0001_EAX of the virtual processor: see FindVcpuType().
  uint32_t vcpu_signature = 0;
  // SEV_FEATURES: see ParseGuestFeatures().
  uint64_t guest_features = 1;
  SnpVmm vmm = SnpVmm::kQemu;
  SnpVmsaEra era = SnpVmsaEra::kFpuSynced;
  // Where VMSA pages are said to be, if not where InitialVmsaGpa() says.
  std::optional<uint64_t> vmsa_gpa;
  // Given if the VMM loads the kernel and puts its hashes into the guest. The
  // firmware must have a kernel-hashes table.
  std::optional<SevHashes> kernel_hashes;
  std::optional<SnpSvsmImage> svsm;
};

// SnpCell is the launch with one number of processors.
struct SnpCell {
  uint32_t num_vcpus = 0;
  SnpLaunchDigest launch_digest;
  // Its events are the first so many of SnpMeasurement::events.
  size_t num_events = 0;
};

struct SnpMeasurement {
  // In the order in which the numbers of processors were given.
  std::vector<SnpCell> cells;
  // Of the launch with the most processors.
  std::vector<Event> events;
  // For firmware, vcpus, kernel, initrd, cmdline: bound by "launch_digest" or
  // not.
  std::vector<Coverage> coverage;

  std::span<const Event> EventsOf(const SnpCell& cell) const {
    return std::span(events).first(cell.num_events);
  }
};

// MeasureSnp predicts the launch digest for each number of processors; what
// they have in common is hashed once. Firmware that cannot be launched so is an
// input error.
Result<SnpMeasurement> MeasureSnp(const SnpLaunch& launch,
                                  std::span<const uint32_t> vcpu_counts);

// SnpFirmwareSeed stands for a firmware whose image is not at hand: the launch
// digest after its pages ("ovmf-hash" in other tools) and its layout.
struct SnpFirmwareSeed {
  SnpLaunchDigest after_firmware;
  // layout.size_bytes only bounds where sections may lie.
  Ovmf layout;
};

// SeedSnpFirmware computes the seed of an image.
Result<SnpFirmwareSeed> SeedSnpFirmware(ByteSpan firmware);

// MeasureSnpFromSeed is MeasureSnp with the seed in place of launch.firmware.
// There can be no SVSM.
Result<SnpMeasurement> MeasureSnpFromSeed(
    const SnpFirmwareSeed& seed, const SnpLaunch& launch,
    std::span<const uint32_t> vcpu_counts);

// The parts of a launch, for those who vary them.

// Linux arch/x86/kvm/svm/sev.c, INITIAL_VMSA_GPA: a constant of 48 bits.
inline constexpr uint64_t kKvmVmsaGpa = 0xfffffffff000;
// gce-tcb-verifier 74582c07, sev/measurement.go, ProductHighAddress: -1 cut to
// the address space of the product, which on Genoa has 52 bits.
inline constexpr uint64_t kGceGenoaVmsaGpa = 0xffffffffff000;

// InitialVmsaGpa is the address that the host's KVM gives for VMSA pages: all
// ones, cut to a page of the physical address space.
uint64_t InitialVmsaGpa(SnpVmm vmm, uint32_t vcpu_signature);

// HasKernelHashesTable says whether an SNP guest's firmware could check a
// kernel loaded by the VMM.
bool HasKernelHashesTable(const Ovmf& layout);

// PlanSnpSections returns the steps for the firmware's SEV metadata, in the
// order of launch.vmm.
std::vector<SnpStep> PlanSnpSections(const SnpLaunch& launch,
                                     const Ovmf& layout);

// SnpVmsas are the pages of the first processor and of all others.
struct SnpVmsas {
  Bytes first;
  Bytes other;
  uint64_t gpa = 0;
};

// InitialSnpVmsas returns the pages that MeasureSnp folds. `reset_eip` is the
// firmware's SEV-ES reset address.
SnpVmsas InitialSnpVmsas(const SnpLaunch& launch,
                         std::optional<uint32_t> reset_eip);

// SvsmPlace is an SVSM and where it lies: below the firmware's variables.
struct SvsmPlace {
  Svsm svsm;
  uint64_t gpa = 0;
  uint64_t firmware_gpa = 0;

  // Where all processors begin.
  uint32_t entry() const {
    return static_cast<uint32_t>(gpa + svsm.entry_offset);
  }
};

// PlaceSvsm parses launch.svsm, which must be given. Something that cannot be
// launched with an SVSM, or does not fit, is an input error.
Result<SvsmPlace> PlaceSvsm(const SnpLaunch& launch);

// VmsasOfLaunch reads the firmware (and the SVSM) for what InitialSnpVmsas
// needs.
Result<SnpVmsas> VmsasOfLaunch(const SnpLaunch& launch);

}  // namespace tally
