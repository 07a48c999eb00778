#include "sim/base/interrupt.h"

#include <csignal>

#include "sim/base/error.h"

namespace airlock {
namespace {

volatile std::sig_atomic_t signal_number = 0;

void NoteSignal(int number) { signal_number = number; }

}  // namespace

void InstallInterruptHandlers() {
  struct sigaction action = {};
  action.sa_handler = NoteSignal;  // no SA_RESTART
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  // A terminal that closes; not for a program that nohup started.
  struct sigaction hangup = {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler == SIG_DFL) sigaction(SIGHUP, &action, nullptr);
}

void ThrowIfInterrupted() {
  if (signal_number == 0) return;
  throw Error("interrupted; nothing was written", ExitCode::kInterrupted);
}

}  // namespace airlock
