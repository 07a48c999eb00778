#include "sim/stats/t_test.h"

#include <algorithm>
#include <boost/math/distributions/non_central_t.hpp>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/stats/moments.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

MeanDifference Unknown(double estimate) {
  MeanDifference result;
  result.difference.estimate = estimate;
  result.standard_error = result.degrees_of_freedom = kNaN;
  result.t = result.p_value = kNaN;
  return result;
}

// distance / standard_error, where 0 / 0 is 0.
double TRatio(double distance, double standard_error) {
  if (standard_error == 0 && distance != 0) {
    return distance > 0 ? kInfinity : -kInfinity;
  }
  return distance == 0 ? 0 : distance / standard_error;
}

MeanDifference FromError(double difference, double standard_error,
                         double degrees_of_freedom, double confidence) {
  if (!std::isfinite(difference) || !std::isfinite(standard_error)) {
    return Unknown(difference);
  }
  MeanDifference result;
  result.difference =
      TInterval(difference, standard_error, degrees_of_freedom, confidence);
  result.standard_error = standard_error;
  result.degrees_of_freedom = degrees_of_freedom;
  result.t = TRatio(difference, standard_error);
  result.p_value =
      std::min(1.0, 2 * StudentTCdf(-std::abs(result.t), degrees_of_freedom));
  return result;
}

std::vector<double> PairDifferences(const std::vector<double>& a,
                                    const std::vector<double>& b) {
  std::vector<double> differences;
  differences.reserve(a.size());
  for (size_t i = 0; i < a.size(); ++i) differences.push_back(b[i] - a[i]);
  return differences;
}

}  // namespace

MeanDifference WelchTest(const std::vector<double>& a,
                         const std::vector<double>& b, double confidence) {
  const double difference = Mean(b) - Mean(a);
  if (a.size() < 2 || b.size() < 2) return Unknown(difference);
  const double n = static_cast<double>(a.size());
  const double m = static_cast<double>(b.size());
  const double part_a = Variance(a) / n, part_b = Variance(b) / m;
  const double sum = part_a + part_b;
  const double degrees_of_freedom =
      sum == 0
          ? n + m - 2
          : sum * sum / (part_a * part_a / (n - 1) + part_b * part_b / (m - 1));
  return FromError(difference, std::sqrt(sum), degrees_of_freedom, confidence);
}

MeanDifference PairedTest(const std::vector<double>& a,
                          const std::vector<double>& b, double confidence) {
  if (a.size() != b.size()) return Unknown(kNaN);
  const std::vector<double> differences = PairDifferences(a, b);
  const double mean = Mean(differences);
  if (a.size() < 2) return Unknown(mean);
  const double n = static_cast<double>(a.size());
  return FromError(mean, StandardDeviation(differences) / std::sqrt(n), n - 1,
                   confidence);
}

double TTestPower(double distance, double standard_error,
                  double degrees_of_freedom, double alpha) {
  if (!(distance >= 0) || !(standard_error >= 0) || !(degrees_of_freedom > 0)) {
    return kNaN;
  }
  if (standard_error == 0) return distance > 0 ? 1 : 0;
  // Far beyond any critical value; the noncentral series needs no evaluation.
  const double noncentrality = std::min(distance / standard_error, 1000.0);
  const double critical = StudentTQuantile(1 - alpha, degrees_of_freedom);
  if (noncentrality == 0) return alpha;
  return boost::math::cdf(boost::math::complement(
      boost::math::non_central_t(degrees_of_freedom, noncentrality), critical));
}

double TostPValue(const MeanDifference& test, double low, double high) {
  if (!test.difference.known() || !(low <= high)) return kNaN;
  const double estimate = test.difference.estimate;
  const double df = test.degrees_of_freedom;
  const double above_low =
      StudentTCdf(-TRatio(estimate - low, test.standard_error), df);
  const double below_high =
      StudentTCdf(TRatio(estimate - high, test.standard_error), df);
  return std::max(above_low, below_high);
}

int64_t RequiredSampleSize(double effect, double power, double alpha,
                           bool paired) {
  if (!(effect > 0)) return 0;
  const double z = NormalQuantile(1 - alpha) + NormalQuantile(power);
  const double n = (paired ? 1 : 2) * z * z / (effect * effect);
  if (!(n < 1e15)) return 0;
  return std::max<int64_t>(2, static_cast<int64_t>(std::ceil(n)));
}

NonInferiority TestNonInferiority(const std::vector<double>& incumbent,
                                  const std::vector<double>& candidate,
                                  Better better, double margin, bool paired,
                                  double alpha) {
  const MeanDifference test =
      paired ? PairedTest(incumbent, candidate, 1 - 2 * alpha)
             : WelchTest(incumbent, candidate, 1 - 2 * alpha);
  NonInferiority result;
  result.difference = test.difference;
  if (!test.difference.known() || !(margin >= 0)) {
    result.p_value = result.power = kNaN;
    return result;
  }
  // How much worse the candidate is, whichever direction is better.
  const double sign = better == Better::kLower ? 1 : -1;
  const double worse = sign * test.difference.estimate;
  const double least_worse =
      sign > 0 ? test.difference.low : -test.difference.high;
  const double t = TRatio(worse - margin, test.standard_error);
  // On the limit itself without any spread there is nothing to reject H0 with.
  result.p_value = StudentTCdf(t, test.degrees_of_freedom);
  result.non_inferior = result.p_value < alpha;
  result.inferior = least_worse > margin;
  result.power =
      TTestPower(margin, test.standard_error, test.degrees_of_freedom, alpha);
  const double deviation =
      paired ? StandardDeviation(PairDifferences(incumbent, candidate))
             : std::sqrt((Variance(incumbent) + Variance(candidate)) / 2);
  if (margin > 0) {
    result.required_n = deviation == 0 ? 2
                                       : RequiredSampleSize(margin / deviation,
                                                            0.8, alpha, paired);
  }
  return result;
}

std::vector<double> HolmAdjusted(const std::vector<double>& p_values) {
  std::vector<double> adjusted = p_values;
  std::vector<size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), size_t{0});
  const auto rank_value = [&](size_t i) {
    return std::isnan(p_values[i]) ? 1.0 : p_values[i];
  };
  std::stable_sort(order.begin(), order.end(), [&](size_t i, size_t j) {
    return rank_value(i) < rank_value(j);
  });
  double greatest = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    const double count = static_cast<double>(order.size() - k);
    greatest = std::max(greatest, std::min(1.0, count * rank_value(order[k])));
    if (!std::isnan(p_values[order[k]])) adjusted[order[k]] = greatest;
  }
  return adjusted;
}

}  // namespace airlock
