#include "sim/server/server_counters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

// Levels of the recorded events of the five functions (nfv-chain, stage 0):
// shares of instructions and of L3 references.
constexpr double kBranches = 0.197;
constexpr double kLoads = 0.306;
constexpr double kMissedWorkBranches = 0.0052;  // of branches
constexpr double kMissedPollBranches = 0.0037;
constexpr double kL3Loads = 0.69;
constexpr double kLoadMisses = 0.75;  // of L3 misses

constexpr double kWindowCv = 0.08;
constexpr double kClumps = 19;
constexpr double kCycleNoise = 0.0001;

double Share(double part, double whole) {
  return whole > 0 ? part / whole : kNaN;
}

// A column of PCM's: the value of counts over `seconds`.
struct PcmMetric {
  const char* name;
  const char* unit;
  const char* description;
  bool of_cores;    // that cores have too
  bool of_sockets;  // that sockets have
  double (*of)(const Counts& c, double seconds);
};

const PcmMetric kPcm[] = {
    {"exec", "1", "instructions per nominal cycle", true, true,
     [](const Counts& c, double) { return Share(c.instructions(), c.ticks); }},
    {"ipc", "1", "instructions per cycle", true, true,
     [](const Counts& c, double) { return Share(c.instructions(), c.cycles); }},
    {"freq", "1", "frequency over nominal, idle included", true, true,
     [](const Counts& c, double) { return Share(c.cycles, c.ticks); }},
    {"afreq", "1", "frequency over nominal when active", true, true,
     [](const Counts& c, double) {
       return Share(c.cycles, c.reference_cycles);
     }},
    {"l3miss", "1", "L3 line misses", true, true,
     [](const Counts& c, double) { return c.l3_misses; }},
    {"l2miss", "1", "L2 line misses", true, true,
     [](const Counts& c, double) { return c.l2_misses; }},
    {"l3hit", "1", "L3 hit ratio", true, true,
     [](const Counts& c, double) {
       return Share(c.l2_misses - c.l3_misses, c.l2_misses);
     }},
    {"l2hit", "1", "L2 hit ratio", true, true,
     [](const Counts& c, double) {
       return Share(c.l2_references - c.l2_misses, c.l2_references);
     }},
    {"l3mpi", "1", "L3 misses per instruction", true, true,
     [](const Counts& c, double) {
       return Share(c.l3_misses, c.instructions());
     }},
    {"l2mpi", "1", "L2 misses per instruction", true, true,
     [](const Counts& c, double) {
       return Share(c.l2_misses, c.instructions());
     }},
    {"l3occ", "B", "L3 occupancy", true, true,
     [](const Counts& c, double s) { return c.l3_byte_seconds / s; }},
    {"lmb", "B", "traffic to local memory", true, true,
     [](const Counts& c, double) { return c.local_bytes; }},
    {"rmb", "B", "traffic to remote memory", true, true,
     [](const Counts& c, double) { return c.remote_bytes; }},
    {"read", "B", "read from memory", false, true,
     [](const Counts& c, double) { return c.read_bytes; }},
    {"write", "B", "written to memory", false, true,
     [](const Counts& c, double) { return c.write_bytes; }},
    {"inst", "1", "instructions retired", true, true,
     [](const Counts& c, double) { return c.instructions(); }},
    {"acyc", "1", "active cycles", true, true,
     [](const Counts& c, double) { return c.cycles; }},
    {"pcie_pcirdcur", "1", "PCIRdCur, cache lines of PCIe traffic", false, true,
     [](const Counts& c, double) { return c.device_reads; }},
    {"pcie_itom", "1", "ItoM, cache lines of PCIe traffic", false, true,
     [](const Counts& c, double) { return c.device_writes; }},
    {"pcie_rfo", "1", "RFO, cache lines of PCIe traffic", false, true,
     [](const Counts& c, double) { return c.device_partial; }},
    {"pcie_wil", "1", "WiL, cache lines of PCIe traffic", false, true,
     [](const Counts& c, double) { return c.doorbells; }},
    {"pcie_pcie_rd", "B", "read by devices", false, true,
     [](const Counts& c, double) { return kLineBytes * c.device_reads; }},
    {"pcie_pcie_wr", "B", "written by devices", false, true,
     [](const Counts& c, double) {
       return kLineBytes * (c.device_writes + c.device_partial);
     }},
};

bool Has(const PcmMetric& metric, Scope scope) {
  return scope == Scope::kCore ? metric.of_cores : metric.of_sockets;
}

// An event of perf stat, in the order of the recorded files.
struct PerfEvent {
  const char* name;
  bool fixed;  // a counter of its own: never multiplexed
  double (*of)(const Counts& c);
};

double MissedBranches(const Counts& c) {
  return kBranches * (kMissedWorkBranches * c.work_instructions +
                      kMissedPollBranches * c.poll_instructions);
}

const PerfEvent kPerf[] = {
    {"instructions", false, [](const Counts& c) { return c.instructions(); }},
    {"branches", false,
     [](const Counts& c) { return kBranches * c.instructions(); }},
    {"branch-misses", false, MissedBranches},
    {"branch-load-misses", false, MissedBranches},
    {"cache-misses", false, [](const Counts& c) { return c.l3_misses; }},
    {"cache-references", false, [](const Counts& c) { return c.l2_misses; }},
    {"cycles", true, [](const Counts& c) { return c.cycles; }},
    {"L1-dcache-load-misses", false,
     [](const Counts& c) { return c.l2_references; }},
    {"L1-dcache-loads", false,
     [](const Counts& c) { return kLoads * c.instructions(); }},
    {"LLC-load-misses", false,
     [](const Counts& c) { return kLoadMisses * c.l3_misses; }},
    {"LLC-stores", false,
     [](const Counts& c) { return (1 - kL3Loads) * c.l2_misses; }},
    {"LLC-loads", false,
     [](const Counts& c) { return kL3Loads * c.l2_misses; }},
};

double Factor(double cv, RngStream* stream) {
  return cv > 0 ? std::max(0.0, stream->Normal(1, cv)) : 1;
}

// All counts, for what treats them alike.
constexpr double Counts::*kCounts[] = {
    &Counts::ticks,
    &Counts::cycles,
    &Counts::reference_cycles,
    &Counts::work_instructions,
    &Counts::poll_instructions,
    &Counts::l2_references,
    &Counts::l2_misses,
    &Counts::l3_misses,
    &Counts::local_bytes,
    &Counts::remote_bytes,
    &Counts::read_bytes,
    &Counts::write_bytes,
    &Counts::l3_byte_seconds,
    &Counts::device_reads,
    &Counts::device_writes,
    &Counts::device_partial,
    &Counts::doorbells,
};

}  // namespace

Counts Sum(const Counts& a, const Counts& b, double factor) {
  Counts sum = a;
  for (const auto member : kCounts) sum.*member += factor * (b.*member);
  return sum;
}

ServerCounters::ServerCounters(ServerEngine* engine, const RngTree& tree,
                               Replication replication)
    : engine_(engine),
      system_{Scope::kSystem, "", {}, {}, {RngStream(0), RngStream(0)}} {
  const ServersConfig& servers = engine->servers();
  const bool many = servers.machines.size() > 1;
  for (const MachineConfig& machine : servers.machines) {
    const std::string prefix = many ? machine.name + "-" : "";
    first_core_.push_back(cores_.size());
    first_socket_.push_back(sockets_.size());
    for (int64_t c = 0; c < CoresOf(machine); ++c) {
      AddSubject(Scope::kCore, fmt::format("{}{}", prefix, c), tree,
                 replication);
    }
    for (int64_t s = 0; s < machine.sockets; ++s) {
      AddSubject(Scope::kSocket, fmt::format("{}{}", prefix, s), tree,
                 replication);
    }
  }
  for (const FunctionConfig& f : servers.functions) {
    AddSubject(Scope::kFunction, f.name, tree, replication);
  }
  for (const CompetitorConfig& c : servers.competitors) {
    AddSubject(Scope::kFunction, c.name, tree, replication);
  }
  for (size_t reader = 0; reader < 2; ++reader) {
    system_.noise[reader] = tree.Stream(
        fmt::format("server/counters/{}/system", reader), replication);
  }
  beyond_cores_.resize(sockets_.size());
  debt_seconds_.resize(cores_.size());
  devices_at_flush_.resize(servers.machines.size());
  engine->BeforeSolving([this] { Flush(); });
}

void ServerCounters::AddSubject(Scope scope, const std::string& id,
                                const RngTree& tree, Replication replication) {
  const auto stream = [&](int reader) {
    return tree.Stream(
        fmt::format("server/counters/{}/{}/{}", reader, ToString(scope), id),
        replication);
  };
  std::vector<Subject>& to = scope == Scope::kCore     ? cores_
                             : scope == Scope::kSocket ? sockets_
                                                       : programs_;
  to.push_back({scope, id, {}, {}, {stream(0), stream(1)}});
}

void ServerCounters::Declare(std::vector<Column>* columns) const {
  const auto add = [columns](const Subject& subject, const std::string& metric,
                             const char* unit, const std::string& text) {
    Column column;
    column.name = subject.id.empty()
                      ? fmt::format("{}.{}", ToString(subject.scope), metric)
                      : fmt::format("{}.{}.{}", ToString(subject.scope),
                                    subject.id, metric);
    column.role = Role::kCounter;
    column.unit = unit;
    column.scope = subject.scope;
    column.scope_id = subject.id;
    column.description = text + " (modelled)";
    columns->push_back(std::move(column));
  };
  const auto add_pcm = [&](const Subject& subject) {
    for (const PcmMetric& metric : kPcm) {
      if (!Has(metric, subject.scope)) continue;
      add(subject, metric.name, metric.unit, metric.description);
    }
  };
  add_pcm(system_);
  for (const Subject& socket : sockets_) add_pcm(socket);
  for (const Subject& core : cores_) add_pcm(core);
  for (const Subject& program : programs_) {
    for (const PerfEvent& event : kPerf) {
      add(program, event.name, "1",
          fmt::format("perf event {} of {}", event.name, program.id));
    }
  }
}

void ServerCounters::Flush() {
  const double seconds =
      1e-9 * static_cast<double>(engine_->now_ns() - flushed_ns_);
  if (seconds <= 0) return;
  at_flush_.resize(engine_->instances().size());
  for (size_t m = 0; m < engine_->servers().machines.size(); ++m) {
    FlushMachine(m, seconds);
    FlushDevices(m);
  }
  for (size_t i = 0; i < at_flush_.size(); ++i) {
    at_flush_[i] = engine_->instances()[i].totals;
  }
  flushed_ns_ = engine_->now_ns();
}

// What one task did since the last flush.
struct ServerCounters::TaskWork {
  double polls = 0;
  double packets = 0;
  double bytes = 0;
  double seconds = 0;  // of its core

  double Total(const BatchCost& cost) const {
    return cost.per_batch * polls + cost.per_packet * packets +
           cost.per_byte * bytes;
  }
};

std::vector<ServerCounters::TaskWork> ServerCounters::WorkOf(
    const ServerEngine::MachineState& state, double seconds) const {
  std::vector<TaskWork> work(state.tasks.size());
  std::map<size_t, double> expected;  // of an instance, all its parts
  for (size_t t = 0; t < work.size(); ++t) {
    const TaskSolution& solution = state.solution.tasks[t];
    if (state.tasks[t].competitor) {
      work[t].packets = solution.packets_per_second * seconds;
      work[t].seconds = solution.busy * seconds;
      continue;
    }
    const ServerEngine::TaskOwner& owner = state.owners[t];
    const InstanceTotals& now = engine_->instances()[owner.instance].totals;
    const InstanceTotals& before = at_flush_[owner.instance];
    work[t].polls = static_cast<double>(now.polls - before.polls);
    work[t].packets =
        owner.visits * static_cast<double>(now.packets - before.packets);
    work[t].bytes =
        owner.visits * static_cast<double>(now.bytes - before.bytes);
    expected[owner.instance] += work[t].Total(solution.seconds);
  }
  // The instance's time is shared out as its parts were expected to take it.
  for (size_t t = 0; t < work.size(); ++t) {
    const size_t i = state.owners[t].instance;
    if (state.tasks[t].competitor || expected[i] <= 0) continue;
    const double spent =
        1e-9 * (engine_->instances()[i].totals.busy_ns - at_flush_[i].busy_ns);
    work[t].seconds =
        spent * work[t].Total(state.solution.tasks[t].seconds) / expected[i];
  }
  return work;
}

void ServerCounters::CountTask(size_t m, size_t t, const TaskWork& work,
                               double seconds) {
  const ServerEngine::MachineState& state = engine_->contention()[m];
  const MachineConfig& machine = engine_->servers().machines[m];
  const Task& task = state.tasks[t];
  const TaskSolution& solution = state.solution.tasks[t];
  const auto socket = static_cast<size_t>(task.socket);
  const double packet_lines = work.Total(task.packet_references);
  const double state_lines = work.Total(task.state_references);
  const double l2_missed = state_lines * (1 - solution.l2_hit);
  const double state_missed = l2_missed * (1 - solution.l3_hit);
  const double packets_missed = packet_lines * (1 - solution.packet_hit);
  Counts counts;
  counts.cycles = work.seconds * state.solution.sockets[socket].frequency_hz;
  counts.reference_cycles = work.seconds * machine.frequency.value();
  counts.work_instructions = work.Total(task.instructions);
  counts.l2_references = packet_lines + state_lines;
  counts.l2_misses = packet_lines + l2_missed;
  counts.l3_misses = packets_missed + state_missed;
  counts.local_bytes = kLineBytes * state_missed * (1 + task.write_share);
  (solution.remote_packets ? counts.remote_bytes : counts.local_bytes) +=
      kLineBytes * packets_missed;
  counts.l3_byte_seconds = solution.l3_bytes * seconds;
  AddTo(m, task.core, state.owners[t].program, counts);
  Counts& own = beyond_cores_[first_socket_[m] + socket];
  own.read_bytes += kLineBytes * state_missed;
  own.write_bytes += kLineBytes * state_missed * task.write_share;
  beyond_cores_[first_socket_[m] + static_cast<size_t>(machine.nic_socket)]
      .read_bytes += kLineBytes * packets_missed;
}

void ServerCounters::AddTo(size_t m, int64_t core, size_t program,
                           const Counts& counts) {
  Counts& of_core = cores_[first_core_[m] + static_cast<size_t>(core)].counts;
  of_core = Sum(of_core, counts, 1);
  programs_[program].counts = Sum(programs_[program].counts, counts, 1);
}

// Cores of functions poll while there are no packets, each function its part of
// the time.
void ServerCounters::CountPolling(size_t m, const std::vector<TaskWork>& work,
                                  double seconds) {
  const ServerEngine::MachineState& state = engine_->contention()[m];
  const ServersConfig& servers = engine_->servers();
  std::map<int64_t, double> busy;
  std::map<int64_t, double> pollers;
  for (size_t t = 0; t < work.size(); ++t) {
    busy[state.tasks[t].core] += work[t].seconds;
    if (!state.tasks[t].competitor) pollers[state.tasks[t].core] += 1;
  }
  std::map<int64_t, double> idle;
  for (const auto& [core, count] : pollers) {
    // A batch that ends after the flush was counted before it.
    double& debt = debt_seconds_[first_core_[m] + static_cast<size_t>(core)];
    const double left = seconds - busy[core] - debt;
    debt = std::max(0.0, -left);
    idle[core] = std::max(0.0, left) / count;
  }
  for (size_t t = 0; t < work.size(); ++t) {
    const Task& task = state.tasks[t];
    if (task.competitor) continue;
    const size_t program = state.owners[t].program;
    Counts counts;
    counts.cycles =
        idle[task.core] *
        state.solution.sockets[static_cast<size_t>(task.socket)].frequency_hz;
    counts.reference_cycles =
        idle[task.core] * servers.machines[m].frequency.value();
    counts.poll_instructions =
        counts.cycles * servers.functions[program].poll_ipc;
    AddTo(m, task.core, program, counts);
  }
}

void ServerCounters::FlushMachine(size_t m, double seconds) {
  const ServerEngine::MachineState& state = engine_->contention()[m];
  const MachineConfig& machine = engine_->servers().machines[m];
  const std::vector<TaskWork> work = WorkOf(state, seconds);
  for (size_t t = 0; t < work.size(); ++t) CountTask(m, t, work[t], seconds);
  CountPolling(m, work, seconds);
  for (int64_t c = 0; c < CoresOf(machine); ++c) {
    cores_[first_core_[m] + static_cast<size_t>(c)].counts.ticks +=
        seconds * machine.frequency.value();
  }
  for (size_t s = 0; s < state.solution.sockets.size(); ++s) {
    beyond_cores_[first_socket_[m] + s].l3_byte_seconds +=
        state.solution.sockets[s].device_l3_bytes * seconds;
  }
}

void ServerCounters::FlushDevices(size_t m) {
  const MachineConfig& machine = engine_->servers().machines[m];
  const Device& receiver = engine_->receiver(m);
  const Device& sender = engine_->sender(m);
  DeviceTotals now;
  now.received_packets = static_cast<double>(receiver.packets());
  now.received_bytes = static_cast<double>(receiver.bytes());
  now.sent_packets = static_cast<double>(sender.packets());
  now.sent_bytes = static_cast<double>(sender.bytes());
  now.passes = static_cast<double>(sender.passes());
  const DeviceTotals& before = devices_at_flush_[m];
  const double received = now.received_packets - before.received_packets;
  const double sent = now.sent_packets - before.sent_packets;
  const double whole_lines =
      std::floor((now.received_bytes - before.received_bytes) / kLineBytes);
  Counts& counts =
      beyond_cores_[first_socket_[m] + static_cast<size_t>(machine.nic_socket)];
  // A frame's end, and a quarter of the line in which its descriptor is
  // written back; descriptors are read as lines of four.
  counts.device_writes += whole_lines;
  counts.device_partial += received + (received + sent) / 4;
  counts.device_reads +=
      std::ceil((now.sent_bytes - before.sent_bytes) / kLineBytes) +
      (received + sent) / 4;
  counts.doorbells += now.passes - before.passes;
  const ServerEngine::MachineState& state = engine_->contention()[m];
  const double hit =
      state.solution.tasks.empty() ? 1 : state.solution.tasks[0].packet_hit;
  counts.write_bytes += kLineBytes * (whole_lines + received) * (1 - hit);
  devices_at_flush_[m] = now;
}

void ServerCounters::SumUp() {
  const auto& machines = engine_->servers().machines;
  system_.counts = {};
  for (size_t m = 0; m < machines.size(); ++m) {
    for (int64_t s = 0; s < machines[m].sockets; ++s) {
      const size_t index = first_socket_[m] + static_cast<size_t>(s);
      Counts& sum = sockets_[index].counts;
      sum = beyond_cores_[index];
      for (int64_t c = 0; c < CoresOf(machines[m]); ++c) {
        if (SocketOf(machines[m], c) != s) continue;
        sum =
            Sum(sum, cores_[first_core_[m] + static_cast<size_t>(c)].counts, 1);
      }
      system_.counts = Sum(system_.counts, sum, 1);
    }
  }
}

Counts ServerCounters::WithNoise(Counts counts, RngStream* noise) const {
  const double cv = engine_->servers().counters.noise;
  for (const auto member : kCounts) {
    if (member == &Counts::ticks) continue;
    // Two clocks of one core: their ratio, the frequency, is exact.
    if (member == &Counts::reference_cycles) {
      counts.*member = counts.cycles > 0 ? counts.*member : 0;
      continue;
    }
    if (member == &Counts::cycles) {
      const double factor = Factor(cv, noise);
      counts.cycles *= factor;
      counts.reference_cycles *= factor;
      continue;
    }
    counts.*member *= Factor(cv, noise);
  }
  // Counts of one kind never exceed those that they are part of.
  counts.l2_misses = std::min(counts.l2_misses, counts.l2_references);
  counts.l3_misses = std::min(counts.l3_misses, counts.l2_misses);
  return counts;
}

void ServerCounters::SamplePcm(const Counts& counts, double seconds,
                               Scope scope, std::vector<double>* values) const {
  for (const PcmMetric& metric : kPcm) {
    if (Has(metric, scope)) values->push_back(metric.of(counts, seconds));
  }
}

void ServerCounters::SamplePerf(const Counts& counts, double seconds,
                                RngStream* noise,
                                std::vector<double>* values) const {
  const CounterErrors& errors = engine_->servers().counters;
  const double p = errors.enabled.value();
  const double turns = seconds / Seconds(errors.rotation);
  for (const PerfEvent& event : kPerf) {
    const double exact = event.of(counts);
    double variance =
        event.fixed ? kCycleNoise * kCycleNoise : errors.noise * errors.noise;
    if (errors.noise <= 0) variance = 0;
    if (errors.multiplexing && !event.fixed && exact > 0) {
      variance +=
          (1 - p) / p * (kWindowCv * kWindowCv / turns + kClumps / exact);
    }
    values->push_back(exact * Factor(std::sqrt(variance), noise));
  }
}

void ServerCounters::Sample(size_t reader, std::vector<double>* values) {
  Flush();
  SumUp();
  const int64_t now_ns = engine_->now_ns();
  const double seconds = 1e-9 * static_cast<double>(now_ns - read_ns_[reader]);
  const auto since = [reader](Subject* subject) {
    const Counts part = Sum(subject->counts, subject->at_read[reader], -1);
    subject->at_read[reader] = subject->counts;
    return part;
  };
  const auto sample_pcm = [&](Subject* subject) {
    const Counts seen = WithNoise(since(subject), &subject->noise[reader]);
    SamplePcm(seen, seconds, subject->scope, values);
  };
  sample_pcm(&system_);
  for (Subject& socket : sockets_) sample_pcm(&socket);
  for (Subject& core : cores_) sample_pcm(&core);
  for (Subject& program : programs_) {
    SamplePerf(since(&program), seconds, &program.noise[reader], values);
  }
  read_ns_[reader] = now_ns;
}

}  // namespace airlock
