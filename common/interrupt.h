// Ctrl-C and its like: long work ends with an error, so that what it had begun
// is taken back on the way out.
#pragma once

#include "common/result.h"

namespace tally {

// CatchInterrupts makes SIGINT, SIGTERM and SIGHUP a request to stop. The
// second one of a kind ends the process at once.
void CatchInterrupts();

// ReportFaults makes an error of a mapped file that somebody else truncates:
// the process ends with status 4, and what it had begun is left to the next
// run. A file that grows beyond the limit of its size is a write error.
void ReportFaults();

// CheckInterrupted is an IoError once a stop was requested. Whoever writes or
// works for long asks now and then.
Status CheckInterrupted();

}  // namespace tally
