#include <fmt/format.h>

#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>

#include "calibration/traces/csv.h"
#include "sim/base/file.h"
#include "twin/cli/progress.h"
#include "twin/cli/retraining.h"
#include "twin/cli/sample_stream.h"
#include "twin/cli/verb.h"
#include "twin/drift/watch.h"
#include "twin/report/pages.h"

namespace airlock {
namespace {

using nlohmann::json;

struct CalibrateOptions {
  std::string trace;
  std::string format;
  std::string trigger;
  std::string detector = DriftOptions().detector;
  std::vector<std::string> parameters;
  bool classic = false;
  std::vector<std::string> features = {"kpi:latency_*",
                                       "counter/function:*.busy"};
  std::vector<std::string> exclude;
  std::vector<std::string> load = MonitorOptions().load;
  std::string treatment = "residual";
  std::string model;
  double run_length = DriftOptions().ert;
  int64_t replications = DriftOptions().replications;
  int64_t first = 0;
  double reference = 0.6;
  int64_t seed = 1;
  bool overwrite = false;
};

// "window=100" -> {"window", 100}.
std::map<std::string, double> ParseParameters(
    const std::vector<std::string>& texts) {
  std::map<std::string, double> parameters;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    double value = 0;
    if (equals == std::string::npos || equals == 0 ||
        !ParseNumber(std::string_view(text).substr(equals + 1), &value)) {
      throw Error(fmt::format("--set '{}': write NAME=NUMBER", text),
                  ExitCode::kUsage);
    }
    parameters[text.substr(0, equals)] = value;
  }
  return parameters;
}

DriftOptions DetectorOptions(const CalibrateOptions& options) {
  DriftOptions drift;
  drift.detector = options.detector;
  drift.ert = options.run_length;
  drift.classic = options.classic;
  drift.parameters = ParseParameters(options.parameters);
  drift.replications = options.replications;
  drift.seed = static_cast<uint64_t>(options.seed);
  return drift;
}

void TellWarnings(const DriftCalibration& calibration) {
  for (const std::string& warning : calibration.warnings) {
    Tell(fmt::format("warning: {}\n", warning));
  }
}

ExitCode CalibrateTrigger(const CalibrateOptions& options) {
  const DriftOptions drift = DetectorOptions(options);
  CheckOutputFile(options.trigger, options.overwrite);
  const Trace trace = ReadSamples(options.trace, options.format);
  if (options.first >= trace.samples()) {
    throw InputError(fmt::format("{}: has {} samples; --first {} is beyond",
                                 options.trace, trace.samples(),
                                 options.first));
  }
  const auto samples = static_cast<int64_t>(
      options.reference * static_cast<double>(trace.samples() - options.first));
  const Trace reference = trace.Slice(options.first, options.first + samples);
  MonitorOptions monitor;
  monitor.include = ParseFeaturePatterns(options.features);
  monitor.exclude = ParseFeaturePatterns(options.exclude);
  monitor.load = options.load;
  monitor.treatment = ParseTreatment(options.treatment);
  monitor.seed = drift.seed;
  const auto calibrated = [&] {
    if (options.model.empty()) return CalibrateDrift(reference, monitor, drift);
    const ForecastModel model = ForecastModel::Load(options.model);
    return CalibrateDriftWithModel(reference, monitor, drift, model, trace,
                                   FirstUnseen(model, trace, options.first));
  };
  const DriftTrigger trigger = calibrated();
  trigger.Save(options.trigger);
  TellWarnings(trigger.detector().calibration());
  fmt::print("{}: {} on {} features of {} samples, {}\n", options.trigger,
             options.detector, trigger.monitor().features().size(), samples,
             options.classic
                 ? "thresholds as published"
                 : fmt::format("{:g} samples between alarms without drift",
                               options.run_length));
  for (const std::string& feature : trigger.monitor().features()) {
    fmt::print("  {}\n", feature);
  }
  if (trigger.model_monitor()) {
    TellWarnings(trigger.model_monitor()->detector().calibration());
    fmt::print("and on the errors of {}\n", options.model);
  }
  return ExitCode::kDone;
}

struct WatchOptions {
  std::string trigger;
  SampleStreamOptions stream;
  std::string state;
  std::string report;
  bool restart_clock = false;
  std::string previous;
  double promoted_seconds = std::nan("");
  RetrainingOptions retraining;  // `champion` also without retraining
  bool retrain = false;
  bool json = false;
};

void CheckTogether(const WatchOptions& options) {
  const RetrainingOptions& retraining = options.retraining;
  const bool any =
      options.retrain || !retraining.gate.empty() || !retraining.out.empty();
  if (any && (!options.retrain || retraining.gate.empty() ||
              retraining.out.empty() || retraining.champion.empty())) {
    throw Error("--retrain, --gate, --out and --model go together",
                ExitCode::kUsage);
  }
  if (!options.previous.empty() && retraining.champion.empty()) {
    throw Error("--previous needs --model", ExitCode::kUsage);
  }
}

std::shared_ptr<const ForecastModel> LoadModel(const std::string& path) {
  if (path.empty()) return nullptr;
  return std::make_shared<const ForecastModel>(ForecastModel::Load(path));
}

// One run of `drift watch`.
class WatchRun {
 public:
  explicit WatchRun(const WatchOptions& options)
      : options_(options), trigger_(LoadTrigger(options)) {
    if (options.retrain) {
      retraining_.emplace(options.retraining);
      retraining_->Load(trigger_.companion());
    }
    WatchedModels models;
    models.champion = LoadModel(options.retraining.champion);
    models.previous = LoadModel(options.previous);
    models.promoted_seconds = options.promoted_seconds;
    trigger_.Use(models);
    if (models.champion && !trigger_.model_monitor()) {
      Tell(
          "the trigger does not watch the errors of a model; to do so, "
          "calibrate it with --model\n");
    }
    if (options.restart_clock) trigger_.RestartClock();
  }

  ExitCode Run() {
    SampleStreamOptions stream_options = options_.stream;
    stream_options.taken_seconds = trigger_.last_seconds();
    const auto stream = OpenSampleStream(stream_options);
    try {
      while (!Ready() && Step(stream.get())) {
      }
    } catch (const Error& error) {
      // What came before counts; a signal is how a watch that follows ends.
      SaveState();
      if (error.code() != ExitCode::kInterrupted || !options_.stream.follow) {
        throw;
      }
    }
    SaveState();
    WritePage();
    TellEnd(*stream);
    PrintEnd();
    if (Ready()) return retraining_->Run(options_.json);
    if (retraining_ && retraining_->alarmed()) Tell(retraining_->Status());
    return fired() ? ExitCode::kNo : ExitCode::kDone;
  }

 private:
  using Clock = std::chrono::steady_clock;

  // The state if there is one: it must have come from the trigger.
  static DriftTrigger LoadTrigger(const WatchOptions& options) {
    DriftTrigger trigger = DriftTrigger::Load(options.trigger);
    std::error_code ignored;
    if (options.state.empty() ||
        !std::filesystem::exists(options.state, ignored)) {
      return trigger;
    }
    DriftTrigger state = DriftTrigger::Load(options.state);
    if (state.identity() != trigger.identity()) {
      throw InputError(fmt::format(
          "{}: is the state of another trigger than {}; remove it to begin "
          "anew",
          options.state, options.trigger));
    }
    return state;
  }

  bool fired() const { return alarms_ + repeats_ > 0; }
  bool Ready() const { return retraining_ && retraining_->ready(); }

  bool Step(SampleStream* stream) {
    Trace samples;
    if (!stream->Next(&samples)) return false;
    if (samples.samples() == 0) {
      SaveState();
      return true;
    }
    const int64_t first = trigger_.samples();
    const DriftWatch watch = options_.report.empty() ? trigger_.Watch(samples)
                                                     : WatchForPage(samples);
    unsaved_ = true;
    warnings_ += watch.warnings;
    watched_ += watch.samples;
    if (retraining_) retraining_->Add(samples, first);
    auto end = watch.ends.begin();
    for (const DriftAlarm& alarm : watch.alarms) {
      for (; end != watch.ends.end() && end->sample <= alarm.sample; ++end) {
        Report(*end);
      }
      Report(alarm);
    }
    for (; end != watch.ends.end(); ++end) Report(*end);
    if (watch.drift() || Clock::now() - saved_ > std::chrono::seconds(1)) {
      SaveState();
    }
    return true;
  }

  // Notes what the page shows of the samples.
  DriftWatch WatchForPage(const Trace& samples) {
    statistic_.time_seconds.insert(statistic_.time_seconds.end(),
                                   samples.time_seconds.begin(),
                                   samples.time_seconds.end());
    DriftWatch watch =
        WatchWithStatistic(samples, &trigger_, &statistic_.statistic);
    for (const DriftAlarm& alarm : watch.alarms) {
      if (!alarm.continuation.continues) page_alarms_.push_back(alarm.ToJson());
    }
    return watch;
  }

  void WritePage() {
    if (options_.report.empty()) return;
    statistic_.threshold = trigger_.detector().threshold();
    const json summary = {
        {"filetype", "drift-summary"}, {"version", {1, 0}},
        {"samples", watched_},         {"warnings", warnings_},
        {"repeats", repeats_},         {"alarms", page_alarms_}};
    WriteFileAtomically(options_.report, DriftPage(summary, statistic_));
  }

  void Report(const DriftAlarm& alarm) {
    ++(alarm.continuation.continues ? repeats_ : alarms_);
    if (options_.json) {
      PrintLine("alarm", alarm.ToJson());
    } else if (IsTold(alarm.continuation)) {
      fmt::print("{}", alarm.ToText());
    }
    std::fflush(stdout);
    if (!retraining_ || retraining_->alarmed()) return;
    retraining_->Alarm(alarm);
    Tell(retraining_->Status());
  }

  void Report(const ChangeEnd& end) const {
    if (options_.json) {
      PrintLine("end-of-change", end.ToJson());
    } else {
      fmt::print("{}", end.ToText());
    }
    std::fflush(stdout);
  }

  static void PrintLine(const char* type, json line) {
    line["type"] = type;
    fmt::print("{}\n", line.dump());
  }

  // To people: of the repeats the first, second, fourth, eighth, ...
  static bool IsTold(const Continuation& continuation) {
    const int64_t repeats = continuation.repeats;
    return !continuation.continues || (repeats & (repeats - 1)) == 0;
  }

  void SaveState() {
    if (options_.state.empty() || !unsaved_) return;
    trigger_.Save(options_.state,
                  retraining_ ? retraining_->Save() : trigger_.companion());
    unsaved_ = false;
    saved_ = Clock::now();
  }

  void TellEnd(const SampleStream& stream) const {
    if (stream.passed_over() > 0) {
      Tell(fmt::format(
          "{} samples were taken before, as the state says, and passed "
          "over{}\n",
          stream.passed_over(),
          watched_ > 0 ? "" : "; --restart-clock if their clock began anew"));
    }
    if (stream.cut()) {
      Tell("the last line has no end: it was not taken\n");
    }
  }

  void PrintEnd() const {
    if (options_.json) {
      PrintLine("end", {{"samples", watched_},
                        {"warnings", warnings_},
                        {"alarms", alarms_},
                        {"repeats", repeats_}});
    } else if (!fired()) {
      fmt::print("no drift in {} samples ({} in warning)\n", watched_,
                 warnings_);
    } else {
      fmt::print("drift: {} alarm{} in {} samples{}\n", alarms_,
                 alarms_ == 1 ? "" : "s", watched_,
                 repeats_ == 0
                     ? ""
                     : fmt::format("; {} repeat{} of a change that "
                                   "is not over",
                                   repeats_, repeats_ == 1 ? "" : "s"));
    }
    std::fflush(stdout);
  }

  const WatchOptions& options_;
  DriftTrigger trigger_;
  std::optional<Retraining> retraining_;
  int64_t watched_ = 0;
  int64_t warnings_ = 0;
  int64_t alarms_ = 0;         // that tell of a change
  int64_t repeats_ = 0;        // of those
  StatisticSeries statistic_;  // for the page, and its alarms
  json page_alarms_ = json::array();
  bool unsaved_ = false;
  Clock::time_point saved_ = Clock::now();
};

ExitCode Watch(const WatchOptions& options) {
  CheckTogether(options);
  return WatchRun(options).Run();
}

void AddCalibrate(CLI::App* drift, CommandLine* line) {
  auto options = std::make_shared<CalibrateOptions>();
  CLI::App* const verb =
      AddVerb(drift, line, "calibrate",
              "learn from a trace without drift, for a set run length",
              "airlock drift calibrate out/sweep.h5 --run-length 5000 -o "
              "out/drift.trigger",
              [options] { return CalibrateTrigger(*options); });
  AddTraceArgument(verb, &options->trace, &options->format);
  verb->add_option("-o,--out", options->trigger, "trigger to write")
      ->required();
  verb->add_option("--detector", options->detector,
                   "one of airlock list detectors")
      ->capture_default_str();
  verb->add_option("--run-length", options->run_length,
                   "expected samples between alarms without drift")
      ->capture_default_str()
      ->check(NumberWithin(10, 1e7));
  verb->add_option("--set,--parameter", options->parameters,
                   "a parameter of the detector: --set window=100")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  verb->add_flag("--classic", options->classic,
                 "the detector's published thresholds instead of a run "
                 "length");
  verb->add_option("--features", options->features, "columns that are watched")
      ->capture_default_str();
  verb->add_option("--exclude", options->exclude, "columns that are not");
  verb->add_option("--treatment", options->treatment,
                   "what is watched of a column: raw, per-unit (of the load) "
                   "or residual (given the load)")
      ->capture_default_str()
      ->check(CLI::IsMember({"raw", "per-unit", "residual"}));
  verb->add_option("--load", options->load, "columns that say what the load is")
      ->capture_default_str();
  verb->add_option("--model", options->model,
                   "also watch the errors of this model, learnt from the "
                   "samples that it was not trained on");
  verb->add_option("--first", options->first, "first sample to use")
      ->capture_default_str()
      ->check(NonNegative());
  verb->add_option("--reference", options->reference,
                   "share of the trace, from there on, to learn from")
      ->capture_default_str()
      ->check(NumberWithin(0.05, 1.0));
  verb->add_option("--replications", options->replications,
                   "simulated streams without drift")
      ->capture_default_str()
      ->check(NumberWithin(20, 1e6));
  verb->add_option("--seed", options->seed, "seed of the null model")
      ->capture_default_str()
      ->check(NonNegative());
  verb->add_flag("--overwrite", options->overwrite, "replace the file");
}

void AddRetrainingOptions(CLI::App* verb, WatchOptions* options) {
  RetrainingOptions* const retraining = &options->retraining;
  verb->add_option("--model", retraining->champion,
                   "the champion, whose errors are watched once labels come");
  verb->add_option("--previous", options->previous, "the champion before it");
  verb->add_option("--promoted-at", options->promoted_seconds,
                   "when the champion was promoted, in the stream's time [s]");
  verb->add_option_function<std::string>(
      "--retrain",
      [options](const std::string& path) {
        options->retrain = true;
        options->retraining.pipeline = path;
      },
      "pipeline file: after an alarm make a candidate of the samples since the "
      "change");
  verb->add_option("--gate", retraining->gate,
                   "gate file that judges the candidate; its trace, candidate, "
                   "incumbent, question and split are replaced");
  verb->add_option("-o,--out", retraining->out,
                   "folder for candidate, window, gate file and verdict");
  verb->add_option("--samples", retraining->samples,
                   "since the change, to learn from and to be judged on")
      ->capture_default_str()
      ->check(NumberWithin(60, 1e6));
  verb->add_option("--jobs", retraining->jobs,
                   "simultaneous replications; one a core if not given")
      ->check(Positive());
  verb->add_flag("--overwrite", retraining->overwrite, "replace the folder");
}

void AddWatch(CLI::App* drift, CommandLine* line) {
  auto options = std::make_shared<WatchOptions>();
  CLI::App* const verb =
      AddVerb(drift, line, "watch",
              "feed a stream to a trigger; exit code 1 if it fires, the "
              "gate's if it retrains",
              "airlock drift watch out/drift.trigger out/drift.h5",
              [options] { return Watch(*options); });
  verb->add_option("TRIGGER", options->trigger, "trigger of drift calibrate")
      ->required();
  verb->add_option("STREAM", options->stream.path,
                   "trace of airlock import, CSV, or - for a CSV on standard "
                   "input")
      ->required();
  verb->add_option("--format", options->stream.format,
                   "of a measured file: one of airlock list importers");
  verb->add_option("--columns", options->stream.columns,
                   "JSON record of the columns of a CSV whose header has no "
                   "units; NAME.json of the measuring tool beside NAME.csv is "
                   "found without");
  verb->add_option("--first", options->stream.first, "first sample to watch")
      ->capture_default_str()
      ->check(NonNegative());
  verb->add_flag("--follow", options->stream.follow,
                 "wait for rows that are appended to the CSV, until "
                 "interrupted");
  verb->add_option("--idle", options->stream.idle_seconds,
                   "with --follow: end after so many seconds without a new row")
      ->check(NumberWithin(0.1, 1e9));
  verb->add_option("--state", options->state,
                   "file to keep the state in: a watch that is started again "
                   "goes on where it was");
  verb->add_option("--report", options->report,
                   "HTML page to write at the end: the statistic, and what "
                   "moved at each alarm");
  verb->add_flag("--restart-clock", options->restart_clock,
                 "the stream's clock began anew since the state");
  AddRetrainingOptions(verb, options.get());
  verb->add_flag("--json", options->json, "print JSON, one object a line");
}

}  // namespace

void AddDriftVerbs(CLI::App* app, CommandLine* line) {
  CLI::App* const drift =
      app->add_subcommand("drift", "set up and use drift triggers");
  drift->require_subcommand(1);
  AddCalibrate(drift, line);
  AddWatch(drift, line);
}

}  // namespace airlock
