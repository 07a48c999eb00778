#include "twin/drift/rank_bank.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "sim/base/error.h"
#include "sim/stats/interval.h"
#include "twin/drift/statistic_parameters.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr char kName[] = "rank-bank";

enum class Score { kLevel, kSpread, kSkew, kTails };

// One alternative: the score that the reference is tilted by, and how much.
struct Tilt {
  Score score;
  double theta;
};

// Of a standard deviation times `ratio`.
constexpr double SpreadTilt(double ratio) {
  return (1 - 1 / (ratio * ratio)) / 2;
}

constexpr size_t kLevels = 8;  // those of level come first
constexpr std::array<Tilt, 18> kTilts = {{
    {Score::kLevel, 0.25},
    {Score::kLevel, -0.25},
    {Score::kLevel, 0.5},
    {Score::kLevel, -0.5},
    {Score::kLevel, 1},
    {Score::kLevel, -1},
    {Score::kLevel, 2},
    {Score::kLevel, -2},
    {Score::kSpread, SpreadTilt(1.4)},
    {Score::kSpread, SpreadTilt(2)},
    {Score::kSpread, SpreadTilt(3)},
    {Score::kSpread, SpreadTilt(1 / 1.4)},
    {Score::kSpread, SpreadTilt(1 / 2.0)},
    {Score::kSpread, SpreadTilt(1 / 3.0)},
    {Score::kSkew, 0.5},
    {Score::kSkew, -0.5},
    {Score::kTails, 0.5},
    {Score::kTails, -0.5},
}};
constexpr size_t kCusums = kTilts.size();
using Sums = std::array<double, kCusums>;

// Of a rank u in (0, 1), whose normal score is z.
double ScoreOf(Score score, double u, double z) {
  const double x = 2 * u - 1;
  switch (score) {
    case Score::kLevel:
      return z;
    case Score::kSpread:
      return z * z;
    case Score::kSkew:
      return std::sqrt(7.0) * (5 * x * x * x - 3 * x) / 2;
    case Score::kTails:
      return 3 * (35 * x * x * x * x - 30 * x * x + 3) / 8;
  }
  return 0;
}

const std::vector<StatisticParameter>& Parameters() {
  static const std::vector<StatisticParameter> parameters = {
      {"level", 1, 0, 1, "1: look for shifts of level, 0: do not"},
      {"spread", 1, 0, 1, "1: look for changes of spread, 0: do not"},
      {"shape", 1, 0, 1, "1: look for changes of skew and tails, 0: do not"},
      {"run-length", 1000, 10, 1e9,
       "mean samples to a false alarm that the classic threshold guarantees "
       "for independent values and a long reference"},
  };
  return parameters;
}

bool Uses(const StatisticParameters& complete, Score score) {
  switch (score) {
    case Score::kLevel:
      return complete.at("level") != 0;
    case Score::kSpread:
      return complete.at("spread") != 0;
    case Score::kSkew:
    case Score::kTails:
      return complete.at("shape") != 0;
  }
  return false;
}

int64_t CusumsOf(const StatisticParameters& complete) {
  return std::count_if(kTilts.begin(), kTilts.end(), [&](const Tilt& tilt) {
    return Uses(complete, tilt.score);
  });
}

// What the sums other than those of level must exceed them by: a shift is taken
// to be e times as likely as any other change. None if level is not looked at.
double HandicapOf(const StatisticParameters& complete) {
  return Uses(complete, Score::kLevel) ? 1 : 0;
}

// The log-likelihood ratio of each cell for one alternative. Its exponential
// has mean 1 or less both under the reference's observed shares and under the
// expected ones: a value never seen neither counts for nor against a change
// until it comes.
std::vector<double> LogRatios(const RankCells& cells, const Tilt& tilt,
                              const std::vector<double>& normal_scores) {
  std::vector<double> ratios;
  double observed = 0, expected = 0;
  for (size_t i = 0; i < cells.count(); ++i) {
    ratios.push_back(tilt.theta *
                     ScoreOf(tilt.score, cells.ranks()[i], normal_scores[i]));
    const double weight = std::exp(ratios.back());
    observed += cells.observed()[i] * weight;
    expected += cells.expected()[i] * weight;
  }
  const double psi = std::log(std::max(observed, expected));
  for (double& ratio : ratios) ratio -= psi;
  return ratios;
}

class RankBank : public ChangeStatistic {
 public:
  RankBank(const std::vector<double>& reference,
           const StatisticParameters& complete);

  double Update(double value) override {
    // Without branches, in local arrays: compilers make vector code of it.
    const double* ratios = ratios_[cells_.Index(value)].data();
    Sums sums, ages;
    for (size_t k = 0; k < kCusums; ++k) sums[k] = sums_[k] + ratios[k];
    for (size_t k = 0; k < kCusums; ++k) sums[k] = sums[k] > 0 ? sums[k] : 0;
    for (size_t k = 0; k < kCusums; ++k) {
      const double alive = sums[k] > 0 ? 1.0 : 0.0;
      ages[k] = (ages_[k] + 1) * alive;
    }
    sums_ = sums;
    ages_ = ages;
    return Largest();
  }
  void Reset() override {
    sums_.fill(0);
    ages_.fill(0);
  }
  int64_t SamplesSinceChange() const override {
    const auto others = sums_.begin() + kLevels;
    const auto level = std::max_element(sums_.begin(), others);
    const auto other = std::max_element(others, sums_.end());
    const auto largest = *level >= *other - handicap_ ? level : other;
    return static_cast<int64_t>(
        ages_[static_cast<size_t>(largest - sums_.begin())]);
  }
  void Save(json* state) const override {
    *state = {{"sums", sums_}, {"ages", ages_}};
  }
  void Load(const json& state) override;

 private:
  double Largest() const {
    double level = 0, other = 0;
    for (size_t k = 0; k < kLevels; ++k) {
      level = level > sums_[k] ? level : sums_[k];
    }
    for (size_t k = kLevels; k < kCusums; ++k) {
      other = other > sums_[k] ? other : sums_[k];
    }
    other -= handicap_;
    return level > other ? level : other;
  }

  RankCells cells_;
  std::vector<Sums> ratios_;  // of each cell
  double handicap_;
  Sums sums_;
  Sums ages_;  // samples since each sum was zero
};
static_assert(kTilts[kLevels - 1].score == Score::kLevel &&
                  kTilts[kLevels].score != Score::kLevel,
              "the sums of level come first");

RankBank::RankBank(const std::vector<double>& reference,
                   const StatisticParameters& complete)
    : cells_(reference),
      ratios_(cells_.count()),
      handicap_(HandicapOf(complete)) {
  std::vector<double> normal_scores;
  for (const double rank : cells_.ranks()) {
    normal_scores.push_back(NormalQuantile(rank));
  }
  for (size_t k = 0; k < kCusums; ++k) {
    if (!Uses(complete, kTilts[k].score)) {
      for (Sums& each : ratios_) each[k] = 0;
      continue;
    }
    const std::vector<double> ratios =
        LogRatios(cells_, kTilts[k], normal_scores);
    for (size_t i = 0; i < ratios.size(); ++i) ratios_[i][k] = ratios[i];
  }
  Reset();
}

void RankBank::Load(const json& state) {
  const auto sums = state.at("sums").get<std::vector<double>>();
  const auto ages = state.at("ages").get<std::vector<double>>();
  bool fits = sums.size() == kCusums && ages.size() == kCusums;
  for (size_t k = 0; fits && k < kCusums; ++k) {
    fits = sums[k] >= 0 && ages[k] >= 0 && ages[k] == std::floor(ages[k]);
  }
  if (!fits) {
    throw InputError(fmt::format(
        "{} state: it needs {} sums and as many ages, none negative", kName,
        kCusums));
  }
  std::copy(sums.begin(), sums.end(), sums_.begin());
  std::copy(ages.begin(), ages.end(), ages_.begin());
}

std::unique_ptr<ChangeStatistic> MakeRankBank(
    const std::vector<double>& reference, const StatisticParameters& given) {
  const StatisticParameters complete =
      CompleteParameters(kName, Parameters(), given);
  if (CusumsOf(complete) == 0) {
    throw InputError(fmt::format(
        "{}: level, spread and shape are all 0; nothing is left to look for",
        kName));
  }
  if (reference.size() < 20) {
    throw InputError(
        fmt::format("{}: the reference has {} values; ranks among it need 20",
                    kName, reference.size()));
  }
  return std::make_unique<RankBank>(reference, complete);
}

double ClassicThreshold(const StatisticParameters& given) {
  const StatisticParameters complete =
      CompleteParameters(kName, Parameters(), given);
  double rates = 0;  // of alarms, in those of a sum without handicap
  for (const Tilt& tilt : kTilts) {
    if (!Uses(complete, tilt.score)) continue;
    rates += tilt.score == Score::kLevel ? 1 : std::exp(-HandicapOf(complete));
  }
  return std::log(complete.at("run-length") * rates);
}

// Of a tenth of the run length.
double ClassicWarning(const StatisticParameters& given) {
  return ClassicThreshold(given) - std::log(10.0);
}

}  // namespace

RankCells::RankCells(std::vector<double> reference) {
  AIRLOCK_CHECK(!reference.empty());
  std::sort(reference.begin(), reference.end());
  const size_t n = reference.size();
  const double gaps = static_cast<double>(n) + 1;
  const double lowest = NormalQuantile(1 / gaps);
  const double step = -2 * lowest / static_cast<double>(kCells);
  double boundary = lowest;  // normal score at which the open cell is full,
  double full = NormalCdf(boundary) * gaps;  // and how many values lie below
  double open = 0;                           // values in the open cell
  for (size_t first = 0, last; first < n; first = last) {
    const double value = reference[first];
    last = first;
    while (last < n && reference[last] == value) ++last;
    const size_t copies = last - first;
    if (copies > 1 && copies * kCells >= n) {
      // An atom: set it off from what lies below it.
      const double below =
          std::nextafter(value, -std::numeric_limits<double>::infinity());
      if (edges_.empty() || edges_.back() < below) {
        AddCell(below, open, first == 0 ? 1 : 0);
        open = 0;
      }
    }
    open += static_cast<double>(copies);
    const double passed = static_cast<double>(last);
    if (passed < full && last < n && copies * kCells < n) continue;
    AddCell(value, open, 0);
    open = 0;
    while (full <= passed && last < n) {
      boundary += step;
      full = NormalCdf(boundary) * gaps;
    }
  }
  AddCell(std::numeric_limits<double>::infinity(), 0, 1);
  edges_.pop_back();  // the last cell is open

  double observed = 0, expected = 0;
  for (size_t i = 0; i < expected_.size(); ++i) {
    observed += observed_[i];
    expected += expected_[i];
  }
  double below = 0;
  for (size_t i = 0; i < expected_.size(); ++i) {
    observed_[i] /= observed;
    expected_[i] /= expected;
    ranks_.push_back(below + expected_[i] / 2);
    below += expected_[i];
  }
}

void RankCells::AddCell(double upper_edge, double values, double outside) {
  edges_.push_back(upper_edge);
  observed_.push_back(values);
  expected_.push_back(values + outside);
}

StatisticEntry RankBankStatistic() {
  return {kName,
          "bank of likelihood-ratio CUSUMs on ranks: level, spread, shape "
          "(Page 1954; Neyman 1937)",
          StreamKind::kReal,
          Parameters(),
          MakeRankBank,
          ClassicThreshold,
          ClassicWarning};
}

}  // namespace airlock
