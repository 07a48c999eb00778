#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/scenario/scenario.h"
#include "sim/surrogate/chain_model.h"
#include "sim/telemetry/trace.h"

namespace airlock {

inline constexpr int64_t kNever = std::numeric_limits<int64_t>::max();

// What is offered to a chain from an instant on.
struct LoadStep {
  int64_t start_ns = 0;
  double bits_per_second = 0;
  double packets_per_second = 0;
  double mean_bytes = 0;
  // From a trace: how many packets are sent in the step; -1: as many as come.
  int64_t packets = -1;
  // Share of packets of each size up to this one; the last is 1.
  std::vector<double> cumulative_shares;
};

// The course of a chain's load, packet sizes and contention over a run:
// piecewise constant; the last step holds for ever, but a trace's last sample
// ends. Load kinds:
//   constant     `rate`.
//   steps        `rate` and `peak` in turns, `period` each.
//   ramp         from `rate` to `peak` in `period` and back, in 64 steps each.
//   random-walk  a step each `period`, normal with standard deviation
//                (peak - rate) / 5, reflected at `rate` and `peak`.
//   diurnal      between `rate` at night and `peak` at noon as a cosine over
//                `period`, from a random hour, in 64 steps; on top a deviation
//                with standard deviation (peak - rate) / 20 that forgets a
//                tenth of itself each step.
//   flash-crowd  `rate`; each `period` it rises to `peak` in a tenth of the
//                period and decays with time constant period / 4.
//   trace        columns offered_rate and where present packet_size,
//                offered_packet_rate and contention_*, sample by sample (its
//                time is its end); a missing value repeats the last one. Each
//                sample sends as many packets as the trace's.
// Steps are made when they are asked for.
class ChainCourse {
 public:
  // `trace`: for kind trace only. Throws InputError if a column is missing or
  // negative, or a kind is unknown.
  ChainCourse(const ChainWorkload& workload, const Trace* trace,
              const RngTree& tree, Replication replication);

  // Frame sizes in bytes, ascending. Empty: each step has one size, its mean.
  const std::vector<int64_t>& sizes() const { return sizes_; }
  // Step `index`; nullptr behind the last. Valid until the next call.
  const LoadStep* Load(size_t index);
  int64_t end_ns() const { return end_ns_; }  // of a trace's last sample
  // In force at `now_ns`.
  const LoadStep& LoadAt(int64_t now_ns);
  const Contention& ContentionAt(int64_t now_ns) const;
  const std::vector<ContentionStep>& contention() const { return contention_; }

 private:
  void AddStep(int64_t start_ns, double bits_per_second, double mean_bytes);
  void AddTrace(const Trace& trace, const Contention& otherwise);
  int64_t end_ns_ = kNever;  // of the last step of a trace

  // Makes the next step of an endless kind.
  void Extend();
  double WalkFrom(double rate);
  double Diurnal(double phase);

  enum class Kind {
    kConstant,
    kSteps,
    kRamp,
    kWalk,
    kDiurnal,
    kFlashCrowd,
    kTrace
  };
  static Kind ParseKind(const std::string& name);

  Kind kind_;
  double rate_;
  double peak_;
  int64_t width_ns_ = 0;  // of a step of the endless kinds
  double width_in_periods_ = 1;
  RngStream walk_;
  double hour_ = 0;       // diurnal: share of a day at which the run begins
  double deviation_ = 0;  // diurnal: from the cosine, a share of the range
  std::vector<int64_t> sizes_;
  std::vector<double> shares_;
  double mean_bytes_ = 0;  // of the shares
  std::vector<LoadStep> load_;
  std::vector<ContentionStep> contention_;
};

// The trace that the chain's load names; none for another kind. Throws
// InputError if it cannot be read.
std::optional<Trace> ReadChainTrace(const ChainConfig& chain);

// Shares proportional to shares[i] exp(lambda sizes[i]) whose mean size is
// `mean` (clamped to the range of sizes): of all mixes with that mean the one
// nearest to `shares` in relative entropy (Csiszar 1975). Sizes ascend.
std::vector<double> TiltShares(const std::vector<int64_t>& sizes,
                               const std::vector<double>& shares, double mean);

// A packet on its way: instants in ns.
struct ChainPacket {
  int64_t arrival_ns = 0;  // at the place that it enters next
  int64_t sent_ns = 0;     // by the source
  int64_t bytes = 0;       // Ethernet frame without checksum
};

// The packets of the source, one after another: `poisson` (in a step of known
// count: uniform order statistics, the same process given its count, and sizes
// drawn without replacement); `periodic`: one whenever the integral of the rate
// passes a whole number; `bursts`: at every tick all packets of the tick that
// `periodic` would have sent.
class PacketSource {
 public:
  // `course` outlives this.
  PacketSource(const ChainWorkload& workload, ChainCourse* course,
               const RngTree& tree, Replication replication);

  // Instant of the next packet, in ns; kNever if none ever comes.
  int64_t next_ns() const { return next_ns_; }
  // The packet at next_ns(), which is not kNever.
  ChainPacket Take();

 private:
  enum class Kind { kPoisson, kPeriodic, kBursts };
  void Advance();
  void Enter(size_t step);
  // Next packet of a step whose count is known; false if there is none left.
  bool AdvanceCounted();
  size_t DrawSize();

  Kind kind_;
  int64_t burst_ns_;
  ChainCourse* course_;
  size_t step_ = 0;
  LoadStep now_;        // step `step_`
  int64_t end_ns_ = 0;  // of it
  int64_t left_ = 0;    // packets of a step whose count is known
  std::vector<int64_t> left_of_size_;
  double at_ns_ = 0;  // where the integral of the rate stands
  int64_t next_ns_ = 0;
  RngStream arrivals_;
  RngStream size_stream_;
};

}  // namespace airlock
