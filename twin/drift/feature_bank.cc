#include "twin/drift/feature_bank.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "sim/stats/moments.h"
#include "sim/stats/t_test.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kMovedLevel = 0.05;
constexpr double kFindingShare = 1.0 / 20;  // of the ERT: see FeatureFinding

const StatisticEntry& FindEntry(const std::string& name) {
  std::string known;
  for (const StatisticEntry& entry : ChangeStatistics()) {
    if (entry.name == name) return entry;
    known += fmt::format("{}{}", known.empty() ? "" : ", ", entry.name);
  }
  throw InputError(
      fmt::format("no drift detector '{}'; known: {}", name, known));
}

double NumberOr(const json& value, double other) {
  return value.is_null() ? other : value.get<double>();
}

template <typename Enum>
Enum FromName(const json& value, std::initializer_list<Enum> all) {
  const std::string name = value.get<std::string>();
  for (const Enum each : all) {
    if (name == ToString(each)) return each;
  }
  throw InputError(fmt::format("drift state: '{}' is not known", name));
}

json OptionsToJson(const DriftOptions& options) {
  return {{"ert", options.ert},
          {"classic", options.classic},
          {"parameters", options.parameters},
          {"conditioning", ToString(options.conditioning)},
          {"null_model", ToString(options.null_model.kind)},
          {"block", options.null_model.block},
          {"replications", options.replications},
          {"most_updates", options.most_updates},
          {"seed", options.seed}};
}

DriftOptions OptionsFromJson(const json& saved) {
  using Kind = NullModelOptions::Kind;
  DriftOptions options;
  options.ert = saved.at("ert").get<double>();
  options.classic = saved.at("classic").get<bool>();
  options.parameters = saved.at("parameters").get<StatisticParameters>();
  options.conditioning = FromName(
      saved.at("conditioning"),
      {Conditioning::kAuto, Conditioning::kScores, Conditioning::kNone});
  options.null_model.kind =
      FromName(saved.at("null_model"),
               {Kind::kAuto, Kind::kIndependent, Kind::kBlock, Kind::kMarkov});
  options.null_model.block = saved.at("block").get<int64_t>();
  options.replications = saved.at("replications").get<int64_t>();
  options.most_updates = saved.at("most_updates").get<double>();
  options.seed = saved.at("seed").get<uint64_t>();
  return options;
}

json CalibrationToJson(const DriftCalibration& calibration) {
  return {
      {"run_length",
       {NumberOrNull(calibration.run_length.estimate),
        NumberOrNull(calibration.run_length.low),
        NumberOrNull(calibration.run_length.high)}},
      {"runs", calibration.runs},
      {"marginal_run_length", NumberOrNull(calibration.marginal_run_length)},
      {"null_model", calibration.null_model},
      {"preparation", calibration.preparation},
      {"warnings", calibration.warnings}};
}

DriftCalibration CalibrationFromJson(const json& saved) {
  DriftCalibration calibration;
  const json& interval = saved.at("run_length");
  calibration.run_length = {NumberOr(interval.at(0), kUnknown),
                            NumberOr(interval.at(1), kUnknown),
                            NumberOr(interval.at(2), kUnknown)};
  calibration.runs = saved.at("runs").get<int64_t>();
  calibration.marginal_run_length =
      NumberOr(saved.at("marginal_run_length"), kUnknown);
  calibration.null_model = saved.at("null_model").get<std::string>();
  calibration.preparation =
      saved.at("preparation").get<std::vector<std::string>>();
  calibration.warnings = saved.at("warnings").get<std::vector<std::string>>();
  return calibration;
}

void CheckOptions(const DriftReference& reference,
                  const DriftOptions& options) {
  if (reference.features.empty()) {
    throw InputError("drift: no features to watch");
  }
  if (options.replications < 20 || !(options.most_updates >= 1e5)) {
    throw InputError(fmt::format(
        "drift: replications {} (20 or more), most updates {} (1e5 or more)",
        options.replications, options.most_updates));
  }
}

}  // namespace

MissingWatch::MissingWatch(const std::vector<double>& series,
                           double run_length) {
  double missing = 0;
  for (const double value : series) missing += !std::isfinite(value);
  share_ = std::max(0.01,
                    (missing + 0.5) / (static_cast<double>(series.size()) + 1));
  // Nothing can be told of a feature that is missing more often than not.
  share_ = std::min(share_, 0.5);
  threshold_ = std::log(100 * run_length);
  double most = 0;
  const double threshold = threshold_;
  threshold_ = kInfinity;
  for (const double value : series) {
    Update(!std::isfinite(value));
    most = std::max(most, sum_);
  }
  threshold_ = std::max(threshold, 1.5 * most);
  Reset();
}

MissingWatch::Event MissingWatch::Update(bool missing) {
  const double step =
      missing ? std::log(0.5 / share_) : std::log(0.5 / (1 - share_));
  sum_ = std::max(0.0, sum_ + (lost_ ? -step : step));
  if (sum_ < threshold_ || threshold_ <= 0) return Event::kNone;
  sum_ = 0;
  lost_ = !lost_;
  return lost_ ? Event::kLost : Event::kBack;
}

void MissingWatch::Save(json* state) const {
  *state = {share_, threshold_, sum_, lost_};
}

void MissingWatch::Load(const json& state) {
  share_ = state.at(0).get<double>();
  threshold_ = state.at(1).get<double>();
  sum_ = state.at(2).get<double>();
  lost_ = state.size() > 3 && state.at(3).get<bool>();
}

FeatureBank::FeatureBank(const DriftReference& reference,
                         const DriftOptions& options)
    : options_(options), entry_(&FindEntry(options.detector)) {
  CheckOptions(reference, options);
  parameters_ =
      CompleteParameters(entry_->name, entry_->parameters, options.parameters);
  names_ = reference.features;
  const size_t width = names_.size();
  std::vector<PreparedFeature> features;
  for (size_t j = 0; j < width; ++j) {
    std::vector<double> series;
    for (size_t i = j; i < reference.values.size(); i += width) {
      series.push_back(reference.values[i]);
    }
    features.push_back(Prepare(names_[j], series, *entry_, options));
    Channel channel;
    channel.statistic = std::make_unique<StatisticChannel>(
        DropMissing(options.classic ? features[j].base
                                    : features[j].Possible()),
        features[j].feed, *entry_, parameters_);
    channel.missing =
        MissingWatch(series, options.ert * static_cast<double>(width));
    channels_.push_back(std::move(channel));
  }
  Thresholds found;
  if (options.classic) {
    found.alarm.assign(width, entry_->classic_threshold(parameters_));
    found.warning.assign(width, entry_->classic_warning(parameters_));
    found.calibration.null_model = "none: classic parameters";
  } else {
    found = FindThresholds(features, *entry_, parameters_, options);
  }
  calibration_ = std::move(found.calibration);
  for (size_t j = 0; j < width; ++j) {
    Channel& channel = channels_[j];
    if (!options.classic) channel.curve = found.curves[j];
    channel.threshold = found.alarm[j];
    channel.warning = found.warning[j];
    if (!options.classic) CheckFewValues(features[j], &channel);
    channel.whitener = std::move(features[j].whitener);
    channel.statistic->statistic()->SetThreshold(channel.threshold);
    calibration_.preparation.push_back(features[j].description);
  }
  Reset();
}

// Of few different values some statistics have a few levels of evidence only
// (each value's own distance, say), which differ a little from reference to
// reference: a threshold that is right on average over references is then far
// below or above the level of this one. Shows on the reference itself.
void FeatureBank::CheckFewValues(const PreparedFeature& feature,
                                 Channel* channel) const {
  constexpr size_t kFew = 8;
  const std::vector<double> base = DropMissing(feature.base);
  const size_t different = std::set<double>(base.begin(), base.end()).size();
  // Of a constant, any other value is evidence.
  if (different < 2 || different > kFew) return;
  ChangeStatistic* const statistic = channel->statistic->statistic();
  std::set<double> levels;
  double alarms = 0;
  RngStream rng(options_.seed);
  for (const double value : base) {
    const double evidence = channel->statistic->Update(value);
    if (std::isnan(evidence)) continue;
    if (levels.size() <= kFew) levels.insert(evidence);
    if (Resolved(evidence, rng.Uniform()) < channel->threshold) continue;
    ++alarms;
    statistic->Restart();
  }
  statistic->Reset();
  const double often = static_cast<double>(base.size()) / alarms;
  const bool too_often =
      alarms >= 10 && often < calibration_.marginal_run_length / 5;
  const bool never = !levels.empty() && levels.size() <= kFew &&
                     Resolved(*levels.rbegin(), 1) < channel->threshold;
  if (!too_often && !never) return;
  throw InputError(fmt::format(
      "drift: {} cannot keep an expected run length of {} samples: feature "
      "'{}' has few different values in the reference, which leave it {} "
      "levels of evidence, and it would alarm {}; on such a stream use a "
      "detector that adds up many samples: {}",
      entry_->name, options_.ert, feature.name,
      levels.size() > kFew ? "few" : fmt::format("{}", levels.size()),
      too_often ? fmt::format("every {:.0f} samples", often) : "never",
      "rank-bank, adwin, page-hinkley, hddm-a or hddm-w"));
}

void FeatureBank::CheckValues(const double* x) const {
  if (entry_->stream == StreamKind::kReal) return;
  const bool binary = entry_->stream == StreamKind::kBinary;
  for (size_t j = 0; j < channels_.size(); ++j) {
    if (!std::isfinite(x[j]) || !channels_[j].statistic->takes_values()) {
      continue;
    }
    if (binary ? x[j] == 0 || x[j] == 1 : x[j] >= 0 && x[j] <= 1) continue;
    throw InputError(fmt::format(
        "drift: {} watches {}; feature '{}' is {}", entry_->name,
        binary ? "errors, 0 or 1" : "values within 0 and 1", names_[j], x[j]));
  }
}

void FeatureBank::Watch(Channel* channel, double value) {
  const bool missing = !std::isfinite(value);
  channel->gone =
      channel->missing.Update(missing) == MissingWatch::Event::kLost;
  if (missing) value = kUnknown;
  if (channel->whitener) value = channel->whitener->Next(value);
  if (std::isnan(value)) return;
  const bool was_above = channel->evidence >= channel->warning;
  double evidence = channel->statistic->Update(value);
  if (!options_.classic && evidence >= channel->warning) {
    RngStream draw(options_.seed ^ (updates_ * 0x9E3779B97F4A7C15u));
    evidence = Resolved(evidence, draw.Uniform());
  }
  channel->evidence = evidence;
  if (evidence >= channel->warning) {
    if (!was_above || channel->above_since < 0) {
      channel->above_since = samples_;
    }
  } else {
    channel->above_since = -1;
  }
}

DriftState FeatureBank::Update(const double* x) {
  CheckValues(x);
  if (alarmed_) {
    alarmed_ = false;
    for (Channel& channel : channels_) channel.evidence = kUnknown;
  }
  ++samples_;
  ++updates_;
  DriftState state = DriftState::kStable;
  for (size_t j = 0; j < channels_.size(); ++j) {
    Channel& channel = channels_[j];
    Watch(&channel, x[j]);
    if (channel.evidence >= channel.threshold || channel.gone) {
      state = DriftState::kDrift;
    } else if (channel.evidence >= channel.warning &&
               state == DriftState::kStable) {
      state = DriftState::kWarning;
    }
  }
  if (state == DriftState::kDrift) StartAfresh();
  return state;
}

// What the alarm was about stays until the next Update.
void FeatureBank::StartAfresh() {
  for (Channel& channel : channels_) {
    channel.since_change = SinceChange(channel);
  }
  for (Channel& channel : channels_) {
    channel.statistic->statistic()->Restart();
    channel.missing.Restart();
    channel.above_since = -1;
  }
  alarmed_ = true;
  samples_ = 0;
}

void FeatureBank::Reset() {
  for (Channel& channel : channels_) {
    channel.statistic->statistic()->Reset();
    channel.missing.Reset();
    if (channel.whitener) channel.whitener->Reset();
    channel.evidence = kUnknown;
    channel.gone = false;
    channel.above_since = -1;
    channel.since_change = -1;
  }
  samples_ = 0;
  alarmed_ = false;
}

int64_t FeatureBank::SinceChange(const Channel& channel) const {
  if (alarmed_) return channel.since_change;
  const int64_t own = channel.statistic->statistic()->SamplesSinceChange();
  if (own >= 0 && !std::isnan(channel.evidence)) return own;
  return channel.above_since < 0 ? -1 : samples_ - channel.above_since + 1;
}

double FeatureBank::RunLengthOf(const Channel& channel) const {
  if (channel.gone) return kInfinity;
  // With classic parameters features compare by their thresholds.
  if (options_.classic) return channel.evidence / channel.threshold;
  return channel.curve.RunLengthAt(channel.evidence);
}

const FeatureBank::Channel* FeatureBank::Most() const {
  const Channel* most = nullptr;
  double longest = -kInfinity;
  for (const Channel& channel : channels_) {
    const double run_length = RunLengthOf(channel);
    if (std::isnan(run_length)) continue;
    if (most == nullptr || run_length > longest) {
      longest = run_length;
      most = &channel;
    }
  }
  return most;
}

int64_t FeatureBank::most_moved() const {
  const Channel* most = Most();
  return most == nullptr ? -1 : most - channels_.data();
}

double FeatureBank::statistic() const {
  const Channel* most = Most();
  return most == nullptr ? kUnknown : most->evidence;
}

double FeatureBank::threshold() const {
  const Channel* most = Most();
  return most == nullptr ? channels_[0].threshold : most->threshold;
}

double FeatureBank::warning_threshold() const {
  const Channel* most = Most();
  return most == nullptr ? channels_[0].warning : most->warning;
}

std::vector<double> FeatureBank::feature_statistics() const {
  std::vector<double> evidence;
  if (Most() == nullptr) return evidence;
  for (const Channel& channel : channels_) {
    evidence.push_back(channel.evidence);
  }
  return evidence;
}

std::vector<FeatureFinding> FeatureBank::Findings() const {
  std::vector<FeatureFinding> findings;
  std::vector<double> p_values;
  for (const Channel& channel : channels_) {
    FeatureFinding finding;
    finding.feature = &channel - channels_.data();
    finding.evidence = channel.evidence;
    finding.threshold = channel.threshold;
    finding.warning = channel.warning;
    finding.missing = channel.gone;
    finding.samples_since_change = SinceChange(channel);
    if (!options_.classic) {
      finding.run_length = RunLengthOf(channel);
      finding.p_value =
          -std::expm1(-kFindingShare * options_.ert / finding.run_length);
    }
    p_values.push_back(finding.p_value);
    findings.push_back(finding);
  }
  const std::vector<double> adjusted = HolmAdjusted(p_values);
  for (size_t j = 0; j < findings.size(); ++j) {
    findings[j].adjusted_p_value = adjusted[j];
    findings[j].moved = adjusted[j] < kMovedLevel || findings[j].missing ||
                        findings[j].evidence >= findings[j].threshold;
  }
  const auto rank = [&](const FeatureFinding& finding) {
    const double run_length =
        RunLengthOf(channels_[static_cast<size_t>(finding.feature)]);
    return std::isnan(run_length) ? -kInfinity : run_length;
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const FeatureFinding& a, const FeatureFinding& b) {
                     return rank(a) > rank(b);
                   });
  return findings;
}

std::vector<int64_t> FeatureBank::LostFeatures() const {
  std::vector<int64_t> lost;
  for (const Channel& channel : channels_) {
    if (channel.missing.lost()) lost.push_back(&channel - channels_.data());
  }
  return lost;
}

std::string FeatureBank::Save() const {
  json channels = json::array();
  for (const Channel& channel : channels_) {
    json whitener, statistic, curve, missing;
    if (channel.whitener) channel.whitener->Save(&whitener);
    channel.statistic->Save(&statistic);
    if (!options_.classic) channel.curve.Save(&curve);
    channel.missing.Save(&missing);
    channels.push_back({{"whitener", whitener},
                        {"statistic", statistic},
                        {"curve", curve},
                        {"missing", missing},
                        {"threshold", NumberOrNull(channel.threshold)},
                        {"warning", NumberOrNull(channel.warning)},
                        {"evidence", NumberOrNull(channel.evidence)},
                        {"endless", channel.evidence == kInfinity},
                        {"gone", channel.gone},
                        {"above_since", channel.above_since},
                        {"since_change", channel.since_change}});
  }
  return json{
      {"detector", name()},   {"options", OptionsToJson(options_)},
      {"features", names_},   {"calibration", CalibrationToJson(calibration_)},
      {"channels", channels}, {"samples", samples_},
      {"updates", updates_},  {"alarmed", alarmed_}}
      .dump();
}

FeatureBank::FeatureBank(const json& saved)
    : options_(OptionsFromJson(saved.at("options"))) {
  options_.detector = saved.at("detector").get<std::string>();
  entry_ = &FindEntry(options_.detector);
  parameters_ =
      CompleteParameters(entry_->name, entry_->parameters, options_.parameters);
  names_ = saved.at("features").get<std::vector<std::string>>();
  calibration_ = CalibrationFromJson(saved.at("calibration"));
  for (const json& each : saved.at("channels")) {
    Channel channel;
    if (!each.at("whitener").is_null()) {
      channel.whitener = LoadWhitener(each.at("whitener"));
    }
    channel.statistic = std::make_unique<StatisticChannel>(
        each.at("statistic"), *entry_, parameters_);
    if (!options_.classic) channel.curve.Load(each.at("curve"));
    channel.missing.Load(each.at("missing"));
    channel.threshold = NumberOr(each.at("threshold"), kInfinity);
    channel.warning = NumberOr(each.at("warning"), kInfinity);
    channel.evidence =
        NumberOr(each.at("evidence"),
                 each.at("endless").get<bool>() ? kInfinity : kUnknown);
    channel.gone = each.at("gone").get<bool>();
    channel.above_since = each.at("above_since").get<int64_t>();
    channel.since_change = each.at("since_change").get<int64_t>();
    channel.statistic->statistic()->SetThreshold(channel.threshold);
    channels_.push_back(std::move(channel));
  }
  samples_ = saved.at("samples").get<int64_t>();
  updates_ = saved.at("updates").get<uint64_t>();
  alarmed_ = saved.at("alarmed").get<bool>();
  if (names_.empty() || names_.size() != channels_.size()) {
    throw InputError("drift state: its parts do not fit together");
  }
}

}  // namespace airlock
