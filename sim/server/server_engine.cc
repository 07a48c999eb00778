#include "sim/server/server_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

using Kind = EventQueue::Kind;

// How far packets of one place may get before those of another that are on
// their way there.
constexpr int64_t kOvertakeNs = 500;
// Watermarks of throttling (Kulkarni et al., NFVnice, SIGCOMM 2017, 4.3.5).
constexpr double kHot = 0.8;
constexpr double kCool = 0.6;

ChainWorkload WorkloadOf(const ServiceChainConfig& chain) {
  ChainWorkload workload;
  workload.arrivals = chain.arrivals;
  workload.burst_interval = chain.burst_interval;
  workload.load = chain.load;
  workload.packet_sizes = chain.packet_sizes;
  return workload;
}

}  // namespace

ServerEngine::ServerEngine(const ServersConfig& servers,
                           const std::vector<const Trace*>& traces,
                           const RngTree& tree, Replication replication)
    : servers_(servers),
      layout_(LayOut(servers)),
      grouped_(servers.event == "batch"),
      placement_(PlacePrograms(servers)),
      instances_of_(layout_.stations.size()),
      chains_of_(layout_.stations.size()),
      hot_(servers.chains.size()),
      chains_(servers.chains.size()),
      latencies_(2, std::vector<LatencyHistogram>(servers.chains.size())),
      contention_(servers.machines.size()),
      received_at_epoch_(servers.machines.size()),
      received_packets_at_epoch_(servers.machines.size()),
      tree_(tree),
      replication_(replication),
      service_(tree.Stream("server/service", replication)),
      split_(tree.Stream("server/split", replication)),
      leaving_(servers.chains.size()) {
  RngStream phases = tree.Stream("server/phase", replication);
  for (const MachineConfig& machine : servers_.machines) {
    receive_.emplace_back(machine, machine.rx_ring);
    send_.emplace_back(machine, machine.tx_ring);
    first_core_.push_back(cores_.size());
    for (int64_t i = 0; i < CoresOf(machine); ++i) {
      cores_.emplace_back().phase = phases.Uniform();
    }
  }
  for (size_t s = 0; s < layout_.stations.size(); ++s) AddInstances(s, 0);
  for (size_t c = 0; c < servers_.chains.size(); ++c) {
    std::set<size_t> stations;
    for (const StepPlan& step : layout_.chains[c])
      stations.insert(step.station);
    for (const size_t station : stations) chains_of_[station].push_back(c);
    AddSource(servers_.chains[c], traces[c], tree, replication);
  }
  SpreadFlows();
  FindMerges();
  Solve();
}

void ServerEngine::AddSource(const ServiceChainConfig& chain,
                             const Trace* trace, const RngTree& tree,
                             Replication replication) {
  auto source = std::make_unique<Source>();
  // Each chain has streams of its own.
  const RngTree own(
      tree.Stream("server/chain/" + chain.name, Replication(0)).Next64());
  const ChainWorkload workload = WorkloadOf(chain);
  source->course =
      std::make_unique<ChainCourse>(workload, trace, own, replication);
  source->packets = std::make_unique<PacketSource>(
      workload, source->course.get(), own, replication);
  const int64_t next = source->packets->next_ns();
  if (next != kNever) events_.Push(next, Kind::kSource, sources_.size());
  sources_.push_back(std::move(source));
}

size_t ServerEngine::CoreIndex(int64_t machine, int64_t core) const {
  return first_core_[static_cast<size_t>(machine)] + static_cast<size_t>(core);
}

void ServerEngine::AddInstances(size_t station, int64_t ready_ns) {
  const StationPlan& plan = layout_.stations[station];
  const size_t function = plan.parts[0].function;
  const Placement& placed = placement_[function];
  const MachineConfig& machine =
      servers_.machines[static_cast<size_t>(placed.machine)];
  for (const int64_t core : placed.cores) {
    Instance instance;
    instance.station = station;
    instance.machine = placed.machine;
    instance.core = core;
    instance.ready_ns = ready_ns;
    instance.ring_limit =
        plan.receives ? machine.rx_ring : servers_.functions[function].ring;
    instance.batch = servers_.functions[function].batch;
    instances_of_[station].push_back(instances_.size());
    cores_[CoreIndex(placed.machine, core)].instances.push_back(
        instances_.size());
    instances_.push_back(std::move(instance));
    at_epoch_.emplace_back();
  }
}

void ServerEngine::FindMerges() {
  std::vector<size_t> to_station(layout_.stations.size());
  std::vector<size_t> in(servers_.machines.size());
  std::set<std::pair<int64_t, size_t>> out;  // machine, instance
  for (size_t c = 0; c < layout_.chains.size(); ++c) {
    const std::vector<StepPlan>& steps = layout_.chains[c];
    ++to_station[steps[0].station];
    ++in[static_cast<size_t>(MachineOf(c, 0))];
    for (size_t s = 0; s < steps.size(); ++s) {
      const std::vector<size_t>& from = instances_of_[steps[s].station];
      const int64_t here = MachineOf(c, static_cast<int32_t>(s));
      for (const StepPlan::Next& next : steps[s].next) {
        const int64_t there = next.step < 0 ? -1 : MachineOf(c, next.step);
        if (there != here) {
          for (const size_t instance : from) out.insert({here, instance});
        }
        if (next.step < 0) continue;
        to_station[steps[static_cast<size_t>(next.step)].station] +=
            from.size();
        if (there != here) ++in[static_cast<size_t>(there)];
      }
    }
  }
  merges_.clear();
  for (const size_t count : to_station) merges_.push_back(count > 1);
  merges_in_.clear();
  for (const size_t count : in) merges_in_.push_back(count > 1);
  std::vector<size_t> senders(servers_.machines.size());
  for (const auto& sender : out) ++senders[static_cast<size_t>(sender.first)];
  merges_out_.clear();
  for (const size_t count : senders) merges_out_.push_back(count > 1);
}

void ServerEngine::SpreadFlows() {
  spread_.assign(servers_.chains.size(), {});
  for (size_t c = 0; c < servers_.chains.size(); ++c) {
    spread_[c].resize(layout_.stations.size());
    for (size_t s = 0; s < layout_.stations.size(); ++s) {
      const StationPlan& station = layout_.stations[s];
      const std::string name = fmt::format(
          "server/flows/{}/{}", servers_.chains[c].name, station.name);
      spread_[c][s] =
          FlowShares(servers_.chains[c].flows, instances_of_[s].size(),
                     tree_.Stream(name, replication_));
    }
  }
}

// --- Events -----------------------------------------------------------------

void ServerEngine::AdvanceTo(int64_t now_ns) {
  AIRLOCK_CHECK(now_ns >= now_ns_);
  while (true) {
    const int64_t solve_ns = solved_ns_ + servers_.epoch.value();
    const int64_t until = std::min(now_ns, solve_ns);
    PacketGroup group;
    while (!events_.empty() && events_.next_ns() <= until) {
      const EventQueue::Event event = events_.Pop(&group);
      now_ns_ = event.at_ns;
      Handle(event, &group);
    }
    now_ns_ = until;
    if (until == solve_ns) Solve();
    if (until == now_ns) return;
  }
}

void ServerEngine::Handle(const EventQueue::Event& event, PacketGroup* group) {
  const auto where = static_cast<size_t>(event.where);
  switch (event.kind) {
    case Kind::kSource:
      return Emit(where);
    case Kind::kReceive:
      return Receive(where, group);
    case Kind::kArrive:
      return Arrive(*group);
    case Kind::kSend:
      return Send(where, group);
    case Kind::kDecide:
      return Decide(where, event.at_ns);
  }
}

void ServerEngine::Emit(size_t chain) {
  PacketSource& source = *sources_[chain]->packets;
  const int most = grouped_ ? PacketGroup::kMost : 1;
  const int64_t until =
      source.next_ns() + (grouped_ ? servers_.batch_span.value() : 0);
  ChainTotals& totals = chains_[chain];
  PacketGroup group;
  while (group.size() < most && source.next_ns() != kNever &&
         source.next_ns() <= until) {
    const ChainPacket packet = source.Take();
    group.Add({packet.sent_ns, packet.sent_ns,
               static_cast<int32_t>(packet.bytes), static_cast<int32_t>(chain),
               0});
    totals.offered_bytes += packet.bytes;
  }
  totals.offered += group.size();
  if (source.next_ns() != kNever) {
    events_.Push(source.next_ns(), Kind::kSource, chain);
  }
  const bool throttles = servers_.chains[chain].overload == "throttle";
  if (throttles && hot_[chain] > 0) {
    totals.lost += group.size();
    return;
  }
  Receive(static_cast<size_t>(MachineOf(chain, 0)), &group);
}

int64_t ServerEngine::MachineOf(size_t chain, int32_t step) const {
  const size_t station =
      layout_.chains[chain][static_cast<size_t>(step)].station;
  return placement_[layout_.stations[station].parts[0].function].machine;
}

// Leaves of a group what comes before the next event; the rest is an event of
// its own.
void ServerEngine::Postpone(Kind kind, size_t machine, PacketGroup* group) {
  if (events_.empty()) return;
  int now = 1;
  while (now < group->size() &&
         group->begin()[now].at_ns <= events_.next_ns() + kOvertakeNs) {
    ++now;
  }
  if (now == group->size()) return;
  PacketGroup rest;
  for (int i = now; i < group->size(); ++i) rest.Add(group->begin()[i]);
  group->Shorten(now);
  events_.Push(rest.front().at_ns, kind, machine, rest);
}

// A group is of one chain.
void ServerEngine::Receive(size_t machine, PacketGroup* group) {
  if (merges_in_[machine]) Postpone(Kind::kReceive, machine, group);
  const auto chain = static_cast<size_t>(group->front().chain);
  chains_[chain].lost += receive_[machine].Pass(group);
  if (group->empty()) return;
  events_.Push(group->front().at_ns, Kind::kArrive, machine, *group);
}

void ServerEngine::Send(size_t machine, PacketGroup* group) {
  if (merges_out_[machine]) Postpone(Kind::kSend, machine, group);
  const auto chain = static_cast<size_t>(group->front().chain);
  chains_[chain].lost += send_[machine].Pass(group);
  if (group->empty()) return;
  if (group->front().step < 0) return Deliver(*group);
  for (ServerPacket& packet : *group) {
    packet.at_ns += servers_.link_delay.value();
  }
  const ServerPacket& first = group->front();
  events_.Push(first.at_ns, Kind::kReceive,
               static_cast<size_t>(MachineOf(chain, first.step)), *group);
}

void ServerEngine::Deliver(const PacketGroup& group) {
  const auto chain = static_cast<size_t>(group.front().chain);
  for (const ServerPacket& packet : group) {
    chains_[chain].delivered_bytes += packet.bytes;
    const int64_t latency_ns = packet.at_ns - packet.sent_ns;
    for (auto& reader : latencies_) reader[chain].Add(latency_ns);
  }
  chains_[chain].delivered += group.size();
}

size_t ServerEngine::Draw(const std::vector<double>& cumulative) {
  const double x = split_.Uniform();
  size_t k = 0;
  while (k + 1 < cumulative.size() && x >= cumulative[k]) ++k;
  return k;
}

void ServerEngine::Arrive(const PacketGroup& group) {
  const auto chain = static_cast<size_t>(group.front().chain);
  for (const ServerPacket& packet : group) {
    const size_t station =
        layout_.chains[chain][static_cast<size_t>(packet.step)].station;
    const std::vector<size_t>& to = instances_of_[station];
    const size_t k = to.size() > 1 ? Draw(spread_[chain][station]) : 0;
    Instance& instance = instances_[to[k]];
    ++instance.totals.offered;
    instance.totals.offered_bytes += packet.bytes;
    Join(to[k], packet);
  }
}

void ServerEngine::Join(size_t index, const ServerPacket& packet) {
  Instance& instance = instances_[index];
  if (instance.ring.size() >= instance.ring_limit) {
    ++instance.totals.drops;
    ++chains_[static_cast<size_t>(packet.chain)].lost;
    return;
  }
  instance.ring.Insert(packet);
  const auto limit = static_cast<double>(instance.ring_limit);
  if (!instance.hot &&
      static_cast<double>(instance.ring.size()) > kHot * limit) {
    instance.hot = true;
    for (const size_t chain : chains_of_[instance.station]) ++hot_[chain];
  }
  Wake(CoreIndex(instance.machine, instance.core),
       std::max(now_ns_, packet.at_ns));
}

void ServerEngine::Cool(Instance* instance) {
  if (!instance->hot) return;
  const auto limit = static_cast<double>(instance->ring_limit);
  if (static_cast<double>(instance->ring.size()) >= kCool * limit) return;
  instance->hot = false;
  for (const size_t chain : chains_of_[instance->station]) --hot_[chain];
}

// Packets of one chain and step; those that part get groups of their own.
void ServerEngine::Route(size_t machine, PacketGroup* group) {
  const auto chain = static_cast<size_t>(group->front().chain);
  const StepPlan& step =
      layout_.chains[chain][static_cast<size_t>(group->front().step)];
  std::vector<size_t> ways(static_cast<size_t>(group->size()));
  if (step.next.size() > 1) {
    std::vector<double> cumulative;
    for (const StepPlan::Next& next : step.next) {
      cumulative.push_back(next.cumulative);
    }
    for (size_t& way : ways) way = Draw(cumulative);
  }
  for (size_t way = 0; way < step.next.size(); ++way) {
    PacketGroup part;
    const int32_t to = step.next[way].step;
    for (int i = 0; i < group->size(); ++i) {
      if (ways[static_cast<size_t>(i)] != way) continue;
      part.Add(group->begin()[i]);
      part.end()[-1].step = to;
    }
    if (part.empty()) continue;
    const bool here =
        to >= 0 && MachineOf(chain, to) == static_cast<int64_t>(machine);
    events_.Push(part.front().at_ns, here ? Kind::kArrive : Kind::kSend,
                 machine, part);
  }
}

// --- Cores ------------------------------------------------------------------

void ServerEngine::Wake(size_t index, int64_t at_ns) {
  Core& core = cores_[index];
  at_ns = std::max(at_ns, core.busy_ns);
  if (at_ns >= core.wake_ns) return;
  core.wake_ns = at_ns;
  events_.Push(at_ns, Kind::kDecide, index);
}

void ServerEngine::Decide(size_t index, int64_t now_ns) {
  Core& core = cores_[index];
  if (core.wake_ns != now_ns) return;  // it woke earlier
  core.wake_ns = kNever;
  int64_t next_ns = kNever;
  for (size_t i = 0; i < core.instances.size(); ++i) {
    const size_t k = (core.turn + i) % core.instances.size();
    const size_t which = core.instances[k];
    Instance& instance = instances_[which];
    if (instance.ring.empty()) continue;
    const int64_t ready_ns =
        std::max(instance.ready_ns, instance.ring.front().at_ns);
    if (ready_ns > now_ns) {
      next_ns = std::min(next_ns, ready_ns);
      continue;
    }
    const bool turns = core.last != which && core.last != SIZE_MAX;
    const int64_t start_ns =
        now_ns + (turns ? servers_.switch_time.value() : 0);
    core.last = which;
    core.turn = k + 1;
    core.busy_ns = Serve(core, &instance, start_ns);
    Wake(index, core.busy_ns);
    return;
  }
  if (next_ns != kNever) Wake(index, next_ns);
}

int64_t ServerEngine::Poll(const Core& core, Instance* instance,
                           int64_t start_ns, int64_t most) {
  InstanceTotals& totals = instance->totals;
  const int first = served_.size();
  int64_t bytes = 0;
  while (served_.size() - first < most && !instance->ring.empty() &&
         instance->ring.front().at_ns <= start_ns) {
    const ServerPacket& packet = instance->ring.front();
    bytes += packet.bytes;
    totals.waiting_ns += static_cast<double>(start_ns - packet.at_ns);
    served_.Add(packet);
    instance->ring.PopFront();
  }
  const int count = served_.size() - first;
  const BatchCost& cost = instance->service_ns;
  const double work =
      cost.per_batch + (cost.per_packet * static_cast<double>(count) +
                        cost.per_byte * static_cast<double>(bytes)) *
                           instance->factor;
  ++totals.polls;
  totals.packets += count;
  totals.bytes += bytes;
  totals.busy_ns += work;
  // What is left of a nanosecond is not lost.
  const double length = Elapsed(core, start_ns, work + instance->carry_ns);
  const double whole = std::floor(length);
  instance->carry_ns = length - whole;
  const int64_t end_ns = start_ns + static_cast<int64_t>(whole);
  for (int i = first; i < served_.size(); ++i) {
    served_.begin()[i].at_ns = end_ns;
  }
  return end_ns;
}

// Works in the first part of each period of the turns that competitors take,
// and is away in the rest.
double ServerEngine::Elapsed(const Core& core, int64_t start_ns, double work) {
  if (core.away <= 0) return work;
  const double on = core.period_ns * (1 - core.away);
  double at =
      std::fmod(static_cast<double>(start_ns) + core.phase * core.period_ns,
                core.period_ns);
  double passed = 0;
  if (at >= on) {
    passed += core.period_ns - at;
    at = 0;
  }
  while (at + work > on) {
    work -= on - at;
    passed += core.period_ns - at;
    at = 0;
  }
  return passed + work;
}

int64_t ServerEngine::Serve(const Core& core, Instance* instance,
                            int64_t start_ns) {
  served_.Clear();
  const bool alone = core.instances.size() == 1;
  int64_t most = std::min<int64_t>(instance->batch, PacketGroup::kMost);
  if (instance->shape > 0) {
    const double shape = instance->shape * static_cast<double>(std::min(
                                               instance->ring.size(), most));
    instance->factor = service_.Gamma(shape, 1 / shape);
  }
  int64_t at_ns = start_ns;
  const bool merges = merges_[instance->station];
  do {
    at_ns = Poll(core, instance, at_ns, most);
    most =
        std::min<int64_t>(instance->batch, PacketGroup::kMost - served_.size());
    if (instance->ring.empty() || !alone) break;
    // The next poll's packets fit into this event, or it is one of its own.
    if (instance->ring.size() > most && most < instance->batch &&
        instance->ring.At(most).at_ns <= at_ns) {
      break;
    }
    const int64_t next_ns = std::max(at_ns, instance->ring.front().at_ns);
    // Who else sends here may do so by then.
    if (merges && !events_.empty() &&
        events_.next_ns() + kOvertakeNs < next_ns) {
      break;
    }
    at_ns = next_ns;
  } while (most > 0 && grouped_);
  Cool(instance);
  HandOn(static_cast<size_t>(instance->machine));
  return at_ns;
}

void ServerEngine::HandOn(size_t machine) {
  for (const ServerPacket& packet : served_) {
    const auto chain = static_cast<size_t>(packet.chain);
    PacketGroup& group = leaving_[chain];
    const bool fits = group.empty() || (group.front().step == packet.step &&
                                        grouped_ && !group.full());
    if (!fits) {
      Route(machine, &group);
      group.Clear();
    }
    group.Add(packet);
  }
  for (PacketGroup& group : leaving_) {
    if (group.empty()) continue;
    Route(machine, &group);
    group.Clear();
  }
}

int64_t ServerEngine::PacketsInside() const {
  int64_t packets = events_.packets();
  for (const Instance& instance : instances_) packets += instance.ring.size();
  return packets;
}

std::vector<LatencyHistogram> ServerEngine::TakeLatencies(size_t reader) {
  std::vector<LatencyHistogram> taken(chains_.size());
  std::swap(taken, latencies_[reader]);
  return taken;
}

}  // namespace airlock
