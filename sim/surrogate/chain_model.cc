#include "sim/surrogate/chain_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "sim/base/error.h"

namespace airlock {

namespace {

constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

std::string StreamName(const ChainFunction& function, const char* what) {
  return "chain/" + function.name + "/" + what;
}

}  // namespace

double Dot(const Contention& level, const Contention& coefficients) {
  return level.cpu * coefficients.cpu + level.cache * coefficients.cache +
         level.memory * coefficients.memory + level.io * coefficients.io;
}

StationDraws::StationDraws(const ChainFunction& function,
                           const std::vector<ContentionStep>* course,
                           const RngTree& tree, Replication replication)
    : per_packet_ns_(function.service.per_packet_ns),
      per_byte_ns_(function.service.per_byte_ns),
      wakeup_ns_(static_cast<double>(function.wakeup.value())),
      contention_slope_(function.contention_slope),
      stall_rate_(function.stall_interval.value() > 0
                      ? 1.0 /
                            static_cast<double>(function.stall_interval.value())
                      : 0),
      stall_slope_(function.stall_slope),
      stall_duration_ns_(static_cast<double>(function.stall_duration.value())),
      course_(course),
      stall_begin_ns_(kNever),
      stall_end_ns_(kNever),
      service_(tree.Stream(StreamName(function, "service"), replication)),
      wakeup_(tree.Stream(StreamName(function, "wakeup"), replication)),
      stall_(tree.Stream(StreamName(function, "stalls"), replication)) {
  const std::string& name = function.service.distribution;
  const double cv = function.service.cv;
  if (name == "constant" || (name != "exponential" && cv <= 0)) {
    kind_ = Kind::kConstant;
  } else if (name == "exponential") {
    kind_ = Kind::kExponential;
  } else if (name == "gamma") {
    kind_ = Kind::kGamma;
    shape_ = 1 / (cv * cv);
  } else if (name == "lognormal") {
    kind_ = Kind::kLogNormal;
    shape_ = std::sqrt(std::log1p(cv * cv));
  } else {
    throw InputError("chain function " + function.name +
                     ": unknown service distribution '" + name +
                     "'; known: constant, exponential, gamma, lognormal");
  }
  AIRLOCK_CHECK(!course->empty() && course->front().start_ns <= 0);
  stalls_ =
      stall_duration_ns_ > 0 &&
      (stall_rate_ > 0 || stall_slope_.cpu > 0 || stall_slope_.cache > 0 ||
       stall_slope_.memory > 0 || stall_slope_.io > 0);
  step_end_ns_ = std::numeric_limits<int64_t>::min();
  MoveTo(0);
  if (stalls_) NextStall(0);
}

void StationDraws::MoveTo(int64_t now_ns) {
  if (now_ns < step_end_ns_) return;
  const auto& course = *course_;
  while (step_ + 1 < course.size() && course[step_ + 1].start_ns <= now_ns) {
    ++step_;
  }
  step_end_ns_ =
      step_ + 1 < course.size() ? course[step_ + 1].start_ns : kNever;
  slowdown_ = std::max(0.0, 1 + Dot(course[step_].level, contention_slope_));
}

void StationDraws::NextStall(int64_t from_ns) {
  // The hazard, integrated over the steps, reaches a unit exponential.
  const auto& course = *course_;
  double hazard = stall_.Exponential(1);
  double at = static_cast<double>(from_ns);
  while (true) {
    while (stall_step_ + 1 < course.size() &&
           static_cast<double>(course[stall_step_ + 1].start_ns) <= at) {
      ++stall_step_;
    }
    const double rate =
        stall_rate_ +
        std::max(0.0, Dot(course[stall_step_].level, stall_slope_)) * 1e-9;
    const double wait = rate > 0 ? hazard / rate : HUGE_VAL;
    if (stall_step_ + 1 < course.size()) {
      const double end = static_cast<double>(course[stall_step_ + 1].start_ns);
      if (at + wait > end) {
        hazard -= (end - at) * rate;
        at = end;
        continue;
      }
    }
    if (!(at + wait < 9e18)) {
      stall_begin_ns_ = stall_end_ns_ = kNever;
      return;
    }
    stall_begin_ns_ = std::llround(at + wait);
    stall_end_ns_ =
        stall_begin_ns_ + std::llround(stall_.Exponential(stall_duration_ns_));
    return;
  }
}

int64_t StationDraws::WakeupNs() {
  return wakeup_ns_ > 0 ? std::llround(wakeup_.Exponential(wakeup_ns_)) : 0;
}

double StationDraws::Factor() {
  switch (kind_) {
    case Kind::kConstant:
      return 1;
    case Kind::kExponential:
      return service_.Exponential(1);
    case Kind::kGamma:
      return service_.Gamma(shape_, 1 / shape_);
    case Kind::kLogNormal:
      return std::exp(service_.Normal(-shape_ * shape_ / 2, shape_));
  }
  return 1;
}

double StationDraws::ServiceNs(int64_t now_ns, int64_t bytes) {
  MoveTo(now_ns);
  return (per_packet_ns_ + per_byte_ns_ * static_cast<double>(bytes)) *
         slowdown_ * Factor();
}

int64_t StationDraws::AfterStall(int64_t now_ns) {
  while (stall_end_ns_ <= now_ns) NextStall(stall_end_ns_);
  return now_ns < stall_begin_ns_ ? now_ns : stall_end_ns_;
}

int64_t StationDraws::Finish(int64_t start_ns, double work_ns) {
  int64_t end = start_ns + std::max<int64_t>(1, std::llround(work_ns));
  if (!stalls_) return end;
  while (stall_end_ns_ <= start_ns) NextStall(stall_end_ns_);
  while (stall_begin_ns_ < end) {
    end += stall_end_ns_ - stall_begin_ns_;
    NextStall(stall_end_ns_);
  }
  return end;
}

}  // namespace airlock
