#include "sim/server/steady_state.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "sim/base/error.h"
#include "sim/base/units.h"

namespace airlock {
namespace {

constexpr double kNormal99 = 2.3263478740408408;  // Phi^-1(0.99)
constexpr double kFewPackets = 1;      // a second: no load to speak of
constexpr double kBufferBytes = 2048;  // of a packet in memory
// A core that is busier is overloaded.
constexpr double kBusiest = 1 - 1e-9;

double MeanBytes(const ServiceChainConfig& chain) {
  double bytes = 0, shares = 0;
  for (const PacketSizeShare& one : chain.packet_sizes) {
    bytes += static_cast<double>(one.size.value()) * one.share.value();
    shares += one.share.value();
  }
  return bytes / shares;
}

// How packets come to a station: squared coefficients of variation of the times
// between them and between groups, and with how many a random one comes, itself
// included.
struct Stream {
  double packets_scv = 1;
  double groups_scv = 1;
  double group = 1;
};

// An instance of a station as its packets find it.
struct Queue {
  double rho = 0;      // busy share
  double seconds = 0;  // of service
  double cv = 0;
  double ring = 0;   // packets
  double batch = 1;  // packets that a poll takes at most
};

// How long packets are with a station, and how they leave.
struct Sojourn {
  double mean = 0;
  double variance = 0;
  Stream leaving;
};

// One of `instances` that share what comes.
Stream Split(const Stream& stream, double instances) {
  return {1 + (stream.packets_scv - 1) / instances, stream.groups_scv,
          1 + (stream.group - 1) / instances};
}

Sojourn SojournAt(const Queue& q, const Stream& come) {
  const double own = q.cv * q.cv * q.seconds * q.seconds;
  const double rho = std::min(1.0, q.rho);
  const auto leaving = [&](double scv) {
    return rho * rho * q.cv * q.cv + (1 - rho * rho) * scv;
  };
  Sojourn sojourn;
  sojourn.leaving = {leaving(come.packets_scv), leaving(come.groups_scv),
                     q.batch};
  if (rho >= kBusiest) {
    sojourn.mean = (q.ring + 1) * q.seconds;
    sojourn.variance = own;
    return sojourn;
  }
  const double full = rho / (1 - rho);
  const double wait =
      std::min(q.ring * q.seconds,
               0.5 * q.seconds *
                   (full * (come.packets_scv + q.cv * q.cv) +
                    (come.group - 1) * (1 + come.groups_scv * full)));
  const double after =
      std::min(wait * rho / (1 + rho), 0.5 * (q.batch - 1) * q.seconds);
  sojourn.leaving.group =
      std::min(q.batch, come.group + 2 * rho * wait / (q.seconds * (1 + rho)));
  // Of the wait, which is 0 with probability 1 - p and else exponential.
  const double p = rho + (1 - rho) * (1 - 1 / come.group);
  const double all = wait + after;
  sojourn.mean = q.seconds + all;
  sojourn.variance = own + (p > 0 ? all * all * (2 / p - 1) : 0);
  return sojourn;
}

// 99th percentile of a gamma distribution (Wilson and Hilferty 1931), the mean
// where that is more: of shapes below 0.0153 the formula's root is negative.
double GammaP99(double mean, double variance) {
  if (!(variance > 0)) return mean;
  const double shape = mean * mean / variance;
  const double ninth = 1 / (9 * shape);
  const double root = 1 - ninth + kNormal99 * std::sqrt(ninth);
  return mean * std::max(1.0, root * root * root);
}

}  // namespace

bool KeepsAgreement(const ServiceChainConfig& chain, const SteadyChain& state) {
  if (!chain.agreement) return true;
  return state.delivered >=
             chain.agreement->throughput.value() * state.offered &&
         state.latency_p99_seconds <= Seconds(chain.agreement->latency_p99);
}

SteadyModel::SteadyModel(const ServersConfig& servers)
    : servers_(servers),
      layout_(LayOut(servers)),
      flows_(servers.functions.size()) {
  for (size_t c = 0; c < servers.chains.size(); ++c) {
    chain_bytes_.push_back(MeanBytes(servers.chains[c]));
    std::set<size_t> passed;
    for (const StepPlan& step : layout_.chains[c]) {
      for (const StationPart& part : layout_.stations[step.station].parts) {
        passed.insert(part.function);
      }
    }
    for (const size_t f : passed) {
      flows_[f] += static_cast<double>(servers.chains[c].flows);
    }
  }
}

SteadyState SteadyModel::Solve(const std::vector<Placement>& placed,
                               const std::vector<double>& offered,
                               const SteadyInterval& interval) const {
  AIRLOCK_CHECK(offered.size() == servers_.chains.size());
  constexpr int kRounds = 4;  // losses thin what comes further down
  SteadyState state;
  state.functions.resize(servers_.functions.size());
  std::vector<double> loss(servers_.functions.size());
  for (int round = 0; round < kRounds; ++round) {
    SolveMachines(placed, TrafficOf(offered, loss), &state.functions);
    bool settled = true;
    for (size_t f = 0; f < loss.size(); ++f) {
      settled =
          settled && std::abs(loss[f] - state.functions[f].loss_ratio) < 1e-3;
      loss[f] = state.functions[f].loss_ratio;
    }
    if (settled) break;
  }
  for (size_t c = 0; c < offered.size(); ++c) {
    state.chains.push_back(
        ChainOf(c, offered[c], placed, interval, state.functions));
  }
  return state;
}

std::vector<double> SteadyModel::SoloSeconds(size_t machine) const {
  std::vector<double> seconds;
  for (size_t f = 0; f < servers_.functions.size(); ++f) {
    std::vector<Placement> placed(
        servers_.functions.size() + servers_.competitors.size(),
        Placement{static_cast<int64_t>(machine), {}});
    placed[f].cores = {0};
    std::vector<Traffic> traffic(servers_.functions.size());
    traffic[f] = {kFewPackets, kFewPackets * chain_bytes_[0]};
    for (size_t c = 0; c < servers_.chains.size(); ++c) {
      for (const StepPlan& step : layout_.chains[c]) {
        for (const StationPart& part : layout_.stations[step.station].parts) {
          if (part.function == f) traffic[f].bytes = chain_bytes_[c];
        }
      }
    }
    std::vector<SteadyFunction> functions(servers_.functions.size());
    SolveMachines(placed, traffic, &functions);
    seconds.push_back(functions[f].seconds_per_packet);
  }
  return seconds;
}

std::vector<SteadyModel::Traffic> SteadyModel::TrafficOf(
    const std::vector<double>& offered, const std::vector<double>& loss) const {
  std::vector<Traffic> traffic(servers_.functions.size());
  for (size_t c = 0; c < offered.size(); ++c) {
    const std::vector<StepPlan>& steps = layout_.chains[c];
    std::vector<double> visits(steps.size());
    visits[0] = 1;
    for (size_t i = 0; i < steps.size(); ++i) {
      double passed = visits[i];
      for (const StationPart& part : layout_.stations[steps[i].station].parts) {
        Traffic& one = traffic[part.function];
        one.packets += offered[c] * visits[i] * part.visits;
        one.bytes += offered[c] * visits[i] * part.visits * chain_bytes_[c];
        passed = std::min(passed, visits[i] * (1 - loss[part.function]));
      }
      double before = 0;
      for (const StepPlan::Next& next : steps[i].next) {
        if (next.step >= 0) {
          visits[static_cast<size_t>(next.step)] +=
              passed * (next.cumulative - before);
        }
        before = next.cumulative;
      }
    }
  }
  return traffic;
}

std::vector<Task> SteadyModel::TasksOf(size_t machine,
                                       const std::vector<Placement>& placed,
                                       const std::vector<Traffic>& traffic,
                                       std::vector<size_t>* functions) const {
  std::vector<Task> tasks;
  const MachineConfig& config = servers_.machines[machine];
  std::vector<int64_t> users(static_cast<size_t>(CoresOf(config)));
  for (const Placement& place : placed) {
    if (place.machine != static_cast<int64_t>(machine)) continue;
    for (const int64_t core : place.cores) ++users[static_cast<size_t>(core)];
  }
  for (size_t p = 0; p < placed.size(); ++p) {
    if (placed[p].machine != static_cast<int64_t>(machine)) continue;
    for (const int64_t core : placed[p].cores) {
      Task task;
      task.core = core;
      task.socket = SocketOf(config, core);
      task.core_share =
          1 / static_cast<double>(users[static_cast<size_t>(core)]);
      task.l2_share = task.core_share;
      const auto instances = static_cast<double>(placed[p].cores.size());
      if (p < servers_.functions.size()) {
        const FunctionConfig& f = servers_.functions[p];
        task.instructions = f.instructions;
        task.packet_references = f.packet_references;
        task.state_references = f.state_references;
        task.ipc = f.ipc;
        task.working_set_bytes =
            static_cast<double>(f.working_set.value()) +
            static_cast<double>(f.flow_state.value()) * flows_[p] / instances;
        task.locality = f.locality.value();
        task.memory_parallelism = f.memory_parallelism;
        task.write_share = f.write_share.value();
        task.packets_per_second = traffic[p].packets / instances;
        task.bytes_per_packet =
            traffic[p].packets > 0 ? traffic[p].bytes / traffic[p].packets : 0;
      } else {
        const CompetitorConfig& c =
            servers_.competitors[p - servers_.functions.size()];
        task.competitor = true;
        task.instructions = {0, c.instructions_per_read, 0};
        task.packet_references = {0, 0, 0};
        task.state_references = {0, 1, 0};
        task.ipc = c.ipc;
        task.working_set_bytes = static_cast<double>(c.working_set.value());
        task.locality = c.locality.value();
        task.memory_parallelism = c.memory_parallelism;
        task.write_share = c.write_share.value();
        task.packets_per_second = c.reads_per_second > 0
                                      ? c.reads_per_second
                                      : std::numeric_limits<double>::infinity();
      }
      tasks.push_back(task);
      functions->push_back(p);
    }
  }
  return tasks;
}

// Packets that come to a machine's functions first in their chain, or from
// another machine.
DeviceLoad SteadyModel::DevicesOf(size_t machine,
                                  const std::vector<Placement>& placed,
                                  const std::vector<Traffic>& traffic) const {
  DeviceLoad load;
  const MachineConfig& config = servers_.machines[machine];
  load.footprint_bytes = static_cast<double>(config.rx_ring) * kBufferBytes;
  std::set<size_t> received;
  for (const std::vector<StepPlan>& steps : layout_.chains) {
    const auto function_at = [&](int64_t step) {
      return layout_.stations[steps[static_cast<size_t>(step)].station]
          .parts[0]
          .function;
    };
    const auto receive = [&](size_t f) {
      if (placed[f].machine == static_cast<int64_t>(machine)) {
        received.insert(f);
      }
    };
    receive(function_at(0));
    for (size_t i = 0; i < steps.size(); ++i) {
      const size_t from = function_at(static_cast<int64_t>(i));
      for (const StepPlan::Next& next : steps[i].next) {
        if (next.step < 0) continue;
        const size_t to = function_at(next.step);
        if (placed[from].machine != placed[to].machine) receive(to);
      }
    }
  }
  for (const size_t f : received) {
    if (!(traffic[f].packets > 0)) continue;
    load.received_lines_per_second +=
        traffic[f].packets *
        std::ceil(traffic[f].bytes / traffic[f].packets / kLineBytes);
  }
  return load;
}

void SteadyModel::SolveMachines(const std::vector<Placement>& placed,
                                const std::vector<Traffic>& traffic,
                                std::vector<SteadyFunction>* functions) const {
  for (SteadyFunction& one : *functions) one = {};
  for (size_t m = 0; m < servers_.machines.size(); ++m) {
    std::vector<size_t> programs;
    const std::vector<Task> tasks = TasksOf(m, placed, traffic, &programs);
    if (tasks.empty()) continue;
    const MachineSolution solution = SolveContention(
        servers_.machines[m], tasks, DevicesOf(m, placed, traffic));
    for (size_t t = 0; t < tasks.size(); ++t) {
      if (programs[t] >= functions->size()) continue;
      SteadyFunction& one = (*functions)[programs[t]];
      const auto instances =
          static_cast<double>(placed[programs[t]].cores.size());
      const double each =
          Of(solution.tasks[t].seconds, 1, tasks[t].bytes_per_packet);
      const double come = tasks[t].packets_per_second;
      one.packets_per_second = traffic[programs[t]].packets;
      one.seconds_per_packet += each / instances;
      one.busy += std::min(1.0, come * each) / instances;
      if (come > 0) {
        one.loss_ratio += std::max(0.0, 1 - 1 / (come * each)) / instances;
      }
    }
  }
}

SteadyChain SteadyModel::ChainOf(
    size_t c, double offered, const std::vector<Placement>& placed,
    const SteadyInterval& interval,
    const std::vector<SteadyFunction>& functions) const {
  const std::vector<StepPlan>& steps = layout_.chains[c];
  SteadyChain chain{offered, 0, 0};
  std::vector<double> visits(steps.size());
  visits[0] = 1;
  std::vector<Stream> streams(steps.size());  // that come to each step
  double mean = 0, variance = 0, delivered = 0, late = 0, rest = 0;
  int64_t machine = -1;
  for (size_t i = 0; i < steps.size(); ++i) {
    const StationPlan& station = layout_.stations[steps[i].station];
    double seconds = 0, squares = 0, busy = 0, lost = 0;
    for (const StationPart& part : station.parts) {
      const SteadyFunction& f = functions[part.function];
      const double own = part.visits * f.seconds_per_packet;
      seconds += own;
      squares += std::pow(servers_.functions[part.function].cv * own, 2);
      busy += f.busy;
      lost = std::max(lost, f.loss_ratio);
    }
    if (busy >= kBusiest && lost == 0) lost = 1 - 1 / std::max(1.0, busy);
    const size_t f = station.parts[0].function;
    const auto ring = static_cast<double>(
        station.receives
            ? servers_.machines[static_cast<size_t>(placed[f].machine)].rx_ring
            : servers_.functions[f].ring);
    const double rests =
        interval.rest_seconds.empty() ? 0 : interval.rest_seconds[f];
    if (rests > 0 && functions[f].packets_per_second > 0) {
      const double each = functions[f].packets_per_second /
                          static_cast<double>(placed[f].cores.size());
      const double over = std::max(0.0, each * rests - ring);
      lost = std::max(lost, over / (each * interval.seconds));
      const double drained = rests / std::max(1e-3, 1 - busy);
      late = std::min(1.0, late + drained / interval.seconds);
      rest = std::max(rest, rests);
    }
    const auto instances = static_cast<double>(placed[f].cores.size());
    const Sojourn sojourn = SojournAt(
        {busy, seconds, seconds > 0 ? std::sqrt(squares) / seconds : 0, ring,
         static_cast<double>(servers_.functions[f].batch)},
        Split(streams[i], static_cast<double>(placed[f].cores.size())));
    mean += visits[i] * sojourn.mean;
    variance += visits[i] * sojourn.variance;
    if (placed[f].machine != machine) {
      const auto& config =
          servers_.machines[static_cast<size_t>(placed[f].machine)];
      mean += visits[i] * (2 * Seconds(config.nic_latency) +
                           (i > 0 ? Seconds(servers_.link_delay) : 0));
      machine = placed[f].machine;
    }
    double before = 0;
    const double passed = visits[i] * (1 - lost);
    for (const StepPlan::Next& next : steps[i].next) {
      const double there = passed * (next.cumulative - before);
      before = next.cumulative;
      if (next.step < 0) {
        delivered += there;
      } else {
        visits[static_cast<size_t>(next.step)] += there;
        streams[static_cast<size_t>(next.step)] = sojourn.leaving;
      }
    }
  }
  chain.delivered = offered * delivered;
  chain.latency_p99_seconds = GammaP99(mean, variance);
  if (late > 0.01) {
    chain.latency_p99_seconds =
        std::max(chain.latency_p99_seconds, rest * (1 - 0.01 / late));
  }
  return chain;
}

}  // namespace airlock
