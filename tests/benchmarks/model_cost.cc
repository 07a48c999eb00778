// What a model costs a node: microseconds to predict one sample of 60 features
// and bytes of its file, for every trainer at its defaults, trained on 1200
// samples. Wall-clock time, median of 15 passes.
#include <fmt/format.h>

#include <cmath>
#include <exception>

#include "sim/base/rng.h"
#include "twin/pipeline/fit.h"

namespace airlock {
namespace {

constexpr int64_t kFeatures = 60;
constexpr int64_t kSamples = 1200;

// A load that wanders, counters that follow it in curves of their own, and a
// target that saturates: nothing that a tree has done with early.
Trace LoadedHost() {
  RngStream rng = RngTree(1).Stream("benchmark/model", Replication(0));
  Trace trace;
  trace.source = "benchmark";
  Column target;
  target.name = "delivered_rate";
  target.role = Role::kKpi;
  target.unit = "bit/s";
  target.scope = Scope::kSystem;
  std::vector<Column> counters(kFeatures);
  for (int64_t k = 0; k < kFeatures; ++k) {
    Column& column = counters[static_cast<size_t>(k)];
    column.name = fmt::format("core.{}.counter", k);
    column.role = Role::kCounter;
    column.unit = "1";
    column.scope = Scope::kCore;
  }
  double load = 0.5;
  for (int64_t t = 0; t < kSamples; ++t) {
    load = 0.9 * load + 0.1 * rng.Uniform(0.0, 1.4);
    trace.time_seconds.push_back(static_cast<double>(t));
    target.values.push_back(1e9 * std::min(load, 0.8) + rng.Normal(0, 1e7));
    for (int64_t k = 0; k < kFeatures; ++k) {
      counters[static_cast<size_t>(k)].values.push_back(
          std::pow(load, 0.5 + 0.05 * static_cast<double>(k)) +
          rng.Normal(0, 0.05));
    }
  }
  trace.columns = std::move(counters);
  trace.columns.push_back(std::move(target));
  return trace;
}

void Print(const TrainerEntry& trainer, const Trace& trace) {
  FitOptions options;
  options.forecaster = trainer.name;
  try {
    const ForecastModel model = FitModel({}, trace, kSamples, options);
    fmt::print("{:<16}{:>10.2f}{:>12}{:>10}\n", trainer.name,
               MicrosecondsPerSample(model, trace, 15), ModelSizeBytes(model),
               model.features().size());
  } catch (const std::exception& e) {
    fmt::print("{:<16}{}\n", trainer.name, e.what());
  }
}

}  // namespace
}  // namespace airlock

int main() {
  fmt::print("{:<16}{:>10}{:>12}{:>10}\n", "model", "us/sample", "bytes",
             "features");
  const airlock::Trace trace = airlock::LoadedHost();
  for (const airlock::TrainerEntry& trainer : airlock::Trainers()) {
    airlock::Print(trainer, trace);
  }
}
