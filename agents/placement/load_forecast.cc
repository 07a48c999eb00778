#include "agents/placement/load_forecast.h"

#include <fmt/format.h>

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/stats/diebold_mariano.h"
#include "sim/surrogate/chain_workload.h"

namespace airlock {
namespace {

constexpr uint64_t kSeed = 0x6c6f616473;  // of courses to learn from
constexpr int64_t kFitted = 12;           // courses
constexpr int64_t kTried = 6;
constexpr double kRidge = 1e-6;  // of the inputs' mean square

// The mean, then the changes, newest first, as shares of `scale`.
Eigen::VectorXd InputsOf(const double* newest, double scale) {
  Eigen::VectorXd x(static_cast<int64_t>(LoadForecast::kLoads) + 1);
  x[0] = 1;
  x[1] = newest[0] / scale;
  for (int64_t i = 2; i < x.size(); ++i) {
    x[i] = (newest[2 - i] - newest[1 - i]) / scale;
  }
  return x;
}

using Courses = std::vector<std::vector<double>>;  // of one chain

// Least squares of the next change.
Eigen::VectorXd Fit(const Courses& courses, double scale) {
  const auto width = static_cast<int64_t>(LoadForecast::kLoads) + 1;
  Eigen::MatrixXd gram = Eigen::MatrixXd::Zero(width, width);
  Eigen::VectorXd moment = Eigen::VectorXd::Zero(width);
  for (const std::vector<double>& course : courses) {
    for (size_t t = LoadForecast::kLoads - 1; t + 1 < course.size(); ++t) {
      const Eigen::VectorXd x = InputsOf(&course[t], scale);
      gram += x * x.transpose();
      moment += x * ((course[t + 1] - course[t]) / scale);
    }
  }
  gram.diagonal().array() += kRidge * gram.trace() / static_cast<double>(width);
  return gram.ldlt().solve(moment);
}

}  // namespace

LoadForecast::LoadForecast(const ServersConfig& servers, SimTime interval,
                           int64_t intervals) {
  std::vector<Courses> courses(servers.chains.size());
  for (int64_t r = 0; r < kFitted + kTried; ++r) {
    const auto drawn = LoadCourses(servers, kSeed, r, interval, intervals);
    for (size_t c = 0; c < drawn.size(); ++c) courses[c].push_back(drawn[c]);
  }
  for (size_t c = 0; c < courses.size(); ++c) {
    double scale = 0;
    for (const auto& course : courses[c]) {
      for (const double load : course) scale = std::max(scale, load);
    }
    const Courses fitted(courses[c].begin(), courses[c].begin() + kFitted);
    const Eigen::VectorXd found = Fit(fitted, scale);
    coefficients_.emplace_back(found.data(), found.data() + found.size());
    coefficients_.back()[0] *= scale;  // the rest multiplies loads
    std::vector<double> own, persistent;
    for (size_t r = kFitted; r < courses[c].size(); ++r) {
      const std::vector<double>& course = courses[c][r];
      for (size_t t = kLoads - 1; t + 1 < course.size(); ++t) {
        const std::vector<double> last(
            course.begin() + static_cast<int64_t>(t + 1 - kLoads),
            course.begin() + static_cast<int64_t>(t + 1));
        own.push_back((course[t + 1] - Next(c, last)) / scale);
        persistent.push_back((course[t + 1] - course[t]) / scale);
      }
    }
    DieboldMarianoOptions options;
    options.loss = ForecastLoss::kAbsolute;
    ForecastTrial trial;
    for (size_t i = 0; i < own.size(); ++i) {
      trial.error += std::abs(own[i]) / static_cast<double>(own.size());
      trial.persistence +=
          std::abs(persistent[i]) / static_cast<double>(own.size());
    }
    trial.p_value = DieboldMariano(own, persistent, 1, options).p_first_better;
    trials_.push_back(trial);
  }
}

double LoadForecast::Next(size_t c, const std::vector<double>& loads) const {
  AIRLOCK_CHECK(loads.size() == kLoads);
  const Eigen::VectorXd x = InputsOf(&loads.back(), 1);
  double next = loads.back();
  for (size_t i = 0; i < coefficients_[c].size(); ++i) {
    next += coefficients_[c][i] * x[static_cast<int64_t>(i)];
  }
  return std::max(0.0, next);
}

std::vector<std::vector<double>> LoadCourses(const ServersConfig& servers,
                                             uint64_t seed, int64_t replication,
                                             SimTime interval,
                                             int64_t intervals) {
  const RngTree tree(seed);
  std::vector<std::vector<double>> courses;
  for (const ServiceChainConfig& chain : servers.chains) {
    if (chain.load.kind == "trace") {
      throw InputError(fmt::format(
          "chain '{}': a trace has one course of loads, from which nothing "
          "can be learnt that holds for another",
          chain.name));
    }
    // As the engine does it: each chain has streams of its own.
    const RngTree own(
        tree.Stream("server/chain/" + chain.name, Replication(0)).Next64());
    ChainWorkload workload;
    workload.load = chain.load;
    workload.packet_sizes = chain.packet_sizes;
    ChainCourse course(workload, nullptr, own, Replication(replication));
    std::vector<double>& means = courses.emplace_back();
    size_t step = 0;
    for (int64_t i = 0; i < intervals; ++i) {
      const int64_t from = i * interval.value();
      const int64_t to = from + interval.value();
      double packets = 0;
      for (int64_t at = from; at < to;) {
        const LoadStep* next = course.Load(step + 1);
        const int64_t end = next == nullptr ? to : std::min(to, next->start_ns);
        packets += course.Load(step)->packets_per_second *
                   static_cast<double>(end - at);
        at = end;
        if (next != nullptr && next->start_ns <= end) ++step;
      }
      means.push_back(packets / static_cast<double>(interval.value()));
    }
  }
  return courses;
}

}  // namespace airlock
