#include "common/interrupt.h"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <initializer_list>

namespace tally {
namespace {

// The one variable of the process that is not handed around: a signal handler
// has no other way to say anything.
std::atomic<bool> stop_requested = false;
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void RequestStop(int) { stop_requested = true; }

extern "C" void ReportTruncation(int) {
  constexpr char kMessage[] =
      "tally: error: a file was truncated while it was being read\n";
  (void)!write(STDERR_FILENO, kMessage, sizeof kMessage - 1);
  _exit(4);
}

}  // namespace

void CatchInterrupts() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    // What the caller ignores (nohup does) stays ignored.
    struct sigaction before = {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_IGN) continue;
    struct sigaction action = {};
    action.sa_handler = RequestStop;
    action.sa_flags = SA_RESTART | static_cast<int>(SA_RESETHAND);
    sigaction(signal, &action, nullptr);
  }
}

void ReportFaults() {
  struct sigaction action = {};
  action.sa_handler = ReportTruncation;
  sigaction(SIGBUS, &action, nullptr);
  std::signal(SIGXFSZ, SIG_IGN);
}

Status CheckInterrupted() {
  if (!stop_requested) return Ok();
  return IoError("interrupted");
}

}  // namespace tally
