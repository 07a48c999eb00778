#include "twin/drift/regime_whitener.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "twin/drift/null_model.h"

namespace airlock {
namespace {

constexpr int64_t kBins = 24;
constexpr int64_t kMostAtoms = 64;

// Bins of equal share; one for each value where there are few.
Bins BinsOf(std::vector<double> known, bool continuous) {
  if (continuous) return Bins::Quantiles(known, kBins);
  std::sort(known.begin(), known.end());
  std::vector<double> levels = known;
  levels.erase(std::unique(levels.begin(), levels.end()), levels.end());
  if (static_cast<int64_t>(levels.size()) > kMostAtoms) {
    return Bins::Quantiles(known, kBins);
  }
  levels.pop_back();
  return Bins(levels);
}

// Where expectation-maximisation starts: states that each prefer a part of the
// ranks (level), or of their distances from the middle (spread).
RegimeFit Start(const std::vector<double>& shares,
                const std::vector<double>& below, size_t states, bool spread) {
  RegimeFit fit;
  const double stay = 0.95;
  for (size_t a = 0; a < states; ++a) {
    for (size_t b = 0; b < states; ++b) {
      fit.transition.push_back(
          a == b ? stay : (1 - stay) / static_cast<double>(states - 1));
    }
  }
  for (size_t s = 0; s < states; ++s) {
    double total = 0;
    std::vector<double> emission;
    for (size_t m = 0; m < shares.size(); ++m) {
      double at = below[m] + shares[m] / 2;
      if (spread) at = std::abs(2 * at - 1);
      const double centre =
          (static_cast<double>(s) + 0.5) / static_cast<double>(states);
      const double z = (at - centre) / 0.25;
      emission.push_back(shares[m] * (std::exp(-z * z / 2) + 0.02));
      total += emission.back();
    }
    for (const double e : emission) fit.emission.push_back(e / total);
  }
  return fit;
}

// One step of Baum and Welch; `bins` holds the bin of each sample, -1 missing.
// Returns the log-likelihood of `fit` before it.
double Improve(const std::vector<int>& bins, const std::vector<double>& shares,
               size_t states, RegimeFit* fit) {
  const size_t n = bins.size(), levels = shares.size();
  std::vector<double> forward(n * states), scale(n);
  const auto emit = [&](size_t s, size_t t) {
    return bins[t] < 0
               ? 1.0
               : fit->emission[s * levels + static_cast<size_t>(bins[t])];
  };
  double likelihood = 0;
  for (size_t t = 0; t < n; ++t) {
    double total = 0;
    for (size_t s = 0; s < states; ++s) {
      double prior = t == 0 ? 1 / static_cast<double>(states) : 0;
      for (size_t a = 0; t > 0 && a < states; ++a) {
        prior +=
            forward[(t - 1) * states + a] * fit->transition[a * states + s];
      }
      forward[t * states + s] = prior * emit(s, t);
      total += forward[t * states + s];
    }
    scale[t] = std::max(total, 1e-300);
    for (size_t s = 0; s < states; ++s) forward[t * states + s] /= scale[t];
    likelihood += std::log(scale[t]);
  }
  std::vector<double> transition(states * states, 1e-3);
  std::vector<double> emission(states * levels);
  for (size_t s = 0; s < states; ++s) {
    // Half a sample of the whole series: no bin is impossible.
    for (size_t m = 0; m < levels; ++m) {
      emission[s * levels + m] = 0.5 * shares[m] + 1e-9;
    }
  }
  std::vector<double> backward(states, 1), next(states);
  for (size_t t = n; t-- > 0;) {
    double total = 0;
    for (size_t s = 0; s < states; ++s) {
      total += forward[t * states + s] * backward[s];
    }
    for (size_t s = 0; s < states && bins[t] >= 0; ++s) {
      emission[s * levels + static_cast<size_t>(bins[t])] +=
          forward[t * states + s] * backward[s] / total;
    }
    if (t == 0) break;
    for (size_t a = 0; a < states; ++a) {
      next[a] = 0;
      for (size_t s = 0; s < states; ++s) {
        const double joint = fit->transition[a * states + s] * emit(s, t) *
                             backward[s] / scale[t];
        next[a] += joint;
        transition[a * states + s] +=
            forward[(t - 1) * states + a] * joint / total;
      }
    }
    backward = next;
  }
  const auto normalise = [](double* row, size_t size) {
    double sum = 0;
    for (size_t i = 0; i < size; ++i) sum += row[i];
    for (size_t i = 0; i < size; ++i) row[i] /= sum;
  };
  for (size_t s = 0; s < states; ++s) {
    normalise(&transition[s * states], states);
    normalise(&emission[s * levels], levels);
  }
  fit->transition = transition;
  fit->emission = emission;
  return likelihood;
}

RegimeFit Fit(const std::vector<int>& bins, const std::vector<double>& shares,
              const std::vector<double>& below, size_t states) {
  RegimeFit best;
  best.log_likelihood = -INFINITY;
  for (const bool spread : {false, true}) {
    RegimeFit fit = Start(shares, below, states, spread);
    double last = -INFINITY;
    for (int i = 0; i < 60; ++i) {
      fit.log_likelihood = Improve(bins, shares, states, &fit);
      if (fit.log_likelihood - last < 0.02) break;
      last = fit.log_likelihood;
    }
    if (fit.log_likelihood > best.log_likelihood) best = fit;
  }
  return best;
}

}  // namespace

RegimeWhitener::RegimeWhitener(const std::vector<double>& series,
                               int64_t states, uint64_t seed)
    : seed_(seed) {
  std::vector<double> known;
  for (const double value : series) {
    if (!std::isnan(value)) known.push_back(value);
  }
  AIRLOCK_CHECK(!known.empty() && states > 1);
  const bool continuous = IsContinuous(series);
  bins_ = BinsOf(known, continuous);
  ranks_ = RankScores(known);
  drawn_ = !continuous && bins_.count() - 1 <= kMostAtoms;
  std::vector<double> counts = bins_.Histogram(known);
  counts.pop_back();  // missing values
  double below = 0;
  for (const double count : counts) {
    shares_.push_back(count / static_cast<double>(known.size()));
    below_.push_back(below);
    below += shares_.back();
  }
  std::vector<int> bins;
  for (const double value : series) {
    bins.push_back(std::isnan(value) ? -1
                                     : static_cast<int>(bins_.Index(value)));
  }
  fit_ = Fit(bins, shares_, below_, static_cast<size_t>(states));
  belief_.resize(static_cast<size_t>(states));
  SetStationary();
  Reset();
}

void RegimeWhitener::SetStationary() {
  const size_t size = states();
  stationary_.assign(size, 1 / static_cast<double>(size));
  for (int i = 0; i < 10000; ++i) {
    std::vector<double> next(size, 0);
    for (size_t a = 0; a < size; ++a) {
      for (size_t b = 0; b < size; ++b) {
        next[b] += stationary_[a] * fit_.transition[a * size + b];
      }
    }
    stationary_ = next;
  }
}

void RegimeWhitener::Reset() {
  belief_ = stationary_;
  seen_ = 0;
}

double RegimeWhitener::Next(double value) {
  const size_t size = states(), levels = shares_.size();
  std::vector<double> posterior = belief_;
  double rank = value;
  ++seen_;
  if (!std::isnan(value)) {
    const auto bin = static_cast<size_t>(bins_.Index(value));
    const double within =
        drawn_ ? RngStream(seed_ + seen_ * 0x9E3779B97F4A7C15u).Uniform()
               : std::clamp((ranks_.Rank(value) - below_[bin]) /
                                std::max(shares_[bin], 1e-12),
                            0.0, 1.0);
    rank = 0;
    double total = 0;
    for (size_t s = 0; s < size; ++s) {
      const double* emission = &fit_.emission[s * levels];
      double cumulative = within * emission[bin];
      for (size_t m = 0; m < bin; ++m) cumulative += emission[m];
      rank += belief_[s] * cumulative;
      posterior[s] = belief_[s] * emission[bin];
      total += posterior[s];
    }
    for (double& p : posterior) p /= total;
  }
  for (size_t b = 0; b < size; ++b) {
    belief_[b] = 0;
    for (size_t a = 0; a < size; ++a) {
      belief_[b] += posterior[a] * fit_.transition[a * size + b];
    }
  }
  return rank;
}

std::string RegimeWhitener::description() const {
  std::string stays;
  for (size_t s = 0; s < states(); ++s) {
    stays += fmt::format("{}{:.3g}", s == 0 ? "" : ", ",
                         1 / (1 - fit_.transition[s * states() + s]));
  }
  return fmt::format("{} regimes of {} samples", states(), stays);
}

void RegimeWhitener::Save(nlohmann::json* state) const {
  nlohmann::json ranks;
  ranks_.Save(&ranks);
  *state = {{"kind", "regimes"},
            {"edges", bins_.edges()},
            {"ranks", ranks},
            {"below", below_},
            {"shares", shares_},
            {"drawn", drawn_},
            {"transition", fit_.transition},
            {"emission", fit_.emission},
            {"belief", belief_},
            {"seed", seed_},
            {"seen", seen_}};
}

RegimeWhitener::RegimeWhitener(const nlohmann::json& state) {
  bins_ = Bins(state.at("edges").get<std::vector<double>>());
  ranks_.Load(state.at("ranks"));
  below_ = state.at("below").get<std::vector<double>>();
  shares_ = state.at("shares").get<std::vector<double>>();
  drawn_ = state.at("drawn").get<bool>();
  fit_.transition = state.at("transition").get<std::vector<double>>();
  fit_.emission = state.at("emission").get<std::vector<double>>();
  belief_ = state.at("belief").get<std::vector<double>>();
  seed_ = state.at("seed").get<uint64_t>();
  seen_ = state.at("seen").get<uint64_t>();
  const size_t size = belief_.size();
  if (size < 2 || fit_.transition.size() != size * size ||
      static_cast<int64_t>(shares_.size()) != bins_.count() - 1 ||
      below_.size() != shares_.size() ||
      fit_.emission.size() != size * shares_.size()) {
    throw InputError("drift state: the parts of a filter do not fit together");
  }
  SetStationary();
}

}  // namespace airlock
