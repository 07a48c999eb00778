#include "twin/drift/linear_whitener.h"

#include <algorithm>
#include <cmath>
#include <complex>
#include <nlohmann/json.hpp>
#include <unsupported/Eigen/FFT>

#include "sim/base/error.h"
#include "sim/stats/quantile.h"
#include "twin/drift/autocorrelation.h"

namespace airlock {
namespace {

constexpr size_t kMostCycles = 4;
constexpr double kPeak = 18;           // above the level around it
constexpr double kFewestCycles = 1.2;  // in the series

double MeanOfKnown(const std::vector<double>& series) {
  double sum = 0;
  int64_t known = 0;
  for (const double value : series) {
    if (std::isnan(value)) continue;
    sum += value;
    ++known;
  }
  return known > 0 ? sum / static_cast<double>(known) : 0;
}

// Squared modulus of the Fourier transform of `x` (missing values count 0),
// padded to a power of two, divided by its length; half of the frequencies.
std::vector<double> Periodogram(const std::vector<double>& x) {
  size_t length = 1;
  while (length < x.size()) length *= 2;
  std::vector<double> padded(length, 0);
  for (size_t t = 0; t < x.size(); ++t) padded[t] = std::isnan(x[t]) ? 0 : x[t];
  std::vector<std::complex<double>> transform;
  Eigen::FFT<double> fft;
  fft.fwd(transform, padded);
  std::vector<double> power;
  for (size_t k = 0; k <= length / 2; ++k) {
    power.push_back(std::norm(transform[k]) / static_cast<double>(x.size()));
  }
  return power;
}

// Median of the ordinates around `peak` but not next to it, as a mean: the
// median of an exponential variable is ln 2 of its mean.
double LevelAround(const std::vector<double>& power, size_t peak,
                   double per_cycle) {
  std::vector<double> around;
  const double nearest = 2.5 * per_cycle, farthest = 25 * per_cycle;
  for (size_t k = 1; k < power.size(); ++k) {
    const double distance =
        std::abs(static_cast<double>(k) - static_cast<double>(peak));
    if (distance >= nearest && distance <= farthest) around.push_back(power[k]);
  }
  return around.empty() ? INFINITY : Median(around) / M_LN2;
}

// Least squares of `x` on 1, cos and sin of `frequency` t.
struct CycleFit {
  double mean = 0, cosine = 0, sine = 0, residual = 0;
};
CycleFit FitCycle(const std::vector<double>& x, double frequency) {
  double m[3][4] = {};
  double squares = 0;
  for (size_t t = 0; t < x.size(); ++t) {
    if (std::isnan(x[t])) continue;
    const double angle = frequency * static_cast<double>(t);
    const double row[4] = {1, std::cos(angle), std::sin(angle), x[t]};
    for (int i = 0; i < 3; ++i) {
      for (int j = 0; j < 4; ++j) m[i][j] += row[i] * row[j];
    }
    squares += x[t] * x[t];
  }
  const double right[3] = {m[0][3], m[1][3], m[2][3]};
  for (int i = 0; i < 3; ++i) {
    for (int k = 0; k < 3; ++k) {
      if (k == i || m[i][i] == 0) continue;
      const double factor = m[k][i] / m[i][i];
      for (int j = i; j < 4; ++j) m[k][j] -= factor * m[i][j];
    }
  }
  double b[3];
  for (int i = 0; i < 3; ++i) b[i] = m[i][i] == 0 ? 0 : m[i][3] / m[i][i];
  return {b[0], b[1], b[2],
          squares - b[0] * right[0] - b[1] * right[1] - b[2] * right[2]};
}

// The frequency within `width` of `centre` whose cycle leaves least.
double RefineFrequency(const std::vector<double>& x, double centre,
                       double width) {
  const double ratio = (std::sqrt(5) - 1) / 2;
  double low = std::max(centre - width, 0.2 * centre), high = centre + width;
  double a = high - ratio * (high - low), b = low + ratio * (high - low);
  double fa = FitCycle(x, a).residual, fb = FitCycle(x, b).residual;
  for (int i = 0; i < 24; ++i) {
    if (fa < fb) {
      high = b;
      b = a;
      fb = fa;
      a = high - ratio * (high - low);
      fa = FitCycle(x, a).residual;
    } else {
      low = a;
      a = b;
      fa = fb;
      b = low + ratio * (high - low);
      fb = FitCycle(x, b).residual;
    }
  }
  return (low + high) / 2;
}

// Spectral density (of white noise: its variance) of the autoregression that
// fits `x`, at a frequency.
double SpectralLevel(const std::vector<double>& x, double frequency) {
  const std::vector<double> phi =
      FitAutoregression(x, std::log(static_cast<double>(x.size())));
  const std::vector<double> r =
      Autocovariance(x, static_cast<int64_t>(phi.size()));
  double variance = r[0];
  std::complex<double> filter = 1;
  for (size_t k = 0; k < phi.size(); ++k) {
    variance -= phi[k] * r[k + 1];
    filter -= phi[k] * std::polar(1.0, -frequency * static_cast<double>(k + 1));
  }
  const double least = 1e-12 * r[0] + 1e-300;  // a cycle without noise
  return std::max(variance / std::norm(filter), least);
}

}  // namespace

LinearFit FitCycles(const std::vector<double>& series) {
  LinearFit fit;
  fit.mean = MeanOfKnown(series);
  fit.memory = static_cast<double>(series.size()) / 4;
  double low = INFINITY, high = -INFINITY;
  std::vector<double> rest;
  for (const double value : series) {
    rest.push_back(value - fit.mean);
    if (std::isnan(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  fit.low = low - (high - low);
  fit.high = high + (high - low);
  while (fit.frequencies.size() < kMostCycles && series.size() >= 64) {
    const std::vector<double> power = Periodogram(rest);
    const size_t length = 2 * (power.size() - 1);
    const double per_cycle =
        static_cast<double>(length) / static_cast<double>(rest.size());
    const std::vector<double> r = Autocovariance(rest, 1);
    if (!(r[0] > 0)) break;
    const double rho = r[1] / r[0];
    const double step = 2 * M_PI / static_cast<double>(length);
    std::vector<double> relative;
    for (size_t k = 0; k < power.size(); ++k) {
      relative.push_back(
          power[k] *
          (1 + rho * rho - 2 * rho * std::cos(step * static_cast<double>(k))));
    }
    const auto first =
        static_cast<size_t>(std::ceil(kFewestCycles * per_cycle));
    if (first + 2 >= power.size()) break;
    const size_t peak = static_cast<size_t>(
        std::max_element(power.begin() + static_cast<int64_t>(first),
                         power.end() - 1) -
        power.begin());
    if (relative[peak] < kPeak * LevelAround(relative, peak, per_cycle)) break;
    const double frequency = RefineFrequency(
        rest, step * static_cast<double>(peak), 1.2 * step * per_cycle);
    const CycleFit cycle = FitCycle(rest, frequency);
    for (size_t t = 0; t < rest.size(); ++t) {
      const double angle = frequency * static_cast<double>(t);
      rest[t] -= cycle.mean + cycle.cosine * std::cos(angle) +
                 cycle.sine * std::sin(angle);
    }
    fit.mean += cycle.mean;
    fit.frequencies.push_back(frequency);
    fit.amplitudes.push_back(std::hypot(cycle.cosine, cycle.sine));
  }
  if (!fit.frequencies.empty()) {
    fit.noise = SpectralLevel(rest, fit.frequencies[0]);
  }
  return fit;
}

LinearWhitener::LinearWhitener(LinearFit fit) : fit_(std::move(fit)) {
  Reset();
}

void LinearWhitener::Reset() {
  const size_t size = 2 * fit_.frequencies.size();
  state_.assign(size, 0);
  covariance_.assign(size * size, 0);
  for (size_t i = 0; i < size; ++i) {
    const double amplitude = fit_.amplitudes[i / 2];
    covariance_[i * size + i] = amplitude * amplitude / 2;
  }
  past_.assign(fit_.coefficients.size(), 0);
  known_ = 0;
}

void LinearWhitener::Rotate() {
  const size_t size = state_.size();
  // Random walk of the state whose steady filter remembers `memory` samples.
  const double step = 2 * fit_.noise / (fit_.memory * fit_.memory);
  for (size_t h = 0; h < size; h += 2) {
    const double c = std::cos(fit_.frequencies[h / 2]);
    const double s = std::sin(fit_.frequencies[h / 2]);
    const auto turn = [c, s](double* a, double* b) {
      const double turned = c * *a + s * *b;
      *b = c * *b - s * *a;
      *a = turned;
    };
    turn(&state_[h], &state_[h + 1]);
    for (size_t k = 0; k < size; ++k) {
      turn(&covariance_[h * size + k], &covariance_[(h + 1) * size + k]);
    }
    for (size_t k = 0; k < size; ++k) {
      turn(&covariance_[k * size + h], &covariance_[k * size + h + 1]);
    }
  }
  for (size_t i = 0; i < size; ++i) covariance_[i * size + i] += step;
}

// The deviation from what the cycles foretell; they learn from it.
double LinearWhitener::Track(double deviation, double* variance) {
  const size_t size = state_.size();
  std::vector<double> gain(size, 0);
  for (size_t i = 0; i < size; ++i) {
    for (size_t h = 0; h < size; h += 2) gain[i] += covariance_[i * size + h];
  }
  *variance = 0;
  for (size_t h = 0; h < size; h += 2) {
    *variance += gain[h];
    deviation -= state_[h];
  }
  const double total = *variance + fit_.noise;
  for (size_t i = 0; i < size; ++i) {
    state_[i] += gain[i] / total * deviation;
    for (size_t k = 0; k < size; ++k) {
      covariance_[i * size + k] -= gain[i] * gain[k] / total;
    }
  }
  return deviation;
}

double LinearWhitener::Next(double value) {
  if (!state_.empty()) Rotate();
  double predicted = 0;
  for (size_t k = 0; k < past_.size(); ++k) {
    predicted += fit_.coefficients[k] * past_[k];
  }
  const bool missing = std::isnan(value);
  double deviation = predicted;
  double variance = 0;
  if (!missing) {
    deviation = std::clamp(value, fit_.low, fit_.high) - fit_.mean;
    if (!state_.empty()) deviation = Track(deviation, &variance);
  }
  if (!past_.empty()) {
    std::rotate(past_.begin(), past_.end() - 1, past_.end());
    past_.front() = deviation;
  }
  if (missing) return value;
  if (known_ < start()) {
    ++known_;
    return std::nan("");
  }
  return (deviation - predicted) / std::sqrt(1 + variance / fit_.noise);
}

double LinearWhitener::longest_cycle() const {
  double longest = 0;
  for (const double frequency : fit_.frequencies) {
    longest = std::max(longest, 2 * M_PI / frequency);
  }
  return longest;
}

std::string LinearWhitener::description() const {
  std::string text;
  for (const double frequency : fit_.frequencies) {
    text += fmt::format("{}{:.4g}", text.empty() ? "cycles of " : " and ",
                        2 * M_PI / frequency);
  }
  if (!text.empty()) text += " samples";
  if (!fit_.coefficients.empty()) {
    text += fmt::format("{}autoregression of order {}",
                        text.empty() ? "" : ", ", fit_.coefficients.size());
  }
  return text;
}

void LinearWhitener::Save(nlohmann::json* state) const {
  *state = {{"kind", "linear"},
            {"mean", fit_.mean},
            {"low", fit_.low},
            {"high", fit_.high},
            {"frequencies", fit_.frequencies},
            {"amplitudes", fit_.amplitudes},
            {"noise", fit_.noise},
            {"memory", fit_.memory},
            {"coefficients", fit_.coefficients},
            {"state", state_},
            {"covariance", covariance_},
            {"past", past_},
            {"known", known_}};
}

void LinearWhitener::Load(const nlohmann::json& state) {
  fit_.mean = state.at("mean").get<double>();
  fit_.low = state.at("low").get<double>();
  fit_.high = state.at("high").get<double>();
  fit_.frequencies = state.at("frequencies").get<std::vector<double>>();
  fit_.amplitudes = state.at("amplitudes").get<std::vector<double>>();
  fit_.noise = state.at("noise").get<double>();
  fit_.memory = state.at("memory").get<double>();
  fit_.coefficients = state.at("coefficients").get<std::vector<double>>();
  state_ = state.at("state").get<std::vector<double>>();
  covariance_ = state.at("covariance").get<std::vector<double>>();
  past_ = state.at("past").get<std::vector<double>>();
  known_ = state.at("known").get<int64_t>();
  const size_t size = 2 * fit_.frequencies.size();
  if (fit_.amplitudes.size() != fit_.frequencies.size() ||
      state_.size() != size || covariance_.size() != size * size ||
      past_.size() != fit_.coefficients.size() || !(fit_.low <= fit_.high) ||
      !(fit_.noise > 0) || !(fit_.memory > 0)) {
    throw InputError("drift state: the parts of a filter do not fit together");
  }
}

}  // namespace airlock
