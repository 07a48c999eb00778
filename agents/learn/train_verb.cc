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
#include <optional>
#include <string>
#include <vector>

#include "agents/learn/net2seq_training.h"
#include "agents/learn/training_run.h"
#include "sim/base/file.h"
#include "sim/stats/seed_statistics.h"

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
    std::fputs(fmt::format("{}: {} of {} steps, {:.0f} a second\n", name, done,
                           total, rate)
                   .c_str(),
               stderr);
  };
}

AgentFile ReadAgent(const TrainingOrder& order, const EnvSpec* spec) {
  Diagnostics diagnostics;
  const auto file =
      LoadAgentFile(order.agent, order.overrides, spec, &diagnostics);
  if (!file) throw InputError(diagnostics.Format());
  return *file;
}

// What is to be trained, as often as there are seeds.
struct Subject {
  AgentFile agent;
  TrainingTask task;
  std::optional<Scenario> networks;  // of net2seq
};

Subject SubjectOf(const TrainingOrder& order) {
  Subject subject;
  subject.agent = ReadAgent(order, nullptr);
  if (subject.agent.algorithm == kNet2Seq) {
    const ResolvedScenario scenario = LoadTrainingScenario(order);
    CheckGenerates(scenario.scenario());
    subject.networks = scenario.scenario();
    subject.task = {order.task, scenario.sha256(), nullptr};
    return subject;
  }
  subject.task = FindTrainingTask(order.task);
  const EnvSpec spec = subject.task.create()->spec();
  subject.agent = ReadAgent(order, &spec);
  return subject;
}

std::unique_ptr<Training> Begin(const Subject& subject,
                                const TrainingJob& job) {
  if (subject.networks) {
    return std::make_unique<Net2SeqRun>(subject.task, *subject.networks, job);
  }
  return std::make_unique<TrainingRun>(subject.task, job);
}

// One training to its end, in this process.
ExitCode TrainOne(const Subject& subject, const TrainingOrder& order,
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
ExitCode TrainApart(const Subject& subject, const TrainingOrder& order,
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

// What the seeds say about one of the policies ("last", "best").
json Together(const std::vector<json>& cards, const std::string& which) {
  std::vector<double> means;
  for (const json& card : cards) {
    means.push_back(card.at("evaluation").at(which).at("mean"));
  }
  RngStream rng = RngTree(1).Stream("seeds/" + which, Replication(0));
  const Interval iqm =
      StratifiedInterval({means}, InterquartileMean, SeedBootstrap(), &rng);
  json together = {{"scores", means},
                   {"interquartile_mean", InterquartileMean(means)}};
  try {
    RequireRuns({means});
    together["interval"] = {iqm.low, iqm.high};
  } catch (const InputError& few) {
    together["interval"] = nullptr;
    together["no_interval_because"] = few.what();
  }
  return together;
}

json SeedsTogether(const TrainingTask& task, const TrainingOrder& order) {
  std::vector<json> cards;
  json seeds = json::array();
  double cpu_seconds = 0;
  for (int64_t seed = order.seed; seed < order.seed + order.seeds; ++seed) {
    cards.push_back(json::parse(
        ReadFile(fmt::format("{}/seed-{}/card.json", order.folder, seed))));
    cpu_seconds += cards.back().at("runtime").at("cpu_seconds").get<double>();
    seeds.push_back(seed);
  }
  return {{"format", "airlock-seeds-1"},
          {"task", task.name},
          {"algorithm", cards.front().at("algorithm")},
          {"seeds", seeds},
          {"steps", cards.front().at("steps")},
          {"episodes_each", cards.front().at("evaluation").at("episodes")},
          {"last", Together(cards, "last")},
          {"best", Together(cards, "best")},
          {"runtime", {{"cpu_seconds", cpu_seconds}}}};
}

std::string TextOf(const json& together, const char* which) {
  std::string scores;
  for (const json& score : together.at("scores")) {
    scores += fmt::format(" {:.1f}", score.get<double>());
  }
  const json& interval = together.at("interval");
  return fmt::format(
      "  {} policy: interquartile mean {:.2f}, {}\n    by seed:{}\n", which,
      together.at("interquartile_mean").get<double>(),
      interval.is_null()
          ? together.at("no_interval_because").get<std::string>()
          : fmt::format("95 % interval {:.2f} to {:.2f}",
                        interval[0].get<double>(), interval[1].get<double>()),
      scores);
}

void PrintSeeds(const TrainingOrder& order, const json& together) {
  if (order.json) {
    fmt::print("{}\n", together.dump(2));
    return;
  }
  fmt::print("{}: {} by {}, {} seeds, {} steps each\n{}{}", order.folder,
             together.at("task").get<std::string>(),
             together.at("algorithm").get<std::string>(), order.seeds,
             together.at("steps").get<int64_t>(),
             TextOf(together.at("last"), "last"),
             TextOf(together.at("best"), "best"));
}

}  // namespace

ExitCode RunTraining(const TrainingOrder& order) {
  const sigset_t signals = EndingSignals();
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const Subject subject = SubjectOf(order);
  PrepareTrainingFolder(order);
  if (order.seeds == 1) {
    return TrainOne(subject, order, order.seed, order.folder, true);
  }
  for (int64_t seed = order.seed; seed < order.seed + order.seeds; ++seed) {
    const ExitCode code = TrainApart(
        subject, order, seed, fmt::format("{}/seed-{}", order.folder, seed));
    if (code != ExitCode::kDone) return code;
  }
  const json together = SeedsTogether(subject.task, order);
  WriteFileAtomically(order.folder + "/seeds.json", together.dump(2) + "\n");
  PrintSeeds(order, together);
  return ExitCode::kDone;
}

}  // namespace airlock
