// BootEvent: what firmware, loader and kernel measure while a guest boots.
//
// One model for a TPM's PCRs and for Intel TDX's RTMRs: TDVF measures the same
// events, and a fixed table says which RTMR stands for which PCR (UEFI 2.10,
// section 38.4.1, "Intel Trust Domain Extension"). See
// docs/measurements/measured-boot.md.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/any_hash.h"
#include "common/digest.h"
#include "measure/event.h"

namespace tally {

// Where a value comes from. A register is as good as its weakest event.
enum class BootSource {
  // Computed from the inputs of the launch alone.
  kPredicted,
  // Taken from a log, a table or a digest that the user gave. A register that
  // was computed from the guest's own log proves nothing about the guest.
  kGiven,
};

std::string_view BootSourceName(BootSource source);  // "predicted", "given"

// What boots extends PCR 0 to 15; those above are for debugging, dynamic
// launches and applications.
inline constexpr uint32_t kBootPcrs = 16;

// Some of them, by what they measure: docs/measurements/tpm.md.
inline constexpr uint32_t kPcrImages = 4;
inline constexpr uint32_t kPcrPartitions = 5;
inline constexpr uint32_t kPcrSecureBoot = 7;
inline constexpr uint32_t kPcrKernelStub = 9;
inline constexpr uint32_t kPcrUki = 11;

struct BootEvent {
  uint32_t pcr = 0;
  // TCG PC Client Platform Firmware Profile 1.06, section 10.4.1, table 27.
  uint32_t type = 0;
  // Why it is there, for people: "kernel command line".
  std::string what;
  // What is extended, for each bank; the banks of all events are the same.
  BankDigests digests;
  BootSource source = BootSource::kPredicted;

  bool operator==(const BootEvent&) const = default;
};

// HashedEvent is an event whose digest is that of `data`, as of most types.
BootEvent HashedEvent(std::span<const HashAlgorithm> banks, uint32_t pcr,
                      uint32_t type, std::string what, ByteSpan data);

// ExtendRegister returns H(value | digest).
Bytes ExtendRegister(HashAlgorithm bank, ByteSpan value, ByteSpan digest);

// BootRegister is one register and what was folded into it.
struct BootRegister {
  Bytes value;
  BootSource source = BootSource::kPredicted;
  // In order, with value_after; `type` is the event type's name.
  std::vector<Event> events;

  bool operator==(const BootRegister&) const = default;
};

// FoldPcrs extends each PCR of `bank` that an event names, from zero; PCR 0
// begins with `startup_locality` as its last byte (TCG PC Client Platform TPM
// Profile 1.05, section 4.6.2: 0, 3 or 4). Events without a digest for `bank`
// are an internal error.
std::map<uint32_t, BootRegister> FoldPcrs(std::span<const BootEvent> events,
                                          HashAlgorithm bank,
                                          uint8_t startup_locality = 0);

// ExtendBootRegister extends one register that has its size.
void ExtendBootRegister(const BootEvent& event, HashAlgorithm bank,
                        BootRegister* boot_register);

// RtmrOfPcr returns which RTMR a TDX guest extends where a TPM's PCR would be:
// 0 for PCR 1 and 7, 1 for 2 to 6, 2 for 8 to 15. PCR 0 has none (it is MRTD,
// which the TDX module computes); neither have those above 15.
std::optional<unsigned> RtmrOfPcr(uint32_t pcr);

// FoldRtmrs extends the SHA-384 digests into RTMR 0 to 2, always all three.
// Events of PCRs that have no RTMR are left out.
std::map<uint32_t, BootRegister> FoldRtmrs(std::span<const BootEvent> events);

// BootEventTypeName returns "EV_SEPARATOR" and so on, or the number in hex.
std::string BootEventTypeName(uint32_t type);

}  // namespace tally
