#include "twin/cli/retraining.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "sim/base/diagnostics.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/results/hdf5_file.h"
#include "twin/cli/verb.h"
#include "twin/gate/gate.h"
#include "twin/pipeline/pipeline.h"
#include "twin/pipeline/pipeline_report.h"
#include "twin/registry/receipt.h"
#include "twin/registry/signing.h"

namespace airlock {
namespace {

using nlohmann::json;

// Samples to be judged on, below which a gate will hardly find the ten
// independent batches that an interval needs.
constexpr int64_t kEnoughToJudge = 300;

// Samples that are kept before an alarm: as far back as it can say that the
// change lies.
constexpr int64_t kKept = 1000;

template <typename File>
File LoadOrThrow(std::optional<File> file, const Diagnostics& diagnostics) {
  if (!file) throw InputError(diagnostics.Format());
  Tell(diagnostics.Format());
  return *std::move(file);
}

void DropFront(Trace* trace, int64_t count) {
  const auto dropped = static_cast<std::ptrdiff_t>(count);
  trace->time_seconds.erase(trace->time_seconds.begin(),
                            trace->time_seconds.begin() + dropped);
  for (Column& column : trace->columns) {
    column.values.erase(column.values.begin(), column.values.begin() + dropped);
  }
}

std::string Absolute(const std::string& path) {
  return path.empty() ? path : std::filesystem::absolute(path).string();
}

}  // namespace

Retraining::Retraining(const RetrainingOptions& options)
    : options_(options), key_(KeyToSignWith("", [](const std::string& text) {
        Tell(text + "\n");
      })) {
  Diagnostics diagnostics;
  pipeline_ = LoadOrThrow(LoadPipelineFile(options.pipeline, {}, &diagnostics),
                          diagnostics);
  Diagnostics of_gate;
  gate_ = LoadOrThrow(LoadGateFile(options.gate, {}, &of_gate), of_gate);
  const ForecastModel champion = ForecastModel::Load(options.champion);
  const ForecastProblem& problem = champion.problem();
  if (problem.target != pipeline_.target ||
      problem.horizon != pipeline_.horizon) {
    throw InputError(fmt::format(
        "{}: makes models of {} {} samples ahead; the champion {} predicts {} "
        "{} ahead",
        options.pipeline.empty() ? "the pipeline" : options.pipeline,
        pipeline_.target, pipeline_.horizon, options.champion, problem.target,
        problem.horizon));
  }
  const Split split = SplitInTime(
      options.samples, {pipeline_.split.train.value(), pipeline_.split.gap});
  const int64_t judged = options.samples - split.test_begin;
  if (judged < kEnoughToJudge) {
    Tell(fmt::format(
        "--samples {} leaves {} to be judged on; with fewer than {} the gate "
        "is likely to answer inconclusive\n",
        options.samples, judged, kEnoughToJudge));
  }
}

void Retraining::Add(const Trace& samples, int64_t first) {
  if (recent_.columns.empty()) {
    recent_ = samples.Slice(0, 0);
    recent_.attributes.clear();
    first_ = first;
  }
  for (const Column& column : recent_.columns) {
    const Column* const found = samples.Find(column.name);
    if (found == nullptr || found->unit != column.unit) {
      throw InputError(fmt::format(
          "{}: column {} of the samples before is missing or in another unit",
          samples.source, column.name));
    }
  }
  recent_.time_seconds.insert(recent_.time_seconds.end(),
                              samples.time_seconds.begin(),
                              samples.time_seconds.end());
  for (Column& column : recent_.columns) {
    const std::vector<double>& values = samples.Get(column.name).values;
    column.values.insert(column.values.end(), values.begin(), values.end());
  }
  std::istringstream starts(samples.Attribute("segment_starts"));
  for (int64_t start = 0; starts >> start;) segments_.push_back(first + start);
  const int64_t surplus = recent_.samples() - kKept;
  if (alarmed() || surplus <= 0) return;
  DropFront(&recent_, surplus);
  first_ += surplus;
}

void Retraining::Alarm(const DriftAlarm& alarm) {
  if (alarmed()) return;
  since_ = std::max(alarm.explanation.since_sample, first_);
  since_seconds_ = recent_.time_seconds[static_cast<size_t>(since_ - first_)];
}

int64_t Retraining::collected() const {
  return alarmed() ? first_ + recent_.samples() - since_ : 0;
}

std::string Retraining::Status() const {
  return fmt::format(
      "retraining needs {} samples since the change at {:.3f} s (sample {}); "
      "has {}\n",
      options_.samples, since_seconds_, since_, collected());
}

// As many samples as are asked for, whatever more has been read.
Trace Retraining::Window() const {
  const int64_t begin = since_ - first_;
  Trace window = recent_.Slice(begin, begin + options_.samples);
  std::string starts;
  for (const int64_t segment : segments_) {
    const int64_t start = segment - since_;
    if (start < 0 || start >= window.samples()) continue;
    starts += fmt::format("{}{}", starts.empty() ? "" : " ", start);
  }
  if (!starts.empty()) window.attributes.push_back({"segment_starts", starts});
  return window;
}

// The given file with the window, the candidate and the champion in it, split
// as the pipeline splits: what the candidate learnt from is not what it is
// judged on.
GateFile Retraining::GateFor() const {
  GateFile file = gate_;
  file.trace = {Absolute(options_.out + "/window.h5"), "airlock", 0, 0};
  file.question.target = pipeline_.target;
  file.question.horizon = pipeline_.horizon;
  file.split = {pipeline_.split.train, pipeline_.split.gap};
  file.candidate = ModelConfig();
  file.candidate.name = "retrained";
  file.candidate.model = Absolute(options_.out + "/candidate.model");
  file.incumbent = ModelConfig();
  file.incumbent.name = "champion";
  file.incumbent.model = Absolute(options_.champion);
  if (file.drift) file.drift->trace.path = Absolute(file.drift->trace.path);
  if (file.twin) {
    file.twin->scenario = Absolute(file.twin->scenario);
    file.twin->profile = Absolute(file.twin->profile);
    file.twin->calibrate = Absolute(file.twin->calibrate);
  }
  return file;
}

ExitCode Retraining::Run(bool json_lines) {
  const Trace window = Window();
  OutputFolder folder(options_.out, options_.overwrite);
  ProgressDisplay display;
  const PipelineResult result =
      RunPipeline(pipeline_, window, display.Stages());
  display.Begin("scoring on the held-out part");
  const PipelineReport report = ReportOf(pipeline_, result, window);
  display.End();
  const GateFile file = GateFor();
  WriteTrace(window, folder.path() + "/window.h5");
  result.model.WithReport(report.ToJson())
      .Save(folder.path() + "/candidate.model");
  WriteFileAtomically(folder.path() + "/gate.yaml", ResolvedGateText(file));
  const json record = {
      {"type", "retrained"},
      {"since_sample", since_},
      {"since_seconds", since_seconds_},
      {"samples", window.samples()},
      {"candidate", result.record.choice.best.candidate.ToText()},
      {"folder", options_.out}};
  WriteFileAtomically(folder.path() + "/summary.json", record.dump(2) + "\n");
  folder.Commit();
  if (json_lines) {
    fmt::print("{}\n", record.dump());
  } else {
    fmt::print("retrained on {} samples from {:.3f} s on: {}\n",
               window.samples(), since_seconds_,
               result.record.choice.best.candidate.ToText());
  }
  std::fflush(stdout);

  OutputFolder verdict_folder(options_.out + "/verdict", options_.overwrite);
  const GateVerdict verdict = RunGate(
      file, options_.out + "/gate.yaml", verdict_folder.path(),
      {options_.jobs,
       [&display](const std::string& stage) { return display.Begin(stage); }});
  SealVerdict(verdict_folder.path(), key_);
  display.End();
  WriteFileAtomically(verdict_folder.path() + "/log.txt",
                      verdict.ToText() + display.log());
  const std::string summary = ReadFile(verdict_folder.path() + "/summary.json");
  ThrowIfInterrupted();
  verdict_folder.Commit();
  if (json_lines) {
    fmt::print(
        "{}\n",
        json{{"type", "verdict"}, {"summary", json::parse(summary)}}.dump());
  } else {
    fmt::print("{}", verdict.ToText());
  }
  return ExitCodeOf(verdict.verdict);
}

std::string Retraining::Save() const {
  json columns = json::array();
  for (const Column& column : recent_.columns) {
    json values = json::array();
    for (const double value : column.values) {
      values.push_back(NumberOrNull(value));
    }
    columns.push_back({{"name", column.name},
                       {"role", ToString(column.role)},
                       {"unit", column.unit},
                       {"scope", ToString(column.scope)},
                       {"scope_id", column.scope_id},
                       {"values", values}});
  }
  return json{{"source", recent_.source}, {"times", recent_.time_seconds},
              {"columns", columns},       {"first", first_},
              {"since", since_},          {"since_seconds", since_seconds_},
              {"segments", segments_}}
      .dump();
}

void Retraining::Load(const std::string& text) {
  const json saved = json::parse(text);
  if (saved.is_null()) return;
  try {
    recent_ = Trace();
    recent_.source = saved.at("source").get<std::string>();
    recent_.time_seconds = saved.at("times").get<std::vector<double>>();
    for (const json& each : saved.at("columns")) {
      Column column;
      column.name = each.at("name").get<std::string>();
      column.unit = each.at("unit").get<std::string>();
      column.scope_id = each.at("scope_id").get<std::string>();
      if (!Parse(each.at("role").get<std::string>(), &column.role) ||
          !Parse(each.at("scope").get<std::string>(), &column.scope)) {
        throw InputError("watch state: a column's role is not known");
      }
      for (const json& value : each.at("values")) {
        column.values.push_back(NumberOrMissing(value));
      }
      recent_.columns.push_back(std::move(column));
    }
    recent_.Validate();
    first_ = saved.at("first").get<int64_t>();
    since_ = saved.at("since").get<int64_t>();
    since_seconds_ = saved.at("since_seconds").get<double>();
    segments_ = saved.at("segments").get<std::vector<int64_t>>();
  } catch (const json::exception& error) {
    throw InputError(fmt::format("watch state: {}", CauseOf(error)));
  }
}

}  // namespace airlock
