#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/server/server_engine.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// What the processor's and the interface's counters would have counted of a
// core, a program, a socket or the system.
struct Counts {
  double ticks = 0;             // of the time stamp counter, summed over cores
  double cycles = 0;            // not halted
  double reference_cycles = 0;  // the same time at the nominal frequency
  double work_instructions = 0;
  double poll_instructions = 0;
  double l2_references = 0;  // the L1 data cache's misses
  double l2_misses = 0;      // the L3's references
  double l3_misses = 0;
  double local_bytes = 0;  // cores' traffic with their socket's memory
  double remote_bytes = 0;
  double read_bytes = 0;  // of memory
  double write_bytes = 0;
  double l3_byte_seconds = 0;  // occupied, integrated over time
  double device_reads = 0;     // lines that the interface read
  double device_writes = 0;    // whole lines that it wrote
  double device_partial = 0;   // lines of which it wrote a part
  double doorbells = 0;        // writes to the interface's registers

  double instructions() const { return work_instructions + poll_instructions; }
};

// a + factor b, count by count.
Counts Sum(const Counts& a, const Counts& b, double factor);

// Modelled counters, under the names and units that the importers give to Intel
// PCM's and perf's (calibration/traces/pcm_columns.cc, drst_importer.cc): what
// was trained on a real trace reads the twin's series, and the other way round.
//
// Instructions and references follow from the polls and packets of each
// function; hits and misses, occupancy and frequency from the contention in
// force; a function's core without packets polls. `servers.counters` adds what
// measuring adds. Noise: a factor on each count. Multiplexing, to perf's events
// but cycles: an error of variance (1 - p) / p (w^2 / k + d / n) for an event
// that is counted during the share p of the time, in k p of k turns, and n
// times in all; w = 0.08 and d = 19 reproduce the scatter of the recorded
// events (1 to 2 % of instructions and L3 loads, 20 % of 3500 L3 misses, all of
// one second).
class ServerCounters {
 public:
  // `engine` outlives this.
  ServerCounters(ServerEngine* engine, const RngTree& tree,
                 Replication replication);

  void Declare(std::vector<Column>* columns) const;
  // Appends a value a column, over the time since the reader's last call.
  void Sample(size_t reader, std::vector<double>* values);

 private:
  // One column family: a core, a socket or the system for PCM, a program for
  // perf.
  struct Subject {
    Scope scope = Scope::kSystem;
    std::string id;
    Counts counts;      // since the start
    Counts at_read[2];  // of each reader
    RngStream noise[2];
  };

  // Counts up to the engine's now, by the contention in force.
  void Flush();
  void FlushMachine(size_t machine, double seconds);
  struct TaskWork;
  std::vector<TaskWork> WorkOf(const ServerEngine::MachineState& state,
                               double seconds) const;
  void CountTask(size_t machine, size_t task, const TaskWork& work,
                 double seconds);
  void CountPolling(size_t machine, const std::vector<TaskWork>& work,
                    double seconds);
  void AddTo(size_t machine, int64_t core, size_t program,
             const Counts& counts);
  void FlushDevices(size_t machine);
  void AddSubject(Scope scope, const std::string& id, const RngTree& tree,
                  Replication replication);
  void SumUp();
  void SamplePcm(const Counts& counts, double seconds, Scope scope,
                 std::vector<double>* values) const;
  void SamplePerf(const Counts& counts, double seconds, RngStream* noise,
                  std::vector<double>* values) const;
  Counts WithNoise(Counts counts, RngStream* noise) const;

  ServerEngine* engine_;
  std::vector<Subject> cores_;  // machine by machine
  std::vector<Subject> sockets_;
  std::vector<Subject> programs_;
  Subject system_;
  std::vector<size_t> first_core_;  // of each machine
  std::vector<size_t> first_socket_;
  std::vector<Counts> beyond_cores_;  // of each socket
  std::vector<double> debt_seconds_;  // of each core: busy beyond the flush
  std::vector<InstanceTotals> at_flush_;
  struct DeviceTotals {
    double received_packets = 0, received_bytes = 0;
    double sent_packets = 0, sent_bytes = 0, passes = 0;
  };
  std::vector<DeviceTotals> devices_at_flush_;
  int64_t flushed_ns_ = 0;
  int64_t read_ns_[2] = {0, 0};
};

}  // namespace airlock
