#include "calibration/fit/posterior.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/stats/quantile.h"

namespace airlock {

namespace {

using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kHuber = 1.5;  // spreads
constexpr double kStep = 0.2;   // of u, for derivatives
constexpr double kBox = 3;      // |u| at most
constexpr int kSearchPoints = 48;
constexpr int kIterations = 12;
// A posterior wider than this share of its prior tells nothing.
constexpr double kTold = 0.7;
// Upper ends of the classes of load, in the busiest function's busy fraction.
constexpr double kBusyEdges[] = {0.5, 0.8, 0.95};
constexpr size_t kClasses = 4;
constexpr size_t kFewest = 20;  // samples of a class

// NaN where the trace has no value. A replay without one, where nothing got
// through, is a far miss.
double Compare(const Target& target, double replayed, double measured) {
  constexpr double kFarMiss = 3;
  const bool logarithm = target.scale == Target::Scale::kLogarithm;
  if (std::isnan(measured) || (logarithm && measured <= 0)) return kNaN;
  if (std::isnan(replayed) || (logarithm && replayed <= 0)) return kFarMiss;
  return logarithm ? std::log(replayed / measured) : replayed - measured;
}

// Differences between a replay and the trace: one row a sample, one column a
// target; NaN where the trace has no value. Also each sample's class of load
// and its group: samples of one class, a like packet size and the same kind of
// contention, which respond alike to the parameters.
struct Differences {
  MatrixXd values;
  std::vector<size_t> load_class;
  std::vector<size_t> group;
};
constexpr size_t kSizes = 3;
constexpr size_t kContentions = 5;  // none or the strongest kind
constexpr size_t kGroups = kClasses * kSizes * kContentions;

// The packet size's third among the samples, and the kind of contention.
std::vector<size_t> Surroundings(const Trace& fit,
                                 const std::vector<int64_t>& samples) {
  const Column* size = fit.Find("packet_size");
  std::vector<double> sizes;
  for (const int64_t i : samples) {
    sizes.push_back(size == nullptr ? 0 : size->values[static_cast<size_t>(i)]);
  }
  std::vector<double> known = sizes;
  known.erase(std::remove_if(known.begin(), known.end(),
                             [](double v) { return std::isnan(v); }),
              known.end());
  const double low = known.empty() ? 0 : Quantile(known, 1.0 / 3);
  const double high = known.empty() ? 0 : Quantile(known, 2.0 / 3);
  std::vector<size_t> surroundings;
  for (size_t n = 0; n < samples.size(); ++n) {
    const auto i = static_cast<size_t>(samples[n]);
    size_t kind = 0;
    double strongest = 0;
    size_t index = 0;
    for (const char* name : {"contention_cpu", "contention_cache",
                             "contention_memory", "contention_io"}) {
      ++index;
      const Column* column = fit.Find(name);
      if (column == nullptr || !(column->values[i] > strongest)) continue;
      strongest = column->values[i];
      kind = index;
    }
    const size_t third = sizes[n] > high ? 2 : sizes[n] > low ? 1 : 0;
    surroundings.push_back(third + kSizes * kind);
  }
  return surroundings;
}

class Comparison {
 public:
  Comparison(const ChainConfig& chain, const Trace& fit,
             const std::vector<Segment>& segments, int64_t lead, uint64_t seed,
             const ReplayDone& done)
      : chain_(chain),
        targets_(MakeTargets(chain, fit)),
        replay_(fit, segments, Columns(), lead, seed),
        seed_(seed),
        done_(done) {
    for (const Target& target : targets_) {
      std::vector<double> values;
      for (const int64_t i : replay_.samples()) {
        values.push_back(
            fit.Get(target.measured).values[static_cast<size_t>(i)]);
      }
      measured_.push_back(std::move(values));
    }
    surroundings_ = Surroundings(fit, replay_.samples());
  }

  Differences At(const std::vector<Parameter>& parameters,
                 const VectorXd& u) const {
    const auto replayed = replay_.Run(
        WithParameters(chain_, parameters, {u.data(), u.data() + u.size()}),
        seed_);
    const size_t n = replay_.samples().size();
    done_(static_cast<int64_t>(n));
    Differences differences;
    differences.values.resize(static_cast<Eigen::Index>(n),
                              static_cast<Eigen::Index>(targets_.size()));
    for (size_t i = 0; i < n; ++i) {
      for (size_t k = 0; k < targets_.size(); ++k) {
        differences.values(static_cast<Eigen::Index>(i),
                           static_cast<Eigen::Index>(k)) =
            Compare(targets_[k], replayed[k][i], measured_[k][i]);
      }
      double busiest = 0;
      for (size_t k = targets_.size(); k < replayed.size(); ++k) {
        busiest = std::max(busiest, replayed[k][i]);
      }
      size_t load = 0;
      while (load + 1 < kClasses && busiest > kBusyEdges[load]) ++load;
      differences.load_class.push_back(load);
      differences.group.push_back(load + kClasses * surroundings_[i]);
    }
    return differences;
  }

  const std::vector<Target>& targets() const { return targets_; }
  const std::vector<Segment>& segments() const { return replay_.segments(); }

 private:
  // The targets', then every function's busy fraction.
  std::vector<std::string> Columns() const {
    std::vector<std::string> columns;
    for (const Target& target : targets_) columns.push_back(target.replayed);
    for (const ChainFunction& function : chain_.functions) {
      columns.push_back("function." + function.name + ".busy");
    }
    return columns;
  }

  const ChainConfig& chain_;
  const std::vector<Target> targets_;
  const Replay replay_;
  const uint64_t seed_;
  const ReplayDone& done_;
  std::vector<std::vector<double>> measured_;
  std::vector<size_t> surroundings_;  // of each sample
};

// Spread (1.4826 times the median absolute difference) by class and target; of
// all classes together where a class has few samples.
MatrixXd Spreads(const Differences& differences,
                 const std::vector<Target>& targets) {
  MatrixXd spreads(kClasses, static_cast<Eigen::Index>(targets.size()));
  for (Eigen::Index k = 0; k < spreads.cols(); ++k) {
    std::vector<double> all;
    std::vector<std::vector<double>> by_class(kClasses);
    for (Eigen::Index i = 0; i < differences.values.rows(); ++i) {
      const double value = std::abs(differences.values(i, k));
      if (std::isnan(value)) continue;
      all.push_back(value);
      by_class[differences.load_class[static_cast<size_t>(i)]].push_back(value);
    }
    for (size_t c = 0; c < kClasses; ++c) {
      const auto& values = by_class[c].size() < kFewest ? all : by_class[c];
      const double spread = values.empty() ? 0 : 1.4826 * Median(values);
      spreads(static_cast<Eigen::Index>(c), k) =
          std::max(targets[static_cast<size_t>(k)].floor, spread);
    }
  }
  return spreads;
}

double Scaled(const Differences& differences, const MatrixXd& spreads,
              Eigen::Index i, Eigen::Index k) {
  const auto load =
      static_cast<Eigen::Index>(differences.load_class[static_cast<size_t>(i)]);
  return differences.values(i, k) / spreads(load, k);
}

// Huber's loss over all samples and targets plus half the prior's square.
double Loss(const Differences& differences, const MatrixXd& spreads,
            const VectorXd& u) {
  double loss = u.squaredNorm() / 2;
  for (Eigen::Index i = 0; i < differences.values.rows(); ++i) {
    for (Eigen::Index k = 0; k < differences.values.cols(); ++k) {
      const double r = std::abs(Scaled(differences, spreads, i, k));
      if (std::isnan(r)) continue;
      loss += r <= kHuber ? r * r / 2 : kHuber * (r - kHuber / 2);
    }
  }
  return loss;
}

// What the steps minimise: over groups and targets, the squared mean of Huber's
// score times the group's size, plus the prior's square, halved. Unlike a sum
// of squares over samples, it does not reward parameters that make the replays
// less noisy than the measurement. Classes and groups are those of `like`.
double Imbalance(const Differences& differences, const Differences& like,
                 const MatrixXd& spreads, const VectorXd& u) {
  double total = u.squaredNorm() / 2;
  for (Eigen::Index k = 0; k < differences.values.cols(); ++k) {
    std::vector<double> sum(kGroups, 0);
    std::vector<double> count(kGroups, 0);
    for (size_t i = 0; i < like.group.size(); ++i) {
      const double r =
          differences.values(static_cast<Eigen::Index>(i), k) /
          spreads(static_cast<Eigen::Index>(like.load_class[i]), k);
      if (std::isnan(r)) continue;
      sum[like.group[i]] += std::clamp(r, -kHuber, kHuber);
      ++count[like.group[i]];
    }
    for (size_t g = 0; g < kGroups; ++g) {
      if (count[g] > 0) total += sum[g] * sum[g] / count[g] / 2;
    }
  }
  return total;
}

// The weighted least squares problem at a point, block by block.
struct Linearised {
  std::vector<MatrixXd> hessian;   // J^T W J of each block
  std::vector<VectorXd> gradient;  // J^T W r
};

class Fitter {
 public:
  Fitter(const Comparison& comparison, std::vector<Parameter> parameters)
      : comparison_(comparison), parameters_(std::move(parameters)) {}

  // Levenberg-Marquardt from `u`; the spreads are estimated anew where it
  // stands.
  VectorXd Minimise(VectorXd u, int iterations) {
    Differences here = comparison_.At(parameters_, u);
    double damping = 0.1;
    for (int iteration = 0; iteration < iterations; ++iteration) {
      const MatrixXd spreads = Spreads(here, comparison_.targets());
      const double loss = Imbalance(here, here, spreads, u);
      const Linearised system = Linearise(here, spreads, u);
      const MatrixXd hessian = Total(system.hessian);
      const VectorXd gradient = TotalGradient(system.gradient) + u;
      double gain = 0;
      for (int attempt = 0; attempt < 3 && gain <= 0; ++attempt) {
        MatrixXd damped = hessian;
        damped.diagonal() *= 1 + damping;
        damped.diagonal().array() += 1;
        const VectorXd next =
            (u - damped.ldlt().solve(gradient)).cwiseMax(-kBox).cwiseMin(kBox);
        const Differences there = comparison_.At(parameters_, next);
        gain = loss - Imbalance(there, here, spreads, next);
        damping *= gain > 0 ? 0.3 : 8;
        if (gain > 0) {
          u = next;
          here = there;
        }
      }
      if (gain < 0.01 * loss) break;
    }
    return u;
  }

  // Posterior draws around `u`: blocks reweighted with replacement, the prior's
  // centre drawn from the prior, one Gauss-Newton step each.
  std::vector<std::vector<double>> Draw(const VectorXd& u, int64_t draws,
                                        RngStream stream) {
    const Differences here = comparison_.At(parameters_, u);
    const MatrixXd spreads = Spreads(here, comparison_.targets());
    const Linearised system = Linearise(here, spreads, u);
    const size_t blocks = system.hessian.size();
    // The parameters have made the blocks' scores too alike.
    const double free = std::max(
        1.0, static_cast<double>(blocks) - static_cast<double>(u.size()));
    const double widen = std::sqrt(static_cast<double>(blocks) / free);
    std::vector<std::vector<double>> result;
    for (int64_t draw = 0; draw < draws; ++draw) {
      MatrixXd hessian = MatrixXd::Identity(u.size(), u.size());
      VectorXd gradient = u;
      for (Eigen::Index j = 0; j < u.size(); ++j) {
        gradient[j] -= stream.Normal(0, 1);
      }
      for (size_t b = 0; b < blocks; ++b) {
        const size_t pick = stream.UniformInt(blocks);
        hessian += system.hessian[pick];
        gradient += system.gradient[pick];
      }
      const VectorXd at = (u - widen * hessian.ldlt().solve(gradient))
                              .cwiseMax(-kBox)
                              .cwiseMin(kBox);
      result.emplace_back(at.data(), at.data() + at.size());
    }
    return result;
  }

 private:
  Linearised Linearise(const Differences& here, const MatrixXd& spreads,
                       const VectorXd& u) const {
    const Eigen::Index n = u.size();
    std::vector<MatrixXd> slopes;
    for (Eigen::Index j = 0; j < n; ++j) {
      VectorXd moved = u;
      // Away from the value's lower end, where the slope would vanish.
      moved[j] += u[j] + kStep > kBox ? -kStep : kStep;
      const Differences there = comparison_.At(parameters_, moved);
      MatrixXd slope = (there.values - here.values) / (moved[j] - u[j]);
      AverageOverGroups(here.group, &slope);
      slopes.push_back(std::move(slope));
    }
    Linearised system;
    Eigen::Index i = 0;
    for (const Segment& segment : comparison_.segments()) {
      MatrixXd hessian = MatrixXd::Zero(n, n);
      VectorXd gradient = VectorXd::Zero(n);
      const Eigen::Index end = i + segment.end - segment.begin;
      for (; i < end; ++i)
        AddRow(here, spreads, slopes, i, &hessian, &gradient);
      system.hessian.push_back(hessian);
      system.gradient.push_back(gradient);
    }
    return system;
  }

  // A single sample's slope is mostly noise near saturation, where equal random
  // numbers no longer give equal queues; noise in the slopes would shorten the
  // steps and narrow the posterior. So samples of a group share their mean.
  static void AverageOverGroups(const std::vector<size_t>& group,
                                MatrixXd* slope) {
    for (Eigen::Index k = 0; k < slope->cols(); ++k) {
      std::vector<double> sum(kGroups, 0);
      std::vector<double> count(kGroups, 0);
      for (size_t i = 0; i < group.size(); ++i) {
        const double value = (*slope)(static_cast<Eigen::Index>(i), k);
        if (std::isnan(value)) continue;
        sum[group[i]] += value;
        ++count[group[i]];
      }
      for (size_t i = 0; i < group.size(); ++i) {
        double& value = (*slope)(static_cast<Eigen::Index>(i), k);
        if (!std::isnan(value)) value = sum[group[i]] / count[group[i]];
      }
    }
  }

  void AddRow(const Differences& here, const MatrixXd& spreads,
              const std::vector<MatrixXd>& slopes, Eigen::Index i,
              MatrixXd* hessian, VectorXd* gradient) const {
    const auto load =
        static_cast<Eigen::Index>(here.load_class[static_cast<size_t>(i)]);
    VectorXd slope(gradient->size());
    for (Eigen::Index k = 0; k < here.values.cols(); ++k) {
      const double r = Scaled(here, spreads, i, k);
      if (std::isnan(r)) continue;
      bool known = true;
      for (Eigen::Index j = 0; j < slope.size(); ++j) {
        slope[j] = slopes[static_cast<size_t>(j)](i, k) / spreads(load, k);
        known = known && !std::isnan(slope[j]);
      }
      if (!known) continue;
      const double weight = std::abs(r) <= kHuber ? 1 : kHuber / std::abs(r);
      hessian->noalias() += weight * slope * slope.transpose();
      gradient->noalias() += weight * r * slope;
    }
  }

  static MatrixXd Total(const std::vector<MatrixXd>& parts) {
    MatrixXd sum = MatrixXd::Zero(parts[0].rows(), parts[0].cols());
    for (const MatrixXd& part : parts) sum += part;
    return sum;
  }
  static VectorXd TotalGradient(const std::vector<VectorXd>& parts) {
    VectorXd sum = VectorXd::Zero(parts[0].size());
    for (const VectorXd& part : parts) sum += part;
    return sum;
  }

  const Comparison& comparison_;
  const std::vector<Parameter> parameters_;
};

// Spreads that do not favour a bad fit: the same for all points, from the
// resolution of the comparison.
MatrixXd Resolution(const std::vector<Target>& targets) {
  MatrixXd spreads(kClasses, static_cast<Eigen::Index>(targets.size()));
  for (Eigen::Index k = 0; k < spreads.cols(); ++k) {
    spreads.col(k).setConstant(10 * targets[static_cast<size_t>(k)].floor);
  }
  return spreads;
}

// The best of random points of the prior on the search blocks.
VectorXd Search(const Comparison& comparison,
                const std::vector<Parameter>& parameters, RngStream stream) {
  const auto n = static_cast<Eigen::Index>(parameters.size());
  VectorXd best = VectorXd::Zero(n);
  const MatrixXd spreads = Resolution(comparison.targets());
  double least = Loss(comparison.At(parameters, best), spreads, best);
  for (int point = 0; point < kSearchPoints; ++point) {
    VectorXd u(n);
    // Half of the points anywhere, half near the best so far.
    const bool near = point >= kSearchPoints / 2;
    for (Eigen::Index j = 0; j < n; ++j) {
      u[j] = near ? best[j] + stream.Normal(0, 0.3) : stream.Normal(0, 1);
      u[j] = std::clamp(u[j], -kBox, kBox);
    }
    const double loss = Loss(comparison.At(parameters, u), spreads, u);
    if (loss < least) {
      least = loss;
      best = u;
    }
  }
  return best;
}

// Sets the offset of every quota to the best of a grid; appends a row each.
void FindOffsets(const Trace& fit, const PosteriorOptions& options,
                 const std::vector<Parameter>& parameters, const VectorXd& u,
                 const ReplayDone& done, Posterior* posterior) {
  constexpr int kGrid = 10;
  for (ChainFunction& function : posterior->chain.functions) {
    if (function.quota.value() <= 0) continue;
    const int64_t period = function.quota_period.value();
    double least = HUGE_VAL;
    SimTime best;
    for (int i = 0; i < kGrid; ++i) {
      function.quota_offset = SimTime(period * i / kGrid);
      const Comparison comparison(posterior->chain, fit, options.blocks,
                                  options.lead, options.seed, done);
      const double loss = Loss(comparison.At(parameters, u),
                               Resolution(comparison.targets()), u);
      if (loss >= least) continue;
      least = loss;
      best = function.quota_offset;
    }
    function.quota_offset = best;
    const double value = static_cast<double>(best.value());
    const double half = static_cast<double>(period) / (2 * kGrid);
    posterior->rows.push_back({function.name, "quota_offset", "ns", value,
                               std::max(0.0, value - half), value + half,
                               "fitted",
                               "the best of a grid; the interval is "
                               "its step"});
  }
}

double StandardDeviation(const std::vector<std::vector<double>>& draws,
                         size_t j) {
  double mean = 0;
  for (const auto& draw : draws) mean += draw[j];
  mean /= static_cast<double>(draws.size());
  double square = 0;
  for (const auto& draw : draws) square += (draw[j] - mean) * (draw[j] - mean);
  return std::sqrt(square / static_cast<double>(draws.size() - 1));
}

// Indices of the parameters that the draws tell.
std::vector<size_t> Told(const std::vector<std::vector<double>>& draws) {
  std::vector<size_t> told;
  for (size_t j = 0; j < draws[0].size(); ++j) {
    if (StandardDeviation(draws, j) < kTold) told.push_back(j);
  }
  return told;
}

}  // namespace

std::vector<Target> MakeTargets(const ChainConfig& chain, const Trace& trace) {
  using Scale = Target::Scale;
  std::vector<Target> targets;
  const auto add = [&](const char* name, Scale scale, double floor) {
    if (trace.Find(name) == nullptr) return;
    targets.push_back({name, name, scale, floor});
  };
  add("loss_ratio", Scale::kDifference, 0.005);
  add("latency_p50", Scale::kLogarithm, 0.03);
  add("latency_p95", Scale::kLogarithm, 0.03);
  add("latency_p99", Scale::kLogarithm, 0.03);
  if (trace.Find("latency_p50") == nullptr) {
    add("latency_mean", Scale::kLogarithm, 0.03);
  }
  if (trace.Find("loss_ratio") == nullptr) {
    add("delivered_rate", Scale::kLogarithm, 0.005);
  }
  const std::vector<std::string> busy = BusyColumns(chain, trace);
  for (size_t i = 0; i < busy.size(); ++i) {
    if (busy[i].empty()) continue;
    targets.push_back({"function." + chain.functions[i].name + ".busy", busy[i],
                       Scale::kDifference, 0.01});
  }
  return targets;
}

Posterior FitPosterior(const ChainConfig& chain, const Trace& fit,
                       const PosteriorOptions& options,
                       const ReplayDone& done) {
  const RngTree tree(options.seed);
  const ParameterSpace space = MakeParameterSpace(chain, fit);
  Posterior posterior;
  posterior.chain = chain;
  posterior.rows = space.fixed;
  const Comparison search(chain, fit, options.search, options.lead,
                          options.seed, done);
  VectorXd u = Search(search, space.parameters,
                      tree.Stream("calibration/search", Replication(0)));
  FindOffsets(fit, options, space.parameters, u, done, &posterior);
  const Comparison comparison(posterior.chain, fit, options.blocks,
                              options.lead, options.seed, done);
  Fitter all(comparison, space.parameters);
  u = all.Minimise(u, kIterations);
  posterior.draws = all.Draw(u, options.draws,
                             tree.Stream("calibration/draws", Replication(0)));

  // What the trace does not tell returns to the scenario's value.
  const std::vector<size_t> told = Told(posterior.draws);
  VectorXd kept(static_cast<Eigen::Index>(told.size()));
  for (size_t j = 0, next = 0; j < space.parameters.size(); ++j) {
    if (next < told.size() && told[next] == j) {
      posterior.parameters.push_back(space.parameters[j]);
      kept[static_cast<Eigen::Index>(next++)] = u[static_cast<Eigen::Index>(j)];
      continue;
    }
    for (auto& row : SummarisePrior(chain, space.parameters[j],
                                    "the trace does not tell it: its posterior "
                                    "is as wide as its prior")) {
      posterior.rows.push_back(std::move(row));
    }
  }
  if (told.empty()) {
    throw InputError("calibration: the trace tells none of the parameters");
  }
  if (told.size() < space.parameters.size()) {
    Fitter some(comparison, posterior.parameters);
    kept = some.Minimise(kept, kIterations / 2);
    posterior.draws = some.Draw(
        kept, options.draws, tree.Stream("calibration/draws", Replication(1)));
  }
  posterior.mode.assign(kept.data(), kept.data() + kept.size());
  for (size_t j = 0; j < told.size(); ++j) {
    std::vector<double> draws;
    for (const auto& draw : posterior.draws) draws.push_back(draw[j]);
    for (auto& row : Summarise(chain, posterior.parameters[j], draws)) {
      posterior.rows.push_back(std::move(row));
    }
  }
  return posterior;
}

}  // namespace airlock
