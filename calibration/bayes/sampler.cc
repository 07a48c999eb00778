#include "calibration/bayes/sampler.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/stats/interval.h"

namespace airlock {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int kBetweenLooks = 100;  // evaluations; for a signal
constexpr double kAccepted = 0.234;
constexpr double kWhole = 0.1;  // of the steps along a difference
constexpr double kFreedom = 5;  // of the t distribution
constexpr double kPi = 3.14159265358979323846;

VectorXd Normals(Index count, RngStream* stream) {
  VectorXd z(count);
  for (Index i = 0; i < count; ++i) z(i) = stream->Normal(0, 1);
  return z;
}

MatrixXd Factor(const MatrixXd& covariance) {
  const Eigen::LLT<MatrixXd> factor(covariance);
  AIRLOCK_CHECK(factor.info() == Eigen::Success);
  return factor.matrixL();
}

// One chain and its proposal.
class Chain {
 public:
  Chain(const LogDensity& log_density, VectorXd start, const VectorXd& spread,
        RngStream stream)
      : log_density_(log_density),
        stream_(stream),
        point_(std::move(start)),
        spread_(spread),
        factor_(spread.asDiagonal()) {
    value_ = log_density_(point_);
    AIRLOCK_CHECK(std::isfinite(value_));
    scale_ = 2.38 / std::sqrt(static_cast<double>(point_.size()));
  }

  // Returns what was seen in the second half.
  MatrixXd WarmUp(int steps) {
    archive_ = nullptr;
    const Index d = point_.size();
    MatrixXd seen(steps, d);
    for (int i = 0; i < steps; ++i) {
      const double accepted = Step();
      scale_ *= std::exp((accepted - kAccepted) / std::pow(i + 1.0, 0.6));
      seen.row(i) = point_.transpose();
      // The second half of what was seen, anew at times that grow apart.
      if (i >= 100 && (i + 1) % std::max(50, steps / 20) == 0) {
        Adapt(seen.middleRows((i + 1) / 2, (i + 1) - (i + 1) / 2));
      }
    }
    return seen.bottomRows(steps / 2);
  }

  // Every other step goes along the difference of two of these points.
  void UseArchive(const MatrixXd* archive) {
    archive_ = archive;
    Adapt(*archive);
  }

  MatrixXd Draw(int draws) {
    MatrixXd kept(draws, point_.size());
    for (int i = 0; i < draws; ++i) {
      accepted_ += Step();
      kept.row(i) = point_.transpose();
    }
    acceptance_ = accepted_ / draws;
    accepted_ = 0;
    return kept;
  }
  double acceptance() const { return acceptance_; }

 private:
  // The probability of acceptance.
  double Step() {
    if (++steps_ % kBetweenLooks == 0) ThrowIfInterrupted();
    const VectorXd proposed = point_ + Move();
    const double value = log_density_(proposed);
    const double probability =
        std::isfinite(value) ? std::min(1.0, std::exp(value - value_)) : 0;
    if (stream_.Uniform() < probability) {
      point_ = proposed;
      value_ = value;
    }
    return probability;
  }

  VectorXd Move() {
    if (archive_ == nullptr || stream_.Uniform() < 0.5) {
      return scale_ * (factor_ * Normals(point_.size(), &stream_));
    }
    const auto pick = [&] {
      return archive_->row(static_cast<Index>(
          stream_.UniformInt(static_cast<uint64_t>(archive_->rows()))));
    };
    const double d = static_cast<double>(point_.size());
    // Whole differences lead from mode to mode.
    const double length =
        stream_.Uniform() < kWhole ? 1 : 2.38 / std::sqrt(2 * d);
    const VectorXd difference = (pick() - pick()).transpose();
    return length * difference +
           1e-3 * spread_.cwiseProduct(Normals(point_.size(), &stream_));
  }

  void Adapt(const MatrixXd& seen) {
    const MatrixXd centred = seen.rowwise() - seen.colwise().mean();
    MatrixXd covariance =
        centred.transpose() * centred / static_cast<double>(seen.rows() - 1);
    // Keeps it regular where the chain has hardly moved.
    covariance.diagonal() += 1e-6 * spread_.cwiseAbs2();
    factor_ = Factor(covariance);
  }

  const LogDensity& log_density_;
  RngStream stream_;
  VectorXd point_;
  VectorXd spread_;
  MatrixXd factor_;
  const MatrixXd* archive_ = nullptr;
  double value_ = 0;
  double scale_ = 1;
  double accepted_ = 0;
  double acceptance_ = 0;
  int64_t steps_ = 0;
};

// Each chain's two halves as chains of their own.
MatrixXd SplitChains(const MatrixXd& chains) {
  const Index half = chains.rows() / 2;
  MatrixXd split(half, 2 * chains.cols());
  split << chains.topRows(half), chains.bottomRows(half);
  return split;
}

// Blom's scores of the pooled ranks; ties share their mean rank.
MatrixXd RankNormalised(const MatrixXd& values) {
  const Index n = values.size();
  std::vector<Index> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) {
    return values.data()[a] < values.data()[b];
  });
  MatrixXd scores(values.rows(), values.cols());
  for (size_t i = 0; i < order.size();) {
    size_t end = i;
    while (end < order.size() &&
           values.data()[order[end]] == values.data()[order[i]]) {
      ++end;
    }
    const double rank = 0.5 * static_cast<double>(i + end + 1);
    const double score =
        NormalQuantile((rank - 0.375) / (static_cast<double>(n) + 0.25));
    for (; i < end; ++i) scores.data()[order[i]] = score;
  }
  return scores;
}

struct Variances {
  double within = 0;
  double pooled = 0;
};

Variances VariancesOf(const MatrixXd& chains) {
  const double n = static_cast<double>(chains.rows());
  const Eigen::RowVectorXd means = chains.colwise().mean();
  const double within = (chains.rowwise() - means).squaredNorm() / (n - 1) /
                        static_cast<double>(chains.cols());
  const double between = (means.array() - means.mean()).square().sum() /
                         static_cast<double>(means.size() - 1);
  return {within, (n - 1) / n * within + between};
}

double PlainRHat(const MatrixXd& chains) {
  const Variances v = VariancesOf(chains);
  if (v.within <= 0) return v.pooled > 0 ? kInfinity : 1;
  return std::sqrt(v.pooled / v.within);
}

// Autocovariance at `lag` of a centred chain.
double Autocovariance(const Eigen::Ref<const VectorXd>& centred, Index lag) {
  const Index n = centred.size();
  return centred.head(n - lag).dot(centred.tail(n - lag)) /
         static_cast<double>(n);
}

}  // namespace

MatrixXd PosteriorSample::Pooled() const {
  const Index n = chains.front().rows();
  MatrixXd all(n * static_cast<Index>(chains.size()), chains.front().cols());
  for (size_t c = 0; c < chains.size(); ++c) {
    all.middleRows(static_cast<Index>(c) * n, n) = chains[c];
  }
  return all;
}

double SplitRHat(const MatrixXd& chains) {
  const MatrixXd split = SplitChains(chains);
  // Also of the distances from the median, which sees unequal scales (eq. 4.4).
  std::vector<double> values(split.data(), split.data() + split.size());
  std::nth_element(values.begin(), values.begin() + values.size() / 2,
                   values.end());
  const MatrixXd folded =
      (split.array() - values[values.size() / 2]).abs().matrix();
  return std::max(PlainRHat(RankNormalised(split)),
                  PlainRHat(RankNormalised(folded)));
}

double EffectiveSamples(const MatrixXd& chains) {
  const MatrixXd z = RankNormalised(SplitChains(chains));
  const Index n = z.rows();
  const Variances v = VariancesOf(z);
  const double total = static_cast<double>(z.size());
  if (v.pooled <= 0) return total;
  const MatrixXd centred = z.rowwise() - z.colwise().mean();
  const auto correlation = [&](Index lag) {
    double sum = 0;
    for (Index c = 0; c < z.cols(); ++c) {
      sum += Autocovariance(centred.col(c), lag);
    }
    return 1 - (v.within - sum / static_cast<double>(z.cols())) / v.pooled;
  };
  double time = -1, least = kInfinity;
  for (Index lag = 0; lag + 1 < n; lag += 2) {
    const double pair = correlation(lag) + correlation(lag + 1);
    if (pair <= 0) break;
    least = std::min(least, pair);
    time += 2 * least;
  }
  return std::min(total / std::max(time, 1e-3), total * std::log10(total));
}

PosteriorSample SamplePosterior(const LogDensity& log_density,
                                const MatrixXd& starts, const VectorXd& spread,
                                const MetropolisOptions& options,
                                const RngTree& tree, const std::string& name) {
  std::vector<Chain> chains;
  for (Index c = 0; c < starts.rows(); ++c) {
    chains.emplace_back(log_density, starts.row(c).transpose(), spread,
                        tree.Stream(name, Replication(c)));
  }
  PosteriorSample sample;
  int warmup = options.warmup, draws = options.draws;
  for (int attempt = 0; attempt <= options.doublings; ++attempt) {
    sample.chains.clear();
    sample.acceptance = 0;
    MatrixXd archive(0, starts.cols());
    for (Chain& chain : chains) {
      const MatrixXd seen = chain.WarmUp(warmup);
      archive.conservativeResize(archive.rows() + seen.rows(), Eigen::NoChange);
      archive.bottomRows(seen.rows()) = seen;
    }
    for (Chain& chain : chains) {
      chain.UseArchive(&archive);
      sample.chains.push_back(chain.Draw(draws));
      sample.acceptance += chain.acceptance() / starts.rows();
    }
    sample.r_hat.resize(starts.cols());
    sample.effective.resize(starts.cols());
    for (Index j = 0; j < starts.cols(); ++j) {
      MatrixXd coordinate(draws, starts.rows());
      for (size_t c = 0; c < sample.chains.size(); ++c) {
        coordinate.col(static_cast<Index>(c)) = sample.chains[c].col(j);
      }
      sample.r_hat(j) = SplitRHat(coordinate);
      sample.effective(j) = EffectiveSamples(coordinate);
    }
    sample.converged = sample.r_hat.maxCoeff() <= options.most_r_hat &&
                       sample.effective.minCoeff() >= options.fewest_effective;
    if (sample.converged) return sample;
    warmup = draws *= 2;
  }
  Index worst = 0;
  sample.effective.minCoeff(&worst);
  sample.reason = fmt::format(
      "the sampler has not converged after {} draws of each of {} chains: "
      "R-hat {:.3f} (at most {}), effective sample size {:.0f} (at least {}) "
      "of coordinate {}; {:.0f} % "
      "accepted",
      draws / 2, starts.rows(), sample.r_hat.maxCoeff(), options.most_r_hat,
      sample.effective.minCoeff(), options.fewest_effective, worst,
      100 * sample.acceptance);
  return sample;
}

double LogEvidence(const LogDensity& log_density, const MatrixXd& draws,
                   int evaluations, RngStream stream, double* error) {
  const double d = static_cast<double>(draws.cols());
  const VectorXd mean = draws.colwise().mean().transpose();
  const MatrixXd centred = draws.rowwise() - mean.transpose();
  const MatrixXd factor = Factor(
      centred.transpose() * centred / static_cast<double>(draws.rows() - 1) +
      MatrixXd(1e-12 * MatrixXd::Identity(draws.cols(), draws.cols())));
  const double constant = std::lgamma(0.5 * (kFreedom + d)) -
                          std::lgamma(0.5 * kFreedom) -
                          0.5 * d * std::log(kFreedom * kPi) -
                          factor.diagonal().array().log().sum();
  std::vector<double> weights;
  for (int i = 0; i < evaluations; ++i) {
    if (i % kBetweenLooks == 0) ThrowIfInterrupted();
    const VectorXd z = Normals(draws.cols(), &stream);
    const double chi = stream.Gamma(0.5 * kFreedom, 2) / kFreedom;
    const VectorXd t = z / std::sqrt(chi);
    const double proposal =
        constant -
        0.5 * (kFreedom + d) * std::log1p(t.squaredNorm() / kFreedom);
    weights.push_back(log_density(mean + factor * t) - proposal);
  }
  const double greatest = *std::max_element(weights.begin(), weights.end());
  double sum = 0, squares = 0;
  for (double w : weights) {
    sum += std::exp(w - greatest);
    squares += std::exp(2 * (w - greatest));
  }
  const double n = evaluations;
  if (error != nullptr) {
    *error = std::sqrt(std::max(squares / sum / sum - 1 / n, 0.0));
  }
  return greatest + std::log(sum / n);
}

}  // namespace airlock
