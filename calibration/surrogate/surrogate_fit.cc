#include "calibration/surrogate/surrogate_fit.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/stats/quantile.h"
#include "sim/stats/rank_correlation.h"
#include "sim/surrogate/airtime_batch.h"

namespace airlock {
namespace {

constexpr int64_t kFewestPlans = 20;
constexpr int64_t kResamples = 1000;
constexpr double kThresholdLow = -95, kThresholdHigh = -55;  // dBm
constexpr double kSoftness[] = {0, 1.5, 3, 6};               // dB
constexpr double kRateLow = 0.5, kRateHigh = 40, kRateStep = 1.05;

// One point of the grid.
struct Cell {
  AirtimeChoices choices;
  double channel_rate = 0;  // bit/s
};

// What the model says of every plan, one element an access point and plan.
struct Prediction {
  Eigen::ArrayXd busy;
  Eigen::ArrayXd served;  // share of the offered load
};

// All plans of one network, stacked.
class Plans {
 public:
  Plans(const ChannelTable& table, const Eigen::MatrixXd& rssi_dbm,
        const std::vector<PlanMeasurement>& plans)
      : table_(table), rssi_dbm_(rssi_dbm), n_(rssi_dbm.rows()) {
    const Eigen::Index all = n_ * static_cast<Eigen::Index>(plans.size());
    offered_.resize(all);
    delivered_.resize(all);
    busy_.resize(all);
    Eigen::Index at = 0;
    for (const PlanMeasurement& one : plans) {
      stacked_.insert(stacked_.end(), one.plan.begin(), one.plan.end());
      offered_.segment(at, n_) = one.offered;
      delivered_.segment(at, n_) = one.delivered;
      busy_.segment(at, n_) = one.busy;
      at += n_;
    }
    share_ = delivered_ / offered_.max(1.0);
  }

  Eigen::Index access_points() const { return n_; }
  int64_t count() const { return offered_.size() / n_; }
  const Eigen::ArrayXd& offered() const { return offered_; }
  const Eigen::ArrayXd& delivered() const { return delivered_; }
  const Eigen::ArrayXd& busy() const { return busy_; }
  const Eigen::ArrayXd& share() const { return share_; }
  double BondedRate() const {
    double most = 0;
    for (Eigen::Index i = 0; i < delivered_.size(); ++i) {
      most = std::max(most, std::ldexp(delivered_[i], -stacked_[i].bonding));
    }
    return most;
  }

  AirtimeBatch Batch(AirtimeChoices choices) const {
    AirtimeBatch batch(table_, choices);
    const Eigen::MatrixXd m = InterferenceMap(rssi_dbm_, choices);
    for (int64_t p = 0; p < count(); ++p) batch.Add(m);
    batch.SetPlan(stacked_);
    return batch;
  }

  // `batch` as Batch() makes it, without own load.
  Prediction Predict(AirtimeBatch* batch, double channel_rate) const {
    return Predict(batch->choices().law,
                   batch->Utilise(offered_ / channel_rate), channel_rate);
  }

  // What access points hear, `heard`, is known.
  Prediction Predict(OccupancyLaw law, const Eigen::ArrayXd& heard,
                     double channel_rate) const {
    Prediction said;
    said.busy.resize(heard.size());
    said.served.resize(heard.size());
    for (Eigen::Index i = 0; i < heard.size(); ++i) {
      const double share =
          std::ldexp(offered_[i] / channel_rate, -stacked_[i].bonding);
      said.busy[i] = std::min(1.0, Together(law, share, heard[i]));
      said.served[i] = ServedShare(law, share, heard[i]);
    }
    return said;
  }

  // R^s of each plan.
  std::vector<double> Regrets(const Cell& cell) const {
    AirtimeBatch batch = Batch(cell.choices);
    const Eigen::ArrayXd loads = offered_ / cell.channel_rate;
    std::vector<Regret> regrets;
    batch.Step(stacked_, loads, loads, &regrets);
    std::vector<double> service;
    for (const Regret& regret : regrets) service.push_back(regret.service);
    return service;
  }

  // Goodput of each plan, all access points together.
  std::vector<double> Goodputs() const {
    std::vector<double> sums;
    for (int64_t p = 0; p < count(); ++p) {
      sums.push_back(delivered_.segment(p * n_, n_).sum());
    }
    return sums;
  }

 private:
  const ChannelTable& table_;
  const Eigen::MatrixXd& rssi_dbm_;
  const Eigen::Index n_;
  ChannelPlan stacked_;
  Eigen::ArrayXd offered_, delivered_, busy_, share_;
};

// The squared errors of every cell of the grid, by plan.
struct Grid {
  std::vector<Cell> cells;
  Eigen::MatrixXd loss;  // [plan][cell]
};

Grid Search(const Plans& plans,
            const std::function<void(int64_t, int64_t)>& progress) {
  Grid grid;
  const double top = plans.BondedRate();
  std::vector<double> rates;
  for (double r = kRateLow * top; r <= kRateHigh * top; r *= kRateStep) {
    rates.push_back(r);
  }
  std::vector<AirtimeChoices> shapes;
  for (const OccupancyLawRow& law : OccupancyLaws()) {
    for (const double softness : kSoftness) {
      for (double t = kThresholdLow; t <= kThresholdHigh; ++t) {
        AirtimeChoices choices;
        choices.law = law.law;
        choices.softness_db = softness;
        choices.threshold_dbm = t;
        shapes.push_back(choices);
      }
    }
  }
  const int64_t total = static_cast<int64_t>(shapes.size());
  grid.loss.resize(plans.count(), total * static_cast<int64_t>(rates.size()));
  for (int64_t s = 0; s < total; ++s) {
    AirtimeBatch batch = plans.Batch(shapes[s]);
    // What others take in turns is in proportion to the loads.
    const bool linear = shapes[s].law == OccupancyLaw::kSum;
    const Eigen::ArrayXd heard_at_1 = batch.Utilise(plans.offered());
    for (const double rate : rates) {
      const Prediction said =
          linear ? plans.Predict(shapes[s].law, heard_at_1 / rate, rate)
                 : plans.Predict(&batch, rate);
      const Eigen::ArrayXd errors = (said.busy - plans.busy()).square() +
                                    (said.served - plans.share()).square();
      const Eigen::Index n = plans.access_points();
      for (int64_t p = 0; p < plans.count(); ++p) {
        grid.loss(p, grid.cells.size()) = errors.segment(p * n, n).mean();
      }
      grid.cells.push_back({shapes[s], rate});
    }
    progress(s + 1, total);
  }
  return grid;
}

// The best cell with plan p counted weights[p] times; the first of equals.
size_t Best(const Grid& grid, const Eigen::RowVectorXd& weights) {
  const Eigen::RowVectorXd sums = weights * grid.loss.topRows(weights.size());
  Eigen::Index best = 0;
  sums.minCoeff(&best);
  return static_cast<size_t>(best);
}

void AddIntervals(const Grid& grid, int64_t fitted, size_t best,
                  const SurrogateFitOptions& options, RngStream* rng,
                  AirtimeProfile* profile) {
  constexpr int64_t kFits = 200;
  std::vector<double> thresholds, rates;
  double same_law = 0;
  for (int64_t r = 0; r < kFits; ++r) {
    Eigen::RowVectorXd weights = Eigen::RowVectorXd::Zero(fitted);
    for (int64_t p = 0; p < fitted; ++p) weights[rng->UniformInt(fitted)] += 1;
    const Cell& cell = grid.cells[Best(grid, weights)];
    thresholds.push_back(cell.choices.threshold_dbm);
    rates.push_back(cell.channel_rate);
    same_law += cell.choices.law == grid.cells[best].choices.law;
  }
  const std::vector<double> ends = {(1 - options.confidence) / 2,
                                    (1 + options.confidence) / 2};
  const std::vector<double> t = Quantiles(thresholds, ends);
  const std::vector<double> c = Quantiles(rates, ends);
  profile->threshold_low = t[0];
  profile->threshold_high = t[1];
  profile->channel_rate_low = Bandwidth(std::llround(c[0]));
  profile->channel_rate_high = Bandwidth(std::llround(c[1]));
  profile->law_share = same_law / static_cast<double>(kFits);
}

// `by_mean`: the error of each access point's mean over the first plans.
SurrogateError ErrorOf(const std::string& quantity, const std::string& unit,
                       const Eigen::ArrayXd& said,
                       const Eigen::ArrayXd& measured, Eigen::Index n,
                       int64_t fitted) {
  Eigen::ArrayXd mean = Eigen::ArrayXd::Zero(n);
  const int64_t count = measured.size() / n;
  for (int64_t p = 0; p < fitted; ++p) {
    mean += measured.segment(p * n, n) / static_cast<double>(fitted);
  }
  std::vector<double> errors, by_mean;
  for (int64_t p = fitted; p < count; ++p) {
    for (Eigen::Index i = 0; i < n; ++i) {
      errors.push_back(std::abs(said[p * n + i] - measured[p * n + i]));
      by_mean.push_back(std::abs(mean[i] - measured[p * n + i]));
    }
  }
  const std::vector<double> a = Quantiles(errors, {0.5, 0.9, 0.99});
  const std::vector<double> b = Quantiles(by_mean, {0.5, 0.9, 0.99});
  return {quantity, unit, a[0], a[1], a[2], b[0], b[1], b[2]};
}

std::vector<double> Negative(std::vector<double> values) {
  for (double& value : values) value = -value;
  return values;
}

void AddRanks(const std::vector<double>& regrets,
              const std::vector<double>& goodputs, int64_t fitted,
              const SurrogateFitOptions& options, RngStream* rng,
              AirtimeProfile* profile) {
  struct Measure {
    const char* name;
    PairStatistic statistic;
  };
  for (const bool all : {false, true}) {
    const auto from = [&](const std::vector<double>& values) {
      return std::vector<double>(values.begin() + (all ? 0 : fitted),
                                 values.end());
    };
    const std::vector<double> x = Negative(from(regrets));
    const std::vector<double> y = from(goodputs);
    for (const Measure& measure :
         {Measure{"spearman", Spearman}, Measure{"kendall", KendallTauB}}) {
      const Interval found = PairBootstrapInterval(
          x, y, measure.statistic, options.confidence, kResamples, rng);
      profile->ranks.push_back({measure.name, all ? "all" : "held out",
                                found.estimate, found.low, found.high});
    }
  }
}

void Judge(const SurrogateFitOptions& options, AirtimeProfile* profile) {
  const RankAgreement& rank = profile->ranks.front();
  profile->rank_limit = options.rank_limit;
  profile->credible = rank.low >= options.rank_limit;
  if (profile->credible) return;
  profile->reason = fmt::format(
      "not credible for training: the rank correlation of held-out plans is "
      "{:.2f} ({:.2f} .. {:.2f}), its lower end not at least {:.2f}",
      rank.estimate, rank.low, rank.high, options.rank_limit);
}

void CheckPlans(const std::vector<PlanMeasurement>& plans, Eigen::Index n) {
  if (static_cast<int64_t>(plans.size()) < kFewestPlans) {
    throw InputError(fmt::format("{} plans were measured: at least {} needed",
                                 plans.size(), kFewestPlans));
  }
  for (const PlanMeasurement& one : plans) {
    AIRLOCK_CHECK(one.offered.size() == n && one.delivered.size() == n &&
                  one.busy.size() == n);
    // Senders start at random, so counts differ by some packets.
    constexpr double kSame = 0.1;
    const double most = std::max(one.offered.sum(), plans[0].offered.sum());
    if (std::abs(one.offered.sum() - plans[0].offered.sum()) > kSame * most) {
      throw InputError(fmt::format(
          "plans were offered {:.3g} and {:.3g} bit/s: the same load is "
          "needed to compare their goodput",
          plans[0].offered.sum(), one.offered.sum()));
    }
  }
}

}  // namespace

SurrogateCalibration FitSurrogate(
    const ChannelTable& table, const Eigen::MatrixXd& rssi_dbm,
    const std::vector<PlanMeasurement>& measured,
    const SurrogateFitOptions& options,
    const std::function<void(int64_t, int64_t)>& progress) {
  CheckPlans(measured, rssi_dbm.rows());
  const Plans plans(table, rssi_dbm, measured);
  if (!(plans.delivered().maxCoeff() > 0)) {
    throw InputError("no plan delivered anything");
  }
  const int64_t fitted = std::clamp<int64_t>(
      std::llround(options.fit_share * static_cast<double>(plans.count())), 1,
      plans.count() - 2);
  const Grid grid = Search(plans, progress);
  const size_t best = Best(grid, Eigen::RowVectorXd::Ones(fitted));
  Cell cell = grid.cells[best];
  const std::vector<double> goodputs = plans.Goodputs();
  const auto order_in_fit = [&](bool own_load) {
    Cell other = cell;
    other.choices.own_load = own_load;
    std::vector<double> regrets = plans.Regrets(other);
    regrets.resize(fitted);
    return Spearman(Negative(regrets),
                    {goodputs.begin(), goodputs.begin() + fitted});
  };
  cell.choices.own_load = order_in_fit(true) > order_in_fit(false);

  SurrogateCalibration result;
  AirtimeProfile& profile = result.profile;
  profile.fit_plans = fitted;
  profile.held_out_plans = plans.count() - fitted;
  profile.law = ToString(cell.choices.law);
  profile.threshold = PowerDbm(cell.choices.threshold_dbm);
  profile.softness_db = cell.choices.softness_db;
  profile.own_load = cell.choices.own_load;
  profile.channel_rate = Bandwidth(std::llround(cell.channel_rate));
  const RngTree tree(options.seed);
  RngStream rng = tree.Stream("calibrate/surrogate", Replication(0));
  AddIntervals(grid, fitted, best, options, &rng, &profile);

  AirtimeBatch batch = plans.Batch(grid.cells[best].choices);
  const Prediction said = plans.Predict(&batch, cell.channel_rate);
  const Eigen::Index n = plans.access_points();
  profile.errors.push_back(
      ErrorOf("airtime_busy", "1", said.busy, plans.busy(), n, fitted));
  profile.errors.push_back(ErrorOf("delivered_rate", "bit/s",
                                   said.served * plans.offered(),
                                   plans.delivered(), n, fitted));
  const std::vector<double> regrets = plans.Regrets(cell);
  AddRanks(regrets, goodputs, fitted, options, &rng, &profile);
  Judge(options, &profile);
  for (int64_t p = 0; p < plans.count(); ++p) {
    result.plans.push_back({p >= fitted, regrets[p], goodputs[p]});
  }
  return result;
}

}  // namespace airlock
