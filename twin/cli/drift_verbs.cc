#include <fmt/format.h>

#include <memory>

#include "sim/results/hdf5_file.h"
#include "twin/cli/verb.h"
#include "twin/drift/watch.h"

namespace airlock {
namespace {

struct DriftVerbOptions {
  std::string trace;
  std::string trigger;
  std::string detector = "jensen-shannon";
  std::vector<std::string> features = {"kpi:latency_*",
                                       "counter/function:*.busy"};
  double run_length = 10000;
  int64_t window = 100;
  int64_t bins = 10;
  double threshold = std::nan("");
  double reference = 0.6;
  int64_t seed = 1;
  bool overwrite = false;
  bool json = false;
};

ExitCode CalibrateTrigger(const DriftVerbOptions& options) {
  CheckOutputFile(options.trigger, options.overwrite);
  const Trace trace = ReadTrace(options.trace);
  const auto end = static_cast<int64_t>(options.reference *
                                        static_cast<double>(trace.samples()));
  MonitorOptions monitor;
  monitor.include = ParseFeaturePatterns(options.features);
  monitor.seed = static_cast<uint64_t>(options.seed);
  DriftOptions drift;
  drift.detector = options.detector;
  drift.ert = options.run_length;
  if (options.detector == "jensen-shannon") {
    drift.parameters = {{"window", static_cast<double>(options.window)},
                        {"bins", static_cast<double>(options.bins)}};
    if (!std::isnan(options.threshold)) {
      drift.classic = true;
      drift.parameters["threshold"] = options.threshold;
    }
  }
  drift.seed = monitor.seed;
  const DriftTrigger trigger =
      CalibrateDrift(trace.Slice(0, end), monitor, drift);
  trigger.Save(options.trigger);
  fmt::print(
      "{}: {} on {} features, threshold {:.4g} for {} samples between "
      "alarms without drift\n",
      options.trigger, options.detector, trigger.monitor().features().size(),
      trigger.detector().threshold(), options.run_length);
  return ExitCode::kDone;
}

ExitCode Watch(const DriftVerbOptions& options) {
  const Trace trace = ReadTrace(options.trace);
  DriftTrigger trigger = DriftTrigger::Load(options.trigger);
  const DriftWatch watch = trigger.Watch(trace);
  fmt::print("{}", options.json ? watch.ToJson() + "\n" : watch.ToText());
  return watch.drift() ? ExitCode::kNo : ExitCode::kDone;
}

}  // namespace

void AddDriftVerbs(CLI::App* app, CommandLine* line) {
  CLI::App* const drift =
      app->add_subcommand("drift", "set up and use drift triggers");
  drift->require_subcommand(1);

  auto calibrate = std::make_shared<DriftVerbOptions>();
  CLI::App* verb =
      AddVerb(drift, line, "calibrate",
              "learn from a trace without drift, for a set run length",
              "airlock drift calibrate out/sweep.h5 --run-length 5000 -o "
              "out/drift.trigger",
              [calibrate] { return CalibrateTrigger(*calibrate); });
  verb->add_option("TRACE", calibrate->trace, "trace of airlock import")
      ->required();
  verb->add_option("-o,--out", calibrate->trigger, "trigger to write")
      ->required();
  verb->add_option("--detector", calibrate->detector,
                   "one of airlock list detectors")
      ->capture_default_str();
  verb->add_option("--features", calibrate->features,
                   "columns whose response to the load is watched")
      ->capture_default_str();
  verb->add_option("--run-length", calibrate->run_length,
                   "expected samples between alarms without drift")
      ->capture_default_str()
      ->check(NumberWithin(10, 1e7));
  verb->add_option("--window", calibrate->window, "samples")
      ->capture_default_str();
  verb->add_option("--bins", calibrate->bins, "of the histograms")
      ->capture_default_str();
  verb->add_option("--threshold", calibrate->threshold,
                   "a threshold on the divergence in nats instead of a run "
                   "length")
      ->check(NumberWithin(0, 1));
  verb->add_option("--reference", calibrate->reference,
                   "share of the trace, from its start, to learn from")
      ->capture_default_str()
      ->check(NumberWithin(0.05, 1.0));
  verb->add_option("--seed", calibrate->seed, "seed of the null model")
      ->capture_default_str()
      ->check(CLI::NonNegativeNumber);
  verb->add_flag("--overwrite", calibrate->overwrite, "replace the file");

  auto watch = std::make_shared<DriftVerbOptions>();
  verb = AddVerb(drift, line, "watch",
                 "feed a trace to a trigger; exit code 1 if it fires",
                 "airlock drift watch out/drift.trigger out/drift.h5",
                 [watch] { return Watch(*watch); });
  verb->add_option("TRIGGER", watch->trigger, "trigger of drift calibrate")
      ->required();
  verb->add_option("TRACE", watch->trace, "trace of airlock import")
      ->required();
  verb->add_flag("--json", watch->json, "print the alarms as JSON");
}

}  // namespace airlock
