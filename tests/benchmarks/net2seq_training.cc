// Trains net2seq and says what it costs.
//
//   net2seq_training SCENARIO SETTINGS FOLDER [--resume] [KEY=VALUE ...]
//
// SETTINGS: a JSON file with the keys of Net2SeqTraining; KEY=VALUE overrides
// the scenario ("wlan.generated.access_points=20"). FOLDER gets best.json and
// checkpoint.cbor.
#include "agents/learn/net2seq_training.h"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/scenario/resolve.h"

namespace airlock {
namespace {

Scenario Load(const std::string& path,
              const std::vector<std::string>& overrides) {
  Diagnostics diagnostics;
  const auto resolved = LoadScenario(path, overrides, &diagnostics);
  if (!resolved) throw InputError(diagnostics.Format());
  return resolved->scenario();
}

int Train(int argc, char** argv) {
  const bool resume = argc > 4 && std::string(argv[4]) == "--resume";
  const std::vector<std::string> overrides(
      argv + std::min(argc, resume ? 5 : 4), argv + argc);
  const Scenario scenario = Load(argv[1], overrides);
  const Net2SeqTraining training =
      Net2SeqTrainingFromJson(nlohmann::json::parse(ReadFile(argv[2])));
  const auto begin = std::chrono::steady_clock::now();
  fmt::print(
      "iteration   regret  entropy  V error  Q error  validation     "
      "best  CPU s  wall s\n");
  const Net2SeqOutcome outcome = TrainNet2Seq(
      training, scenario, argv[3], resume, [&](const Net2SeqProgress& now) {
        const std::chrono::duration<double> wall =
            std::chrono::steady_clock::now() - begin;
        fmt::print(
            "{:9}{:9.4f}{:9.4f}{:9.4f}{:9.4f}{:12.4f}{:9.4f}{:7.0f}{:8.0f}\n",
            now.iteration, now.regret, now.entropy, now.critic_error,
            now.selector_error, now.validation, now.best_validation,
            now.cpu_seconds, wall.count());
        std::cout.flush();
      });
  for (const int64_t plans : {0, 8, 32}) {
    fmt::print("validation, {} plans drawn: {:.4f}\n", plans,
               ValidateNet2Seq(outcome.best, scenario, plans,
                               training.validation_slots));
    std::cout.flush();
  }
  return 0;
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  using namespace airlock;  // NOLINT
  if (argc < 4) {
    fmt::print(stderr,
               "usage: net2seq_training SCENARIO SETTINGS FOLDER [--resume] "
               "[KEY=VALUE ...]\n");
    return static_cast<int>(ExitCode::kUsage);
  }
  // The linear algebra starts its threads when it is loaded.
  if (std::getenv("OMP_NUM_THREADS") == nullptr) {
    setenv("OMP_NUM_THREADS", "1", 1);
    execv("/proc/self/exe", argv);
  }
  try {
    return Train(argc, argv);
  } catch (const Error& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(error.code());
  } catch (const std::exception& error) {
    fmt::print(stderr, "{}\n", error.what());
    return static_cast<int>(ExitCode::kFailed);
  }
}
