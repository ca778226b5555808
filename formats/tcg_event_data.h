// What the data of a logged event says, and whether its digest is that of the
// data.
//
// Follows the TCG PC Client Platform Firmware Profile 1.06, section 10.2 and
// 10.4; for the tags and strings of loaders the sources of edk2, systemd, Linux
// and GRUB. See docs/formats/event-log.md.
#pragma once

#include <string>

#include "formats/event_log.h"

namespace tally {

// What an event's digest is of, by its type.
enum class DigestRule {
  kData,         // the event's data
  kDataOrValue,  // that, or the value of the variable in it
  kElsewhere,    // something that the log does not have
};

struct EventData {
  // One line of printable ASCII: "SecureBoot: off".
  std::string text;
  // Why the data is not what the type demands; empty if it is.
  std::string problem;
  DigestRule rule = DigestRule::kElsewhere;
  // The variable's value, with kDataOrValue.
  ByteSpan value;
};

// ReadEventData never fails: what it cannot read it shows by size and says why.
// The result views `data`.
EventData ReadEventData(uint32_t type, ByteSpan data);

// EventNotes are what people should look at: a digest that is not that of the
// data though the type demands it, data that is not what the type demands, a
// separator that reports an error. Digests of unknown algorithms are not
// looked at.
std::vector<std::string> EventNotes(const LoggedEvent& event);

// MissingSeparators names each of PCR 0 to 7 that has events but no separator:
// firmware did not draw the line there. For logs of a TPM.
std::vector<std::string> MissingSeparators(const EventLog& log);

}  // namespace tally
