#include "agents/learn/agent_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "agents/learn/scenario_task.h"
#include "sim/base/error.h"
#include "sim/config/fields.h"

namespace airlock {
namespace {

constexpr int64_t kMost = 1000000000;

template <typename Table>
std::vector<std::string> NamesOf(const Table& table) {
  std::vector<std::string> names;
  for (const auto& row : table) names.push_back(row.name);
  return names;
}
std::vector<std::string> AlgorithmNames() { return NamesOf(Algorithms()); }
std::vector<std::string> ScenarioTaskNames() {
  return NamesOf(ScenarioTasks());
}

// A member of PpoOptions as one of PpoSection.
template <typename V>
V PpoSection::*Of(V PpoOptions::*member) {
  return member;
}

template <typename V>
void AddLevel(const NoiseRow& row, V NoiseOptions::*member,
              Fields<NoiseSection>* fields) {
  V NoiseSection::*const of_section = member;
  std::string help = row.description;
  help[0] = static_cast<char>(std::toupper(help[0]));
  auto field = fields->Add(row.name, of_section, help + ".");
  field.Between(static_cast<V>(row.low), static_cast<V>(row.high));
  if (row.unit != std::string("1")) field.Unit(row.unit);
}

template <typename T>
void AddHidden(std::vector<int64_t> T::*member, Fields<T>* fields) {
  fields
      ->Add("hidden", member,
            "Widths of the hidden layers of each network, from the input on.")
      .Between(1, 65536);
}

template <typename T>
void AddReplay(Fields<T>* fields) {
  fields->Add("capacity", &T::capacity, "Transitions that are remembered.")
      .Between(1, 100000000);
  fields
      ->Add("warm_up", &T::warm_up,
            "Transitions that are gathered before the first gradient step.")
      .Between(0, kMost);
  fields->Add("batch", &T::batch, "Transitions of a gradient step.")
      .Between(1, 1000000);
  fields
      ->Add("train_every", &T::train_every,
            "Steps of all environments together between trainings.")
      .Between(1, kMost);
  fields->Add("gradient_steps", &T::gradient_steps, "Of a training.")
      .Between(1, 1000000);
  fields
      ->Add("n_step", &T::n_step,
            "Rewards that a transition sums before it asks for a value.")
      .Between(1, 1000);
  fields->Add("gamma", &T::gamma, "Discount of a step.").Between(0, 1);
  fields->Add("learning_rate", &T::learning_rate, "Adam's.")
      .MoreThan(0)
      .AtMost(10);
  fields->Check({"warm_up", "capacity"}, [](const T& t,
                                            const Reporter& report) {
    if (t.warm_up <= t.capacity) return;
    report.Error("warm_up", fmt::format("{} transitions are not remembered; "
                                        "the capacity is {}",
                                        t.warm_up, t.capacity));
  });
}

// Sections that say something of one task only.
struct TaskSection {
  const char* section;
  const char* task;
};
constexpr TaskSection kTaskSections[] = {{"airtime_plan", kAirtimePlan},
                                         {"load_balancer", kLoadBalancerTask}};

// Keys that say nothing of net2seq, whose section has iterations of a batch.
constexpr std::array kOfRollouts = {
    "task",       "airtime_plan",     "load_balancer", "observation",
    "steps",      "environments",     "workers",       "rollout",
    "time_limit", "checkpoint_every", "evaluation"};

// Whether the algorithm of `file` looks at this key.
bool Uses(const AgentFile& file, const std::string& key) {
  for (const TaskSection& one : kTaskSections) {
    if (key == one.section && file.task != one.task) return false;
  }
  const std::vector<std::string> names = AlgorithmNames();
  if (std::count(names.begin(), names.end(), key) > 0) {
    return key == file.algorithm;
  }
  return file.algorithm != kNet2Seq ||
         std::count(kOfRollouts.begin(), kOfRollouts.end(), key) == 0;
}

void CheckSections(const AgentFile& file, const Reporter& report) {
  for (const TaskSection& one : kTaskSections) {
    if (!report.Given(one.section) || file.task == one.task) continue;
    report.Error(one.section,
                 fmt::format("says something of task {} only", one.task));
    return;
  }
  std::vector<std::string> keys = AlgorithmNames();
  keys.insert(keys.end(), kOfRollouts.begin(), kOfRollouts.end());
  for (const std::string& key : keys) {
    if (Uses(file, key) || !report.Given(key)) continue;
    report.Error(key, fmt::format("the algorithm is {}, which does not use it",
                                  file.algorithm));
  }
}

void CheckNet2Seq(const AgentFile& file, const Reporter& report) {
  try {
    CheckOptions(file.net2seq);
  } catch (const InputError& error) {
    report.Error("net2seq", error.what());
  }
  if (file.algorithm != kNet2Seq) return;
  const NoiseOptions noise = file.noise.Options();
  for (const NoiseRow& row : NoiseKinds()) {
    const bool known = std::count(kNet2SeqNoise.begin(), kNet2SeqNoise.end(),
                                  std::string(row.name)) > 0;
    if (known || row.LevelIn(noise) == 0) continue;
    report.Error(fmt::format("noise.{}", row.name),
                 "net2seq is not trained with it",
                 fmt::format("known: {}", fmt::join(kNet2SeqNoise, ", ")));
  }
}

void CheckSteps(const AgentFile& file, const Reporter& report) {
  if (file.steps < file.steps_per_update()) {
    report.Error("steps",
                 fmt::format("{} steps are less than one update's {} ({} "
                             "environments times {})",
                             file.steps, file.steps_per_update(),
                             file.environments, file.rollout));
  }
  if (file.workers > file.environments) {
    report.Error("workers", fmt::format("{} workers for {} environments",
                                        file.workers, file.environments));
  }
}

void CheckObservation(const AgentFile& file, const EnvSpec& spec,
                      const Reporter& report) {
  if (file.observation.empty()) return;
  for (size_t i = 0; i < file.observation.size(); ++i) {
    if (i < spec.observation.size() &&
        file.observation[i] == spec.observation[i].name) {
      continue;
    }
    report.Error(
        fmt::format("observation.{}", i),
        i < spec.observation.size()
            ? fmt::format("'{}'; number {} of {}'s observation is '{}'",
                          file.observation[i], i, spec.name,
                          spec.observation[i].name)
            : fmt::format("'{}'; {}'s observation has {} numbers only",
                          file.observation[i], spec.name,
                          spec.observation.size()));
    return;
  }
  if (file.observation.size() < spec.observation.size()) {
    report.Error(
        "observation",
        fmt::format("{} numbers; {}'s observation has {}, the next is '{}'",
                    file.observation.size(), spec.name, spec.observation.size(),
                    spec.observation[file.observation.size()].name));
  }
}

void CheckConstraints(const AgentFile& file, const EnvSpec& spec,
                      const Reporter& report) {
  for (size_t c = 0; c < file.ppo.constraints.size(); ++c) {
    const std::string& cost = file.ppo.constraints[c].cost;
    if (std::count(spec.costs.begin(), spec.costs.end(), cost) > 0) continue;
    report.Error(fmt::format("ppo.constraints.{}.cost", c),
                 fmt::format("{} has no cost '{}'", spec.name, cost),
                 spec.costs.empty()
                     ? "it has none"
                     : fmt::format("known: {}", fmt::join(spec.costs, ", ")));
  }
}

// What the algorithm cannot learn at all.
void CheckActions(const AgentFile& file, const EnvSpec& spec,
                  const Reporter& report) {
  try {
    if (file.algorithm == "ppo") CheckOptions(file.ppo.Options(), spec);
    if (file.algorithm == "dqn") CheckOptions(file.dqn, spec);
    if (file.algorithm == "sac") CheckOptions(file.sac, spec);
  } catch (const InputError& error) {
    report.Error("algorithm", error.what());
  }
}

void CheckAgainst(const EnvSpec& spec, const AgentFile& file,
                  const Reporter& report, Diagnostics* diagnostics) {
  CheckObservation(file, spec, report);
  CheckConstraints(file, spec, report);
  if (!diagnostics->has_errors()) CheckActions(file, spec, report);
}

std::optional<AgentFile> Read(const std::optional<Document>& document,
                              const EnvSpec* spec, Diagnostics* found) {
  auto file = ReadConfig<AgentFile>(document, found);
  if (file && spec != nullptr) {
    CheckAgainst(*spec, *file, Reporter(&document->root, "", found), found);
  }
  if (found->has_errors()) return std::nullopt;
  return file;
}

}  // namespace

const std::vector<AlgorithmRow>& Algorithms() {
  static const std::vector<AlgorithmRow> kRows = {
      {"ppo",
       "proximal policy optimisation of choices or a box, with limits on costs "
       "(Lagrangian or FOCOPS)"},
      {"dqn",
       "deep Q-learning of one choice: double, dueling, prioritised, n-step"},
      {"sac", "soft actor-critic of a box or of one choice"},
      {kNet2Seq,
       "channels and widths of a whole WLAN, on the airtime model of generated "
       "networks (Iacoboaiea et al., IFIP Networking 2021)"},
  };
  return kRows;
}

PpoOptions PpoSection::Options() const {
  PpoOptions options = *this;
  Parse(activation_name, &options.activation);
  options.objective = objective_name == "focops" ? PolicyObjective::kFocops
                                                 : PolicyObjective::kClip;
  return options;
}

NoiseOptions NoiseSection::Options() const {
  NoiseOptions options = *this;
  options.seed = static_cast<uint64_t>(seed_number);
  return options;
}

void DeclareFields(Fields<NoiseSection>& fields) {
  for (const NoiseRow& row : NoiseKinds()) {
    // No environment forecasts anything; planners do.
    if (row.real == &NoiseOptions::forecast_error) continue;
    if (row.whole != nullptr) AddLevel(row, row.whole, &fields);
    if (row.real != nullptr) AddLevel(row, row.real, &fields);
  }
  fields.Add("seed", &NoiseSection::seed_number, "Of all draws.").AtLeast(0);
}

void DeclareFields(Fields<AirtimePlanOptions>& fields) {
  fields
      .Add("history", &AirtimePlanOptions::history,
           "Slots of load before the last one that it sees.")
      .Between(0, 1000);
  fields
      .Add("served_floor", &AirtimePlanOptions::served_floor,
           "An access point that gets less than that of its need counts as "
           "cost below_floor.")
      .Between(Ratio(0), Ratio(1));
  fields.Add("randomise", &AirtimePlanOptions::randomise,
             "Each episode draws what the scenario's calibration profiles left "
             "uncertain.");
}

void DeclareFields(Fields<LoadBalancerOptions>& fields) {
  fields
      .Add(
          "reward", &LoadBalancerOptions::reward,
          "`fairness`: 1 - the largest over the mean of the servers' decayed "
          "flow durations. `completion`: minus the flows on all servers by "
          "capacity, which sum up to completion times, and more for flows that "
          "fail.")
      .OneOf({"fairness", "completion"});
  fields.Add("randomise", &LoadBalancerOptions::randomise,
             "Each episode has another load, and other slow-downs and failures "
             "than the scenario's.");
}

void DeclareFields(Fields<LagrangeOptions>& fields) {
  fields
      .Add("cost", &LagrangeOptions::cost,
           "The cost whose sum over an episode is limited.")
      .Required()
      .NotEmpty();
  fields
      .Add("limit", &LagrangeOptions::limit,
           "What its mean over episodes may be at most.")
      .Required()
      .AtLeast(0);
  fields
      .Add("aim", &LagrangeOptions::aim,
           "Share of the limit that training aims at, so that what is learnt "
           "keeps it with some room.")
      .MoreThan(0)
      .AtMost(1);
  fields
      .Add("initial", &LagrangeOptions::initial,
           "The multiplier at the beginning.")
      .Between(0, 1e6);
  fields
      .Add("learning_rate", &LagrangeOptions::learning_rate,
           "Of the multiplier's Adam; not with `pid`.")
      .MoreThan(0)
      .AtMost(1000);
  fields.Add("pid", &LagrangeOptions::pid,
             "The multiplier is a PID controller's (Stooke et al. 2020).");
  fields.Add("proportional", &LagrangeOptions::proportional, "Of the PID.")
      .AtLeast(0);
  fields.Add("integral", &LagrangeOptions::integral, "Of the PID.").AtLeast(0);
  fields.Add("derivative", &LagrangeOptions::derivative, "Of the PID.")
      .AtLeast(0);
  fields.Add("most", &LagrangeOptions::most, "The multiplier's bound.")
      .MoreThan(0);
}

void DeclareFields(Fields<PpoSection>& fields) {
  AddHidden(Of(&PpoOptions::hidden), &fields);
  fields
      .Add("activation", &PpoSection::activation_name, "Of the hidden layers.")
      .OneOf({"tanh", "relu", "silu"});
  fields.Add("learning_rate", Of(&PpoOptions::learning_rate), "Adam's.")
      .MoreThan(0)
      .AtMost(10);
  fields.Add("anneal", Of(&PpoOptions::anneal),
             "Learning rate and clip fall to 0 with the steps left.");
  fields.Add("gamma", Of(&PpoOptions::gamma), "Discount of a step.")
      .Between(0, 1);
  fields
      .Add("lambda", Of(&PpoOptions::lambda),
           "Of generalised advantage estimation.")
      .Between(0, 1);
  fields
      .Add("epochs", Of(&PpoOptions::epochs),
           "How often an update goes through a rollout.")
      .Between(1, 10000);
  fields
      .Add("minibatch", Of(&PpoOptions::minibatch), "Rows of a gradient step.")
      .Between(1, 10000000);
  fields
      .Add("clip", Of(&PpoOptions::clip),
           "How far a probability's ratio to the one before earns anything.")
      .MoreThan(0)
      .AtMost(100);
  fields
      .Add("entropy_weight", Of(&PpoOptions::entropy_weight),
           "Of the policy's entropy in the loss.")
      .Between(0, 1000);
  fields
      .Add("value_weight", Of(&PpoOptions::value_weight),
           "Of the critic's squared error in the loss.")
      .Between(0, 1000);
  fields
      .Add("longest_gradient", Of(&PpoOptions::longest_gradient),
           "Longer ones are shortened to it.")
      .MoreThan(0);
  fields
      .Add("target_divergence", Of(&PpoOptions::target_divergence),
           "An update ends early beyond 1.5 times this mean divergence from "
           "the policy before; 0: never.")
      .AtLeast(0);
  fields.Add("standardise_advantages", Of(&PpoOptions::standardise_advantages),
             "Advantages of a rollout get mean 0 and variance 1.");
  fields.Add("normalise_observations", Of(&PpoOptions::normalise_observations),
             "By running moments, which are stored with the policy.");
  fields.Add("normalise_rewards", Of(&PpoOptions::normalise_rewards),
             "By the running deviation of the discounted return.");
  fields
      .Add("log_deviation", Of(&PpoOptions::log_deviation),
           "Of a continuous action at the beginning.")
      .Between(-20, 2);
  fields
      .Add("objective", &PpoSection::objective_name,
           "`clip`, or `focops` (Zhang et al. 2020), which wants one "
           "constraint.")
      .OneOf({"clip", "focops"});
  fields
      .Add("focops_temperature", Of(&PpoOptions::focops_temperature),
           "Lambda of FOCOPS.")
      .MoreThan(0);
  fields.Add("focops_trust", Of(&PpoOptions::focops_trust), "Delta of FOCOPS.")
      .MoreThan(0);
  fields
      .Add("constraints", Of(&PpoOptions::constraints),
           "Limits on the costs of an episode.")
      .UniqueBy("cost");
}

void DeclareFields(Fields<DqnOptions>& fields) {
  AddHidden(&DqnOptions::hidden, &fields);
  AddReplay(&fields);
  fields.Add("anneal", &DqnOptions::anneal,
             "The learning rate falls to 0 with the steps left.");
  fields
      .Add("target_every", &DqnOptions::target_every,
           "Steps between copies to the target network.")
      .Between(1, kMost);
  fields
      .Add("longest_gradient", &DqnOptions::longest_gradient,
           "Longer ones are shortened to it.")
      .MoreThan(0);
  fields
      .Add("random_first", &DqnOptions::random_first,
           "Share of random actions at the beginning.")
      .Between(0, 1);
  fields.Add("random_last", &DqnOptions::random_last, "The same at the end.")
      .Between(0, 1);
  fields
      .Add("random_share", &DqnOptions::random_share,
           "Share of all steps over which it falls from one to the other.")
      .Between(0, 1);
  fields.Add("double_q", &DqnOptions::double_q,
             "The online network chooses, the target network values.");
  fields.Add("dueling", &DqnOptions::dueling,
             "Value and advantages apart (Wang et al. 2016).");
  fields
      .Add("alpha", &DqnOptions::alpha,
           "Of prioritised replay (Schaul et al. 2016); 0: uniform.")
      .Between(0, 1);
  fields
      .Add("beta", &DqnOptions::beta,
           "Of its weights at the beginning; 1 at the end.")
      .Between(0, 1);
}

void DeclareFields(Fields<SacOptions>& fields) {
  AddHidden(&SacOptions::hidden, &fields);
  AddReplay(&fields);
  fields
      .Add("tau", &SacOptions::tau,
           "Share of the critics that goes to their targets at each gradient "
           "step.")
      .Between(0, 1);
  fields.Add("target_entropy", &SacOptions::target_entropy,
             "Nats that the temperature is steered to; 0: minus the width of a "
             "box, 0.98 times that of an even choice.");
}

void DeclareFields(Fields<Net2SeqOptions>& fields) {
  fields
      .Add("history", &Net2SeqOptions::history,
           "Slots of load before the last one that it sees.")
      .Between(0, 16);
  fields.Add("hidden", &Net2SeqOptions::hidden, "Width of the hidden layers.")
      .Between(1, 4096);
  fields
      .Add("gamma", &Net2SeqOptions::gamma,
           "Discount of the regret of later slots.")
      .Between(0, 0.999);
  fields.Add("iterations", &Net2SeqOptions::iterations, "Gradient steps.")
      .Between(1, kMost);
  fields
      .Add("imitation_iterations", &Net2SeqOptions::imitation_iterations,
           "The first of them, which imitate dynls instead of following the "
           "gradient of the regret.")
      .Between(0, kMost);
  fields.Add("batch", &Net2SeqOptions::batch, "Networks side by side.")
      .Between(1, 100000);
  fields
      .Add("plans", &Net2SeqOptions::plans,
           "Plans drawn in each state, each held against the mean of the "
           "others (Kool et al. 2019); 1: against the critic.")
      .Between(1, 1000);
  fields
      .Add("steps", &Net2SeqOptions::steps,
           "Choices of each plan that the gradient is taken of; 0: all.")
      .Between(0, 100000);
  fields
      .Add("learning_rate", &Net2SeqOptions::learning_rate,
           "Adam's at the beginning.")
      .MoreThan(0)
      .AtMost(1);
  fields
      .Add("last_learning_rate", &Net2SeqOptions::last_learning_rate,
           "The same at the end.")
      .Between(0, 1);
  fields
      .Add("entropy_weight", &Net2SeqOptions::entropy_weight,
           "Of the choices' entropy in the loss.")
      .Between(0, 10);
  fields
      .Add("longest_gradient", &Net2SeqOptions::longest_gradient,
           "Longer ones of actor, critic or Selector are shortened to it.")
      .MoreThan(0);
  fields
      .Add("slots_per_network", &Net2SeqOptions::slots_per_network,
           "Decisions in a network before another takes its place.")
      .Between(1, 1000000);
  fields
      .Add("shards", &Net2SeqOptions::shards,
           "Equal parts of a batch, each with a gradient of its own.")
      .Between(1, 64);
  fields
      .Add("processes", &Net2SeqOptions::processes,
           "That share the parts, at most one each. What is learnt does not "
           "depend on it.")
      .Between(1, 64);
  fields
      .Add("validation_interval", &Net2SeqOptions::validation_interval,
           "Iterations between validations, of which the best policy is kept.")
      .Between(1, kMost);
  fields
      .Add("validation_slots", &Net2SeqOptions::validation_slots,
           "Slots of each of the 16 networks of a validation.")
      .Between(2, 144);
  fields
      .Add("checkpoint_interval", &Net2SeqOptions::checkpoint_interval,
           "Iterations between checkpoints.")
      .Between(1, kMost);
}

void DeclareFields(Fields<EvaluationConfig>& fields) {
  fields
      .Add("every", &EvaluationConfig::every,
           "Steps between evaluations, of which the best policy is kept; 0: "
           "the last policy is.")
      .Between(0, kMost);
  fields
      .Add("episodes", &EvaluationConfig::episodes,
           "Of an evaluation; not counted as steps.")
      .Between(1, 100000);
  fields.Add("sampled", &EvaluationConfig::sampled,
             "Acting by chance as in training, not by the most probable "
             "actions.");
  fields.Add("noise", &EvaluationConfig::noise,
             "As `noise`, while evaluating.");
}

void DeclareFields(Fields<AgentFile>& fields) {
  fields.Add("schema", &AgentFile::schema, "Version of this format: 1.")
      .Required()
      .Between(1, 1);
  fields
      .Add("algorithm", &AgentFile::algorithm,
           "What learns; `airlock list algorithms`.")
      .Required()
      .OneOf(AlgorithmNames);
  fields
      .Add("task", &AgentFile::task,
           "What is learnt where `airlock train` names a scenario; `airlock "
           "list scenario-tasks`.")
      .OneOf(ScenarioTaskNames);
  fields.Add("airtime_plan", &AgentFile::airtime_plan, "Of task airtime-plan.");
  fields.Add("load_balancer", &AgentFile::load_balancer,
             "Of task load-balancer.");
  fields.Add("observation", &AgentFile::observation,
             "Names of what is expected to be observed, in order; training "
             "does not begin where the task shows something else. Empty: "
             "whatever it shows.");
  fields
      .Add("steps", &AgentFile::steps,
           "Steps of all environments together that are learnt from, at most.")
      .Between(1, 100000000000);
  fields.Add("environments", &AgentFile::environments, "That run together.")
      .Between(1, 4096);
  fields
      .Add("workers", &AgentFile::workers,
           "Processes that share the environments; 0: the learner runs them, "
           "or, packet by packet, one process an episode at a time. What is "
           "learnt does not depend on it.")
      .Between(0, 256);
  fields
      .Add("rollout", &AgentFile::rollout,
           "Steps of each environment between updates.")
      .Between(1, 1000000);
  fields
      .Add("time_limit", &AgentFile::time_limit,
           "Steps after which an episode is cut; 0: as the task says.")
      .Between(0, kMost);
  fields
      .Add("checkpoint_every", &AgentFile::checkpoint_every,
           "Steps between checkpoints; 0: a tenth of all.")
      .Between(0, kMost);
  fields.Add("noise", &AgentFile::noise,
             "Between the environment and who learns: errors of what is seen, "
             "done and rewarded.");
  fields.Add("evaluation", &AgentFile::evaluation, "Episodes beside training.");
  fields.Add("ppo", &AgentFile::ppo, "Settings of PPO.");
  fields.Add("dqn", &AgentFile::dqn, "Settings of DQN.");
  fields.Add("sac", &AgentFile::sac, "Settings of SAC.");
  fields.Add("net2seq", &AgentFile::net2seq, "Settings of net2seq.");
  fields.Check({"algorithm"}, CheckSections);
  fields.Check({"net2seq"}, CheckNet2Seq);
  fields.Check({"steps", "environments", "rollout", "workers"}, CheckSteps);
}

std::optional<AgentFile> LoadAgentFile(
    const std::string& path, const std::vector<std::string>& overrides,
    const EnvSpec* spec, Diagnostics* diagnostics) {
  Diagnostics found;
  auto file = Read(ReadDocument(path, overrides, &found), spec, &found);
  diagnostics->Append(std::move(found));
  return file;
}

std::optional<AgentFile> ParseAgentFile(const std::string& text,
                                        const std::string& name,
                                        const EnvSpec* spec,
                                        Diagnostics* diagnostics) {
  Diagnostics found;
  auto file = Read(ReadDocumentText(text, name, "", {}, &found), spec, &found);
  diagnostics->Append(std::move(found));
  return file;
}

std::string AgentFileText(const AgentFile& file) {
  Node root = FieldsOf<AgentFile>().Write(file);
  root.entries.erase(std::remove_if(root.entries.begin(), root.entries.end(),
                                    [&file](const Node::Entry& entry) {
                                      return !Uses(file, entry.key);
                                    }),
                     root.entries.end());
  return WriteYaml(root, DefaultMarks::kUnmarked);
}

std::string AgentKeyReference() { return KeyReference<AgentFile>(); }

std::string AgentJsonSchema() { return JsonSchema<AgentFile>("Airlock agent"); }

}  // namespace airlock
