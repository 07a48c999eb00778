#include "twin/forecast/model.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "twin/forecast/naive_forecasters.h"

// FORMAT of a model file: one JSON object
//   filetype  "airlock forecast model"
//   version   [major, minor]; readers refuse another major
//   digest    SHA-256 of the text of `body` with sorted keys and no blanks
//   body      problem {target, unit, horizon, include, exclude, offered_rate,
//             past_target, lags, clock_offset, segments, timeouts, aggregates},
//             forecaster {name, learned}, trainer, configuration {seed,
//             parameters, preparation ...}, features
//             [{column, shift, unit, minimum, maximum, median, mean,
//             standard_deviation, missing}], record {...},
//             training_samples, training_digest, configuration_digest,
//             intervals (null or AdaptiveIntervals), quantile_intervals (null,
//             absent before 2.1, or QuantileIntervals), report {...}

namespace airlock {
namespace {

using nlohmann::json;

constexpr const char* kFileType = "airlock forecast model";
constexpr int kMajor = 2;
constexpr int kMinor = 1;

json PatternsToJson(const std::vector<FeaturePattern>& patterns) {
  json texts = json::array();
  for (const FeaturePattern& pattern : patterns) {
    texts.push_back(pattern.ToText());
  }
  return texts;
}

json ProblemToJson(const ForecastProblem& problem, const std::string& unit) {
  return {{"target", problem.target},
          {"unit", unit},
          {"horizon", problem.horizon},
          {"include", PatternsToJson(problem.include)},
          {"exclude", PatternsToJson(problem.exclude)},
          {"offered_rate", problem.offered_rate},
          {"past_target", problem.past_target},
          {"lags", problem.lags},
          {"clock_offset", problem.clock_offset},
          {"segments", problem.samples.segments},
          {"timeouts", problem.samples.timeouts},
          {"aggregates", problem.aggregates}};
}

ForecastProblem ProblemFromJson(const json& saved) {
  ForecastProblem problem;
  problem.target = saved.at("target").get<std::string>();
  problem.horizon = saved.at("horizon").get<int64_t>();
  problem.include =
      ParseFeaturePatterns(saved.at("include").get<std::vector<std::string>>());
  problem.exclude =
      ParseFeaturePatterns(saved.at("exclude").get<std::vector<std::string>>());
  problem.offered_rate = saved.at("offered_rate").get<bool>();
  problem.past_target = saved.at("past_target").get<bool>();
  problem.lags = saved.at("lags").get<int64_t>();
  problem.clock_offset = saved.at("clock_offset").get<int64_t>();
  problem.samples.segments = saved.at("segments").get<bool>();
  problem.samples.timeouts =
      saved.at("timeouts").get<std::map<std::string, double>>();
  problem.aggregates = saved.at("aggregates").get<bool>();
  return problem;
}

json FeatureToJson(const FeatureFacts& facts) {
  json feature = {{"column", facts.feature.column},
                  {"shift", facts.feature.shift},
                  {"unit", facts.feature.unit},
                  {"aggregate", ToString(facts.feature.aggregate)},
                  {"members", facts.feature.members},
                  {"minimum", facts.minimum},
                  {"maximum", facts.maximum},
                  {"median", facts.median},
                  {"mean", facts.mean},
                  {"standard_deviation", facts.standard_deviation},
                  {"missing", facts.missing}};
  if (std::isfinite(facts.timeout)) feature["timeout"] = facts.timeout;
  return feature;
}

FeatureFacts FeatureFromJson(const json& saved) {
  FeatureFacts facts;
  facts.feature.column = saved.at("column").get<std::string>();
  facts.feature.shift = saved.at("shift").get<int64_t>();
  facts.feature.unit = saved.at("unit").get<std::string>();
  facts.feature.aggregate =
      ParseAggregate(saved.at("aggregate").get<std::string>());
  facts.feature.members = saved.at("members").get<std::vector<std::string>>();
  facts.minimum = saved.at("minimum").get<double>();
  facts.maximum = saved.at("maximum").get<double>();
  facts.median = saved.at("median").get<double>();
  facts.mean = saved.at("mean").get<double>();
  facts.standard_deviation = saved.at("standard_deviation").get<double>();
  facts.missing = saved.at("missing").get<int64_t>();
  if (saved.contains("timeout")) {
    facts.timeout = saved.at("timeout").get<double>();
  }
  return facts;
}

std::string ConfigurationDigest(const ModelParts& parts) {
  const json configuration = {
      {"problem", ProblemToJson(parts.problem, parts.target_unit)},
      {"training_samples", parts.training_samples},
      {"configuration", json::parse(parts.configuration)}};
  return Sha256(configuration.dump());
}

// Throws what a file that is not a model of this version deserves.
const json& CheckedBody(const json& file, const std::string& name) {
  if (!file.is_object() || file.value("filetype", "") != kFileType) {
    throw InputError(fmt::format("{}: not a forecast model", name));
  }
  const int major = file.at("version").at(0).get<int>();
  if (major != kMajor) {
    throw InputError(
        fmt::format("{}: model of version {}; this program reads version {}",
                    name, major, kMajor));
  }
  const json& body = file.at("body");
  if (Sha256(body.dump()) != file.at("digest").get<std::string>()) {
    throw InputError(
        fmt::format("{}: corrupt: its digest does not match", name));
  }
  return body;
}

std::vector<Feature> KeptFeatures(const std::vector<FeatureFacts>& facts) {
  std::vector<Feature> features;
  for (const FeatureFacts& each : facts) features.push_back(each.feature);
  return features;
}

}  // namespace

ForecastModel::ForecastModel(ModelParts parts) : parts_(std::move(parts)) {
  AIRLOCK_CHECK(parts_.forecaster != nullptr, "a model without a forecaster");
  CheckInputs(parts_.forecaster->name(), parts_.forecaster->inputs());
  if (parts_.quantile_intervals) {
    CheckInputs("of quantiles", parts_.quantile_intervals->inputs());
  }
  configuration_digest_ = ConfigurationDigest(parts_);
}

void ForecastModel::CheckInputs(const std::string& forecaster,
                                int64_t inputs) const {
  const int64_t features = static_cast<int64_t>(this->features().size());
  if (inputs <= features) return;
  throw InputError(
      fmt::format("the forecaster {} reads {} features, the model has {}",
                  forecaster, inputs, features));
}

std::string ForecastModel::ToText() const {
  json features = json::array();
  for (const FeatureFacts& facts : this->features()) {
    features.push_back(FeatureToJson(facts));
  }
  json body = {{"problem", ProblemToJson(problem(), target_unit())},
               {"forecaster",
                {{"name", forecaster().name()},
                 {"learned", json::parse(forecaster().Save())}}},
               {"trainer", trainer()},
               {"configuration", json::parse(configuration())},
               {"features", features},
               {"record", json::parse(record().ToJson())},
               {"training_samples", training_samples()},
               {"training_digest", training_digest()},
               {"configuration_digest", configuration_digest_},
               {"intervals",
                intervals() ? json::parse(intervals()->Save()) : json(nullptr)},
               {"quantile_intervals",
                quantile_intervals() ? json::parse(quantile_intervals()->Save())
                                     : json(nullptr)},
               {"report", json::parse(report())}};
  // One pass through text, so that what is digested is what a reader sees.
  body = json::parse(body.dump());
  const json file = {{"filetype", kFileType},
                     {"version", {kMajor, kMinor}},
                     {"digest", Sha256(body.dump())},
                     {"body", body}};
  return file.dump() + "\n";
}

ForecastModel ForecastModel::WithReport(const std::string& report) const {
  ModelParts parts = parts_;
  parts.report = report;
  return ForecastModel(std::move(parts));
}

ForecastModel ForecastModel::WithIntervals(
    std::optional<AdaptiveIntervals> intervals) const {
  ModelParts parts = parts_;
  parts.intervals = std::move(intervals);
  return ForecastModel(std::move(parts));
}

ForecastModel ForecastModel::WithQuantileIntervals(
    QuantileIntervals intervals) const {
  ModelParts parts = parts_;
  parts.intervals.reset();
  parts.quantile_intervals = std::move(intervals);
  return ForecastModel(std::move(parts));
}

void ForecastModel::Save(const std::string& path) const {
  WriteFileAtomically(path, ToText());
}

ForecastModel ForecastModel::Load(const std::string& path) {
  return FromText(ReadFile(path), path);
}

ForecastModel ForecastModel::FromText(const std::string& text,
                                      const std::string& name) {
  try {
    const json file = json::parse(text);
    const json& body = CheckedBody(file, name);
    ModelParts parts;
    parts.problem = ProblemFromJson(body.at("problem"));
    parts.target_unit = body.at("problem").at("unit").get<std::string>();
    const json& forecaster = body.at("forecaster");
    parts.forecaster = LoadForecaster(forecaster.at("name").get<std::string>(),
                                      forecaster.at("learned").dump());
    parts.trainer = body.at("trainer").get<std::string>();
    parts.configuration = body.at("configuration").dump();
    std::vector<FeatureFacts> features;
    for (const json& feature : body.at("features")) {
      features.push_back(FeatureFromJson(feature));
    }
    parts.preparation = Preparation(std::move(features));
    parts.record = PreparationRecord::FromJson(body.at("record").dump());
    parts.training_samples = body.at("training_samples").get<int64_t>();
    parts.training_digest = body.at("training_digest").get<std::string>();
    if (!body.at("intervals").is_null()) {
      parts.intervals = AdaptiveIntervals::Load(body.at("intervals").dump());
    }
    const auto quantiles = body.find("quantile_intervals");
    if (quantiles != body.end() && !quantiles->is_null()) {
      parts.quantile_intervals = QuantileIntervals::Load(quantiles->dump());
    }
    parts.report = body.at("report").dump();
    return ForecastModel(std::move(parts));
  } catch (const json::exception& e) {
    throw InputError(
        fmt::format("{}: not a forecast model: {}", name, CauseOf(e)));
  }
}

void ForecastModel::CheckCompatible(const Trace& trace) const {
  std::string missing, units;
  std::set<std::string> seen;
  for (const FeatureFacts& facts : features()) {
    for (const std::string& name : facts.feature.Columns()) {
      if (!seen.insert(name).second) continue;
      const Column* column = trace.Find(name);
      if (column == nullptr) {
        missing += (missing.empty() ? "" : ", ") + name;
      } else if (column->unit != facts.feature.unit) {
        units += fmt::format("{}{} is in '{}' instead of '{}'",
                             units.empty() ? "" : ", ", name, column->unit,
                             facts.feature.unit);
      }
    }
  }
  const Column* target = trace.Find(problem().target);
  if (target != nullptr && target->unit != target_unit()) {
    units += fmt::format("{}{} is in '{}' instead of '{}'",
                         units.empty() ? "" : ", ", problem().target,
                         target->unit, target_unit());
  }
  if (missing.empty() && units.empty()) return;
  throw InputError(fmt::format(
      "trace '{}' does not suit the model of {}:{}{}{}", trace.source,
      problem().target, missing.empty() ? "" : " missing columns: " + missing,
      !missing.empty() && !units.empty() ? ";" : "",
      units.empty() ? "" : " other units: " + units));
}

SampleTable ForecastModel::Samples(const Trace& trace) const {
  CheckCompatible(trace);
  const std::string target =
      trace.Find(problem().target) == nullptr ? "" : problem().target;
  return BuildSamples(trace, KeptFeatures(features()), target,
                      problem().horizon, problem().samples);
}

double ForecastModel::PredictSample(const double* raw, double last_target,
                                    int64_t* outside) const {
  constexpr size_t kOnStack = 1024;
  double stack[kOnStack];
  std::vector<double> heap;
  double* x = stack;
  if (features().size() > kOnStack) {
    heap.resize(features().size());
    x = heap.data();
  }
  int64_t imputed = 0;
  const int64_t count = parts_.preparation.Apply(raw, x, &imputed);
  if (outside != nullptr) *outside = count;
  return forecaster().Predict(x, last_target);
}

std::vector<BaseInterval> ForecastModel::QuantilesOfSample(
    const double* raw) const {
  AIRLOCK_CHECK(quantile_intervals().has_value(), "a model without quantiles");
  std::vector<double> x(features().size());
  int64_t imputed = 0;
  parts_.preparation.Apply(raw, x.data(), &imputed);
  return quantile_intervals()->Bases(x.data());
}

Predictions ForecastModel::Predict(const Trace& trace) const {
  return Predict(trace, 0, trace.samples());
}

Predictions ForecastModel::Predict(const Trace& trace, int64_t begin,
                                   int64_t end) const {
  const SampleTable table = Samples(trace);
  const std::vector<FeatureFacts>& facts = features();
  const bool needs_past = forecaster().needs_past();
  const std::vector<double> past =
      PastTargets(forecaster(), table, problem().horizon);
  Predictions predictions;
  predictions.outside_by_feature.assign(facts.size(), 0);
  for (int64_t t = std::max<int64_t>(begin, 0); t < std::min(end, table.rows());
       ++t) {
    const size_t row = static_cast<size_t>(t);
    if (!table.IsWhole(t) || (needs_past && std::isnan(past[row]))) {
      ++predictions.skipped;
      continue;
    }
    const double* raw = table.Row(t);
    for (size_t k = 0; k < facts.size(); ++k) {
      if (std::isnan(raw[k])) ++predictions.imputed_values;
      if (raw[k] < facts[k].minimum || raw[k] > facts[k].maximum) {
        ++predictions.outside_by_feature[k];
      }
    }
    int64_t outside = 0;
    predictions.value.push_back(PredictSample(raw, past[row], &outside));
    if (quantile_intervals()) {
      predictions.quantiles.push_back(QuantilesOfSample(raw));
    }
    predictions.outside.push_back(outside);
    if (outside > 0) ++predictions.samples_outside;
    predictions.origin.push_back(t);
    predictions.observed.push_back(table.y[row]);
    predictions.last_target.push_back(table.last_target[row]);
  }
  if (needs_past && predictions.value.empty()) {
    throw InputError(fmt::format(
        "forecaster {}: the past of {} is not available in trace '{}'",
        forecaster().name(), problem().target, trace.source));
  }
  return predictions;
}

int64_t ForecastModel::LongestLag() const {
  int64_t lag = 0;
  for (const FeatureFacts& facts : features()) {
    lag = std::max(lag, -facts.feature.shift);
  }
  return lag;
}

int64_t ModelSizeBytes(const ForecastModel& model) {
  return static_cast<int64_t>(model.ToText().size());
}

double MicrosecondsPerSample(const ForecastModel& model, const Trace& trace,
                             int repeats) {
  const SampleTable table = model.Samples(trace);
  std::vector<double> times;
  double sink = 0;
  for (int repeat = 0; repeat < std::max(repeats, 1); ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    for (int64_t t = 0; t < table.rows(); ++t) {
      const double last = table.last_target[static_cast<size_t>(t)];
      sink += model.PredictSample(table.Row(t), std::isnan(last) ? 0 : last,
                                  nullptr);
    }
    const std::chrono::duration<double, std::micro> elapsed =
        std::chrono::steady_clock::now() - start;
    times.push_back(elapsed.count() / static_cast<double>(table.rows()));
  }
  // Keeps the loop from being optimised away.
  AIRLOCK_CHECK(!std::isinf(sink));
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace airlock
