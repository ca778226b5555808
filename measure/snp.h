// The launch digest of AMD SEV-SNP guests.
//
// Follows AMD 56860 (SEV Secure Nested Paging Firmware ABI Specification),
// SNP_LAUNCH_UPDATE, and what QEMU, Amazon EC2 and Google Compute Engine do
// with it. See docs/measurements/sev-snp.md. Not modelled: SVSM, IGVM, guests
// whose VMPL1-3 have permissions at launch.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "common/bytes.h"
#include "common/digest.h"
#include "formats/ovmf.h"
#include "measure/event.h"
#include "measure/platforms.h"

namespace tally {

using SnpLaunchDigest = Digest<struct SnpLaunchDigestTag, 48>;

// SnpPageType is the PAGE_TYPE of SNP_LAUNCH_UPDATE.
enum class SnpPageType : uint8_t {
  kNormal = 1,
  kVmsa = 2,
  kZero = 3,
  kUnmeasured = 4,
  kSecrets = 5,
  kCpuid = 6,
};

// SnpPage is what the firmware hashes for one page: PAGE_INFO without the
// running digest.
struct SnpPage {
  // SHA-384 of the page for normal and VMSA pages, else zeros.
  Sha384Digest contents;
  SnpPageType type = SnpPageType::kNormal;
  // 1 if the page belongs to an initial migration image.
  uint8_t imi_page = 0;
  uint8_t vmpl1_permissions = 0;
  uint8_t vmpl2_permissions = 0;
  uint8_t vmpl3_permissions = 0;
  uint64_t gpa = 0;
};

// ExtendSnp returns the launch digest after one more page.
SnpLaunchDigest ExtendSnp(const SnpLaunchDigest& before, const SnpPage& page);

// SnpKernelHashes bind a kernel that QEMU loads directly
// (-kernel with kernel-hashes=on).
struct SnpKernelHashes {
  Sha256Digest kernel;
  Sha256Digest initrd;
  Sha256Digest cmdline;
};

// HashKernelInputs hashes as QEMU does: the command line with its final NUL (so
// an absent one is a single NUL), an absent initrd as no bytes.
SnpKernelHashes HashKernelInputs(ByteSpan kernel, ByteSpan initrd,
                                 std::string_view cmdline);

// SnpLaunch is everything the launch digest depends on.
struct SnpLaunch {
  // The firmware image; must outlive the call.
  ByteSpan firmware;
  uint32_t num_vcpus = 1;
  // CPUID Fn0000_0001_EAX of the virtual processor: see FindVcpuType().
  uint32_t vcpu_signature = 0;
  // SEV_FEATURES: bit 0 SNP active, bit 5 debug swap …
  uint64_t guest_features = 1;
  SnpVmm vmm = SnpVmm::kQemu;
  SnpVmsaEra era = SnpVmsaEra::kFpuSynced;
  // Given if the VMM loads the kernel and puts its hashes into the guest. The
  // firmware must have a kernel-hashes table.
  std::optional<SnpKernelHashes> kernel_hashes;
};

struct SnpMeasurement {
  uint32_t num_vcpus = 0;
  SnpLaunchDigest launch_digest;
  std::vector<Event> events;
  // For firmware, vcpus, kernel, initrd, cmdline: bound by "launch_digest" or
  // not.
  std::vector<Coverage> coverage;
  // Whether this firmware could check a kernel loaded by the VMM.
  bool has_kernel_hashes_table = false;
};

// MeasureSnp predicts the launch digest. Firmware that cannot be launched so is
// an input error.
Result<SnpMeasurement> MeasureSnp(const SnpLaunch& launch);

// MeasureSnpMatrix measures the launch once for each number of processors
// (launch.num_vcpus is ignored); the firmware is hashed only once.
Result<std::vector<SnpMeasurement>> MeasureSnpMatrix(
    const SnpLaunch& launch, std::span<const uint32_t> vcpu_counts);

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
Result<SnpMeasurement> MeasureSnpFromSeed(const SnpFirmwareSeed& seed,
                                          const SnpLaunch& launch);

}  // namespace tally
