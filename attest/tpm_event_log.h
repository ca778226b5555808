// Whether an event log explains the PCR values of a quote.
#pragma once

#include <span>
#include <vector>

#include "attest/evidence.h"
#include "formats/tpm_attest.h"

namespace tally {

// CheckEventLog is the check "event log". The values are signed whatever the
// log says, so it fails only where a log has no excuse: in PCR 0 to 7, which
// firmware alone extends (PC Client Platform Firmware Profile 1.06,
// section 3.3.4). The log is closed when the system starts; PCRs above may have
// been extended since, and those that it does not reach are named. `pcrs` has a
// value for each of SelectedPcrs(quote.pcr_select).
EvidenceCheck CheckEventLog(ByteSpan event_log, const TpmQuote& quote,
                            std::span<const Bytes> pcrs);

}  // namespace tally
