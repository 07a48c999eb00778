#include "sim/surrogate/pool_workload.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/results/hdf5_file.h"
#include "sim/scenario/balancer_checks.h"

namespace airlock {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kPi = 3.14159265358979323846;
constexpr double kDiurnalSteps = 256;  // of a period
constexpr double kCrowdShare = 0.1;    // of a period

}  // namespace

std::optional<Trace> ReadPoolTrace(const PoolLoad& load) {
  if (load.kind != "trace") return std::nullopt;
  return ReadTrace(load.trace);
}

PoolLoadCourse::PoolLoadCourse(const PoolLoad& load, const Trace* trace,
                               const RngTree& rng, Replication replication)
    : load_(load),
      trace_(trace),
      stream_(rng.Stream("pool/load", replication)) {
  if (load.kind != "trace") return;
  AIRLOCK_CHECK(trace != nullptr);
  measured_ = trace->Get("load").values;
  if (measured_.empty()) {
    throw InputError(fmt::format("{}: column load has no samples", load.trace));
  }
  for (size_t i = 0; i < measured_.size(); ++i) {
    if (measured_[i] >= 0 && measured_[i] <= 10) continue;
    throw InputError(fmt::format(
        "{}: column load, sample {}: {} is no share of a capacity (0 to 10)",
        load.trace, i, measured_[i]));
  }
}

// The quotient alone may be one too low at a step's end, as of 4.3 / 0.1.
double PoolLoadCourse::StepOf(double seconds, double length) {
  step_ = std::max(step_, static_cast<int64_t>(std::floor(seconds / length)));
  while (static_cast<double>(step_ + 1) * length <= seconds) ++step_;
  return static_cast<double>(step_);
}

PoolLoadCourse::Step PoolLoadCourse::At(double seconds) {
  const double low = load_.share.value();
  const double high = load_.peak.value();
  const double period = Seconds(load_.period);
  if (load_.kind == "steps") {
    const double turn = StepOf(seconds, period);
    return {std::fmod(turn, 2) == 0 ? low : high, (turn + 1) * period};
  }
  if (load_.kind == "diurnal") {
    const double length = period / kDiurnalSteps;
    const double step = StepOf(seconds, length);
    const double phase = 2 * kPi * (step + 0.5) / kDiurnalSteps;
    return {low + (high - low) * (1 - std::cos(phase)) / 2,
            (step + 1) * length};
  }
  if (load_.kind == "flash-crowd") return Crowd(seconds);
  if (load_.kind == "trace") return Measured(seconds);
  return {low, kInfinity};
}

PoolLoadCourse::Step PoolLoadCourse::Crowd(double seconds) {
  const double period = Seconds(load_.period);
  const double now = StepOf(seconds, period);
  while (static_cast<double>(crowd_) < now) {
    ++crowd_;
    crowd_begin_ =
        (static_cast<double>(crowd_) + stream_.Uniform(0, 1 - kCrowdShare)) *
        period;
  }
  const double end = crowd_begin_ + kCrowdShare * period;
  if (seconds < crowd_begin_) return {load_.share.value(), crowd_begin_};
  if (seconds < end) return {load_.peak.value(), end};
  return {load_.share.value(), (now + 1) * period};
}

// A sample is the mean since the one before.
PoolLoadCourse::Step PoolLoadCourse::Measured(double seconds) {
  const std::vector<double>& times = trace_->time_seconds;
  while (sample_ + 1 < times.size() && times[sample_] <= seconds) ++sample_;
  const bool last = sample_ + 1 >= times.size();
  return {measured_[sample_], last ? kInfinity : times[sample_]};
}

PoolWorkload::PoolWorkload(const BalancerConfig& balancer, const Trace* trace,
                           const RngTree& rng, Replication replication)
    : classes_(balancer.requests),
      overhead_seconds_(Seconds(balancer.model.overhead)),
      course_(balancer.load, trace, rng, replication),
      shown_(balancer.load, trace, rng, replication),
      arrivals_(rng.Stream("pool/arrivals", replication)),
      work_(rng.Stream("pool/work", replication)),
      tickets_(rng.Stream("pool/tickets", replication)) {
  double capacity = 0;
  for (const PoolServer& server : balancer.servers) {
    capacity += CapacityOf(server);
  }
  full_rate_ = capacity / MeanWorkSeconds(classes_);
  double sum = 0;
  for (const RequestClass& kind : classes_) sum += kind.share.value();
  double below = 0;
  for (const RequestClass& kind : classes_) {
    below += kind.share.value() / sum;
    share_below_.push_back(below);
  }
}

size_t PoolWorkload::DrawKind() {
  if (classes_.size() == 1) return 0;
  const auto at = std::upper_bound(share_below_.begin(), share_below_.end() - 1,
                                   work_.Uniform());
  return static_cast<size_t>(at - share_below_.begin());
}

double PoolWorkload::DrawWork(size_t kind) {
  const RequestClass& request = classes_[kind];
  const double mean = Seconds(request.mean);
  if (request.work == "constant") return mean;
  if (request.work == "exponential") return work_.Exponential(mean);
  if (request.work == "lognormal") return work_.LogNormal(mean, request.cv);
  const double least = mean * (request.tail - 1) / request.tail;
  return least * std::pow(1 - work_.Uniform(), -1 / request.tail);
}

// The integral of the rate between two requests is exponential of mean 1.
PoolRequest PoolWorkload::Next() {
  double left = arrivals_.Exponential(1);
  while (now_ < kInfinity) {
    const PoolLoadCourse::Step step = course_.At(now_);
    const double rate = step.share * full_rate_;
    const double room = rate > 0 ? (step.until - now_) * rate : 0;
    if (rate > 0 && left < room) {
      now_ += left / rate;
      break;
    }
    left -= room;
    now_ = step.until;
  }
  PoolRequest request;
  request.at = now_;
  request.kind = DrawKind();
  request.work = DrawWork(request.kind) + overhead_seconds_;
  request.ticket = tickets_.Uniform();
  return request;
}

}  // namespace airlock
