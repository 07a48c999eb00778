#include "twin/worker/run_batch.h"

#include <algorithm>
#include <map>
#include <thread>

#include "agents/baselines/agent_table.h"
#include "agents/baselines/channel_planner.h"
#include "sim/base/child_process.h"
#include "sim/base/error.h"
#include "sim/base/frame.h"
#include "sim/server/run_servers.h"
#include "twin/worker/protocol.h"

namespace airlock {
namespace {

using nlohmann::json;

// Collects the answers to one request.
class Batch {
 public:
  Batch(int64_t first, int64_t count, const Progress& progress)
      : first_(first), count_(count), progress_(progress) {}

  bool done() const { return static_cast<int64_t>(records_.size()) == count_; }
  void Accept(const json& answer);
  // Which replications have not come back, for messages.
  std::string Missing() const;
  std::vector<ReplicationRecord> TakeRecords();
  std::vector<ControlRecord> TakeControl();
  std::vector<Trace> TakeObservations();

 private:
  int64_t first_;
  int64_t count_;
  const Progress& progress_;
  std::map<int64_t, int64_t> thousandths_;  // by replication
  std::map<int64_t, ReplicationRecord> records_;
  std::map<int64_t, ControlRecord> control_;
  std::map<int64_t, Trace> observations_;
};

void Batch::Accept(const json& answer) {
  const std::string type = answer.at("type");
  ThrowIfErrorFrame(answer);
  if (type == "record") {
    ReplicationRecord record = ReplicationRecordFromJson(answer.at("record"));
    const int64_t number = record.replication.value();
    thousandths_[number] = 1000;
    records_.emplace(number, std::move(record));
    if (answer.contains("control")) {
      control_.emplace(number, ControlRecordFromJson(answer.at("control")));
    }
    if (answer.contains("observations")) {
      observations_.emplace(number, TraceFromJson(answer.at("observations")));
    }
  } else {
    thousandths_[answer.at("replication")] =
        static_cast<int64_t>(1000 * answer.at("fraction").get<double>());
  }
  if (!progress_) return;
  int64_t done = 0;
  for (const auto& [number, thousandths] : thousandths_) done += thousandths;
  progress_(done, 1000 * count_);
}

std::string Batch::Missing() const {
  std::string missing;
  int listed = 0;
  for (int64_t i = first_; i < first_ + count_; ++i) {
    if (records_.count(i) > 0) continue;
    if (++listed > 8) return missing + ", ...";
    missing += fmt::format("{}{}", missing.empty() ? "" : ", ", i);
  }
  return missing;
}

std::vector<ReplicationRecord> Batch::TakeRecords() {
  std::vector<ReplicationRecord> records;
  for (auto& [number, record] : records_) records.push_back(std::move(record));
  return records;
}

std::vector<ControlRecord> Batch::TakeControl() {
  std::vector<ControlRecord> records;
  for (auto& [number, record] : control_) records.push_back(std::move(record));
  return records;
}

std::vector<Trace> Batch::TakeObservations() {
  std::vector<Trace> traces;
  for (auto& [number, trace] : observations_) {
    traces.push_back(std::move(trace));
  }
  return traces;
}

}  // namespace

std::optional<ResolvedScenario> LoadRunnableScenario(
    const std::string& path, const std::vector<std::string>& overrides,
    Diagnostics* diagnostics) {
  std::optional<ResolvedScenario> scenario =
      LoadScenario(path, overrides, diagnostics);
  if (!scenario) return std::nullopt;
  try {
    CreateAgent(scenario->scenario().controller.agent, scenario->scenario(),
                Replication(0));
  } catch (const PolicyError& error) {
    scenario->Report("controller.policy", error.what(), "", diagnostics);
    return std::nullopt;
  } catch (const InputError& error) {
    scenario->Report("controller.agent", error.what(), "", diagnostics);
    return std::nullopt;
  }
  CheckLoadTraces(*scenario, diagnostics);
  if (diagnostics->has_errors()) return std::nullopt;
  return scenario;
}

RunRecord RunBatch(const ResolvedScenario& scenario,
                   const BatchOptions& options, const Progress& progress) {
  const RunConfig& run = scenario.scenario().run;
  const int64_t count =
      options.replications > 0 ? options.replications : run.replications;
  const int64_t jobs = options.jobs > 0
                           ? options.jobs
                           : std::max(1u, std::thread::hardware_concurrency());
  ChildProcess worker(ProgramPath("airlock-worker", "AIRLOCK_WORKER"));
  Batch batch(options.first, count, progress);
  const auto died = [&] {
    return Error(fmt::format(
        "the worker ended before its work ({}); replications {} of scenario "
        "'{}' have no result",
        worker.DescribeEnd(), batch.Missing(), scenario.scenario().name));
  };
  try {
    json request = {{"scenario", scenario.text()},
                    {"name", scenario.path()},
                    {"first", options.first},
                    {"count", count},
                    {"jobs", std::min(jobs, count)}};
    if (options.controller) request["controller"] = ToJson(*options.controller);
    if (options.observations != nullptr) request["observations"] = true;
    WriteFrame(worker.input(), request);
  } catch (const Error&) {
    throw died();
  }
  while (!batch.done()) {
    json answer;
    if (!ReadFrame(worker.output(), &answer)) {
      ThrowIfInterrupted();
      throw died();
    }
    batch.Accept(answer);
    ThrowIfInterrupted();
  }
  RunRecord record;
  record.provenance = CurrentProvenance();
  record.provenance.seed = static_cast<uint64_t>(run.seed);
  record.provenance.engine = run.engine;
  record.provenance.scenario_sha256 = scenario.sha256();
  record.scenario_name = scenario.scenario().name;
  record.replications = batch.TakeRecords();
  if (options.control != nullptr) *options.control = batch.TakeControl();
  if (options.observations != nullptr) {
    *options.observations = batch.TakeObservations();
  }
  return record;
}

}  // namespace airlock
