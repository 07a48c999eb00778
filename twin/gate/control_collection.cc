#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "agents/baselines/agent_table.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "twin/gate/criteria/families.h"
#include "twin/gate/evidence_collector.h"
#include "twin/gate/measurements.h"

namespace airlock {
namespace {

using nlohmann::json;

// Of the copy of a model's policy in the gate's folder.
constexpr char kPolicySuffix[] = ".policy.json";

// The KPI of the calibration that a metric of the twin stands on:
// "chain.latency_p95" on "latency_p95".
std::string CredibleAs(const std::string& metric) {
  constexpr char kChain[] = "chain.";
  return metric.rfind(kChain, 0) == 0 ? metric.substr(sizeof kChain - 1)
                                      : metric;
}

bool IsBetterHigh(const std::string& kpi) {
  for (const char* word : {"delivered", "throughput", "goodput", "fairness",
                           "completed", "utilisation"}) {
    if (kpi.find(word) != std::string::npos) return true;
  }
  return false;
}

// Adds what one model's replications ended with.
void AddMetrics(const RunRecord& record, const std::string& model,
                const std::string& prefix, Evidence* evidence) {
  for (const ReplicationRecord& replication : record.replications) {
    for (const Metric& metric : replication.metrics) {
      KpiSamples& samples =
          evidence->Samples(prefix + metric.name, KpiSource::kTwin);
      samples.better =
          IsBetterHigh(metric.name) ? Better::kHigher : Better::kLower;
      samples.credible_as = CredibleAs(metric.name);
      KpiSeries& series = samples.models[model];
      series.unit = metric.unit;
      series.clock = "twin";
      series.values.push_back(metric.value);
    }
  }
}

struct NamedDisturbance {
  const char* fault;
  const char* level;
  ControlDisturbance disturbance;
};

// What a controller may meet: the grid of robustness.
std::vector<NamedDisturbance> ControlGrid() {
  std::vector<NamedDisturbance> grid;
  const auto add = [&](const char* fault, const char* level, auto member,
                       auto amount) {
    ControlDisturbance disturbance;
    disturbance.*member = amount;
    grid.push_back({fault, level, disturbance});
  };
  add("counter-noise", "20%", &ControlDisturbance::noise, 0.2);
  add("dropout", "20%", &ControlDisturbance::dropout, 0.2);
  add("staleness", "2 decisions", &ControlDisturbance::stale, int64_t{2});
  add("wrong-unit", "all x 1000", &ControlDisturbance::unit_factor, 1000.0);
  add("action-failure", "20%", &ControlDisturbance::action_failure, 0.2);
  return grid;
}

// What a decision did to the settings that it names.
struct SettingMoves {
  bool changed = false;   // one of them
  bool reversed = false;  // one moved back against its last move
};

// One setting over the decisions of a replication.
class SettingCourse {
 public:
  void Take(double value, SettingMoves* moves) {
    const double step = known_ ? value - value_ : 0;
    known_ = true;
    value_ = value;
    if (step == 0) return;
    moves->changed = true;
    if (last_ * step < 0) moves->reversed = true;
    last_ = step;
  }
  bool known() const { return known_; }
  double value() const { return value_; }

 private:
  bool known_ = false;
  double value_ = 0;
  double last_ = 0;
};

}  // namespace

void EvidenceCollector::CollectMeasurements() {
  const GateFile& file = evidence_.file;
  Begin("reading the measurements");
  const std::string& path = file.measurements->path;
  UseInput("measurements", path);
  for (const std::string& artefact : file.candidate.files) {
    UseInput("candidate's file", artefact);
  }
  if (file.candidate.files.empty()) {
    // The table is all that is known of the candidate.
    std::filesystem::copy_file(path, PathOf("candidate.measurements.csv"));
    candidate_files_.push_back("candidate.measurements.csv");
  } else {
    Install(file.candidate, "candidate");
  }
  MeasuredTable table =
      ReadMeasurements(path, file.candidate.name, file.incumbent.name);
  for (KpiSamples& samples : table.kpis) {
    samples.better =
        IsBetterHigh(samples.kpi) ? Better::kHigher : Better::kLower;
  }
  evidence_.kpis = std::move(table.kpis);
  evidence_.behaviour.data_faults = std::move(table.faults);
}

void EvidenceCollector::CollectOffline() {
  const GateFile& file = evidence_.file;
  if (!file.offline) {
    evidence_.offline_missing = "the gate file names no log of decisions";
    return;
  }
  Begin("evaluating the candidate on logged decisions");
  UseInput("log of decisions", file.offline->log);
  OfflineOptions options;
  options.gamma = file.offline->gamma;
  options.seed = static_cast<uint64_t>(file.seed);
  evidence_.offline =
      EvaluateOffline(ReadDecisionLog(file.offline->log), options);
}

ControllerCall EvidenceCollector::ControllerOf(const ModelConfig& config,
                                               const std::string& name) {
  ControllerCall call;
  call.agent = config.agent;
  if (!config.policy.empty()) {
    call.policy = std::filesystem::absolute(PathOf(name + kPolicySuffix));
  }
  call.observation = config.observation;
  if (config.is_program()) {
    const std::string run =
        std::filesystem::absolute(scratch_ + "/" + name).string();
    call.program = {config.command, run};
    call.limits.answer_seconds = Seconds(config.answer_within);
    call.limits.start_seconds = Seconds(config.start_within);
  }
  if (repeated_ && name == "candidate") {
    call.repeated = true;
    for (const auto& [replication, questions] : repeated_->late) {
      call.late_before.emplace_back(replication, questions);
    }
  }
  return call;
}

void EvidenceCollector::InstallPolicy(const ModelConfig& config,
                                      const std::string& name) {
  UseInput(name + "'s policy", config.policy);
  // The copy runs, so that what is judged is what is sealed.
  std::filesystem::copy_file(config.policy, PathOf(name + kPolicySuffix));
}

void EvidenceCollector::WriteCandidateController() {
  const ModelConfig& candidate = evidence_.file.candidate;
  json controller = {{"agent", candidate.agent}};
  if (!candidate.policy.empty()) {
    const std::string policy = std::string("candidate") + kPolicySuffix;
    controller["policy"] = policy;
    candidate_files_.push_back(policy);
  }
  WriteFileAtomically(PathOf("candidate.controller"), controller.dump() + "\n");
  candidate_files_.push_back("candidate.controller");
}

void EvidenceCollector::CheckAgents() const {
  const GateFile& file = evidence_.file;
  for (const auto& [name, config] : {std::pair<const char*, const ModelConfig*>{
                                         "candidate", &file.candidate},
                                     {"incumbent", &file.incumbent}}) {
    if (config->is_program()) continue;
    Scenario scenario = rehearsal_->scenario();
    scenario.controller.agent = config->agent;
    scenario.controller.policy = config->policy;
    try {
      CreateAgent(config->agent, scenario, Replication(0));
    } catch (const InputError& error) {
      throw InputError(
          fmt::format("{}: {}: {}", file.name, name, error.what()));
    }
  }
}

RunRecord EvidenceCollector::RunControlled(
    const ResolvedScenario& scenario, const ModelConfig& config,
    const std::string& name, const ControlDisturbance& disturbance,
    std::vector<ControlRecord>* control) {
  BatchOptions batch;
  batch.replications = evidence_.file.twin->replications;
  batch.jobs = options_.jobs;
  batch.controller = ControllerOf(config, name);
  batch.controller->disturbance = disturbance;
  batch.control = control;
  return RunBatch(scenario, batch, Begin("rehearsing the " + name));
}

void EvidenceCollector::CollectControl() {
  const GateFile& file = evidence_.file;
  for (const auto& [name, config] : {std::pair<std::string, const ModelConfig*>{
                                         "candidate", &file.candidate},
                                     {"incumbent", &file.incumbent}}) {
    if (config->is_program()) Install(*config, name);
    if (!config->policy.empty()) InstallPolicy(*config, name);
  }
  if (!file.candidate.is_program()) WriteCandidateController();
  const bool has_chain = rehearsal_->scenario().datacentre &&
                         rehearsal_->scenario().datacentre->chain;
  if (has_chain && (!file.twin->profile.empty() || to_calibrate_)) {
    FindProfile();
  }
  const ResolvedScenario scenario =
      evidence_.profile ? Calibrated(*rehearsal_, *evidence_.profile)
                        : *rehearsal_;
  WriteFileAtomically(PathOf("scenario.resolved.yaml"), scenario.FileText());
  std::vector<ControlRecord> candidate;
  std::vector<ControlRecord> incumbent;
  const RunRecord record =
      RunControlled(scenario, file.candidate, "candidate", {}, &candidate);
  WriteRunRecord(record, PathOf("result.h5"));
  AddMetrics(record, "candidate", "", &evidence_);
  AddMetrics(
      RunControlled(scenario, file.incumbent, "incumbent", {}, &incumbent),
      "incumbent", "", &evidence_);
  evidence_.behaviour.control = DescribeControl(candidate);
  evidence_.behaviour.incumbent_control = DescribeControl(incumbent);
  evidence_.behaviour.sample_interval_seconds =
      Seconds(scenario.scenario().controller.interval);
  if (file.candidate.is_program()) NoteDecisions(candidate);
  if (Asks("robustness")) DisturbControl(scenario);
}

ControlEvidence EvidenceCollector::DescribeControl(
    const std::vector<ControlRecord>& control) const {
  ControlEvidence evidence;
  std::map<std::string, SettingBounds> bounds;
  if (evidence_.file.control) {
    for (const SettingBounds& b : evidence_.file.control->bounds) {
      bounds[b.setting] = b;
    }
  }
  for (const ControlRecord& record : control) {
    std::map<std::string, SettingCourse> courses;
    for (const Decision& decision : record.decisions) {
      ++evidence.steps;
      SettingMoves moves;
      bool violated = decision.refused;
      if (decision.refused) ++evidence.refused;
      std::string why = record.first_refusal;
      for (const auto& [setting, value] : decision.action.settings) {
        SettingCourse& course = courses[setting];
        const auto bound = bounds.find(setting);
        if (bound != bounds.end()) {
          const SettingBounds& b = bound->second;
          const bool leap = b.step > 0 && course.known() &&
                            std::abs(value - course.value()) > b.step;
          if (value < b.low || value > b.high || leap) {
            violated = true;
            why = fmt::format(
                "{} = {:g} at {:g} s of replication {}: {}", setting, value,
                decision.seconds, record.replication,
                leap ? fmt::format("a step of more than {:g}", b.step)
                     : fmt::format("outside {:g} to {:g}", b.low, b.high));
          }
        }
        course.Take(value, &moves);
      }
      if (moves.changed) ++evidence.changes;
      if (moves.reversed) ++evidence.reversals;
      if (!violated) continue;
      ++evidence.violations;
      if (evidence.first_violation.empty()) evidence.first_violation = why;
    }
  }
  return evidence;
}

// The candidate's program, over all replications.
void EvidenceCollector::NoteDecisions(
    const std::vector<ControlRecord>& control) {
  ProgramAccount account;
  for (const ControlRecord& record : control) {
    account.Add(record.account);
    if (!record.account.late_questions.empty()) {
      clock_.late[record.replication] = record.account.late_questions;
    }
  }
  clock_.latency_seconds = account.latency_seconds;
  clock_.resident_bytes = account.peak_resident_bytes;
  clock_.start_seconds = account.slowest_start_seconds;
  if (repeated_) clock_ = *repeated_;
  CostEvidence cost;
  cost.clock = "monotonic";
  cost.latency_seconds = clock_.latency_seconds;
  cost.resident_bytes = clock_.resident_bytes;
  cost.failed_calls = account.faults();
  for (const std::string& file : candidate_files_) {
    cost.artefact_bytes +=
        static_cast<int64_t>(std::filesystem::file_size(PathOf(file)));
  }
  evidence_.cost = std::move(cost);
  evidence_.behaviour.program = std::move(account);
}

void EvidenceCollector::DisturbControl(const ResolvedScenario& scenario) {
  std::vector<std::string> kpis;
  for (const CriterionConfig& config : evidence_.file.criteria) {
    if (config.kind == "robustness") kpis.push_back(config.kpi);
  }
  for (const NamedDisturbance& named : ControlGrid()) {
    Evidence disturbed;
    for (const auto& [name, config] :
         {std::pair<std::string, const ModelConfig*>{"candidate",
                                                     &evidence_.file.candidate},
          {"incumbent", &evidence_.file.incumbent}}) {
      AddMetrics(
          RunControlled(scenario, *config, name, named.disturbance, nullptr),
          name, "", &disturbed);
    }
    for (const std::string& kpi : kpis) {
      const KpiSamples* const found = disturbed.Find(kpi, KpiSource::kTwin);
      const KpiSamples* const clean = evidence_.Find(kpi, KpiSource::kTwin);
      if (found == nullptr || clean == nullptr) {
        evidence_.robustness_missing = fmt::format("the twin has no {}", kpi);
        return;
      }
      RobustnessCell cell{named.fault, named.level, *found};
      cell.samples.models["candidate_clean"] = clean->models.at("candidate");
      evidence_.robustness.push_back(std::move(cell));
    }
  }
}

}  // namespace airlock
