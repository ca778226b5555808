// Whether the guest's own event log explains the registers that hardware
// signed: the PCRs of a TPM, the RTMRs of a TDX guest.
#pragma once

#include "attest/evidence.h"
#include "common/bytes.h"

namespace tally {

// CheckEventLog replays the log, marks every register that has the replayed
// value as such (RegisterOrigin::kReplayed) and returns the check "event log".
//
// Values are signed whatever the log says, so it fails only where a log has no
// excuse: PCR 0 to 7 (PC Client Platform Firmware Profile 1.06, section 3.3.4)
// and RTMR 0 and 1, which stand for them (TDVF design guide, section 8.1), are
// extended by firmware alone. The log is closed when the system starts; those
// above may have been extended since, and the ones that it does not reach are
// named. Failed as well: evidence without such registers, and a log that cannot
// be parsed or lacks their bank.
EvidenceCheck CheckEventLog(ByteSpan event_log, Evidence* evidence);

}  // namespace tally
