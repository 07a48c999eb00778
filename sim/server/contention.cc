#include "sim/server/contention.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr int kMostIterations = 200;
constexpr double kTolerance = 1e-6;
constexpr double kMostMemoryUse = 0.995;
constexpr double kMemoryTolerance = 1e-10;  // of u
constexpr double kStayTolerance = 1e-10;    // of the logarithm of a time

// Occupied share x of a working set with x = k (1 - x^locality): insertions of
// what misses, times how long they stay.
double OccupiedShare(double k, double locality) {
  if (locality == 1) return k / (1 + k);
  // By Newton's method: x + k x^locality - k rises and is concave, so from the
  // first point left of the root on it does not overshoot.
  double x = k / (1 + k);
  for (int i = 0; i < 60; ++i) {
    const double power = std::pow(x, locality);
    const double step = (x + k * power - k) / (1 + k * locality * power / x);
    const double next = step < x ? x - step : 0.5 * x;
    if (std::abs(next - x) <= 1e-14 * x) return next;
    x = next;
  }
  return x;
}

double Occupied(const CacheUser& user, double stay_seconds) {
  if (user.working_set_bytes <= 0 || user.references_per_second <= 0) return 0;
  const double k = user.references_per_second * kLineBytes * stay_seconds /
                   user.working_set_bytes;
  const double bytes = user.working_set_bytes * OccupiedShare(k, user.locality);
  return user.most_bytes < 0 ? bytes : std::min(bytes, user.most_bytes);
}

// The lines of one task by where they come from, for a batch.
class Latencies {
 public:
  Latencies(const MachineConfig& machine, double memory_latency_seconds)
      : l2_(machine.l2_latency_ns * 1e-9),
        l3_(machine.l3_latency_ns * 1e-9),
        remote_(machine.remote_latency_ns * 1e-9),
        memory_(memory_latency_seconds) {}

  double OfState(const TaskSolution& s) const {
    return s.l2_hit * l2_ +
           (1 - s.l2_hit) * (s.l3_hit * l3_ + (1 - s.l3_hit) * memory_);
  }
  double OfPacket(const TaskSolution& s) const {
    return s.packet_hit * l3_ + (1 - s.packet_hit) * memory_ +
           (s.remote_packets ? remote_ : 0);
  }

 private:
  double l2_, l3_, remote_, memory_;
};

BatchCost Combine(const BatchCost& a, double x, const BatchCost& b, double y,
                  const BatchCost& c, double z) {
  return {a.per_batch * x + b.per_batch * y + c.per_batch * z,
          a.per_packet * x + b.per_packet * y + c.per_packet * z,
          a.per_byte * x + b.per_byte * y + c.per_byte * z};
}

// The mean of a cost for each packet.
double EachPacket(const BatchCost& cost, const Task& task) {
  return cost.per_batch * task.batches_per_packet + cost.per_packet +
         cost.per_byte * task.bytes_per_packet;
}

class Solver {
 public:
  Solver(const MachineConfig& machine, const std::vector<Task>& tasks,
         const DeviceLoad& devices)
      : machine_(machine), tasks_(tasks), devices_(devices) {
    out_.tasks.resize(tasks.size());
    out_.sockets.resize(static_cast<size_t>(machine.sockets));
    for (size_t i = 0; i < tasks.size(); ++i) {
      AIRLOCK_CHECK(tasks[i].socket >= 0 && tasks[i].socket < machine.sockets);
      TaskSolution& s = out_.tasks[i];
      s.remote_packets = tasks[i].socket != machine.nic_socket;
      s.l2_hit =
          HitRatio(static_cast<double>(machine.l2.value()) * tasks[i].l2_share,
                   tasks[i].working_set_bytes, tasks[i].locality);
    }
    SetFrequencies();
    FindNeighbours();
  }

  MachineSolution Run() {
    // Before contention: all data of the first rates is cached.
    for (SocketSolution& socket : out_.sockets) {
      socket.memory_latency_seconds = machine_.memory_latency_ns * 1e-9;
    }
    SetTimes();
    const std::vector<double> first = Rates();
    for (size_t i = 0; i < first.size(); ++i) {
      out_.tasks[i].packets_per_second = first[i];
    }
    for (out_.iterations = 1; out_.iterations <= kMostIterations;
         ++out_.iterations) {
      if (Step()) break;
    }
    Finish();
    return std::move(out_);
  }

 private:
  void SetFrequencies() {
    for (int64_t s = 0; s < machine_.sockets; ++s) {
      std::vector<int64_t> cores;
      for (const Task& task : tasks_) {
        if (task.socket == s) cores.push_back(task.core);
      }
      std::sort(cores.begin(), cores.end());
      cores.erase(std::unique(cores.begin(), cores.end()), cores.end());
      const double others =
          std::max<double>(0, static_cast<double>(cores.size()) - 1);
      const double most = std::max<double>(
          1, static_cast<double>(machine_.cores_per_socket - 1));
      const double one = machine_.turbo_one.value();
      out_.sockets[static_cast<size_t>(s)].frequency_hz =
          one - (one - machine_.turbo_all.value()) * others / most;
    }
  }

  void FindNeighbours() {
    on_its_core_.resize(tasks_.size());
    for (size_t i = 0; i < tasks_.size(); ++i) {
      for (size_t j = 0; j < tasks_.size(); ++j) {
        if (tasks_[j].core == tasks_[i].core) on_its_core_[i].push_back(j);
      }
    }
  }

  // One round: caches from rates, then memory and rates together. True once
  // rates stay.
  bool Step() {
    for (int64_t s = 0; s < machine_.sockets; ++s) ShareL3(s);
    for (int64_t s = 0; s < machine_.sockets; ++s) SolveMemory(s);
    SetTimes();
    const std::vector<double> rates = Rates();
    out_.residual = 0;
    for (size_t i = 0; i < rates.size(); ++i) {
      double& rate = out_.tasks[i].packets_per_second;
      const double scale = std::max(rate, rates[i]);
      if (scale <= 0) continue;
      out_.residual =
          std::max(out_.residual, std::abs(rates[i] - rate) / scale);
      rate = 0.5 * (rate + rates[i]);
    }
    return out_.residual < kTolerance;
  }

  void ShareL3(int64_t s) {
    std::vector<CacheUser> users;
    std::vector<size_t> owners;
    for (size_t i = 0; i < tasks_.size(); ++i) {
      const Task& task = tasks_[i];
      if (task.socket != s) continue;
      const TaskSolution& solution = out_.tasks[i];
      users.push_back({solution.packets_per_second *
                           EachPacket(task.state_references, task) *
                           (1 - solution.l2_hit),
                       task.working_set_bytes, task.locality, -1});
      owners.push_back(i);
    }
    const bool has_device = s == machine_.nic_socket;
    const double capacity = static_cast<double>(machine_.l3.value());
    const double ddio = capacity * static_cast<double>(machine_.ddio_ways) /
                        static_cast<double>(machine_.l3_ways);
    if (has_device) {
      users.push_back({devices_.received_lines_per_second,
                       devices_.footprint_bytes, 1, ddio});
    }
    const std::vector<double> bytes = ShareCache(capacity, users);
    for (size_t u = 0; u < owners.size(); ++u) {
      TaskSolution& solution = out_.tasks[owners[u]];
      solution.l3_bytes = bytes[u];
      solution.l3_hit =
          HitRatio(bytes[u], users[u].working_set_bytes, users[u].locality);
    }
    if (!has_device) return;
    SocketSolution& socket = out_.sockets[static_cast<size_t>(s)];
    socket.device_l3_bytes = bytes.back();
    const double hit = HitRatio(bytes.back(), devices_.footprint_bytes, 1);
    for (TaskSolution& solution : out_.tasks) solution.packet_hit = hit;
  }

  // u and the rates that make it, caches as they are: u rises with the rates,
  // and the rates fall as u rises, so there is one.
  void SolveMemory(int64_t s) {
    SocketSolution& socket = out_.sockets[static_cast<size_t>(s)];
    double low = 0;
    double high = kMostMemoryUse;
    while (high - low > kMemoryTolerance) {
      socket.memory_use = 0.5 * (low + high);
      SetLatency(&socket);
      SetTimes();
      (Traffic(s) > socket.memory_use ? low : high) = socket.memory_use;
    }
  }

  void SetLatency(SocketSolution* socket) const {
    const double u = socket->memory_use;
    socket->memory_latency_seconds =
        machine_.memory_latency_ns * 1e-9 *
        (1 + machine_.memory_queueing * u / (1 - u));
  }

  // Load of the socket's memory at the rates that the times allow, over its
  // bandwidth.
  double Traffic(int64_t s) const {
    const std::vector<double> rates = Rates();
    double lines = 0;
    for (size_t i = 0; i < tasks_.size(); ++i) {
      const Task& task = tasks_[i];
      const TaskSolution& solution = out_.tasks[i];
      const double state = EachPacket(task.state_references, task) *
                           (1 - solution.l2_hit) * (1 - solution.l3_hit);
      if (task.socket == s) lines += rates[i] * state * (1 + task.write_share);
      if (s == machine_.nic_socket) {
        lines += rates[i] * EachPacket(task.packet_references, task) *
                 (1 - solution.packet_hit);
      }
    }
    if (s == machine_.nic_socket && !out_.tasks.empty()) {
      lines +=
          devices_.received_lines_per_second * (1 - out_.tasks[0].packet_hit);
    }
    return lines * kLineBytes * 8 /
           static_cast<double>(machine_.memory_bandwidth.value());
  }

  void SetTimes() {
    for (size_t i = 0; i < tasks_.size(); ++i) {
      const Task& task = tasks_[i];
      TaskSolution& solution = out_.tasks[i];
      const SocketSolution& socket =
          out_.sockets[static_cast<size_t>(task.socket)];
      // Packets lie in the memory of the interface's socket.
      const Latencies own(machine_, socket.memory_latency_seconds);
      const Latencies packets(
          machine_, out_.sockets[static_cast<size_t>(machine_.nic_socket)]
                        .memory_latency_seconds);
      solution.seconds =
          Combine(task.instructions, 1 / (task.ipc * socket.frequency_hz),
                  task.packet_references,
                  packets.OfPacket(solution) / task.memory_parallelism,
                  task.state_references,
                  own.OfState(solution) / task.memory_parallelism);
    }
  }

  // What is served at these times: all that is offered, where the core has the
  // time.
  std::vector<double> Rates() const {
    std::vector<double> busy(tasks_.size());
    for (size_t i = 0; i < tasks_.size(); ++i) {
      const Task& task = tasks_[i];
      busy[i] = std::isinf(task.packets_per_second)
                    ? 1
                    : task.packets_per_second *
                          EachPacket(out_.tasks[i].seconds, task);
      if (task.competitor) busy[i] = std::min(busy[i], task.core_share);
    }
    std::vector<double> rates(tasks_.size());
    for (size_t i = 0; i < tasks_.size(); ++i) {
      double asked = 0;
      double left = 1;
      for (const size_t j : on_its_core_[i]) {
        (tasks_[j].competitor ? left : asked) +=
            tasks_[j].competitor ? -busy[j] : busy[j];
      }
      const bool short_of_time = !tasks_[i].competitor && asked > left;
      const double each = EachPacket(out_.tasks[i].seconds, tasks_[i]);
      const double served = short_of_time ? busy[i] * left / asked : busy[i];
      rates[i] = each > 0 ? served / each : 0;
    }
    return rates;
  }

  void Finish() {
    for (size_t i = 0; i < tasks_.size(); ++i) {
      TaskSolution& solution = out_.tasks[i];
      solution.busy =
          solution.packets_per_second * EachPacket(solution.seconds, tasks_[i]);
    }
  }

  const MachineConfig& machine_;
  const std::vector<Task>& tasks_;
  const DeviceLoad devices_;
  std::vector<std::vector<size_t>> on_its_core_;  // of each task, itself too
  MachineSolution out_;
};

}  // namespace

double HitRatio(double cached, double working_set, double locality) {
  if (working_set <= 0 || cached >= working_set) return 1;
  if (cached <= 0) return 0;
  const double share = cached / working_set;
  return locality == 1 ? share : std::pow(share, locality);
}

std::vector<double> ShareCache(double capacity,
                               const std::vector<CacheUser>& users) {
  std::vector<double> bytes;
  double wanted = 0;
  for (const CacheUser& user : users) {
    const bool used =
        user.references_per_second > 0 && user.working_set_bytes > 0;
    const double all = used ? user.working_set_bytes : 0;
    bytes.push_back(user.most_bytes < 0 ? all : std::min(all, user.most_bytes));
    wanted += bytes.back();
  }
  if (wanted <= capacity) return bytes;
  // By bisection of the logarithm of how long a line stays.
  double low = std::log(1e-12);
  double high = std::log(1e12);
  while (high - low > kStayTolerance) {
    const double middle = 0.5 * (low + high);
    double sum = 0;
    for (const CacheUser& user : users) sum += Occupied(user, std::exp(middle));
    (sum < capacity ? low : high) = middle;
  }
  for (size_t i = 0; i < users.size(); ++i) {
    bytes[i] = Occupied(users[i], std::exp(0.5 * (low + high)));
  }
  return bytes;
}

MachineSolution SolveContention(const MachineConfig& machine,
                                const std::vector<Task>& tasks,
                                const DeviceLoad& devices) {
  return Solver(machine, tasks, devices).Run();
}

}  // namespace airlock
