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
  const Eigen::RowVectorXd sums = weights * grid.loss;
  Eigen::Index best = 0;
  sums.minCoeff(&best);
  return static_cast<size_t>(best);
}

void AddIntervals(const Grid& grid, size_t best,
                  const SurrogateFitOptions& options, RngStream* rng,
                  AirtimeProfile* profile) {
  constexpr int64_t kFits = 200;
  const int64_t fitted = grid.loss.rows();
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

// What fits that have not seen a plan say of it, all plans stacked.
struct HeldOut {
  Prediction said;
  Prediction mean;  // each access point's, of what was measured
  // Of the plan's regret among the regrets of all plans under the same fit:
  // regrets of different fits do not compare.
  std::vector<double> ranks;
};

SurrogateError ErrorOf(const std::string& quantity, const std::string& unit,
                       const Eigen::ArrayXd& said, const Eigen::ArrayXd& mean,
                       const Eigen::ArrayXd& measured) {
  const auto quantiles = [&](const Eigen::ArrayXd& predicted) {
    const Eigen::ArrayXd errors = (predicted - measured).abs();
    return Quantiles({errors.data(), errors.data() + errors.size()},
                     {0.5, 0.9, 0.99});
  };
  const std::vector<double> a = quantiles(said);
  const std::vector<double> b = quantiles(mean);
  return {quantity, unit, a[0], a[1], a[2], b[0], b[1], b[2]};
}

std::vector<double> Negative(std::vector<double> values) {
  for (double& value : values) value = -value;
  return values;
}

void AddRanks(const std::vector<double>& regrets, const std::string& plans,
              const std::vector<double>& goodputs,
              const SurrogateFitOptions& options, RngStream* rng,
              AirtimeProfile* profile) {
  struct Measure {
    const char* name;
    PairStatistic statistic;
  };
  for (const Measure& measure :
       {Measure{"spearman", Spearman}, Measure{"kendall", KendallTauB}}) {
    const Interval found =
        PairBootstrapInterval(Negative(regrets), goodputs, measure.statistic,
                              options.confidence, kResamples, rng);
    profile->ranks.push_back(
        {measure.name, plans, found.estimate, found.low, found.high});
  }
}

// The root of Spearman's and Brown's reliability of two halves.
double RankCeiling(const std::vector<PlanMeasurement>& plans) {
  std::vector<double> first, second;
  for (const PlanMeasurement& one : plans) {
    first.push_back(one.first_half);
    second.push_back(one.second_half);
  }
  const double r = Spearman(first, second);
  if (std::isnan(r)) return r;  // no plan differs
  return r > 0 ? std::sqrt(2 * r / (1 + r)) : 0;
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
  if (profile->rank_ceiling < options.rank_limit) {
    profile->reason += fmt::format(
        "; chance alone keeps it below {:.2f}: these plans hardly differ in "
        "what they deliver, or were measured too briefly",
        profile->rank_ceiling);
  }
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

// The best cell for the plans whose weight is 1, with or without the own load
// in the regret, by what orders their goodput.
Cell FitTo(const Plans& plans, const Grid& grid,
           const Eigen::RowVectorXd& weights,
           const std::vector<double>& goodputs) {
  Cell cell = grid.cells[Best(grid, weights)];
  const auto order = [&](bool own_load) {
    cell.choices.own_load = own_load;
    const std::vector<double> all = plans.Regrets(cell);
    std::vector<double> regrets, delivered;
    for (int64_t p = 0; p < plans.count(); ++p) {
      if (weights[p] == 0) continue;
      regrets.push_back(all[p]);
      delivered.push_back(goodputs[p]);
    }
    return Spearman(Negative(regrets), delivered);
  };
  const bool own_load = order(true) > order(false);
  cell.choices.own_load = own_load;
  return cell;
}

Prediction Predict(const Plans& plans, Cell cell) {
  cell.choices.own_load = false;
  AirtimeBatch batch = plans.Batch(cell.choices);
  return plans.Predict(&batch, cell.channel_rate);
}

HeldOut CrossValidate(const Plans& plans, const Grid& grid, int64_t folds,
                      const std::vector<double>& goodputs) {
  const Eigen::Index n = plans.access_points();
  const Eigen::Index all = n * plans.count();
  HeldOut held;
  held.ranks.resize(plans.count());
  for (Prediction* one : {&held.said, &held.mean}) {
    one->busy.resize(all);
    one->served.resize(all);
  }
  for (int64_t fold = 0; fold < folds; ++fold) {
    Eigen::RowVectorXd weights = Eigen::RowVectorXd::Ones(plans.count());
    Eigen::ArrayXd busy = Eigen::ArrayXd::Zero(n), served = busy;
    for (int64_t p = 0; p < plans.count(); ++p) {
      if (p % folds == fold) {
        weights[p] = 0;
        continue;
      }
      busy += plans.busy().segment(p * n, n);
      served += plans.share().segment(p * n, n);
    }
    const Cell cell = FitTo(plans, grid, weights, goodputs);
    const Prediction said = Predict(plans, cell);
    const std::vector<double> ranks = Ranks(plans.Regrets(cell));
    for (int64_t p = fold; p < plans.count(); p += folds) {
      held.said.busy.segment(p * n, n) = said.busy.segment(p * n, n);
      held.said.served.segment(p * n, n) = said.served.segment(p * n, n);
      held.mean.busy.segment(p * n, n) = busy / weights.sum();
      held.mean.served.segment(p * n, n) = served / weights.sum();
      held.ranks[p] = ranks[p];
    }
  }
  return held;
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
  const Grid grid = Search(plans, progress);
  const std::vector<double> goodputs = plans.Goodputs();
  const Eigen::RowVectorXd every = Eigen::RowVectorXd::Ones(plans.count());
  const Cell cell = FitTo(plans, grid, every, goodputs);

  SurrogateCalibration result;
  AirtimeProfile& profile = result.profile;
  profile.fit_plans = plans.count();
  profile.held_out_plans = plans.count();
  profile.law = ToString(cell.choices.law);
  profile.threshold = PowerDbm(cell.choices.threshold_dbm);
  profile.softness_db = cell.choices.softness_db;
  profile.own_load = cell.choices.own_load;
  profile.channel_rate = Bandwidth(std::llround(cell.channel_rate));
  const RngTree tree(options.seed);
  RngStream rng = tree.Stream("calibrate/surrogate", Replication(0));
  AddIntervals(grid, Best(grid, every), options, &rng, &profile);

  const HeldOut held = CrossValidate(plans, grid, options.folds, goodputs);
  profile.errors.push_back(ErrorOf("airtime_busy", "1", held.said.busy,
                                   held.mean.busy, plans.busy()));
  profile.errors.push_back(
      ErrorOf("delivered_rate", "bit/s", held.said.served * plans.offered(),
              held.mean.served * plans.offered(), plans.delivered()));
  profile.rank_ceiling = RankCeiling(measured);
  AddRanks(held.ranks, "held out", goodputs, options, &rng, &profile);
  const std::vector<double> regrets = plans.Regrets(cell);
  AddRanks(regrets, "all", goodputs, options, &rng, &profile);
  Judge(options, &profile);
  for (int64_t p = 0; p < plans.count(); ++p) {
    result.plans.push_back({regrets[p], goodputs[p]});
  }
  return result;
}

}  // namespace airlock
