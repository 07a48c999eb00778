#include "sim/surrogate/chain_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "sim/base/error.h"
#include "sim/surrogate/chain_tape.h"

namespace airlock {

namespace {

std::string StreamName(const ChainFunction& function, const char* what) {
  return "chain/" + function.name + "/" + what;
}

}  // namespace

double Dot(const Contention& level, const Contention& coefficients) {
  return level.cpu * coefficients.cpu + level.cache * coefficients.cache +
         level.memory * coefficients.memory + level.io * coefficients.io;
}

RngStream ServiceStream(const ChainFunction& function, const RngTree& tree,
                        Replication replication) {
  return tree.Stream(StreamName(function, "service"), replication);
}

StationDraws::StationDraws(const ChainFunction& function,
                           const std::vector<ContentionStep>* course,
                           const RngTree& tree, Replication replication,
                           GammaTape* tape)
    : per_packet_ns_(function.service.per_packet_ns),
      per_byte_ns_(function.service.per_byte_ns),
      wakeup_ns_(static_cast<double>(function.wakeup.value())),
      contention_slope_(function.contention_slope),
      stall_interval_ns_(static_cast<double>(function.stall_interval.value())),
      stall_slope_(function.stall_slope),
      stall_duration_ns_(static_cast<double>(function.stall_duration.value())),
      quota_ns_(function.quota.value()),
      period_ns_(function.quota_period.value()),
      offset_ns_(function.quota_offset.value()),
      course_(course),
      stall_begin_ns_(kNever),
      stall_end_ns_(kNever),
      tape_(tape),
      service_(ServiceStream(function, tree, replication)),
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
  const bool stalls = stall_duration_ns_ > 0 && stall_interval_ns_ > 0;
  preempted_ = stall_duration_ns_ > 0 &&
               (stall_slope_.cpu > 0 || stall_slope_.cache > 0 ||
                stall_slope_.memory > 0 || stall_slope_.io > 0);
  if (quota_ns_ > 0 && period_ns_ <= 0) {
    throw InputError("chain function " + function.name +
                     ": a quota needs a quota_period");
  }
  interruptions_ = stalls || preempted_ || quota_ns_ > 0;
  step_end_ns_ = std::numeric_limits<int64_t>::min();
  MoveTo(0);
  if (stalls) NextStall(0);
  if (preempted_) hazard_ = stall_.Exponential(1);
}

void StationDraws::MoveTo(int64_t now_ns) {
  if (now_ns < step_end_ns_) return;
  const auto& course = *course_;
  while (step_ + 1 < course.size() && course[step_ + 1].start_ns <= now_ns) {
    ++step_;
  }
  step_end_ns_ =
      step_ + 1 < course.size() ? course[step_ + 1].start_ns : kNever;
  const Contention& level = course[step_].level;
  slowdown_ = std::max(0.0, 1 + Dot(level, contention_slope_));
  preemption_rate_ = std::max(0.0, Dot(level, stall_slope_)) * 1e-9;
}

int64_t StationDraws::StallLength() {
  return std::llround(stall_.Exponential(stall_duration_ns_));
}

void StationDraws::NextStall(int64_t from_ns) {
  stall_begin_ns_ =
      from_ns + std::llround(stall_.Exponential(stall_interval_ns_));
  stall_end_ns_ = stall_begin_ns_ + StallLength();
}

void StationDraws::EnterPeriod(int64_t now_ns) {
  if (quota_ns_ <= 0 || now_ns < period_end_ns_) return;
  // Rounds down for instants before the offset, too.
  const int64_t since = now_ns - offset_ns_;
  const int64_t into = (since % period_ns_ + period_ns_) % period_ns_;
  period_end_ns_ = now_ns - into + period_ns_;
  quota_left_ns_ = quota_ns_;
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
      if (tape_ != nullptr && shape_ >= 1) return GammaFromTape();
      return service_.Gamma(shape_, 1 / shape_);
    case Kind::kLogNormal:
      return std::exp(service_.Normal(-shape_ * shape_ / 2, shape_));
  }
  return 1;
}

double StationDraws::GammaFromTape() {
  const double d = shape_ - 1.0 / 3;
  const double c = 1 / std::sqrt(9 * d);
  while (true) {
    const auto [x, u] = tape_->At(tape_at_++);
    const double cube_root = 1 + c * x;
    if (cube_root <= 0) {
      // No uniform number belongs to it: the stream goes on elsewhere.
      service_ = tape_->AfterNormal(tape_at_ - 1);
      tape_ = nullptr;
      return service_.Gamma(shape_, 1 / shape_);
    }
    const double v = cube_root * cube_root * cube_root;
    const double square = x * x;
    if (u < 1 - 0.0331 * square * square ||
        std::log(u) < 0.5 * square + d - d * v + d * std::log(v)) {
      return d * v * (1 / shape_);
    }
  }
}

double StationDraws::ServiceNs(int64_t now_ns, int64_t bytes) {
  MoveTo(now_ns);
  return (per_packet_ns_ + per_byte_ns_ * static_cast<double>(bytes)) *
         slowdown_ * Factor();
}

int64_t StationDraws::AfterStall(int64_t now_ns) {
  if (!interruptions_) return now_ns;
  while (true) {
    while (stall_end_ns_ <= now_ns) NextStall(stall_end_ns_);
    EnterPeriod(now_ns);
    if (now_ns >= stall_begin_ns_) {
      now_ns = stall_end_ns_;
    } else if (quota_ns_ > 0 && quota_left_ns_ == 0) {
      now_ns = period_end_ns_;
    } else {
      return now_ns;
    }
  }
}

int64_t StationDraws::UntilPreempted(int64_t now_ns) {
  if (!preempted_) return kNever;
  MoveTo(now_ns);
  const double work =
      preemption_rate_ > 0 ? hazard_ / preemption_rate_ : HUGE_VAL;
  return work < 1e18 ? std::max<int64_t>(0, std::llround(work)) : kNever;
}

int64_t StationDraws::Finish(int64_t start_ns, double work_ns) {
  int64_t left = std::max<int64_t>(1, std::llround(work_ns));
  if (!interruptions_) return start_ns + left;
  int64_t now = start_ns;
  while (true) {
    // Works until it is done or the first interruption.
    const int64_t preemption = UntilPreempted(now);
    int64_t run = std::min({left, preemption, stall_begin_ns_ - now});
    if (quota_ns_ > 0) {
      run = std::min({run, quota_left_ns_, period_end_ns_ - now});
      quota_left_ns_ -= run;
    }
    now += run;
    left -= run;
    if (run == preemption) {
      hazard_ = stall_.Exponential(1);
      now += StallLength();
    } else if (preempted_) {
      hazard_ -= static_cast<double>(run) * preemption_rate_;
    }
    if (left == 0) return now;
    now = AfterStall(now);
  }
}

}  // namespace airlock
