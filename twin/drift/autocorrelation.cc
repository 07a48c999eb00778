#include "twin/drift/autocorrelation.h"

#include <algorithm>
#include <cmath>

#include "sim/stats/interval.h"
#include "sim/stats/moments.h"

namespace airlock {

std::vector<double> NormalScores(const std::vector<double>& series) {
  std::vector<size_t> order;
  for (size_t i = 0; i < series.size(); ++i) {
    if (!std::isnan(series[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return series[a] < series[b]; });
  const double n = static_cast<double>(order.size());
  std::vector<double> scores(series.size(), 0);
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && series[order[end]] == series[order[begin]]) {
      ++end;
    }
    const double rank = static_cast<double>(begin + end) / 2;
    const double score = NormalQuantile(rank / n);
    for (size_t i = begin; i < end; ++i) scores[order[i]] = score;
    begin = end;
  }
  return scores;
}

std::vector<double> Autocovariance(const std::vector<double>& series,
                                   int64_t lags) {
  double sum = 0;
  int64_t known = 0;
  for (const double value : series) {
    if (std::isnan(value)) continue;
    sum += value;
    ++known;
  }
  const double mean = known > 0 ? sum / static_cast<double>(known) : 0;
  std::vector<double> x;
  for (const double value : series) {
    x.push_back(std::isnan(value) ? 0 : value - mean);
  }
  std::vector<double> covariance;
  for (size_t lag = 0; lag <= static_cast<size_t>(lags); ++lag) {
    double products = 0;
    for (size_t i = lag; i < x.size(); ++i) products += x[i] * x[i - lag];
    covariance.push_back(products / static_cast<double>(x.size()));
  }
  return covariance;
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

std::vector<double> FitAutoregression(const std::vector<double>& series,
                                      double penalty) {
  const double n = static_cast<double>(series.size());
  const int64_t most = std::min<int64_t>(
      static_cast<int64_t>(10 * std::log10(n)), static_cast<int64_t>(n / 4));
  const std::vector<double> r = Autocovariance(series, most);
  std::vector<double> best, current;
  if (!(r[0] > 0)) return best;
  double variance = r[0];
  double least = n * std::log(variance);
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
    const double criterion =
        n * std::log(variance) + penalty * static_cast<double>(order);
    if (criterion < least) {
      least = criterion;
      best = current;
    }
  }
  return best;
}

double PortmanteauP(const std::vector<double>& series, int64_t lags,
                    int64_t fitted) {
  const double n = static_cast<double>(series.size());
  lags = std::max(lags, fitted + 5);
  if (n <= 2 * static_cast<double>(lags)) return 1;
  const std::vector<double> r = Autocovariance(NormalScores(series), lags);
  if (!(r[0] > 0)) return 1;
  double q = 0;
  for (size_t k = 1; k < r.size(); ++k) {
    const double rho = r[k] / r[0];
    q += rho * rho / (n - static_cast<double>(k));
  }
  q *= n * (n + 2);
  return ChiSquaredTail(q, static_cast<double>(lags - fitted));
}

double LevelStatistic(const std::vector<double>& series, int64_t bandwidth) {
  const std::vector<double> known = DropMissing(series);
  const double n = static_cast<double>(known.size());
  const std::vector<double> r = Autocovariance(
      known, std::min<int64_t>(bandwidth, static_cast<int64_t>(n) - 1));
  double variance = r[0];
  for (size_t lag = 1; lag < r.size(); ++lag) {
    const double weight =
        1 - static_cast<double>(lag) / static_cast<double>(r.size());
    variance += 2 * weight * r[lag];
  }
  if (!(variance > 0)) return 0;
  const double mean = Mean(known);
  double sum = 0, squares = 0;
  for (const double value : known) {
    sum += value - mean;
    squares += sum * sum;
  }
  return squares / (n * n * variance);
}

}  // namespace airlock
