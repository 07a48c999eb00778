#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/stats/interval.h"
#include "twin/gate/cost.h"
#include "twin/gate/criteria/comparison.h"
#include "twin/gate/criteria/families.h"

// How a candidate behaves, whatever its KPIs are. Most of these are always
// asked: a bad candidate is not promoted because the author of a gate file did
// not think of it.
namespace airlock {
namespace {

bool IsForecast(const GateFile& file) { return file.is_forecast(); }
bool IsControl(const GateFile& file) { return file.is_control(); }
bool RehearsesForecast(const GateFile& file) {
  return file.is_forecast() && file.twin.has_value();
}

CriterionResult Decided(CriterionResult result, bool good,
                        const std::string& reason) {
  result.outcome = good ? Outcome::kPromote : Outcome::kReject;
  result.reason = reason;
  return result;
}

double Share(int64_t part, int64_t whole) {
  return whole == 0 ? 0
                    : static_cast<double>(part) / static_cast<double>(whole);
}

CriterionResult JudgeSoundData(const CriterionConfig& config,
                               const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  const auto& faults = evidence.behaviour.data_faults;
  if (!faults.empty()) return Undecided(result, faults.front());
  if (evidence.kpis.empty() && !evidence.file.is_control()) {
    return Undecided(result, "there is nothing to judge on");
  }
  return Decided(result, true, "clock, units and variation are as they should");
}

// --- a program's answers ----------------------------------------------------

std::string FaultsOf(const ProgramAccount& a) {
  std::string text;
  const auto add = [&](int64_t count, const char* what) {
    if (count == 0) return;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, what);
  };
  add(a.late, "late");
  add(a.ended, "not answered since the program ended");
  add(a.garbage, "not as the protocol has it");
  add(a.unasked, "beside what was asked");
  add(a.mismatched, "to another question");
  add(a.given_up, "not asked any more");
  return text;
}

CriterionResult JudgeAnswers(const CriterionConfig& config,
                             const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  const BehaviourEvidence& behaviour = evidence.behaviour;
  if (!behaviour.program || behaviour.program->asked == 0) {
    return Undecided(result, "the program was not asked anything");
  }
  const ProgramAccount& account = *behaviour.program;
  result.n = account.asked;
  if (account.faults() > 0) {
    return Decided(result, false,
                   fmt::format("of {} answers {}; the first: {}", account.asked,
                               FaultsOf(account), account.first_fault));
  }
  if (behaviour.question && behaviour.question->changed == 0 &&
      behaviour.question->changed_after > 0) {
    return Decided(
        result, false,
        fmt::format("it answers the question before: of {} questions that were "
                    "replaced by others no answer changed, but {} of the "
                    "answers after it",
                    behaviour.question->replaced,
                    behaviour.question->changed_after));
  }
  const bool corner = behaviour.corners && behaviour.corners->not_a_number > 0;
  if (corner || behaviour.long_not_a_number > 0) {
    return Decided(
        result, false,
        corner
            ? fmt::format("no number where the trace has been: at {} ({} of "
                          "{} corners)",
                          behaviour.corners->first,
                          behaviour.corners->not_a_number,
                          behaviour.corners->asked)
            : fmt::format("{} of {} answers over the whole trace are no "
                          "numbers",
                          behaviour.long_not_a_number, behaviour.long_asked));
  }
  std::string reason =
      fmt::format("{} questions, as many answers in time", account.asked);
  if (behaviour.corners && behaviour.corners->missing_unanswered > 0) {
    reason += fmt::format(
        "; with an input missing it gives no number ({} of "
        "{}), so a node must not ask it then",
        behaviour.corners->missing_unanswered,
        behaviour.corners->missing_asked);
  }
  return Decided(result, true, reason);
}

// --- its output and inputs --------------------------------------------------

constexpr int64_t kFrozen = 30;
// A mixture of the candidate and the last known value that gives the candidate
// no more weight than this has no use for it.
constexpr double kLeastWeight = 0.1;

std::string DeadnessOf(const OutputEvidence& output) {
  if (output.answers >= 20 && output.target_spread > 0 &&
      output.spread < 1e-3 * output.target_spread) {
    return fmt::format(
        "all {} answers are the same to a thousandth of the "
        "target's spread",
        output.answers);
  }
  if (output.frozen >= kFrozen) {
    return fmt::format(
        "it hardly moves for {} answers from the {}th on, while "
        "the target does",
        output.frozen, output.frozen_from + 1);
  }
  return "";
}

CriterionResult JudgeAlive(const CriterionConfig& config,
                           const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  const BehaviourEvidence& behaviour = evidence.behaviour;
  result.limit = kFrozen;
  result.unit = "answer";
  if (!behaviour.output || behaviour.output->answers == 0) {
    return Undecided(result, "there are no answers");
  }
  result.n = behaviour.output->answers;
  int64_t longest = 0;
  for (const auto* output : {&behaviour.output, &behaviour.long_output}) {
    if (!*output) continue;
    const std::string dead = DeadnessOf(**output);
    if (!dead.empty()) return Decided(result, false, dead);
    longest = std::max(longest, (*output)->frozen);
  }
  if (behaviour.output->target_spread <= 0) {
    return Undecided(result, "the target does not move");
  }
  result.interval.estimate = static_cast<double>(longest);
  return Decided(result, true,
                 fmt::format("its spread is {:.0f} % of the target's; the "
                             "longest spell without a move while the target "
                             "moved has {} answers",
                             100 * behaviour.output->spread /
                                 behaviour.output->target_spread,
                             longest));
}

CriterionResult JudgeInputsUsed(const CriterionConfig& config,
                                const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  const double limit =
      config.at_most.value() > 0 ? config.at_most.value() : 0.4999;
  result.limit = limit;
  int64_t named = 0;
  int64_t ignored = 0;
  int64_t used = 0;
  std::string names;
  for (const InputUse& use : evidence.behaviour.inputs) {
    if (use.asked == 0) continue;
    used += use.changed > 0 ? 1 : 0;
    if (!use.named) continue;
    ++named;
    if (use.changed > 0) continue;
    ++ignored;
    names += (names.empty() ? "" : ", ") + use.input;
  }
  const auto asked = static_cast<int64_t>(evidence.behaviour.inputs.size());
  result.n = named > 0 ? named : asked;
  if (asked == 0) {
    return Undecided(result, "no input could be exchanged");
  }
  if (used == 0) {
    return Decided(
        result, false,
        fmt::format("no answer depends on any of its {} inputs", asked));
  }
  result.interval.estimate = Share(ignored, named);
  if (named == 0) {
    return Decided(result, true,
                   fmt::format("{} of {} inputs change its answers; none is "
                               "named in the gate file",
                               used, asked));
  }
  std::string reason = ignored == 0
                           ? fmt::format(
                                 "all {} inputs that are named change its "
                                 "answers",
                                 named)
                           : fmt::format("it ignores {} of {} named inputs: {}",
                                         ignored, named, names);
  return Decided(result, Share(ignored, named) <= limit, reason);
}

CriterionResult JudgePace(const CriterionConfig& config,
                          const Evidence& evidence) {
  constexpr int64_t kFewestCalls = 1000;
  CriterionResult result = StartResult(config);
  result.unit = "s";
  const double interval = evidence.behaviour.sample_interval_seconds;
  result.limit = interval / 2;
  if (!evidence.cost || !(interval > 0)) {
    return Undecided(result, evidence.cost_missing.empty()
                                 ? "no call was timed"
                                 : evidence.cost_missing);
  }
  const auto& seconds = evidence.cost->latency_seconds;
  result.n = static_cast<int64_t>(seconds.size());
  const int64_t fewest = evidence.file.is_control() ? 20 : kFewestCalls;
  if (result.n < fewest) {
    result.needed = fewest;
    return Undecided(result,
                     fmt::format("{} calls were timed; a rare slow one needs "
                                 "at least {}",
                                 result.n, fewest));
  }
  const double worst = *std::max_element(seconds.begin(), seconds.end());
  const int64_t slower = CountSlower(seconds, result.limit);
  result.interval.estimate = worst;
  const std::string reason = fmt::format(
      "{} of {} answers took longer than half the {} between samples; the "
      "slowest {}",
      slower, result.n, AmountText(interval, "s").substr(1),
      AmountText(worst, "s").substr(1));
  // One alone may be the machine's doing.
  return Decided(result, slower < 2, reason);
}

// --- against the baselines --------------------------------------------------

// Whether the mean of `values`, which are autocorrelated, is above 0 at 95 %:
// +1; below: -1; neither, or too few to tell: 0.
int SideOfZero(const std::vector<double>& values, std::string* why,
               int64_t* needed) {
  const Amount nothing{0, false, "1"};
  const std::vector<double> zeros(values.size(), 0.0);
  const std::optional<Gap> gap = GapBetween(
      {values, zeros, true, true}, nothing, 0, 1, true, false, why, needed);
  if (!gap) return 0;
  const double bound =
      StudentTQuantile(0.95, gap->degrees_of_freedom) * gap->standard_error;
  return gap->estimate > bound ? 1 : (gap->estimate < -bound ? -1 : 0);
}

// Forecast encompassing (Chong and Hendry, Review of Economic Studies 53, 1986;
// Harvey, Leybourne and Newbold, J. Business & Economic Statistics 16, 1998):
// with the errors e of persistence and c of the candidate, the weight of the
// candidate in the mixture with the least squared error is
// E[e (e - c)] / E[(e - c)^2]. What only repeats the last value with some noise
// has none, however good persistence is.
CriterionResult JudgeSkill(const CriterionConfig& config,
                           const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  result.label = "beyond-persistence";
  const SkillEvidence& skill = evidence.behaviour.skill;
  result.n = static_cast<int64_t>(skill.gain.size());
  if (skill.gain.empty()) {
    return Undecided(result,
                     "persistence and the candidate have no "
                     "prediction in common");
  }
  double gain = 0;
  double square = 0;
  std::vector<double> below;
  for (size_t i = 0; i < skill.gain.size(); ++i) {
    gain += skill.gain[i];
    square += skill.square[i];
    below.push_back(skill.gain[i] - kLeastWeight * skill.square[i]);
  }
  result.limit = kLeastWeight;
  if (!(square > 0)) {
    return Decided(result, false, "it repeats the last known value");
  }
  result.interval.estimate = gain / square;
  const std::string shown = fmt::format(
      "in the best mixture with the last known value its weight is {:.2f}",
      gain / square);
  std::string why;
  if (SideOfZero(below, &why, &result.needed) > 0) {
    return Decided(result, true, shown);
  }
  if (!why.empty()) return Undecided(result, why);
  if (SideOfZero(below, &why, &result.needed) < 0) {
    return Decided(result, false,
                   shown + ": it tells nothing that this does not");
  }
  return Undecided(result, shown + ": that may be chance");
}

// --- guards -----------------------------------------------------------------

// A KPI and how much worse it may be before that is a harm.
struct Guard {
  const char* kpi;
  const char* what;
  double margin;
};

constexpr Guard kGuards[] = {
    {"absolute_error", "the mean absolute error", 0.25},
    {"absolute_error_under_load",
     "the mean absolute error in the fifth of the samples with the highest "
     "target",
     0.25},
    {"excess_error",
     "what errors exceed the incumbent's 95 % quantile by, on average", 0.5},
};

// Rejects where one of the KPIs is worse than the incumbent's by its margin,
// after Holm over all of them; passes where they could be judged and none is.
CriterionResult JudgeNoHarm(const CriterionConfig& config,
                            const Evidence& evidence, KpiSource source) {
  CriterionResult result = StartResult(config);
  std::vector<CriterionResult> guards;
  CriterionConfig question;
  question.confidence = config.confidence;
  for (const Guard& guard : kGuards) {
    const KpiSamples* const samples = evidence.Find(guard.kpi, source);
    if (samples == nullptr) continue;
    CriterionResult one = StartResult(config);
    one.guardrail = true;
    one.confidence = config.confidence.value();
    // The others are parts of the first: long spells without an excess are
    // natural.
    const std::string why =
        guards.empty() ? DefectOf(*samples, {"candidate", "incumbent"}) : "";
    if (!why.empty()) return Undecided(result, why);
    OneSided asked;
    asked.margin = {guard.margin, true, ""};
    asked.limit = guard.margin;
    asked.linear = true;
    asked.what = fmt::format("change of {}", guard.what);
    guards.push_back(JudgeOneSided(one,
                                   {samples->models.at("candidate").values,
                                    samples->models.at("incumbent").values,
                                    samples->paired, samples->autocorrelated},
                                   asked, question, evidence, source));
  }
  if (guards.empty()) return Undecided(result, "there is nothing to compare");
  ApplyHolm(&guards);
  for (const CriterionResult& guard : guards) {
    result.n = std::max(result.n, guard.n);
    if (guard.outcome != Outcome::kReject) continue;
    result.interval = guard.interval;
    result.limit = guard.limit;
    result.p_reject = guard.p_reject;
    return Decided(result, false, guard.reason);
  }
  // The first is the mean: where not even that has an interval, nothing is
  // known.
  if (!guards.front().interval.known()) {
    result.needed = guards.front().needed;
    return Undecided(result, guards.front().reason);
  }
  return Decided(result, true,
                 fmt::format("no harm against the incumbent is shown in {} "
                             "KPIs; {}",
                             guards.size(), guards.front().reason));
}

CriterionResult JudgeNoHarmHeldOut(const CriterionConfig& config,
                                   const Evidence& evidence) {
  return JudgeNoHarm(config, evidence, KpiSource::kHeldOut);
}

CriterionResult JudgeNoHarmInTwin(const CriterionConfig& config,
                                  const Evidence& evidence) {
  const std::string doubt =
      DoubtAboutTwin(evidence, evidence.file.question.target);
  if (!doubt.empty()) return Undecided(StartResult(config), doubt);
  return JudgeNoHarm(config, evidence, KpiSource::kTwin);
}

// --- controllers ------------------------------------------------------------

CriterionResult JudgeConstraints(const CriterionConfig& config,
                                 const Evidence& evidence) {
  // What is done once in 2000 steps would then show with 95 %.
  constexpr int64_t kFewestSteps = 6000;
  CriterionResult result = StartResult(config);
  result.limit = config.at_most.value();
  if (!evidence.behaviour.control || evidence.behaviour.control->steps == 0) {
    return Undecided(result, "the controller has decided nothing");
  }
  const ControlEvidence& control = *evidence.behaviour.control;
  result.n = control.steps;
  const double confidence = config.confidence.value();
  result.confidence = confidence;
  result.interval =
      ClopperPearson(control.violations, control.steps, 2 * confidence - 1);
  std::string reason = fmt::format(
      "{} of {} decisions break a constraint; less than {:.2g} % "
      "do, with {:g} % confidence",
      control.violations, control.steps,
      100 * ClopperPearsonUpper(control.violations, control.steps, confidence),
      100 * confidence);
  if (control.violations > 0) reason += "; " + control.first_violation;
  if (Share(control.violations, control.steps) > result.limit) {
    return Decided(result, false, reason);
  }
  const int64_t needed = config.at_least > 0 ? config.at_least : kFewestSteps;
  if (control.steps < needed) {
    result.needed = needed;
    return Undecided(result,
                     reason + fmt::format("; {} decisions are needed", needed));
  }
  return Decided(result, true, reason);
}

CriterionResult JudgeOscillation(const CriterionConfig& config,
                                 const Evidence& evidence) {
  CriterionResult result = StartResult(config);
  const double limit =
      config.at_most.value() > 0 ? config.at_most.value() : 0.25;
  result.limit = limit;
  const BehaviourEvidence& behaviour = evidence.behaviour;
  if (!behaviour.control || behaviour.control->steps == 0) {
    return Undecided(result, "the controller has decided nothing");
  }
  const ControlEvidence& control = *behaviour.control;
  result.n = control.steps;
  const double confidence = config.confidence.value();
  result.interval = ClopperPearson(std::min(control.reversals, control.steps),
                                   control.steps, 2 * confidence - 1);
  const double others = behaviour.incumbent_control
                            ? Share(behaviour.incumbent_control->reversals,
                                    behaviour.incumbent_control->steps)
                            : 0;
  const std::string reason = fmt::format(
      "{:.1f} % of {} decisions move a setting back against the one before "
      "(the incumbent's {:.1f} %), {:.1f} % change one",
      100 * Share(control.reversals, control.steps), control.steps,
      100 * others, 100 * Share(control.changes, control.steps));
  const bool swings =
      result.interval.low > limit && result.interval.estimate > 1.1 * others;
  return Decided(result, !swings, reason);
}

}  // namespace

std::vector<CriterionRow> BehaviourCriteria() {
  return {
      {"sound-data",
       "the evidence has values that vary, one unit, and a clock that goes on",
       {},
       {},
       Stage::kMeasured,
       false,
       true,
       JudgeSoundData,
       nullptr},
      {"answers",
       "a program gives one valid answer to every question, in time, and to "
       "that question",
       {},
       {},
       Stage::kMeasured,
       false,
       true,
       JudgeAnswers,
       [](const GateFile& file) {
         return file.is_forecast() && file.candidate.is_program();
       }},
      {"alive",
       "the predictions move when the target does",
       {},
       {},
       Stage::kMeasured,
       false,
       true,
       JudgeAlive,
       IsForecast},
      {"inputs-used",
       "at most the share `at_most` (half, if not given) of the inputs that "
       "the file names in full changes no prediction",
       {"at_most"},
       {},
       Stage::kMeasured,
       false,
       true,
       JudgeInputsUsed,
       IsForecast},
      {"beyond-persistence",
       "the predictions tell something that the last known value does not "
       "(forecast encompassing)",
       {},
       {},
       Stage::kMeasured,
       false,
       true,
       JudgeSkill,
       IsForecast},
      {"no-harm",
       "no demonstrable harm against the incumbent in the mean, the tail, or "
       "under load",
       {"confidence"},
       {},
       Stage::kMeasured,
       false,
       true,
       JudgeNoHarmHeldOut,
       IsForecast},
      {"pace",
       "answers take less than half the time between two samples",
       {},
       {},
       Stage::kMeasured,
       false,
       true,
       JudgePace,
       IsForecast},
      {"no-harm-in-twin",
       "the same in the twin",
       {"confidence"},
       {},
       Stage::kTwin,
       false,
       true,
       JudgeNoHarmInTwin,
       RehearsesForecast},
      {"constraints",
       "at most the share `at_most` of a controller's decisions breaks a "
       "constraint, of at least `at_least` (6000, if not given)",
       {"at_most", "at_least", "confidence"},
       {},
       Stage::kTwin,
       false,
       true,
       JudgeConstraints,
       IsControl},
      {"oscillation",
       "a controller moves a setting back in at most the share `at_most` (a "
       "quarter, if not given) of its decisions",
       {"at_most", "confidence"},
       {},
       Stage::kTwin,
       false,
       true,
       JudgeOscillation,
       IsControl},
      {"decisions",
       "a controller's program answers as `answers` and `pace` ask, in the "
       "twin",
       {},
       {},
       Stage::kTwin,
       false,
       true,
       [](const CriterionConfig& config, const Evidence& evidence) {
         CriterionResult answers = JudgeAnswers(config, evidence);
         if (answers.outcome != Outcome::kPromote) return answers;
         return JudgePace(config, evidence);
       },
       [](const GateFile& file) {
         return file.is_control() && file.candidate.is_program();
       }},
  };
}

}  // namespace airlock
