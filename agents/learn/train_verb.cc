#include "agents/learn/train_verb.h"

#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "agents/learn/net2seq_training.h"
#include "agents/learn/seed_report.h"
#include "agents/learn/training_run.h"
#include "sim/base/file.h"

namespace airlock {
namespace {

using nlohmann::json;

sigset_t EndingSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int one : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, one);
  return signals;
}

// Whether one has come, waiting for it for at most `milliseconds`.
bool SignalCame(int64_t milliseconds) {
  const sigset_t signals = EndingSignals();
  const timespec wait = {milliseconds / 1000, milliseconds % 1000 * 1000000};
  return sigtimedwait(&signals, nullptr, &wait) > 0;
}

// A line now and then, and at the end.
TrainingRun::Report ReportTo(const std::string& name) {
  using Clock = std::chrono::steady_clock;
  auto last = std::make_shared<Clock::time_point>(Clock::now());
  auto since = std::make_shared<int64_t>(-1);
  return [name, last, since](int64_t done, int64_t total) {
    if (*since < 0) *since = done;
    const std::chrono::duration<double> passed = Clock::now() - *last;
    if (passed.count() < 10 && done < total) return;
    const double rate =
        static_cast<double>(done - *since) / std::max(1e-9, passed.count());
    *last = Clock::now();
    *since = done;
    std::fputs(fmt::format("{}: {} of {} steps, {:.{}f} a second\n", name, done,
                           total, rate, rate < 10 ? 1 : 0)
                   .c_str(),
               stderr);
  };
}

TrainingSubject SubjectOf(const TrainingOrder& order) {
  Diagnostics diagnostics;
  auto subject = LoadTrainingSubject(order, &diagnostics);
  if (!subject) throw InputError(diagnostics.Format());
  return std::move(*subject);
}

std::unique_ptr<Training> Begin(const TrainingSubject& subject,
                                const TrainingJob& job) {
  if (subject.agent.algorithm == kNet2Seq) {
    return std::make_unique<Net2SeqRun>(subject.task,
                                        subject.scenario->scenario(), job);
  }
  return std::make_unique<TrainingRun>(subject.task, job);
}

// One training to its end, in this process.
ExitCode TrainOne(const TrainingSubject& subject, const TrainingOrder& order,
                  int64_t seed, const std::string& folder, bool print) {
  TrainingJob job;
  job.agent = subject.agent;
  job.seed = static_cast<uint64_t>(seed);
  job.folder = folder;
  job.resume = order.resume && std::filesystem::exists(folder + "/card.json");
  const auto training = Begin(subject, job);
  const ExitCode code =
      training->Run([] { return SignalCame(0); },
                    ReportTo(fmt::format("{} {} seed {}", subject.task.name,
                                         subject.agent.algorithm, seed)));
  if (code != ExitCode::kDone || !print) return code;
  if (order.json) {
    fmt::print("{}\n", training->card().dump(2));
  } else {
    fmt::print("{}: {} by {}, seed {}: {}", folder, subject.task.name,
               subject.agent.algorithm, seed, training->Summary());
  }
  return code;
}

// The same in a process of its own. A signal is passed on to it.
ExitCode TrainApart(const TrainingSubject& subject, const TrainingOrder& order,
                    int64_t seed, const std::string& folder) {
  std::fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw Error("cannot fork");
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    ExitCode code = ExitCode::kFailed;
    try {
      code = TrainOne(subject, order, seed, folder, false);
    } catch (const Error& error) {
      code = error.code();
      std::fprintf(stderr, "airlock: seed %ld: %s\n", static_cast<long>(seed),
                   error.what());
    } catch (const std::exception& error) {
      std::fprintf(stderr, "airlock: seed %ld: %s\n", static_cast<long>(seed),
                   error.what());
    }
    std::fflush(nullptr);
    _exit(static_cast<int>(code));
  }
  int status = 0;
  while (waitpid(child, &status, WNOHANG) == 0) {
    if (SignalCame(50)) kill(child, SIGINT);
  }
  if (WIFEXITED(status)) return static_cast<ExitCode>(WEXITSTATUS(status));
  throw Error(fmt::format("the training of seed {} was ended by signal {}",
                          seed, WTERMSIG(status)));
}

json CardsTogether(const TrainingOrder& order) {
  std::vector<json> cards;
  for (int64_t seed = order.seed; seed < order.seed + order.seeds; ++seed) {
    cards.push_back(json::parse(
        ReadFile(fmt::format("{}/seed-{}/card.json", order.folder, seed))));
  }
  return SeedsTogether(cards);
}

}  // namespace

ExitCode RunTraining(const TrainingOrder& order) {
  const sigset_t signals = EndingSignals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const TrainingSubject subject = SubjectOf(order);
  PrepareTrainingFolder(order);
  if (order.seeds == 1) {
    return TrainOne(subject, order, order.seed, order.folder, true);
  }
  for (int64_t seed = order.seed; seed < order.seed + order.seeds; ++seed) {
    const ExitCode code = TrainApart(
        subject, order, seed, fmt::format("{}/seed-{}", order.folder, seed));
    if (code != ExitCode::kDone) return code;
  }
  json together = CardsTogether(order);
  if (!order.against.empty()) {
    together["against"] =
        CompareSeeds(together, subject.earlier, order.against);
  }
  WriteFileAtomically(order.folder + "/seeds.json", together.dump(2) + "\n");
  fmt::print("{}", order.json ? together.dump(2) + "\n"
                              : SeedsText(order.folder, together));
  return ExitCode::kDone;
}

}  // namespace airlock
