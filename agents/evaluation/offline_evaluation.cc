#include "agents/evaluation/offline_evaluation.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/stats/moments.h"

namespace airlock {
namespace {

using Episode = std::vector<LoggedDecision>;

// Q of the target policy: a linear function of (1, features) for each step and
// action. Episodes that end before the horizon earn nothing afterwards.
class FittedQ {
 public:
  // Backwards in steps: regresses r + gamma V(next) on the features of the
  // decisions with this action (Le, Voloshin and Yue 2019, algorithm 3, for a
  // finite horizon). `weights`: how often each episode counts. A step and
  // action without a decision is worth what the step's other actions are on
  // average, or 0.
  FittedQ(const DecisionLog& log, const std::vector<double>& weights,
          const OfflineOptions& options)
      : actions_(log.actions),
        width_(static_cast<Eigen::Index>(log.features.size()) + 1) {
    const int64_t horizon = log.horizon();
    weights_.assign(horizon * actions_, Eigen::VectorXd::Zero(width_));
    for (int64_t t = horizon - 1; t >= 0; --t)
      FitStep(log, weights, options, t);
  }

  double Q(const LoggedDecision& at, int64_t t, int64_t action) const {
    const Eigen::VectorXd& w = weights_[t * actions_ + action];
    double sum = w(0);
    for (Eigen::Index f = 1; f < width_; ++f) sum += w(f) * at.features[f - 1];
    return sum;
  }
  double V(const LoggedDecision& at, int64_t t) const {
    double sum = 0;
    for (int64_t a = 0; a < actions_; ++a) sum += at.target[a] * Q(at, t, a);
    return sum;
  }

 private:
  void FitStep(const DecisionLog& log, const std::vector<double>& weights,
               const OfflineOptions& options, int64_t t) {
    std::vector<Eigen::MatrixXd> gram(actions_,
                                      Eigen::MatrixXd::Zero(width_, width_));
    std::vector<Eigen::VectorXd> moment(actions_,
                                        Eigen::VectorXd::Zero(width_));
    Eigen::VectorXd x(width_);
    double sum = 0;
    double count = 0;
    for (size_t e = 0; e < log.episodes.size(); ++e) {
      const Episode& episode = log.episodes[e];
      const auto step = static_cast<size_t>(t);
      if (weights[e] == 0 || step >= episode.size()) continue;
      const LoggedDecision& at = episode[step];
      const double next =
          step + 1 < episode.size() ? V(episode[step + 1], t + 1) : 0;
      const double target = at.reward + options.gamma * next;
      x(0) = 1;
      for (Eigen::Index f = 1; f < width_; ++f) x(f) = at.features[f - 1];
      gram[at.action] += weights[e] * x * x.transpose();
      moment[at.action] += weights[e] * target * x;
      sum += weights[e] * target;
      count += weights[e];
    }
    for (int64_t a = 0; a < actions_; ++a) {
      Eigen::VectorXd& w = weights_[t * actions_ + a];
      if (gram[a](0, 0) == 0) {
        w(0) = count > 0 ? sum / count : 0;
        continue;
      }
      // The ridge holds slopes, not the mean.
      for (Eigen::Index f = 1; f < width_; ++f) {
        gram[a](f, f) += options.ridge * gram[a](0, 0);
      }
      w = gram[a].ldlt().solve(moment[a]);
    }
  }

  const int64_t actions_;
  const Eigen::Index width_;
  std::vector<Eigen::VectorXd> weights_;  // [step][action]
};

double StandardErrorOfMean(const std::vector<double>& values) {
  const double mean = Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  const auto n = static_cast<double>(values.size());
  return std::sqrt(squares / (n - 1) / n);
}

// One term an episode, whose mean is the estimate.
OfflineEstimate OfTerms(const char* name, const std::vector<double>& terms,
                        const OfflineOptions& options) {
  const double error = StandardErrorOfMean(terms);
  return {name, error,
          TInterval(Mean(terms), error, static_cast<double>(terms.size()) - 1,
                    options.confidence)};
}

double Ratio(const LoggedDecision& at) {
  return at.target[at.action] / at.propensity;
}

// What the estimators that weight need of every episode.
struct Weighted {
  std::vector<double> rho;      // of the whole episode
  std::vector<double> returns;  // G
  std::vector<double> is;       // rho G
  std::vector<double> pdis;
};

Weighted Weigh(const DecisionLog& log, double gamma) {
  Weighted all;
  for (const Episode& episode : log.episodes) {
    double rho = 1, discount = 1, sum = 0, per_decision = 0;
    for (const LoggedDecision& at : episode) {
      rho *= Ratio(at);
      sum += discount * at.reward;
      per_decision += discount * rho * at.reward;
      discount *= gamma;
    }
    all.rho.push_back(rho);
    all.returns.push_back(sum);
    all.is.push_back(rho * sum);
    all.pdis.push_back(per_decision);
  }
  return all;
}

OfflineEstimate Wis(const Weighted& all, const OfflineOptions& options) {
  double weights = 0, sum = 0;
  for (size_t e = 0; e < all.rho.size(); ++e) {
    weights += all.rho[e];
    sum += all.is[e];
  }
  if (weights == 0) {
    const double nan = std::numeric_limits<double>::quiet_NaN();
    return {"wis", nan, {}};
  }
  const double value = sum / weights;
  double squares = 0;  // of the linearised terms
  for (size_t e = 0; e < all.rho.size(); ++e) {
    const double term = all.rho[e] / weights * (all.returns[e] - value);
    squares += term * term;
  }
  const double error = std::sqrt(squares);
  return {"wis", error,
          TInterval(value, error, static_cast<double>(all.rho.size()) - 1,
                    options.confidence)};
}

// V_DR = V(s) + rho (r + gamma V_DR' - Q(s, a)), backwards.
double DoublyRobust(const Episode& episode, const FittedQ& q, double gamma) {
  double value = 0;
  for (auto t = static_cast<int64_t>(episode.size()) - 1; t >= 0; --t) {
    const LoggedDecision& at = episode[static_cast<size_t>(t)];
    value = q.V(at, t) +
            Ratio(at) * (at.reward + gamma * value - q.Q(at, t, at.action));
  }
  return value;
}

std::vector<double> DoublyRobustTerms(const DecisionLog& log,
                                      const OfflineOptions& options) {
  const size_t n = log.episodes.size();
  std::vector<double> terms(n);
  for (size_t half = 0; half < 2; ++half) {
    std::vector<double> weights(n);
    for (size_t e = 0; e < n; ++e) weights[e] = e % 2 == half ? 0 : 1;
    const FittedQ q(log, weights, options);
    for (size_t e = half; e < n; e += 2) {
      terms[e] = DoublyRobust(log.episodes[e], q, options.gamma);
    }
  }
  return terms;
}

double FqeValue(const DecisionLog& log, const std::vector<double>& weights,
                const OfflineOptions& options) {
  const FittedQ q(log, weights, options);
  double sum = 0, count = 0;
  for (size_t e = 0; e < log.episodes.size(); ++e) {
    if (weights[e] == 0) continue;
    sum += weights[e] * q.V(log.episodes[e].front(), 0);
    count += weights[e];
  }
  return sum / count;
}

OfflineEstimate Fqe(const DecisionLog& log, const OfflineOptions& options) {
  const size_t n = log.episodes.size();
  const double value = FqeValue(log, std::vector<double>(n, 1), options);
  RngStream rng =
      RngTree(options.seed).Stream("offline/bootstrap", Replication(0));
  std::vector<double> resampled;
  for (int64_t k = 0; k < options.resamples; ++k) {
    std::vector<double> weights(n, 0);
    for (size_t e = 0; e < n; ++e) weights[rng.UniformInt(n)] += 1;
    resampled.push_back(FqeValue(log, weights, options));
  }
  const double error = StandardErrorOfMean(resampled) *
                       std::sqrt(static_cast<double>(options.resamples));
  return {
      "fqe", error,
      TInterval(value, error, static_cast<double>(n) - 1, options.confidence)};
}

double EffectiveSamples(const std::vector<double>& rho) {
  double sum = 0, squares = 0;
  for (const double weight : rho) {
    sum += weight;
    squares += weight * weight;
  }
  return squares > 0 ? sum * sum / squares : 0;
}

std::string RefusalOf(const OfflineAnswer& answer,
                      const OfflineOptions& options) {
  if (answer.effective_samples < options.least_effective) {
    return fmt::format(
        "{:.1f} effective samples of {} episodes; {} are needed: the log's "
        "policy does too rarely what this one would",
        answer.effective_samples, answer.episodes, options.least_effective);
  }
  const OfflineEstimate& dr = answer.Find("dr");
  for (const OfflineEstimate& one : answer.estimates) {
    const double error = std::hypot(one.standard_error, dr.standard_error);
    const double apart = std::abs(one.value.estimate - dr.value.estimate);
    if (apart <= options.most_disagreement * error) continue;
    return fmt::format(
        "the estimators disagree: {} says {:.4g}, dr {:.4g}, {:.1f} standard "
        "errors apart (at most {})",
        one.estimator, one.value.estimate, dr.value.estimate, apart / error,
        options.most_disagreement);
  }
  return "";
}

void CheckOptions(const OfflineOptions& options) {
  const auto require = [](bool good, const std::string& what) {
    if (!good) throw InputError("offline evaluation: " + what);
  };
  require(options.gamma >= 0 && options.gamma <= 1,
          fmt::format("a gamma of {}; allowed 0 to 1", options.gamma));
  require(options.confidence > 0 && options.confidence < 1,
          fmt::format("a confidence of {}; allowed between 0 and 1",
                      options.confidence));
  require(options.ridge >= 0,
          fmt::format("a ridge of {}; allowed from 0", options.ridge));
  require(options.resamples >= 2,
          fmt::format("{} resamples; at least 2", options.resamples));
}

}  // namespace

const OfflineEstimate& OfflineAnswer::Find(const std::string& estimator) const {
  for (const OfflineEstimate& one : estimates) {
    if (one.estimator == estimator) return one;
  }
  AIRLOCK_CHECK(false, "no estimator {}", estimator);
  return estimates.front();
}

OfflineAnswer EvaluateOffline(const DecisionLog& log,
                              const OfflineOptions& options) {
  CheckOptions(options);
  CheckLog(log);
  if (log.episodes.size() < 2) {
    throw InputError(fmt::format("{} episodes in the log; two at least",
                                 log.episodes.size()));
  }
  const Weighted all = Weigh(log, options.gamma);
  const std::vector<double> robust = DoublyRobustTerms(log, options);
  std::vector<double> better = robust;
  for (size_t e = 0; e < better.size(); ++e) better[e] -= all.returns[e];
  OfflineAnswer answer;
  answer.episodes = static_cast<int64_t>(log.episodes.size());
  answer.effective_samples = EffectiveSamples(all.rho);
  answer.estimates = {OfTerms("is", all.is, options), Wis(all, options),
                      OfTerms("pdis", all.pdis, options),
                      OfTerms("dr", robust, options), Fqe(log, options)};
  answer.logged = OfTerms("logged", all.returns, options);
  answer.improvement = OfTerms("improvement", better, options);
  answer.refusal = RefusalOf(answer, options);
  return answer;
}

}  // namespace airlock
