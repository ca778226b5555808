// The launch digests of AMD SEV and SEV-ES guests.
//
// Follows AMD 55766 (SEV API), LAUNCH_UPDATE_DATA, LAUNCH_UPDATE_VMSA and
// LAUNCH_MEASURE: the SHA-256 of everything that was loaded, in order. What
// LAUNCH_MEASURE returns is an HMAC over it with a key of the guest's owner.
// See docs/measurements/sev.md.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/bytes.h"
#include "common/digest.h"
#include "formats/sev_hash_table.h"
#include "measure/event.h"
#include "measure/initial_vmsa.h"

namespace tally {

using SevLaunchDigest = Digest<struct SevLaunchDigestTag, 32>;

enum class SevMode { kSev, kSevEs };

// SevLaunch is everything but the number of processors that the digest depends
// on. What concerns processors is unused for SEV.
struct SevLaunch {
  // The firmware image; must outlive the call.
  ByteSpan firmware;
  SevMode mode = SevMode::kSev;
  uint32_t vcpu_signature = 0;
  SnpVmm vmm = SnpVmm::kQemu;
  SnpVmsaEra era = SnpVmsaEra::kFpuSynced;
  // SEV_FEATURES of the VMSAs (AMD 24593, appendix B), for SEV-ES.
  uint64_t guest_features = 0;
  // The firmware must have a kernel-hashes table.
  std::optional<SevHashes> kernel_hashes;
};

struct SevCell {
  uint32_t num_vcpus = 0;  // 0 for SEV, where it does not count
  SevLaunchDigest launch_digest;
  // Its events are the first so many of SevMeasurement::events.
  size_t num_events = 0;
};

struct SevMeasurement {
  std::vector<SevCell> cells;
  std::vector<Event> events;
  std::vector<Coverage> coverage;

  std::span<const Event> EventsOf(const SevCell& cell) const {
    return std::span(events).first(cell.num_events);
  }
};

// MeasureSev predicts the digest, for SEV-ES for each number of processors, for
// SEV once (`vcpu_counts` is ignored). Firmware that cannot be launched so is
// an input error.
Result<SevMeasurement> MeasureSev(const SevLaunch& launch,
                                  std::span<const uint32_t> vcpu_counts);

// SevEsVmsas are the pages of the first processor and of all others.
struct SevEsVmsas {
  Bytes first;
  Bytes other;
};
Result<SevEsVmsas> VmsasOfLaunch(const SevLaunch& launch);

}  // namespace tally
