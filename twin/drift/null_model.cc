#include "twin/drift/null_model.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/base/error.h"
#include "sim/stats/interval.h"

namespace airlock {
namespace {

std::vector<double> ColumnOf(const std::vector<double>& rows, int64_t columns,
                             int64_t column) {
  std::vector<double> values;
  for (size_t i = static_cast<size_t>(column); i < rows.size();
       i += static_cast<size_t>(columns)) {
    values.push_back(rows[i]);
  }
  return values;
}

// Normal scores: the quantile of (rank - 1/2) / n; equal values get the mean of
// their ranks, missing ones 0.
std::vector<double> NormalScores(const std::vector<double>& values) {
  std::vector<size_t> order;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isnan(values[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return values[a] < values[b]; });
  const double n = static_cast<double>(order.size());
  std::vector<double> scores(values.size(), 0);
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && values[order[end]] == values[order[begin]]) {
      ++end;
    }
    const double rank = static_cast<double>(begin + end) / 2;
    const double score = NormalQuantile(rank / n);
    for (size_t i = begin; i < end; ++i) scores[order[i]] = score;
    begin = end;
  }
  return scores;
}

// Autocovariances of `x` at lags 0 .. `lags`, divided by its length.
std::vector<double> Autocovariance(const std::vector<double>& x, int64_t lags) {
  const double n = static_cast<double>(x.size());
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  std::vector<double> covariance;
  for (int64_t lag = 0; lag <= lags; ++lag) {
    double sum = 0;
    for (size_t i = static_cast<size_t>(lag); i < x.size(); ++i) {
      sum += (x[i] - mean) * (x[i - static_cast<size_t>(lag)] - mean);
    }
    covariance.push_back(sum / n);
  }
  return covariance;
}

// Coefficients of the autoregression whose order minimises AIC, by the
// Levinson-Durbin recursion (Brockwell and Davis 1991, section 8.2).
std::vector<double> FitAutoregression(const std::vector<double>& x) {
  const double n = static_cast<double>(x.size());
  const int64_t most = std::min<int64_t>(
      static_cast<int64_t>(10 * std::log10(n)), static_cast<int64_t>(n / 4));
  const std::vector<double> r = Autocovariance(x, most);
  std::vector<double> best, current;
  if (!(r[0] > 0)) return best;
  double variance = r[0];
  double best_aic = n * std::log(variance);
  for (size_t order = 1; order <= static_cast<size_t>(most); ++order) {
    double numerator = r[order];
    for (size_t k = 1; k < order; ++k) {
      numerator -= current[k - 1] * r[order - k];
    }
    const double reflection = numerator / variance;
    std::vector<double> next(order);
    for (size_t k = 1; k < order; ++k) {
      next[k - 1] = current[k - 1] - reflection * current[order - k - 1];
    }
    next[order - 1] = reflection;
    current = next;
    variance *= 1 - reflection * reflection;
    if (!(variance > 0)) break;
    const double aic = n * std::log(variance) + 2 * static_cast<double>(order);
    if (aic < best_aic) {
      best_aic = aic;
      best = current;
    }
  }
  return best;
}

class BlockModel : public NullModel {
 public:
  BlockModel(const std::vector<double>& reference, int64_t columns,
             int64_t block)
      : reference_(reference),
        columns_(columns),
        rows_(static_cast<int64_t>(reference.size()) / columns),
        block_(block) {}

  std::unique_ptr<NullStream> Open(RngStream rng) const override {
    return std::make_unique<Stream>(*this, rng);
  }
  std::string description() const override {
    return fmt::format("moving blocks of {}", block_);
  }

 private:
  class Stream : public NullStream {
   public:
    Stream(const BlockModel& model, RngStream rng) : model_(model), rng_(rng) {}
    void Next(double* row) override {
      if (left_ == 0) {
        position_ = static_cast<int64_t>(
            rng_.UniformInt(static_cast<uint64_t>(model_.rows_)));
        left_ = model_.block_;
      }
      const auto begin =
          model_.reference_.begin() + position_ * model_.columns_;
      std::copy(begin, begin + model_.columns_, row);
      position_ = (position_ + 1) % model_.rows_;
      --left_;
    }

   private:
    const BlockModel& model_;
    RngStream rng_;
    int64_t position_ = 0;
    int64_t left_ = 0;
  };

  std::vector<double> reference_;
  int64_t columns_;
  int64_t rows_;
  int64_t block_;
};

class SieveModel : public NullModel {
 public:
  SieveModel(const std::vector<double>& reference, int64_t columns);

  std::unique_ptr<NullStream> Open(RngStream rng) const override;
  std::string description() const override {
    size_t low = SIZE_MAX, high = 0;
    for (const Feature& feature : features_) {
      low = std::min(low, feature.coefficients.size());
      high = std::max(high, feature.coefficients.size());
    }
    return fmt::format("autoregression of order {} to {}", low, high);
  }

 private:
  struct Feature {
    std::vector<double> sorted;  // known values of the reference
    std::vector<double> coefficients;
    std::vector<double> innovations;  // at samples `longest_` .. end; NaN where
                                      // the reference's value is missing
  };
  class Stream;

  std::vector<Feature> features_;
  size_t longest_ = 0;  // order over the features
  size_t innovations_ = 0;
  int64_t burn_in_ = 0;
};

SieveModel::SieveModel(const std::vector<double>& reference, int64_t columns) {
  std::vector<std::vector<double>> scores, values;
  double slowest = 1;
  for (int64_t j = 0; j < columns; ++j) {
    values.push_back(ColumnOf(reference, columns, j));
    scores.push_back(NormalScores(values.back()));
    slowest = std::max(slowest, AutocorrelationTime(values.back()));
    Feature feature;
    feature.coefficients = FitAutoregression(scores.back());
    longest_ = std::max(longest_, feature.coefficients.size());
    features_.push_back(std::move(feature));
  }
  burn_in_ = static_cast<int64_t>(10 * slowest) + 100;
  innovations_ = values.front().size() - longest_;
  for (size_t j = 0; j < features_.size(); ++j) {
    Feature& feature = features_[j];
    double sum = 0;
    for (size_t t = longest_; t < scores[j].size(); ++t) {
      double innovation = scores[j][t];
      for (size_t k = 0; k < feature.coefficients.size(); ++k) {
        innovation -= feature.coefficients[k] * scores[j][t - k - 1];
      }
      sum += innovation;
      feature.innovations.push_back(innovation);
    }
    const double mean = sum / static_cast<double>(innovations_);
    for (size_t i = 0; i < innovations_; ++i) {
      feature.innovations[i] -= mean;
      if (std::isnan(values[j][i + longest_])) {
        feature.innovations[i] = std::nan("");
      }
    }
    for (const double value : values[j]) {
      if (!std::isnan(value)) feature.sorted.push_back(value);
    }
    std::sort(feature.sorted.begin(), feature.sorted.end());
  }
}

class SieveModel::Stream : public NullStream {
 public:
  Stream(const SieveModel& model, RngStream rng) : model_(model), rng_(rng) {
    past_.assign(model.features_.size() * std::max<size_t>(model.longest_, 1),
                 0);
    std::vector<double> row(model.features_.size());
    for (int64_t i = 0; i < model.burn_in_; ++i) Next(row.data());
  }

  void Next(double* row) override {
    const size_t pick = rng_.UniformInt(model_.innovations_);
    const size_t length = std::max<size_t>(model_.longest_, 1);
    for (size_t j = 0; j < model_.features_.size(); ++j) {
      const Feature& feature = model_.features_[j];
      double* past = past_.data() + j * length;  // a ring; newest at `head_`
      const double innovation = feature.innovations[pick];
      double score = std::isnan(innovation) ? 0 : innovation;
      size_t at = head_;
      for (const double coefficient : feature.coefficients) {
        score += coefficient * past[at];
        at = at == 0 ? length - 1 : at - 1;
      }
      past[head_ + 1 == length ? 0 : head_ + 1] = score;
      row[j] = std::isnan(innovation) || feature.sorted.empty()
                   ? std::nan("")
                   : ValueOf(feature, score);
    }
    head_ = head_ + 1 == length ? 0 : head_ + 1;
  }

 private:
  static double ValueOf(const Feature& feature, double score) {
    const double n = static_cast<double>(feature.sorted.size());
    const double share = 0.5 * std::erfc(-score * M_SQRT1_2);
    const double rank = std::min(std::floor(share * n), n - 1);
    return feature.sorted[static_cast<size_t>(rank)];
  }

  const SieveModel& model_;
  RngStream rng_;
  std::vector<double> past_;
  size_t head_ = 0;
};

std::unique_ptr<NullStream> SieveModel::Open(RngStream rng) const {
  return std::make_unique<Stream>(*this, rng);
}

}  // namespace

const char* ToString(NullModelOptions::Kind kind) {
  return kind == NullModelOptions::Kind::kBlock ? "block" : "sieve";
}

double AutocorrelationTime(const std::vector<double>& series) {
  const std::vector<double> scores = NormalScores(series);
  const int64_t most = static_cast<int64_t>(scores.size()) / 4;
  double time = 1;
  const std::vector<double> r =
      Autocovariance(scores, std::min<int64_t>(most, 2000));
  if (!(r[0] > 0)) return 1;
  for (size_t lag = 1; lag < r.size(); ++lag) {
    time += 2 * r[lag] / r[0];
    if (static_cast<double>(lag) >= 5 * time) break;
  }
  return std::max(time, 1.0);
}

int64_t AutomaticBlock(const std::vector<double>& reference, int64_t columns) {
  double slowest = 1;
  for (int64_t j = 0; j < columns; ++j) {
    slowest =
        std::max(slowest, AutocorrelationTime(ColumnOf(reference, columns, j)));
  }
  const int64_t rows = static_cast<int64_t>(reference.size()) / columns;
  if (slowest < 1.2) return 1;
  return std::max<int64_t>(
      1, std::min(static_cast<int64_t>(20 * slowest), rows / 8));
}

std::unique_ptr<NullModel> MakeNullModel(const std::vector<double>& reference,
                                         int64_t columns,
                                         const NullModelOptions& options) {
  AIRLOCK_CHECK(columns > 0 && !reference.empty());
  const int64_t rows = static_cast<int64_t>(reference.size()) / columns;
  if (options.block < 0 || options.block > rows) {
    throw InputError(
        fmt::format("null model: block {} must lie within 0 and the {} samples "
                    "of the reference",
                    options.block, rows));
  }
  if (options.kind == NullModelOptions::Kind::kSieve) {
    return std::make_unique<SieveModel>(reference, columns);
  }
  const int64_t block =
      options.block > 0 ? options.block : AutomaticBlock(reference, columns);
  return std::make_unique<BlockModel>(reference, columns, block);
}

}  // namespace airlock
