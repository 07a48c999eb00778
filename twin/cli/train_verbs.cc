#include <fmt/format.h>

#include <memory>
#include <utility>

#include "agents/learn/training_task.h"
#include "sim/base/child_process.h"
#include "twin/cli/progress.h"
#include "twin/cli/verb.h"

namespace airlock {
namespace {

// What can be wrong is said before torch is loaded, which takes a second.
ExitCode Train(const TrainingOrder& order) {
  Diagnostics diagnostics;
  const bool good = LoadTrainingSubject(order, &diagnostics).has_value();
  Tell(diagnostics.Format());
  if (!good) return ExitCode::kInput;
  // Sums must not depend on the number of processors.
  setenv("OMP_NUM_THREADS", "1", 1);
  BecomeProgram({ProgramPath("airlock-learner", "AIRLOCK_LEARNER"), "train",
                 ToJson(order).dump()});
}

}  // namespace

void AddTrainVerb(CLI::App* app, CommandLine* line) {
  auto order = std::make_shared<TrainingOrder>();
  CLI::App* const verb = AddVerb(
      app, line, "train", "train an agent on a task",
      "airlock train cart-pole --agent agents/presets/cart-pole-ppo.yaml -o "
      "out/ppo --seeds 10",
      [order] { return Train(*order); });
  verb->add_option("TASK", order->task,
                   "what is learnt: one of airlock list tasks, or a scenario")
      ->required();
  verb->add_option("--agent", order->agent,
                   "agent file; airlock list agent-keys")
      ->required();
  verb->add_option("-o,--output", order->folder,
                   "folder for policy, checkpoint, curves and run card")
      ->required();
  verb->add_option("--set", order->overrides,
                   "override one key of the file: --set ppo.gamma=0.9")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--set-scenario", order->scenario_overrides,
                   "the same of a scenario that is the task")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  verb->add_option("--seed", order->seed,
                   "of all that is random; equal seeds give equal bits")
      ->check(NonNegative())
      ->capture_default_str();
  verb->add_option("--seeds", order->seeds,
                   "so many trainings, one a seed from --seed on, each in "
                   "its folder; ten are needed for an interval")
      ->check(NumberWithin(1, 10000))
      ->capture_default_str();
  verb->add_option("--against", order->against,
                   "folder of ten seeds of another agent on the same task: "
                   "print how these differ")
      ->type_name("DIR");
  verb->add_flag("--resume", order->resume,
                 "go on from the checkpoint in the folder");
  verb->add_flag("--overwrite", order->overwrite, "replace an earlier training")
      ->excludes("--resume");
  verb->add_flag("--json", order->json, "print the answer as JSON");
}

}  // namespace airlock
