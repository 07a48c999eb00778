#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "sim/server/server_engine.h"

// The engine's side of contention: from what came in the last epoch to the
// times of the next.
namespace airlock {
namespace {

constexpr double kInfinite = std::numeric_limits<double>::infinity();
constexpr double kFirstBatchesPerPacket = 0.125;  // before any was counted
constexpr double kLinesOfMetadata = 2;            // of a packet's buffer

double Lines(double bytes) { return std::ceil(bytes / kLineBytes); }

// Programs of one core: how the L2 is divided, and what competitors get.
void ShareCores(std::vector<Task>* tasks) {
  struct Use {
    double tasks = 0;
    double competitors = 0;
    bool functions = false;
  };
  std::map<int64_t, Use> cores;
  for (const Task& task : *tasks) {
    Use& use = cores[task.core];
    ++use.tasks;
    use.competitors += task.competitor ? 1 : 0;
    use.functions = use.functions || !task.competitor;
  }
  for (Task& task : *tasks) {
    const Use& use = cores[task.core];
    task.l2_share = 1 / use.tasks;
    task.core_share = 1 / (use.competitors + (use.functions ? 1 : 0));
  }
}

}  // namespace

void ServerEngine::AddFunctionTasks(size_t machine, MachineState* state) const {
  const double seconds =
      1e-9 * static_cast<double>(now_ns_ - std::max<int64_t>(0, solved_ns_));
  for (size_t i = 0; i < instances_.size(); ++i) {
    const Instance& instance = instances_[i];
    if (!instance.active || instance.machine != static_cast<int64_t>(machine)) {
      continue;
    }
    const InstanceTotals& before = at_epoch_[i];
    const InstanceTotals& now = instance.totals;
    const auto packets = static_cast<double>(now.packets - before.packets);
    const auto offered = static_cast<double>(now.offered - before.offered);
    for (const StationPart& part : layout_.stations[instance.station].parts) {
      const FunctionConfig& f = servers_.functions[part.function];
      Task task;
      task.core = instance.core;
      task.socket = SocketOf(servers_.machines[machine], instance.core);
      task.instructions = f.instructions;
      task.packet_references = f.packet_references;
      task.state_references = f.state_references;
      task.ipc = f.ipc;
      task.working_set_bytes =
          static_cast<double>(f.working_set.value()) +
          static_cast<double>(f.flow_state.value()) * FlowsAt(i);
      task.locality = f.locality.value();
      task.memory_parallelism = f.memory_parallelism;
      task.write_share = f.write_share.value();
      if (solved_ns_ < 0) {
        task.packets_per_second = part.visits * FirstRate(i);
        task.bytes_per_packet = FirstBytes(i);
        task.batches_per_packet = kFirstBatchesPerPacket;
      } else {
        task.packets_per_second = part.visits * offered / seconds;
        task.bytes_per_packet =
            offered > 0 ? static_cast<double>(now.offered_bytes -
                                              before.offered_bytes) /
                              offered
                        : 0;
        task.batches_per_packet =
            packets > 0
                ? static_cast<double>(now.polls - before.polls) / packets
                : kFirstBatchesPerPacket;
      }
      state->tasks.push_back(task);
      state->owners.push_back({part.function, i, part.visits});
    }
  }
}

void ServerEngine::AddCompetitorTasks(size_t machine,
                                      MachineState* state) const {
  for (size_t c = 0; c < servers_.competitors.size(); ++c) {
    const CompetitorConfig& competitor = servers_.competitors[c];
    const size_t program = servers_.functions.size() + c;
    const Placement& placed = placement_[program];
    const bool runs = competitor.start.value() <= now_ns_ &&
                      (!competitor.stop || now_ns_ < competitor.stop->value());
    if (!runs || placed.machine != static_cast<int64_t>(machine)) continue;
    for (const int64_t core : placed.cores) {
      Task task;
      task.competitor = true;
      task.core = core;
      task.socket = SocketOf(servers_.machines[machine], core);
      task.instructions = {0, competitor.instructions_per_read, 0};
      task.packet_references = {};
      task.state_references = {0, 1, 0};
      task.ipc = competitor.ipc;
      task.working_set_bytes =
          static_cast<double>(competitor.working_set.value());
      task.locality = competitor.locality.value();
      task.memory_parallelism = competitor.memory_parallelism;
      task.write_share = competitor.write_share.value();
      task.packets_per_second = competitor.reads_per_second > 0
                                    ? competitor.reads_per_second
                                    : kInfinite;
      task.batches_per_packet = 0;
      state->tasks.push_back(task);
      state->owners.push_back({program, 0, 1});
    }
  }
}

DeviceLoad ServerEngine::DevicesOf(size_t machine) const {
  const double seconds =
      1e-9 * static_cast<double>(now_ns_ - std::max<int64_t>(0, solved_ns_));
  DeviceLoad load;
  const auto packets = static_cast<double>(receive_[machine].packets() -
                                           received_packets_at_epoch_[machine]);
  if (solved_ns_ < 0 || packets <= 0) return load;
  const double frame = static_cast<double>(receive_[machine].bytes() -
                                           received_at_epoch_[machine]) /
                       packets;
  load.received_lines_per_second = packets / seconds * Lines(frame);
  load.footprint_bytes =
      static_cast<double>(servers_.machines[machine].rx_ring) * kLineBytes *
      (Lines(frame) + kLinesOfMetadata);
  return load;
}

double ServerEngine::FlowsAt(size_t index) const {
  const Instance& instance = instances_[index];
  double flows = 0;
  for (const size_t chain : chains_of_[instance.station]) {
    flows += static_cast<double>(servers_.chains[chain].flows);
  }
  return flows / static_cast<double>(instances_of_[instance.station].size());
}

double ServerEngine::FirstRate(size_t index) const {
  const Instance& instance = instances_[index];
  double rate = 0;
  for (const size_t chain : chains_of_[instance.station]) {
    rate += sources_[chain]->course->LoadAt(0).packets_per_second;
  }
  return rate / static_cast<double>(instances_of_[instance.station].size());
}

double ServerEngine::FirstBytes(size_t index) const {
  const size_t chain = chains_of_[instances_[index].station].front();
  return sources_[chain]->course->LoadAt(0).mean_bytes;
}

void ServerEngine::UseSolution(size_t machine) {
  const MachineState& state = contention_[machine];
  std::map<int64_t, double> away;
  std::map<int64_t, double> programs;
  std::vector<double> variance(instances_.size());
  std::vector<double> mean(instances_.size());
  for (Instance& instance : instances_) {
    if (instance.machine == static_cast<int64_t>(machine)) {
      instance.service_ns = {};
    }
  }
  for (size_t t = 0; t < state.tasks.size(); ++t) {
    const TaskSolution& solution = state.solution.tasks[t];
    const TaskOwner& owner = state.owners[t];
    if (state.tasks[t].competitor) {
      away[state.tasks[t].core] += solution.busy;
      programs[state.tasks[t].core] += 1;
      continue;
    }
    // One poll goes through all parts; packets through those they visit.
    BatchCost& time = instances_[owner.instance].service_ns;
    time.per_batch += 1e9 * solution.seconds.per_batch;
    time.per_packet += 1e9 * solution.seconds.per_packet * owner.visits;
    time.per_byte += 1e9 * solution.seconds.per_byte * owner.visits;
    const double each =
        (solution.seconds.per_packet +
         solution.seconds.per_byte * state.tasks[t].bytes_per_packet) *
        owner.visits;
    const double sd = each * servers_.functions[owner.program].cv;
    mean[owner.instance] += each;
    variance[owner.instance] += sd * sd;
  }
  for (size_t i = 0; i < instances_.size(); ++i) {
    if (variance[i] > 0) {
      instances_[i].shape = mean[i] * mean[i] / variance[i];
    }
  }
  const MachineConfig& config = servers_.machines[machine];
  for (int64_t c = 0; c < CoresOf(config); ++c) {
    Core& core = cores_[CoreIndex(static_cast<int64_t>(machine), c)];
    core.away = away.count(c) > 0 ? away[c] : 0;
    core.period_ns = static_cast<double>(servers_.time_slice.value()) *
                     (1 + (programs.count(c) > 0 ? programs[c] : 0));
  }
}

void ServerEngine::Solve() {
  if (before_solving_) before_solving_();
  for (size_t m = 0; m < servers_.machines.size(); ++m) {
    MachineState state;
    AddFunctionTasks(m, &state);
    AddCompetitorTasks(m, &state);
    ShareCores(&state.tasks);
    state.devices = DevicesOf(m);
    state.solution =
        SolveContention(servers_.machines[m], state.tasks, state.devices);
    contention_[m] = std::move(state);
    UseSolution(m);
    received_at_epoch_[m] = receive_[m].bytes();
    received_packets_at_epoch_[m] = receive_[m].packets();
  }
  for (size_t i = 0; i < instances_.size(); ++i) {
    at_epoch_[i] = instances_[i].totals;
  }
  solved_ns_ = now_ns_;
}

}  // namespace airlock
