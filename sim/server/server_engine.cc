#include "sim/server/server_engine.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

namespace airlock {
namespace {

using Kind = EventQueue::Kind;

constexpr int64_t kGroupPackets = 32;
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
      split_(tree.Stream("server/split", replication)) {
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
      return Receive(where, *group);
    case Kind::kArrive:
      return Arrive(*group);
    case Kind::kSend:
      return Send(where, *group);
    case Kind::kDecide:
      return Decide(where, event.at_ns);
  }
}

void ServerEngine::Emit(size_t chain) {
  PacketSource& source = *sources_[chain]->packets;
  const int64_t most = grouped_ ? kGroupPackets : 1;
  const int64_t span = grouped_ ? servers_.batch_span.value() : 0;
  PacketGroup group;
  group.chain = static_cast<int32_t>(chain);
  group.first_ns = source.next_ns();
  while (group.packets < most && source.next_ns() != kNever &&
         source.next_ns() - group.first_ns <= span) {
    group.last_ns = source.next_ns();
    group.bytes += source.Take().bytes;
    ++group.packets;
  }
  group.sent_first_ns = group.first_ns;
  group.sent_last_ns = group.last_ns;
  if (source.next_ns() != kNever) {
    events_.Push(source.next_ns(), Kind::kSource, chain);
  }
  ChainTotals& totals = chains_[chain];
  totals.offered += group.packets;
  totals.offered_bytes += group.bytes;
  const bool throttles = servers_.chains[chain].overload == "throttle";
  if (throttles && hot_[chain] > 0) return Lose(group, group.packets);
  const size_t station = layout_.chains[chain][0].station;
  const size_t first = layout_.stations[station].parts[0].function;
  Receive(static_cast<size_t>(placement_[first].machine), group);
}

void ServerEngine::Receive(size_t machine, PacketGroup group) {
  const int64_t came = group.packets;
  const bool left = receive_[machine].Pass(&group);
  Lose(group, left ? came - group.packets : came);
  if (left) events_.Push(group.first_ns, Kind::kArrive, 0, group);
}

void ServerEngine::Send(size_t machine, PacketGroup group) {
  const int64_t came = group.packets;
  const bool left = send_[machine].Pass(&group);
  Lose(group, left ? came - group.packets : came);
  if (!left) return;
  if (group.step < 0) return Deliver(group);
  const auto& steps = layout_.chains[static_cast<size_t>(group.chain)];
  const size_t station = steps[static_cast<size_t>(group.step)].station;
  const size_t function = layout_.stations[station].parts[0].function;
  group.first_ns += servers_.link_delay.value();
  group.last_ns += servers_.link_delay.value();
  events_.Push(group.first_ns, Kind::kReceive,
               static_cast<size_t>(placement_[function].machine), group);
}

void ServerEngine::Lose(const PacketGroup& group, int64_t packets) {
  chains_[static_cast<size_t>(group.chain)].lost += packets;
}

void ServerEngine::Deliver(const PacketGroup& group) {
  const auto chain = static_cast<size_t>(group.chain);
  chains_[chain].delivered += group.packets;
  chains_[chain].delivered_bytes += group.bytes;
  for (auto& reader : latencies_) {
    reader[chain].Add(group.first_ns - group.sent_first_ns,
                      group.last_ns - group.sent_last_ns, group.packets);
  }
}

void ServerEngine::Split(const PacketGroup& group,
                         const std::vector<double>& cumulative,
                         RngStream* stream, const To& to) {
  std::vector<int64_t> counts(cumulative.size());
  for (int64_t i = 0; i < group.packets; ++i) {
    const double x = stream->Uniform();
    size_t k = 0;
    while (k + 1 < cumulative.size() && x >= cumulative[k]) ++k;
    ++counts[k];
  }
  int64_t bytes_left = group.bytes;
  int64_t packets_left = group.packets;
  for (size_t k = 0; k < counts.size(); ++k) {
    if (counts[k] == 0) continue;
    PacketGroup part = group;
    part.packets = counts[k];
    part.bytes = bytes_left * counts[k] / packets_left;
    bytes_left -= part.bytes;
    packets_left -= counts[k];
    to(k, part);
  }
}

void ServerEngine::Arrive(PacketGroup group) {
  const auto chain = static_cast<size_t>(group.chain);
  const size_t station =
      layout_.chains[chain][static_cast<size_t>(group.step)].station;
  const std::vector<size_t>& to = instances_of_[station];
  if (to.size() == 1) return Join(to[0], group);
  Split(group, spread_[chain][station], &split_,
        [&](size_t k, const PacketGroup& part) { Join(to[k], part); });
}

void ServerEngine::Join(size_t index, PacketGroup group) {
  Instance& instance = instances_[index];
  instance.totals.offered += group.packets;
  instance.totals.offered_bytes += group.bytes;
  const int64_t room = instance.ring_limit - instance.waiting;
  if (room < group.packets) {
    instance.totals.drops += group.packets - room;
    Lose(group, group.packets - room);
    if (room <= 0) return;
    group = group.TakeFirst(room);
  }
  instance.waiting += group.packets;
  instance.ring.push_back(group);
  const double share = static_cast<double>(instance.waiting) /
                       static_cast<double>(instance.ring_limit);
  if (!instance.hot && share > kHot) {
    instance.hot = true;
    for (const size_t chain : chains_of_[instance.station]) ++hot_[chain];
  }
  Wake(CoreIndex(instance.machine, instance.core), now_ns_);
}

void ServerEngine::Cool(Instance* instance) {
  if (!instance->hot) return;
  const double share = static_cast<double>(instance->waiting) /
                       static_cast<double>(instance->ring_limit);
  if (share >= kCool) return;
  instance->hot = false;
  for (const size_t chain : chains_of_[instance->station]) --hot_[chain];
}

void ServerEngine::Route(size_t machine, PacketGroup group) {
  const auto chain = static_cast<size_t>(group.chain);
  const StepPlan& step = layout_.chains[chain][static_cast<size_t>(group.step)];
  const auto go = [&](size_t k, PacketGroup part) {
    part.step = step.next[k].step;
    bool here = false;
    if (part.step >= 0) {
      const size_t station =
          layout_.chains[chain][static_cast<size_t>(part.step)].station;
      const size_t function = layout_.stations[station].parts[0].function;
      here = placement_[function].machine == static_cast<int64_t>(machine);
    }
    events_.Push(part.first_ns, here ? Kind::kArrive : Kind::kSend, machine,
                 part);
  };
  if (step.next.size() == 1) return go(0, group);
  std::vector<double> cumulative;
  for (const StepPlan::Next& next : step.next) {
    cumulative.push_back(next.cumulative);
  }
  Split(group, cumulative, &split_, go);
}

// --- Cores ------------------------------------------------------------------

void ServerEngine::Wake(size_t index, int64_t at_ns) {
  Core& core = cores_[index];
  if (core.awake) return;
  core.awake = true;
  events_.Push(at_ns, Kind::kDecide, index);
}

void ServerEngine::Decide(size_t index, int64_t now_ns) {
  Core& core = cores_[index];
  core.awake = false;
  int64_t ready_ns = kNever;
  for (size_t i = 0; i < core.instances.size(); ++i) {
    const size_t k = (core.turn + i) % core.instances.size();
    const size_t which = core.instances[k];
    Instance& instance = instances_[which];
    if (instance.ring.empty()) continue;
    if (instance.ready_ns > now_ns) {
      ready_ns = std::min(ready_ns, instance.ready_ns);
      continue;
    }
    int64_t start_ns = now_ns;
    const bool turns = core.last != which && core.last != SIZE_MAX;
    if (turns) start_ns += servers_.switch_time.value();
    core.last = which;
    core.turn = k + 1;
    core.awake = true;
    const int64_t end_ns = Serve(&core, &instance, start_ns);
    events_.Push(end_ns, Kind::kDecide, index);
    return;
  }
  if (ready_ns != kNever) Wake(index, ready_ns);
}

double ServerEngine::Factor(const Instance& instance, int64_t packets) {
  if (instance.shape <= 0) return 1;
  const double shape = instance.shape * static_cast<double>(packets);
  return service_.Gamma(shape, 1 / shape);
}

int64_t ServerEngine::Poll(Core* core, Instance* instance, int64_t start_ns,
                           int64_t packets, double bytes, double factor) {
  const BatchCost& cost = instance->service_ns;
  const double work =
      cost.per_batch +
      (cost.per_packet * static_cast<double>(packets) + cost.per_byte * bytes) *
          factor;
  instance->totals.busy_ns += work;
  ++instance->totals.polls;
  // What is left of a nanosecond is not lost.
  const double length = Elapsed(*core, start_ns, work + instance->carry_ns);
  const double whole = std::floor(length);
  instance->carry_ns = length - whole;
  return start_ns + static_cast<int64_t>(whole);
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

int64_t ServerEngine::Serve(Core* core, Instance* instance, int64_t start_ns) {
  served_.clear();
  int64_t count = 0;
  int64_t bytes = 0;
  bool partial = false;
  while (count < instance->batch && !instance->ring.empty()) {
    PacketGroup& head = instance->ring.front();
    const int64_t take =
        std::min(head.CountBy(start_ns), instance->batch - count);
    if (take == 0) break;
    partial = take < head.packets;
    served_.push_back(head.TakeFirst(take));
    if (!partial) instance->ring.pop_front();
    const PacketGroup& piece = served_.back();
    count += piece.packets;
    bytes += piece.bytes;
    instance->totals.waiting_ns +=
        static_cast<double>(piece.packets) *
        (static_cast<double>(start_ns) -
         0.5 * static_cast<double>(piece.first_ns + piece.last_ns));
  }
  PacketGroup rest;
  const bool looks_on = grouped_ && partial && count < instance->batch &&
                        instance->ring.size() == 1 &&
                        core->instances.size() == 1;
  if (looks_on) {
    PacketGroup& head = instance->ring.front();
    const int64_t take = std::min(head.packets, instance->batch - count);
    const bool all = take == head.packets;
    rest = head.TakeFirst(take);
    if (all) instance->ring.pop_front();
  }
  const int64_t taken = count + rest.packets;
  instance->waiting -= taken;
  instance->totals.packets += taken;
  instance->totals.bytes += bytes + rest.bytes;
  const double factor = Factor(*instance, taken);
  const int64_t first_ns =
      Poll(core, instance, start_ns, count, static_cast<double>(bytes), factor);
  int64_t end_ns = first_ns;
  if (rest.packets > 0) {
    end_ns = ServeRest(core, instance, rest, first_ns, factor);
    served_.push_back(rest);
  }
  Cool(instance);
  const auto machine = static_cast<size_t>(instance->machine);
  for (size_t i = 0; i < served_.size();) {
    PacketGroup out = served_[i++];
    while (grouped_ && i < served_.size() && served_[i].chain == out.chain &&
           served_[i].step == out.step) {
      out.packets += served_[i].packets;
      out.bytes += served_[i].bytes;
      out.sent_last_ns = served_[i].sent_last_ns;
      ++i;
    }
    out.first_ns = first_ns;
    out.last_ns = i == served_.size() ? end_ns : first_ns;
    Route(machine, out);
  }
  return end_ns;
}

int64_t ServerEngine::ServeRest(Core* core, Instance* instance,
                                const PacketGroup& rest, int64_t from_ns,
                                double factor) {
  const double each =
      static_cast<double>(rest.bytes) / static_cast<double>(rest.packets);
  int64_t at_ns = from_ns;
  for (int64_t done = 0; done < rest.packets;) {
    at_ns = std::max(at_ns, rest.At(done));
    const int64_t count = rest.CountBy(at_ns) - done;
    instance->totals.waiting_ns +=
        static_cast<double>(count) *
        (static_cast<double>(at_ns) -
         0.5 * static_cast<double>(rest.At(done) + rest.At(done + count - 1)));
    at_ns = Poll(core, instance, at_ns, count,
                 each * static_cast<double>(count), factor);
    done += count;
  }
  return at_ns;
}

int64_t ServerEngine::PacketsInside() const {
  int64_t packets = events_.packets();
  for (const Instance& instance : instances_) packets += instance.waiting;
  return packets;
}

std::vector<LatencyHistogram> ServerEngine::TakeLatencies(size_t reader) {
  std::vector<LatencyHistogram> taken(chains_.size());
  std::swap(taken, latencies_[reader]);
  return taken;
}

}  // namespace airlock
