#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/telemetry/trace.h"
#include "twin/forecast/model.h"

namespace airlock {

// What a model says at one sample.
struct LiveForecast {
  // False: it cannot say anything yet or at all; `why` says why ("12 of 30
  // earlier samples are there").
  bool ready = false;
  std::string why;
  double value = 0;
  // By level of the model's intervals; empty if it has none.
  std::vector<PredictionInterval> intervals;
  double outside_share = 0;  // of features beyond the training range
  std::string outside;       // the first of them, with value and range
  double missing_share = 0;  // of features without a value
  std::string missing;       // the first of them
  double newest_target = 0;  // NaN: none is known
  double seconds = 0;        // of wall clock that it took
};

// A model on a stream: keeps the past that it needs, predicts at each sample,
// and compares with what was observed once labels arrive, by which its
// intervals follow the stream. What it says of a sample equals
// ForecastModel::Predict() on a trace of the stream since its last hole. Owns
// the stream's newest samples, of its own columns.
class LiveModel {
 public:
  // `range_margin`: how far beyond its training range a feature counts as
  // within, as a share of that range.
  LiveModel(std::shared_ptr<const ForecastModel> model, std::string name,
            std::string digest, double range_margin);

  // The stream's columns from here on. Throws InputError naming every one that
  // is missing or in another unit.
  void Bind(const Trace& columns);
  // Samples of the past that Take() needs beside the new one.
  int64_t Lookback() const { return lookback_; }
  // Gives it a past, the newest last, without predictions.
  void Remember(const Trace& past);
  // The stream had a hole: what came before is no past.
  void Break();
  // Takes sample `index` of `samples`, number `number` of the stream.
  LiveForecast Take(const Trace& samples, int64_t index, int64_t number);

  const ForecastModel& model() const { return *model_; }
  std::shared_ptr<const ForecastModel> shared_model() const { return model_; }
  const std::string& name() const { return name_; }
  const std::string& digest() const { return digest_; }
  std::vector<double> levels() const;

  // Since it was loaded: predictions whose label has come, their absolute
  // errors' sum, and how many an interval of each level contained.
  int64_t labels() const { return labels_; }
  double error_sum() const { return error_sum_; }
  const std::vector<int64_t>& contained() const { return contained_; }
  int64_t predictions() const { return predictions_; }

  // Errors, intervals, and predictions that wait for their labels; not the
  // samples.
  nlohmann::json Save() const;
  // Throws InputError or json::exception for what is not its own.
  void Load(const nlohmann::json& saved);
  // Samples since the last hole, at most Lookback() + 1: how many Remember()
  // must get again.
  int64_t remembered() const { return tail_.samples(); }

 private:
  struct Pending {
    int64_t number = 0;  // sample that it was made at
    double value = 0;
    std::vector<PredictionInterval> intervals;
  };

  void Append(const Trace& samples, int64_t index);
  void Observe(int64_t number, double observed);
  void CheckInputs(const double* raw, LiveForecast* forecast) const;
  void Issue(int64_t number, const double* raw, LiveForecast* forecast);

  std::shared_ptr<const ForecastModel> model_;
  std::string name_;
  std::string digest_;
  double range_margin_;
  int64_t lookback_ = 0;
  int64_t ahead_ = 0;  // samples that a feature looks into the future

  std::vector<size_t> columns_;  // of the stream
  int64_t target_ = -1;          // of tail_.columns; -1: not in the stream
  Trace tail_;
  int64_t target_age_ = 0;    // samples since the target was known
  double newest_target_ = 0;  // then

  std::optional<AdaptiveIntervals> intervals_;
  std::optional<QuantileIntervals> quantile_intervals_;
  std::deque<Pending> pending_;
  int64_t labels_ = 0;
  int64_t predictions_ = 0;
  double error_sum_ = 0;
  std::vector<int64_t> contained_;
};

}  // namespace airlock
