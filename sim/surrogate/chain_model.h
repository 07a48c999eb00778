#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/rng.h"
#include "sim/scenario/scenario.h"

// The service chain, once and for all engines.
//
// Packets pass the functions of the chain in order. A function is a station: a
// ring of `ring` slots and one server. Time counts in whole nanoseconds.
//
// Arrival. A packet that arrives at instant t joins the end of the ring, or is
//   lost if `ring` packets wait there. Packets in service are not in the ring,
//   so a function holds at most ring + batch packets. If the server sleeps, the
//   arrival wakes it: it decides at t plus an exponential delay of mean
//   `wakeup` (at t if that is 0).
// Decision. The server takes the oldest packets from the ring, `batch` at most,
//   and serves them one after the other; if the ring is empty, it sleeps.
//   Should the instant fall into a stall, the decision waits for the stall's
//   end.
// Completion. When the last packet of the batch is served, all of it arrives at
//   the next function (or at the sink) at that instant, in order; the next
//   decision is at the same instant.
// Order at one instant. Arrivals come before decisions: a decision sees every
//   packet that arrived at or before its instant, and an arrival finds the ring
//   as it was before.
// Service time of a packet of `bytes`, in ns, drawn when it is taken:
//   (per_packet + per_byte bytes) (1 + contention_slope . contention(t)) X,
//   E[X] = 1, X by `distribution` and `cv`. The sum over a batch is rounded to
//   the nearest ns, and is at least 1 ns.
// Stalls. The server stops now and then, whatever it does: the next stall
//   begins an exponential time of mean stall_interval after the end of the
//   last. While it works, contention stops it further with the rate stall_slope
//   . contention(t) per unit of work done. A stall lasts an exponential time of
//   mean stall_duration. Work under way goes on after the stall.
// Quota. Of each period [quota_offset + k quota_period, ...) the server works
//   `quota` at most; when that is used up, it stops until the period's end.
// Latency of a packet: from the instant at which the source sends it to its
//   arrival at the sink. Sizes are those of the Ethernet frame, header to end
//   of payload, as interfaces count them.
//
// Every random number comes from a named stream (ChainStreamName) in the order
// of these rules, so engines that keep to them agree packet by packet.
namespace airlock {

// level . coefficients, summed over the kinds.
double Dot(const Contention& level, const Contention& coefficients);

// The course of the contention level: piecewise constant, the last value holds
// for ever.
struct ContentionStep {
  int64_t start_ns = 0;
  Contention level;
};

class GammaTape;

// The stream of a function's service times.
RngStream ServiceStream(const ChainFunction& function, const RngTree& tree,
                        Replication replication);

// The random side of one station: service times, wake-up delays and stalls.
// Owns its streams and its position in the course of contention; instants
// passed to it never decrease.
class StationDraws {
 public:
  // `course` is not empty, starts at or before 0 and outlives this, as does
  // `tape`: of this function's ServiceStream, or none.
  StationDraws(const ChainFunction& function,
               const std::vector<ContentionStep>* course, const RngTree& tree,
               Replication replication, GammaTape* tape = nullptr);

  // Delay of a decision after the arrival that woke the server.
  int64_t WakeupNs();
  // Work of a packet taken at `now_ns`, in ns; not rounded.
  double ServiceNs(int64_t now_ns, int64_t bytes);
  // `now_ns`, or when the server may work again: the end of the stall that
  // holds it, or of the period whose quota is used up.
  int64_t AfterStall(int64_t now_ns);
  // When work begun at `start_ns` (= AfterStall(start_ns)) is done.
  int64_t Finish(int64_t start_ns, double work_ns);

 private:
  double Factor();
  // As service_.Gamma(shape_, 1 / shape_), from the tape.
  double GammaFromTape();
  // Moves the contention cursor to `now_ns`.
  void MoveTo(int64_t now_ns);
  // Draws the stall after the one that ended at `from_ns`.
  void NextStall(int64_t from_ns);
  int64_t StallLength();
  // The quota period that holds `now_ns`; a new one has its full quota.
  void EnterPeriod(int64_t now_ns);
  // Work that may be done from `now_ns` on until contention stops it.
  int64_t UntilPreempted(int64_t now_ns);

  enum class Kind { kConstant, kExponential, kGamma, kLogNormal };

  Kind kind_;
  double per_packet_ns_;
  double per_byte_ns_;
  double shape_ = 1;  // gamma: shape; log-normal: standard deviation of ln X
  double wakeup_ns_;
  Contention contention_slope_;
  double stall_interval_ns_;
  Contention stall_slope_;  // 1/s per unit
  double stall_duration_ns_;
  bool preempted_;      // by contention
  bool interruptions_;  // any of stalls, preemptions, quota
  int64_t quota_ns_;
  int64_t period_ns_;
  int64_t offset_ns_;

  const std::vector<ContentionStep>* course_;
  size_t step_ = 0;
  int64_t step_end_ns_ = 0;
  double slowdown_ = 1;         // of the current step
  double preemption_rate_ = 0;  // of the current step, per ns
  double hazard_ = 0;           // until the next preemption
  int64_t period_end_ns_ = 0;
  int64_t quota_left_ns_ = 0;
  int64_t stall_begin_ns_;
  int64_t stall_end_ns_;

  GammaTape* tape_;  // instead of service_, if there is one
  size_t tape_at_ = 0;
  RngStream service_;
  RngStream wakeup_;
  RngStream stall_;
};

}  // namespace airlock
