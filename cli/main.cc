// tally: deterministic enclave and confidential-VM images, their measurements,
// and the proof that anyone can rebuild them.

#include <csignal>
#include <cstdio>
#include <string>
#include <vector>

#include "cli/app.h"
#include "common/interrupt.h"

int main(int argc, char** argv) {
  // A closed pipe is a write error to report, not a reason to die silently.
  std::signal(SIGPIPE, SIG_IGN);
  tally::CatchInterrupts();
  tally::ReportFaults();
  tally::Console console(stdout, stderr);
  const std::vector<std::string> args(argv + 1, argv + argc);
  return tally::RunTally(args, console);
}
