#include "sim/surrogate/chain_workload.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "sim/base/error.h"
#include "sim/results/hdf5_file.h"

namespace airlock {

namespace {

constexpr int kFineSteps = 64;
constexpr double kPi = 3.14159265358979323846;

// Rate of a flash crowd `phase` periods after the run's start.
double FlashCrowd(double rate, double peak, double phase) {
  if (phase < 1) return rate;
  const double after = phase - std::floor(phase);
  const double shape =
      after < 0.1 ? after / 0.1 : std::exp(-(after - 0.1) / 0.25);
  return rate + (peak - rate) * shape;
}

double Ramp(double rate, double peak, double phase) {
  const double turn = std::fmod(phase, 2.0);
  return rate + (peak - rate) * (turn < 1 ? turn : 2 - turn);
}

// The column's value of the sample, the last value if it is missing.
double ValueOr(const Column* column, size_t sample, double otherwise) {
  if (column == nullptr || std::isnan(column->values[sample])) return otherwise;
  const double value = column->values[sample];
  if (value < 0) {
    throw InputError(fmt::format("trace column {}, sample {}: {} is negative",
                                 column->name, sample, value));
  }
  return value;
}

}  // namespace

std::optional<Trace> ReadChainTrace(const ChainConfig& chain) {
  if (chain.workload.load.kind != "trace") return std::nullopt;
  return ReadTrace(chain.workload.load.trace);
}

std::vector<double> TiltShares(const std::vector<int64_t>& sizes,
                               const std::vector<double>& shares, double mean) {
  const double low = static_cast<double>(sizes.front());
  const double span = static_cast<double>(sizes.back()) - low;
  if (sizes.size() == 1 || span <= 0) return shares;
  const double goal = std::clamp((mean - low) / span, 1e-6, 1 - 1e-6);
  std::vector<double> tilted(sizes.size());
  const auto mean_at = [&](double lambda) {
    double total = 0;
    double moment = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
      const double x = (static_cast<double>(sizes[i]) - low) / span;
      tilted[i] = shares[i] * std::exp(lambda * (x - (lambda > 0 ? 1 : 0)));
      total += tilted[i];
      moment += tilted[i] * x;
    }
    for (double& share : tilted) share /= total;
    return moment / total;
  };
  double from = -1;
  double to = 1;
  while (mean_at(from) > goal && from > -1e7) from *= 2;
  while (mean_at(to) < goal && to < 1e7) to *= 2;
  for (int i = 0; i < 60; ++i) {
    const double middle = (from + to) / 2;
    (mean_at(middle) < goal ? from : to) = middle;
  }
  mean_at((from + to) / 2);
  return tilted;
}

ChainCourse::ChainCourse(const ChainWorkload& workload, const Trace* trace,
                         const RngTree& tree, Replication replication)
    : rate_(static_cast<double>(workload.load.rate.value())),
      peak_(static_cast<double>(workload.load.peak.value())),
      walk_(tree.Stream("chain/load", replication)) {
  std::vector<PacketSizeShare> mix = workload.packet_sizes;
  std::sort(mix.begin(), mix.end(),
            [](const PacketSizeShare& a, const PacketSizeShare& b) {
              return a.size < b.size;
            });
  double total = 0;
  for (const auto& entry : mix) total += entry.share.value();
  if (!(total > 0)) throw InputError("chain workload: no packet sizes");
  for (const auto& entry : mix) {
    sizes_.push_back(entry.size.value());
    shares_.push_back(entry.share.value() / total);
    mean_bytes_ +=
        static_cast<double>(entry.size.value()) * entry.share.value() / total;
  }

  const LoadProfile& load = workload.load;
  kind_ = ParseKind(load.kind);
  if (kind_ == Kind::kTrace) {
    if (trace == nullptr) throw InputError("chain load: no trace is given");
    AddTrace(*trace, workload.contention);
    return;
  }
  contention_.push_back({0, workload.contention});
  if (kind_ == Kind::kDiurnal) hour_ = walk_.Uniform();
  AddStep(0, kind_ == Kind::kDiurnal ? Diurnal(0) : rate_, mean_bytes_);
  if (kind_ == Kind::kConstant) return;
  if (load.period.value() <= 0) {
    throw InputError("chain load: the period is not positive");
  }
  const bool fine = kind_ == Kind::kRamp || kind_ == Kind::kDiurnal ||
                    kind_ == Kind::kFlashCrowd;
  width_ns_ =
      std::max<int64_t>(1, load.period.value() / (fine ? kFineSteps : 1));
  width_in_periods_ =
      static_cast<double>(width_ns_) / static_cast<double>(load.period.value());
}

ChainCourse::Kind ChainCourse::ParseKind(const std::string& name) {
  static const std::pair<const char*, Kind> kinds[] = {
      {"constant", Kind::kConstant}, {"steps", Kind::kSteps},
      {"ramp", Kind::kRamp},         {"random-walk", Kind::kWalk},
      {"diurnal", Kind::kDiurnal},   {"flash-crowd", Kind::kFlashCrowd},
      {"trace", Kind::kTrace}};
  std::string known;
  for (const auto& [text, kind] : kinds) {
    if (name == text) return kind;
    known += std::string(known.empty() ? "" : ", ") + text;
  }
  throw InputError("chain load: unknown kind '" + name + "'; known: " + known);
}

void ChainCourse::AddStep(int64_t start_ns, double bits_per_second,
                          double mean_bytes) {
  LoadStep step;
  step.start_ns = start_ns;
  step.bits_per_second = bits_per_second;
  if (sizes_.size() == 1 && mean_bytes != mean_bytes_) {
    step.mean_bytes = std::round(mean_bytes);
    step.cumulative_shares = {1};
  } else if (!load_.empty() && load_.back().mean_bytes == mean_bytes) {
    step.mean_bytes = mean_bytes;
    step.cumulative_shares = load_.back().cumulative_shares;
  } else {
    const std::vector<double> shares =
        mean_bytes == mean_bytes_ ? shares_
                                  : TiltShares(sizes_, shares_, mean_bytes);
    double sum = 0;
    for (size_t i = 0; i < shares.size(); ++i) {
      sum += shares[i];
      step.mean_bytes += static_cast<double>(sizes_[i]) * shares[i];
      step.cumulative_shares.push_back(sum);
    }
    step.cumulative_shares.back() = 1;
  }
  step.packets_per_second = bits_per_second / (8 * step.mean_bytes);
  load_.push_back(std::move(step));
}

void ChainCourse::Extend() {
  const size_t index = load_.size();
  const double phase = (static_cast<double>(index) + 0.5) * width_in_periods_;
  double rate = rate_;
  switch (kind_) {
    case Kind::kSteps:
      rate = index % 2 == 0 ? rate_ : peak_;
      break;
    case Kind::kRamp:
      rate = Ramp(rate_, peak_, phase);
      break;
    case Kind::kFlashCrowd:
      rate = FlashCrowd(rate_, peak_, phase);
      break;
    case Kind::kDiurnal:
      rate = Diurnal(phase);
      break;
    case Kind::kWalk:
      rate = WalkFrom(load_.back().bits_per_second);
      break;
    case Kind::kConstant:
    case Kind::kTrace:
      return;
  }
  AddStep(static_cast<int64_t>(index) * width_ns_, rate, mean_bytes_);
}

double ChainCourse::WalkFrom(double rate) {
  const double low = std::min(rate_, peak_);
  const double high = std::max(rate_, peak_);
  if (high <= low) return rate;
  rate += walk_.Normal(0, (high - low) / 5);
  while (rate < low || rate > high) {
    rate = rate < low ? 2 * low - rate : 2 * high - rate;
  }
  return rate;
}

double ChainCourse::Diurnal(double phase) {
  constexpr double kRemembered = 0.9;  // of the deviation, from step to step
  constexpr double kSpread = 0.05;     // its standard deviation
  deviation_ =
      kRemembered * deviation_ +
      walk_.Normal(0, kSpread * std::sqrt(1 - kRemembered * kRemembered));
  const double day = 0.5 - 0.5 * std::cos(2 * kPi * (phase + hour_));
  return rate_ + (peak_ - rate_) * std::clamp(day + deviation_, 0.0, 1.0);
}

const LoadStep* ChainCourse::Load(size_t index) {
  while (width_ns_ > 0 && load_.size() <= index) Extend();
  return index < load_.size() ? &load_[index] : nullptr;
}

const LoadStep& ChainCourse::LoadAt(int64_t now_ns) {
  while (width_ns_ > 0 && load_.back().start_ns <= now_ns) Extend();
  auto after = std::upper_bound(
      load_.begin(), load_.end(), now_ns,
      [](int64_t t, const LoadStep& step) { return t < step.start_ns; });
  return after == load_.begin() ? *after : *(after - 1);
}

void ChainCourse::AddTrace(const Trace& trace, const Contention& otherwise) {
  const Column& offered = trace.Get("offered_rate");
  const Column* size = trace.Find("packet_size");
  const Column* packets = trace.Find("offered_packet_rate");
  const Column* kinds[] = {
      trace.Find("contention_cpu"), trace.Find("contention_cache"),
      trace.Find("contention_memory"), trace.Find("contention_io")};
  // A sample covers the time since the one before; the first as much as the
  // second.
  const auto& times = trace.time_seconds;
  const double origin =
      times.empty() ? 0
                    : times[0] - (times.size() > 1 ? times[1] - times[0] : 1);
  double rate = 0;
  double bytes = mean_bytes_;
  double owed = 0.5;  // packets, for rounding
  Contention level = otherwise;
  int64_t start = 0;
  for (size_t i = 0; i < times.size(); ++i) {
    const int64_t end = FromSeconds(times[i] - origin).value();
    rate = ValueOr(&offered, i, rate);
    bytes = ValueOr(size, i, bytes);
    if (!(bytes > 0)) bytes = mean_bytes_;
    AddStep(start, rate, bytes);
    LoadStep& step = load_.back();
    step.packets_per_second = ValueOr(packets, i, step.packets_per_second);
    owed += step.packets_per_second * static_cast<double>(end - start) * 1e-9;
    step.packets = static_cast<int64_t>(owed);
    owed -= static_cast<double>(step.packets);
    level.cpu = ValueOr(kinds[0], i, level.cpu);
    level.cache = ValueOr(kinds[1], i, level.cache);
    level.memory = ValueOr(kinds[2], i, level.memory);
    level.io = ValueOr(kinds[3], i, level.io);
    contention_.push_back({start, level});
    start = end;
  }
  end_ns_ = start;
  if (load_.empty()) throw InputError("chain load: the trace has no samples");
}

const Contention& ChainCourse::ContentionAt(int64_t now_ns) const {
  auto after = std::upper_bound(
      contention_.begin(), contention_.end(), now_ns,
      [](int64_t t, const ContentionStep& step) { return t < step.start_ns; });
  return (after == contention_.begin() ? *after : *(after - 1)).level;
}

PacketSource::PacketSource(const ChainWorkload& workload, ChainCourse* course,
                           const RngTree& tree, Replication replication)
    : burst_ns_(workload.burst_interval.value()),
      course_(course),
      arrivals_(tree.Stream("chain/arrivals", replication)),
      size_stream_(tree.Stream("chain/sizes", replication)) {
  if (workload.arrivals == "poisson") {
    kind_ = Kind::kPoisson;
  } else if (workload.arrivals == "periodic") {
    kind_ = Kind::kPeriodic;
  } else if (workload.arrivals == "bursts") {
    kind_ = Kind::kBursts;
    if (burst_ns_ <= 0) {
      throw InputError("chain workload: burst_interval is not positive");
    }
  } else {
    throw InputError("chain workload: unknown arrivals '" + workload.arrivals +
                     "'; known: poisson, periodic, bursts");
  }
  Enter(0);
  Advance();
}

void PacketSource::Enter(size_t step) {
  step_ = step;
  now_ = *course_->Load(step);
  const LoadStep* next = course_->Load(step + 1);
  end_ns_ = next != nullptr ? next->start_ns : course_->end_ns();
  left_ = now_.packets;
  if (left_ <= 0) return;
  left_of_size_.clear();
  int64_t before = 0;
  for (const double share : now_.cumulative_shares) {
    const int64_t upto = std::llround(share * static_cast<double>(left_));
    left_of_size_.push_back(upto - before);
    before = upto;
  }
}

bool PacketSource::AdvanceCounted() {
  if (left_ == 0) return false;
  // The first of n uniform instants on the time that is left.
  const double need = arrivals_.Exponential(1) / static_cast<double>(left_);
  --left_;
  at_ns_ -= (static_cast<double>(end_ns_) - at_ns_) * std::expm1(-need);
  next_ns_ = std::min(static_cast<int64_t>(at_ns_), end_ns_ - 1);
  return true;
}

void PacketSource::Advance() {
  if (kind_ == Kind::kPoisson && now_.packets >= 0) {
    while (!AdvanceCounted()) {
      if (course_->Load(step_ + 1) == nullptr) {
        next_ns_ = kNever;
        return;
      }
      at_ns_ = static_cast<double>(end_ns_);
      Enter(step_ + 1);
    }
    return;
  }
  double need = kind_ == Kind::kPoisson ? arrivals_.Exponential(1) : 1;
  while (true) {
    const double rate = now_.packets_per_second * 1e-9;
    const double at = rate > 0 ? at_ns_ + need / rate : HUGE_VAL;
    const double end = static_cast<double>(end_ns_);
    if (at < end) {
      at_ns_ = at;
      break;
    }
    if (course_->Load(step_ + 1) == nullptr) {
      next_ns_ = kNever;
      return;
    }
    need -= (end - at_ns_) * rate;
    at_ns_ = end;
    Enter(step_ + 1);
  }
  // Rounded down, so that a packet belongs to its step.
  const int64_t now = static_cast<int64_t>(at_ns_);
  next_ns_ = kind_ == Kind::kBursts ? (now / burst_ns_ + 1) * burst_ns_ : now;
}

ChainPacket PacketSource::Take() {
  ChainPacket packet;
  packet.sent_ns = packet.arrival_ns = next_ns_;
  packet.bytes = now_.cumulative_shares.size() == 1
                     ? static_cast<int64_t>(now_.mean_bytes)
                     : course_->sizes()[DrawSize()];
  Advance();
  return packet;
}

size_t PacketSource::DrawSize() {
  size_t i = 0;
  if (kind_ == Kind::kPoisson && now_.packets >= 0) {
    // One of the packets that were left when this one was made.
    int64_t at = static_cast<int64_t>(
        size_stream_.UniformInt(static_cast<uint64_t>(left_ + 1)));
    while (at >= left_of_size_[i]) at -= left_of_size_[i++];
    --left_of_size_[i];
    return i;
  }
  const double u = size_stream_.Uniform();
  while (now_.cumulative_shares[i] <= u) ++i;
  return i;
}

}  // namespace airlock
