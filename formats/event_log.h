// Event logs of firmware: what was measured into a TPM's PCRs or into the
// RTMRs of an Intel TDX guest, as bytes.
//
// Follows the TCG PC Client Platform Firmware Profile 1.06, section 10.2, and
// for the CCEL the UEFI specification 2.10, section 38.2.2. A log says what it
// says; measure/event_log_replay.h computes registers from it. See
// docs/formats/event-log.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "common/any_hash.h"
#include "common/bytes.h"

namespace tally {

// TPM_ALG_ID, TCG Algorithm Registry 1.34, section 6.10.
inline constexpr uint16_t kTpmAlgSha1 = 0x4;
inline constexpr uint16_t kTpmAlgSha256 = 0xb;
inline constexpr uint16_t kTpmAlgSha384 = 0xc;
inline constexpr uint16_t kTpmAlgSha512 = 0xd;

// HashOfTpmAlgorithm returns the hash, or nothing for one that this program
// does not compute (SM3, SHA-3).
std::optional<HashAlgorithm> HashOfTpmAlgorithm(uint16_t id);
// TpmAlgorithmOfHash is its inverse.
uint16_t TpmAlgorithmOfHash(HashAlgorithm algorithm);
// TpmAlgorithmName returns "sha256", "sm3_256", or the number in hex.
std::string TpmAlgorithmName(uint16_t id);

// EventLogAlgorithm is TCG_EfiSpecIdEventAlgorithmSize: a bank of the log.
struct EventLogAlgorithm {
  uint16_t id = 0;
  uint16_t digest_size_bytes = 0;

  bool operator==(const EventLogAlgorithm&) const = default;
};

// SpecIdEvent is TCG_EfiSpecIdEvent, the first event of a crypto-agile log.
struct SpecIdEvent {
  // 0, or in the CCEL of OVMF 1.
  uint32_t register_index = 0;
  uint32_t platform_class = 0;
  uint8_t version_minor = 0;
  uint8_t version_major = 2;
  uint8_t errata = 0;
  uint8_t uintn_size = 2;  // in units of four bytes
  std::vector<EventLogAlgorithm> algorithms;
  Bytes vendor_info;

  bool operator==(const SpecIdEvent&) const = default;
};

struct EventLogDigest {
  uint16_t algorithm = 0;
  Bytes digest;

  bool operator==(const EventLogDigest&) const = default;
};

struct LoggedEvent {
  // Where it is in the file, for people; EncodeEventLog does not look at it.
  uint64_t offset = 0;
  // A PCR, or in a CCEL 0 for MRTD and 1 to 4 for RTMR 0 to 3.
  uint32_t register_index = 0;
  uint32_t type = 0;
  // At least one, in the order of the file, no algorithm twice.
  std::vector<EventLogDigest> digests;
  Bytes data;

  bool operator==(const LoggedEvent&) const = default;
};

// EventLogPadding is what fills an ACPI table's memory behind the last event.
struct EventLogPadding {
  uint8_t byte = 0;  // 0x00 or 0xff
  uint64_t size_bytes = 0;

  bool operator==(const EventLogPadding&) const = default;
};

struct EventLog {
  // Nothing: a log of TPM 1.2 times, with SHA-1 alone.
  std::optional<SpecIdEvent> spec_id;
  // Without the one that spec_id is.
  std::vector<LoggedEvent> events;
  EventLogPadding padding;

  bool operator==(const EventLog&) const = default;
};

// ParseEventLog reads either kind of log. The log ends with the file, or where
// all bytes that are left are 0x00 or all are 0xff.
Result<EventLog> ParseEventLog(ByteSpan file);

// EncodeEventLog writes what ParseEventLog would read; it refuses what that
// would not read, or would read otherwise.
Result<Bytes> EncodeEventLog(const EventLog& log);

// EventLogAlgorithms returns the log's banks; SHA-1 if it has no header.
std::vector<EventLogAlgorithm> EventLogAlgorithms(const EventLog& log);

// FindLoggedDigest returns the event's digest of that bank, or null.
const Bytes* FindLoggedDigest(const LoggedEvent& event, uint16_t algorithm);

// IsCcel says whether a log looks like that of a TDX guest and not of a TPM:
// both have the same layout. It is one if SHA-384 is its only bank and no
// event has a register beyond RTMR 3 (firmware that has a TPM always extends
// PCR 7).
bool IsCcel(const EventLog& log);

}  // namespace tally
