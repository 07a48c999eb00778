#include "calibration/bayes/history_matching.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/base/error.h"
#include "sim/optimisation/sobol.h"

namespace airlock {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kMargin = 0.1;         // of a box's width, on each side
constexpr double kResolution = 0.02;    // of what an output may be off
constexpr double kReach = 0.25;         // of its width: points near a box
constexpr double kMostRuledOut = 0.95;  // by one wave
constexpr double kGain = 0.9;  // a wave that leaves more of it is the last

struct Box {
  VectorXd low, high;
  double Volume() const { return (high - low).prod(); }
};

MatrixXd Rows(const MatrixXd& from, const std::vector<Index>& rows) {
  MatrixXd taken(static_cast<Index>(rows.size()), from.cols());
  for (size_t i = 0; i < rows.size(); ++i) {
    taken.row(static_cast<Index>(i)) = from.row(rows[i]);
  }
  return taken;
}

// Around the rows, with a margin, within `within`.
Box Around(const MatrixXd& points, const Box& within) {
  Box box{points.colwise().minCoeff(), points.colwise().maxCoeff()};
  const VectorXd margin = kMargin * (box.high - box.low).array() + 1e-6;
  box.low = (box.low - margin).cwiseMax(within.low);
  box.high = (box.high + margin).cwiseMin(within.high);
  return box;
}

// `count` rows of `from`, each the farthest from those taken and from `avoid`.
MatrixXd Spread(const MatrixXd& from, const MatrixXd& avoid, int count) {
  VectorXd nearest =
      VectorXd::Constant(from.rows(), std::numeric_limits<double>::infinity());
  const auto keep_away = [&](const Eigen::RowVectorXd& point) {
    nearest =
        nearest.cwiseMin((from.rowwise() - point).rowwise().squaredNorm());
  };
  for (Index i = 0; i < avoid.rows(); ++i) keep_away(avoid.row(i));
  std::vector<Index> taken;
  while (static_cast<int>(taken.size()) < count &&
         static_cast<Index>(taken.size()) < from.rows()) {
    Index best = 0;
    nearest.maxCoeff(&best);
    taken.push_back(best);
    keep_away(from.row(best));
  }
  return Rows(from, taken);
}

class Matcher {
 public:
  Matcher(const BatchSimulator& simulator, const MatchTarget& target,
          int parameters, const HistoryOptions& options, const RngTree& tree)
      : simulator_(simulator),
        target_(target),
        options_(options),
        tree_(tree),
        box_{VectorXd::Zero(parameters), VectorXd::Ones(parameters)} {}

  HistoryMatch Run() {
    const int d = static_cast<int>(box_.low.size());
    const int count =
        options_.points > 0 ? options_.points : std::max(40, 10 * d);
    MatrixXd design = Candidates(count);
    MatrixXd points(0, d), outputs(0, target_.observed.size());
    double share = 1;
    for (int w = 0; w < options_.waves; ++w) {
      Learn(design, &points, &outputs);
      const double before = share;
      share = Narrow();
      history_.waves.push_back({design, outputs.bottomRows(added_),
                                emulators_.back()->LeaveOneOut(), share});
      design = Spread(history_.plausible, points, count);
      if (share > kGain * before && w > 0) break;
    }
    CheckPlausible();
    // The last emulator is made for what is left.
    Learn(design, &points, &outputs);
    history_.waves.push_back({design, outputs.bottomRows(added_),
                              emulators_.back()->LeaveOneOut(), share});
    history_.emulator = emulators_.back();
    history_.low = box_.low;
    history_.high = box_.high;
    return std::move(history_);
  }

 private:
  // Even in the box; never twice the same.
  MatrixXd Candidates(int count) {
    const int d = static_cast<int>(box_.low.size());
    MatrixXd points = ShiftedSobol(
        count, d, 1,
        tree_.Stream("calibration/candidates", Replication(round_++)));
    points =
        (points.array().rowwise() * (box_.high - box_.low).transpose().array())
            .rowwise() +
        box_.low.transpose().array();
    return points;
  }

  // Simulates the design and makes an emulator of all points near the box.
  void Learn(const MatrixXd& design, MatrixXd* points, MatrixXd* outputs) {
    Simulate(design, points, outputs);
    const std::vector<Index> near = Near(*points);
    emulators_.push_back(std::make_shared<const Emulator>(
        Rows(*points, near), Rows(*outputs, near),
        kResolution *
            (target_.observation_variance + target_.discrepancy_variance)
                .cwiseSqrt()));
  }

  void Simulate(const MatrixXd& design, MatrixXd* points, MatrixXd* outputs) {
    const MatrixXd found = simulator_(design);
    std::vector<Index> good;
    for (Index i = 0; i < found.rows(); ++i) {
      if (found.row(i).allFinite()) good.push_back(i);
    }
    added_ = static_cast<Index>(good.size());
    const Index old = points->rows();
    points->conservativeResize(old + added_, Eigen::NoChange);
    outputs->conservativeResize(old + added_, Eigen::NoChange);
    points->bottomRows(added_) = Rows(design, good);
    outputs->bottomRows(added_) = Rows(found, good);
    if (points->rows() < 2 * box_.low.size() + 2) {
      throw InputError(fmt::format(
          "calibration: of {} simulated sets of parameters {} gave all outputs",
          design.rows(), added_));
    }
  }

  // Points that tell of the box: those in it and a little around.
  std::vector<Index> Near(const MatrixXd& points) const {
    const VectorXd reach = kReach * (box_.high - box_.low);
    std::vector<Index> near;
    for (Index i = 0; i < points.rows(); ++i) {
      const VectorXd p = points.row(i).transpose();
      if (((p - box_.low + reach).array() >= 0).all() &&
          ((box_.high + reach - p).array() >= 0).all()) {
        near.push_back(i);
      }
    }
    return near;
  }

  Index Allowed(Index outputs) const {
    const auto share = static_cast<Index>(options_.allowed_share *
                                          static_cast<double>(outputs));
    return std::min(std::max<Index>(options_.allowed, share), outputs - 1);
  }

  // Of each candidate the greatest implausibility but for the outputs that are
  // allowed to be, by the last emulator: it knows all points near the box.
  VectorXd WorstOf(const MatrixXd& candidates) const {
    VectorXd worst(candidates.rows());
    MatrixXd mean, variance;
    emulators_.back()->Predict(candidates, &mean, &variance);
    for (Index i = 0; i < candidates.rows(); ++i) {
      VectorXd all = Implausibility(target_, mean.row(i).transpose(),
                                    variance.row(i).transpose());
      const Index rank = Allowed(all.size());
      std::nth_element(all.data(), all.data() + rank, all.data() + all.size(),
                       std::greater<>());
      worst(i) = all(rank);
    }
    return worst;
  }

  // Rules out what is implausible, but never more than all of the best
  // candidates. Returns the share of the prior's volume that is left.
  double Narrow() {
    const MatrixXd candidates = Candidates(options_.candidates);
    const VectorXd worst = WorstOf(candidates);
    std::vector<double> sorted(worst.data(), worst.data() + worst.size());
    std::sort(sorted.begin(), sorted.end());
    least_ = sorted.front();
    const auto kept = static_cast<size_t>(kMostRuledOut * options_.candidates);
    const double cut = std::max(options_.cut, sorted[sorted.size() - 1 - kept]);
    std::vector<Index> left;
    for (Index i = 0; i < worst.size(); ++i) {
      if (worst(i) <= cut) left.push_back(i);
    }
    const double share =
        box_.Volume() * static_cast<double>(left.size()) / options_.candidates;
    history_.plausible = Rows(candidates, left);
    box_ = Around(history_.plausible, box_);
    return share;
  }

  void CheckPlausible() const {
    if (least_ < options_.cut) return;
    throw InputError(fmt::format(
        "calibration: no set of parameters within the ranges is plausible; "
        "the best has implausibility {:.1f}, the cut is {}: widen the ranges, "
        "or the tolerances if the model cannot do better",
        least_, options_.cut));
  }

  const BatchSimulator& simulator_;
  const MatchTarget& target_;
  const HistoryOptions& options_;
  const RngTree& tree_;
  Box box_;
  std::vector<std::shared_ptr<const Emulator>> emulators_;
  HistoryMatch history_;
  double least_ = 0;  // implausibility, of the last candidates
  Index added_ = 0;
  int64_t round_ = 0;
};

}  // namespace

VectorXd Implausibility(const MatchTarget& target, const VectorXd& mean,
                        const VectorXd& emulator_variance) {
  const Eigen::ArrayXd variance = emulator_variance.array() +
                                  target.observation_variance.array() +
                                  target.discrepancy_variance.array();
  return (target.observed - mean).array().abs() / variance.sqrt();
}

HistoryMatch MatchHistory(const BatchSimulator& simulator,
                          const MatchTarget& target, int parameters,
                          const HistoryOptions& options, const RngTree& tree) {
  AIRLOCK_CHECK(parameters >= 1 && options.waves >= 1);
  AIRLOCK_CHECK((target.observation_variance.array() +
                     target.discrepancy_variance.array() >
                 0)
                    .all());
  return Matcher(simulator, target, parameters, options, tree).Run();
}

}  // namespace airlock
