#include "twin/node/live_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <set>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "twin/forecast/naive_forecasters.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();
// How long a target may be missing until its last value is too old to predict
// from.
constexpr int64_t kOldestTarget = 16;

std::set<std::string> ColumnsOf(const ForecastModel& model) {
  std::set<std::string> columns = {model.problem().target};
  for (const FeatureFacts& facts : model.features()) {
    for (const std::string& column : facts.feature.Columns()) {
      columns.insert(column);
    }
  }
  return columns;
}

json IntervalsToJson(const std::vector<PredictionInterval>& intervals) {
  json list = json::array();
  for (const PredictionInterval& each : intervals) {
    list.push_back({each.low, each.high});
  }
  return list;
}

}  // namespace

LiveModel::LiveModel(std::shared_ptr<const ForecastModel> model,
                     std::string name, std::string digest, double range_margin)
    : model_(std::move(model)),
      name_(std::move(name)),
      digest_(std::move(digest)),
      range_margin_(range_margin),
      intervals_(model_->intervals()),
      quantile_intervals_(model_->quantile_intervals()) {
  for (const FeatureFacts& facts : model_->features()) {
    ahead_ = std::max(ahead_, facts.feature.shift);
  }
  lookback_ = std::max({model_->LongestLag(), model_->forecaster().season(),
                        model_->forecaster().needs_past() ? kOldestTarget : 0,
                        model_->problem().horizon}) +
              ahead_ + 1;
  contained_.assign(levels().size(), 0);
}

std::vector<double> LiveModel::levels() const {
  if (quantile_intervals_) return quantile_intervals_->levels();
  return intervals_ ? intervals_->options().levels : std::vector<double>();
}

void LiveModel::Bind(const Trace& columns) {
  model_->CheckCompatible(columns);
  const std::set<std::string> wanted = ColumnsOf(*model_);
  columns_.clear();
  tail_ = Trace();
  tail_.source = columns.source;
  target_ = -1;
  for (size_t c = 0; c < columns.columns.size(); ++c) {
    const Column& column = columns.columns[c];
    if (wanted.count(column.name) == 0) continue;
    if (column.name == model_->problem().target) {
      // A label in another unit would be an error a thousand times too large.
      if (!model_->target_unit().empty() &&
          column.unit != model_->target_unit()) {
        throw InputError(fmt::format(
            "{}: column '{}' is in {}; the model {} predicts it in {}",
            columns.source, column.name, column.unit, name_,
            model_->target_unit()));
      }
      target_ = static_cast<int64_t>(tail_.columns.size());
    }
    columns_.push_back(c);
    tail_.columns.push_back(column);
    tail_.columns.back().values.clear();
  }
  Break();
}

void LiveModel::Break() {
  tail_.time_seconds.clear();
  for (Column& column : tail_.columns) column.values.clear();
  pending_.clear();
  target_age_ = kOldestTarget;
}

void LiveModel::Append(const Trace& samples, int64_t index) {
  const auto row = static_cast<size_t>(index);
  tail_.time_seconds.push_back(static_cast<double>(tail_.samples()));
  for (size_t c = 0; c < columns_.size(); ++c) {
    tail_.columns[c].values.push_back(samples.columns[columns_[c]].values[row]);
  }
  if (tail_.samples() > lookback_ + 1) {
    tail_.time_seconds.pop_back();
    for (Column& column : tail_.columns) {
      column.values.erase(column.values.begin());
    }
  }
  const double target =
      target_ < 0 ? kUnknown
                  : tail_.columns[static_cast<size_t>(target_)].values.back();
  if (std::isfinite(target)) {
    target_age_ = 0;
    newest_target_ = target;
  } else {
    ++target_age_;
  }
}

void LiveModel::Remember(const Trace& past) {
  for (int64_t i = std::max<int64_t>(0, past.samples() - lookback_ - 1);
       i < past.samples(); ++i) {
    Append(past, i);
  }
}

void LiveModel::Observe(int64_t number, double observed) {
  const int64_t origin = number - model_->problem().horizon;
  while (!pending_.empty() && pending_.front().number < origin) {
    pending_.pop_front();
  }
  if (pending_.empty() || pending_.front().number != origin) return;
  const Pending pending = std::move(pending_.front());
  pending_.pop_front();
  if (intervals_) intervals_->Observe(origin, observed);
  if (quantile_intervals_) quantile_intervals_->Observe(origin, observed);
  if (!std::isfinite(observed)) return;
  ++labels_;
  error_sum_ += std::abs(observed - pending.value);
  for (size_t l = 0; l < pending.intervals.size(); ++l) {
    if (pending.intervals[l].Contains(observed)) ++contained_[l];
  }
}

void LiveModel::CheckInputs(const double* raw, LiveForecast* forecast) const {
  const std::vector<FeatureFacts>& features = model_->features();
  int64_t outside = 0;
  int64_t missing = 0;
  for (size_t k = 0; k < features.size(); ++k) {
    const FeatureFacts& facts = features[k];
    if (!std::isfinite(raw[k]) || raw[k] >= facts.timeout) {
      if (missing++ == 0) forecast->missing = facts.feature.Label();
      continue;
    }
    const double margin = range_margin_ * (facts.maximum - facts.minimum);
    if (raw[k] >= facts.minimum - margin && raw[k] <= facts.maximum + margin) {
      continue;
    }
    if (outside++ == 0) {
      forecast->outside = fmt::format(
          "{} is {:.6g}, trained on {:.6g} to {:.6g}", facts.feature.Label(),
          raw[k], facts.minimum, facts.maximum);
    }
  }
  const auto all = static_cast<double>(std::max<size_t>(1, features.size()));
  forecast->outside_share = static_cast<double>(outside) / all;
  forecast->missing_share = static_cast<double>(missing) / all;
}

void LiveModel::Issue(int64_t number, const double* raw,
                      LiveForecast* forecast) {
  if (quantile_intervals_) {
    forecast->intervals =
        quantile_intervals_->Issue(number, model_->QuantilesOfSample(raw));
  } else if (intervals_) {
    forecast->intervals =
        intervals_->Issue(number, intervals_->Base(forecast->value));
  }
  pending_.push_back({number, forecast->value, forecast->intervals});
}

LiveForecast LiveModel::Take(const Trace& samples, int64_t index,
                             int64_t number) {
  Append(samples, index);
  const std::vector<double>* const targets =
      target_ < 0 ? nullptr
                  : &tail_.columns[static_cast<size_t>(target_)].values;
  const int64_t horizon = model_->problem().horizon;
  // Otherwise the label is there before the prediction.
  const bool label_later = horizon > ahead_;
  if (label_later && targets != nullptr) Observe(number, targets->back());

  const auto begin = std::chrono::steady_clock::now();
  LiveForecast forecast;
  const SampleTable table = model_->Samples(tail_);
  const std::vector<double> past =
      PastTargets(model_->forecaster(), table, model_->problem().horizon);
  const int64_t row = table.rows() - 1 - ahead_;
  const int64_t origin = number - ahead_;
  const auto at = static_cast<size_t>(std::max<int64_t>(row, 0));
  forecast.newest_target =
      target_age_ < kOldestTarget ? newest_target_ : kUnknown;
  const bool needs_past = model_->forecaster().needs_past();
  if (row < 0 || !table.IsWhole(row)) {
    forecast.why = fmt::format(
        "its longest feature looks back {} samples; {} "
        "are there since the stream began",
        model_->LongestLag() + ahead_, tail_.samples() - 1);
  } else if (needs_past &&
             (target_age_ >= kOldestTarget || std::isnan(past[at]))) {
    forecast.why =
        fmt::format("the past of {} is not known", model_->problem().target);
  } else {
    forecast.value = model_->PredictSample(table.Row(row), past[at], nullptr);
    forecast.ready = std::isfinite(forecast.value);
    if (!forecast.ready) forecast.why = "the prediction is not a number";
    CheckInputs(table.Row(row), &forecast);
  }
  if (forecast.ready) {
    ++predictions_;
    Issue(origin, table.Row(row), &forecast);
  }
  forecast.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin)
          .count();
  if (!label_later && targets != nullptr && row >= 0) {
    Observe(origin + horizon, (*targets)[static_cast<size_t>(row + horizon)]);
  }
  return forecast;
}

json LiveModel::Save() const {
  json pending = json::array();
  for (const Pending& each : pending_) {
    pending.push_back({{"number", each.number},
                       {"value", each.value},
                       {"intervals", IntervalsToJson(each.intervals)}});
  }
  return {{"digest", digest_},
          {"remembered", tail_.samples()},
          {"target_age", target_age_},
          {"newest_target", newest_target_},
          {"labels", labels_},
          {"predictions", predictions_},
          {"error_sum", error_sum_},
          {"contained", contained_},
          {"pending", pending},
          {"intervals", intervals_ ? json::parse(intervals_->Save()) : json()},
          {"quantile_intervals", quantile_intervals_
                                     ? json::parse(quantile_intervals_->Save())
                                     : json()}};
}

void LiveModel::Load(const json& saved) {
  target_age_ = saved.at("target_age").get<int64_t>();
  newest_target_ = saved.at("newest_target").get<double>();
  labels_ = saved.at("labels").get<int64_t>();
  predictions_ = saved.at("predictions").get<int64_t>();
  error_sum_ = saved.at("error_sum").get<double>();
  contained_ = saved.at("contained").get<std::vector<int64_t>>();
  contained_.resize(levels().size(), 0);
  pending_.clear();
  for (const json& each : saved.at("pending")) {
    Pending pending;
    pending.number = each.at("number").get<int64_t>();
    pending.value = each.at("value").get<double>();
    for (const json& ends : each.at("intervals")) {
      pending.intervals.push_back(
          {ends.at(0).get<double>(), ends.at(1).get<double>()});
    }
    pending_.push_back(std::move(pending));
  }
  if (intervals_) {
    intervals_ = AdaptiveIntervals::Load(saved.at("intervals").dump());
  }
  if (quantile_intervals_) {
    quantile_intervals_ =
        QuantileIntervals::Load(saved.at("quantile_intervals").dump());
  }
}

}  // namespace airlock
