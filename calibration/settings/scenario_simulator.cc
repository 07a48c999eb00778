#include "calibration/settings/scenario_simulator.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/parallel.h"
#include "sim/engine/scene.h"
#include "sim/scenario/resolve.h"
#include "sim/server/run_servers.h"
#include "sim/surrogate/surrogate_scene.h"

namespace airlock {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

std::string Assignment(const std::string& key, double value,
                       const std::string& unit) {
  return fmt::format("{}={:.12g}{}", key, value, unit);
}

ReplicationRecord RunScenario(const ResolvedScenario& scenario,
                              int64_t replication) {
  const auto& datacentre = scenario.scenario().datacentre;
  const std::unique_ptr<Scene> scene = datacentre && datacentre->servers
                                           ? CreateServersScene(scenario)
                                           : CreateSurrogateScene(scenario);
  scene->Settle();
  scene->Start(Replication(replication));
  scene->AdvanceTo(scenario.scenario().run.duration);
  return scene->Finish();
}

const Metric* FindMetric(const std::vector<Metric>& metrics,
                         const std::string& name) {
  for (const Metric& metric : metrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

}  // namespace

ScenarioSimulator::ScenarioSimulator(std::string scenario,
                                     std::vector<std::string> overrides,
                                     const CalibrationTask& task, int jobs)
    : scenario_(std::move(scenario)),
      overrides_(std::move(overrides)),
      task_(task),
      jobs_(jobs) {}

std::vector<std::string> ScenarioSimulator::OverridesAt(
    const VectorXd& parameters, const MeasuredPoint& point) const {
  std::vector<std::string> overrides = overrides_;
  for (size_t i = 0; i < task_.inputs.size(); ++i) {
    const TaskInput& input = task_.inputs[i];
    for (const TaskSetting& setting : input.settings) {
      if (setting.value != point.inputs[i]) continue;
      for (const auto& [key, value] : setting.set) {
        overrides.push_back(key + "=" + value);
      }
    }
    for (const std::string& key : input.keys) {
      overrides.push_back(Assignment(
          key, ToStep(input.factor * point.inputs[i], input.step), input.unit));
    }
  }
  for (size_t j = 0; j < task_.parameters.size(); ++j) {
    const TaskParameter& parameter = task_.parameters[j];
    const double value = parameter.ValueOf(parameters(static_cast<Index>(j)));
    for (const std::string& key : parameter.keys) {
      overrides.push_back(Assignment(key, value, parameter.unit));
    }
  }
  return overrides;
}

bool ScenarioSimulator::CheckMetrics(const TaskFile& file,
                                     const MeasuredPoint& point,
                                     Diagnostics* diagnostics) const {
  Diagnostics ignored;
  const VectorXd middle =
      VectorXd::Constant(static_cast<Index>(task_.parameters.size()), 0.5);
  const auto scenario =
      LoadScenario(scenario_, OverridesAt(middle, point), &ignored);
  AIRLOCK_CHECK(scenario);
  const ReplicationRecord record = RunScenario(*scenario, 0);
  bool good = true;
  for (size_t k = 0; k < task_.outputs.size(); ++k) {
    if (FindMetric(record.metrics, task_.outputs[k].metric)) continue;
    std::string known;
    for (const Metric& metric : record.metrics) {
      known += (known.empty() ? "" : ", ") + metric.name;
    }
    file.Report(fmt::format("outputs.{}.metric", k),
                "the scenario has no metric '" + task_.outputs[k].metric + "'",
                "it has " + known, diagnostics);
    good = false;
  }
  return good;
}

bool ScenarioSimulator::Check(const TaskFile& file,
                              const std::vector<MeasuredPoint>& points,
                              Diagnostics* diagnostics) const {
  const auto count = static_cast<Index>(task_.parameters.size());
  const auto resolves = [&](const VectorXd& parameters,
                            const MeasuredPoint& point, const std::string& key,
                            const std::string& what) {
    Diagnostics found;
    const auto scenario =
        LoadScenario(scenario_, OverridesAt(parameters, point), &found);
    if (scenario) return true;
    diagnostics->Append(std::move(found));
    file.Report(key, "the scenario does not take " + what, "", diagnostics);
    return false;
  };
  const VectorXd middle = VectorXd::Constant(count, 0.5);
  if (!resolves(middle, points.front(), "parameters",
                "the middle of the parameters")) {
    return false;
  }
  bool good = true;
  for (Index j = 0; j < count; ++j) {
    for (double end : {0.0, 1.0}) {
      VectorXd parameters = middle;
      parameters(j) = end;
      good &= resolves(
          parameters, points.front(), fmt::format("parameters.{}", j),
          fmt::format("{} = {:.6g}",
                      task_.parameters[static_cast<size_t>(j)].name,
                      task_.parameters[static_cast<size_t>(j)].ValueOf(end)));
    }
  }
  std::set<std::pair<size_t, double>> seen;
  for (const MeasuredPoint& point : points) {
    for (size_t i = 0; i < task_.inputs.size(); ++i) {
      if (!seen.emplace(i, point.inputs[i]).second) continue;
      if (!good) return false;
      good &= resolves(
          middle, point, fmt::format("inputs.{}", i),
          fmt::format("{} = {:.6g}", task_.inputs[i].column, point.inputs[i]));
    }
  }
  return good && CheckMetrics(file, points.front(), diagnostics);
}

std::vector<double> ScenarioSimulator::RunOne(const VectorXd& parameters,
                                              const MeasuredPoint& point,
                                              int64_t replication) const {
  Diagnostics diagnostics;
  const auto scenario =
      LoadScenario(scenario_, OverridesAt(parameters, point), &diagnostics);
  if (!scenario) {
    throw InputError("calibration: between the ends of the parameters\n" +
                     diagnostics.Format());
  }
  const ReplicationRecord record = RunScenario(*scenario, replication);
  std::vector<double> values;
  for (const TaskOutput& output : task_.outputs) {
    const Metric* metric = FindMetric(record.metrics, output.metric);
    values.push_back(metric != nullptr
                         ? metric->value
                         : std::numeric_limits<double>::quiet_NaN());
  }
  return values;
}

std::vector<MatrixXd> ScenarioSimulator::Run(
    const MatrixXd& parameters, const std::vector<MeasuredPoint>& points,
    int64_t first) const {
  const auto columns = static_cast<int64_t>(points.size());
  std::vector<MatrixXd> values(
      task_.outputs.size(),
      MatrixXd(parameters.rows(), static_cast<Index>(columns)));
  const int64_t count = parameters.rows() * columns;
  InParallel(
      count, jobs_,
      [&](int64_t i) {
        const auto found = RunOne(parameters.row(i / columns).transpose(),
                                  points[static_cast<size_t>(i % columns)],
                                  first + i / columns);
        for (size_t k = 0; k < found.size(); ++k) {
          values[k](i / columns, i % columns) = found[k];
        }
      },
      done_);
  runs_ += count;
  return values;
}

}  // namespace airlock
