#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/rng.h"
#include "sim/server/contention.h"
#include "sim/server/device.h"
#include "sim/server/event_queue.h"
#include "sim/server/latency_histogram.h"
#include "sim/server/server_instance.h"
#include "sim/server/server_layout.h"
#include "sim/surrogate/chain_workload.h"

namespace airlock {

// Machines, their functions and chains in events of one batch each.
//
// The batch rule. An event moves up to 32 packets, each with an instant of its
//   own. The source makes a group of the packets that it sends within
//   batch_span (`event: packet`: of one each), and interfaces and functions
//   hand groups on. The ring of a function knows the packets of a group from
//   the instant of the first, before the others have come. A core's event polls
//   again and again: a poll takes what has come by then, `batch` packets at
//   most, and all of them leave when it ends; the next follows at once, or with
//   the next packet that the ring knows. The event ends with 32 packets, or
//   when the ring knows of none. Where functions share a core, an event is one
//   poll. Where packets come from several places, to a function or an
//   interface, an event goes at most 500 ns beyond the next one of anything, so
//   that is how far packets may overtake others. What a group may miss besides
//   is room that becomes free in a ring while it comes in. Service times of an
//   event's packets vary by one gamma number, of the sum's law.
//   tests/benchmarks/server_events.cc compares with `event: packet`.
// A poll of n packets and B bytes takes a + (b n + c B) X, where a, b and c
//   are those of the last solution of the contention, one each `epoch`, from
//   the packets that came in the epoch before.
class ServerEngine {
 public:
  // `traces`: of each chain, null without one. All outlive this.
  ServerEngine(const ServersConfig& servers,
               const std::vector<const Trace*>& traces, const RngTree& tree,
               Replication replication);

  void AdvanceTo(int64_t now_ns);
  // Called each time before a new solution of the contention takes the place of
  // the one in force.
  void BeforeSolving(std::function<void()> call) {
    before_solving_ = std::move(call);
  }
  int64_t now_ns() const { return now_ns_; }
  int64_t events() const { return events_.count(); }

  // Gives a function other cores, the first `count` of its own and then free
  // ones of its machine in order; or moves it to free cores of another, as many
  // as it has. It rests for rescale_time or migration_time; what waits moves
  // with it. Of a function in a run-to-completion chain: that whole chain.
  // Throws InputError if there are not enough cores or memory.
  void SetCores(size_t function, int64_t count);
  void SetMachine(size_t function, int64_t machine);
  // What these would do, and throw, if functions were at `placed`, which
  // becomes what they would leave; the engine stays as it is.
  void TryCores(size_t function, int64_t count,
                std::vector<Placement>* placed) const;
  void TryMachine(size_t function, int64_t machine,
                  std::vector<Placement>* placed) const;

  const ServersConfig& servers() const { return servers_; }
  const ServerLayout& layout() const { return layout_; }
  const std::vector<Placement>& placement() const { return placement_; }
  const std::vector<Instance>& instances() const { return instances_; }
  const std::vector<ChainTotals>& chains() const { return chains_; }
  ChainCourse* course(size_t chain) { return sources_[chain]->course.get(); }
  const Device& receiver(size_t machine) const { return receive_[machine]; }
  const Device& sender(size_t machine) const { return send_[machine]; }
  // Packets between source and wire, wherever they are.
  int64_t PacketsInside() const;

  // Latencies since the reader (0 or 1) last called it, by chain.
  std::vector<LatencyHistogram> TakeLatencies(size_t reader);

  // The contention in force: its tasks and what they stand for.
  struct TaskOwner {
    size_t program = 0;   // function, or competitor behind all functions
    size_t instance = 0;  // of a function
    double visits = 1;    // for each packet of the instance
  };
  struct MachineState {
    std::vector<Task> tasks;
    std::vector<TaskOwner> owners;
    MachineSolution solution;
    DeviceLoad devices;
  };
  const std::vector<MachineState>& contention() const { return contention_; }

 private:
  struct Source {
    std::unique_ptr<ChainCourse> course;
    std::unique_ptr<PacketSource> packets;
  };
  struct Core {
    std::vector<size_t> instances;
    int64_t wake_ns = kNever;  // of the decision that comes
    int64_t busy_ns = 0;       // until then
    size_t turn = 0;
    size_t last = SIZE_MAX;
    double away = 0;       // share of the time that competitors take
    double period_ns = 0;  // of their turns
    double phase = 0;
  };

  void AddSource(const ServiceChainConfig& chain, const Trace* trace,
                 const RngTree& tree, Replication replication);
  void AddInstances(size_t station, int64_t ready_ns);
  void SpreadFlows();
  void FindMerges();
  // Moves a function, and those that move with it, to `placement` if there is
  // memory.
  void TryPlacement(size_t function, const Placement& placement,
                    std::vector<Placement>* placed) const;
  void Retire(size_t instance, std::vector<ServerPacket>* waiting);
  void Place(size_t function, const Placement& placement, int64_t ready_ns);
  // Cores of a machine that nothing runs on, but the function itself.
  std::vector<int64_t> FreeCores(size_t function, int64_t machine,
                                 const std::vector<Placement>& placed) const;
  // The functions that move when this one does.
  std::vector<size_t> Together(size_t function) const;

  void Handle(const EventQueue::Event& event, PacketGroup* group);
  void Emit(size_t chain);
  void Receive(size_t machine, PacketGroup* group);
  void Arrive(const PacketGroup& group);
  void Join(size_t instance, const ServerPacket& packet);
  void Send(size_t machine, PacketGroup* group);
  void Postpone(EventQueue::Kind kind, size_t machine, PacketGroup* group);
  void Deliver(const PacketGroup& group);
  // Hands packets that leave `machine` and their step on.
  void Route(size_t machine, PacketGroup* group);
  int64_t MachineOf(size_t chain, int32_t step) const;
  size_t Draw(const std::vector<double>& cumulative);

  void Wake(size_t core, int64_t at_ns);
  void Decide(size_t core, int64_t now_ns);
  // Polls from `start_ns` on; the end of the last.
  int64_t Serve(const Core& core, Instance* instance, int64_t start_ns);
  // One poll: takes packets and adds them to served_.
  int64_t Poll(const Core& core, Instance* instance, int64_t start_ns,
               int64_t most);
  static double Elapsed(const Core& core, int64_t start_ns, double work);
  void HandOn(size_t machine);
  void Cool(Instance* instance);

  void Solve();
  // At an instance; the latter two at the start.
  double FlowsAt(size_t instance) const;
  double FirstRate(size_t instance) const;
  double FirstBytes(size_t instance) const;
  void AddFunctionTasks(size_t machine, MachineState* state) const;
  void AddCompetitorTasks(size_t machine, MachineState* state) const;
  DeviceLoad DevicesOf(size_t machine) const;
  void UseSolution(size_t machine);
  size_t CoreIndex(int64_t machine, int64_t core) const;

  const ServersConfig servers_;
  const ServerLayout layout_;
  const bool grouped_;
  std::vector<Placement> placement_;
  std::vector<std::unique_ptr<Source>> sources_;
  std::vector<Device> receive_;
  std::vector<Device> send_;
  std::vector<Instance> instances_;
  std::vector<std::vector<size_t>> instances_of_;  // station -> active ones
  // chain, station -> cumulative shares of its instances
  std::vector<std::vector<std::vector<double>>> spread_;
  std::vector<std::vector<size_t>> chains_of_;  // station -> chains
  // Whether packets come from several places: to a station, into and out of a
  // machine.
  std::vector<bool> merges_;
  std::vector<bool> merges_in_;
  std::vector<bool> merges_out_;
  std::vector<int64_t> hot_;  // chain -> hot instances
  std::vector<Core> cores_;
  std::vector<size_t> first_core_;  // of each machine
  std::vector<ChainTotals> chains_;
  std::vector<std::vector<LatencyHistogram>> latencies_;  // reader, chain
  std::vector<MachineState> contention_;
  std::vector<InstanceTotals> at_epoch_;
  std::vector<int64_t> received_at_epoch_;  // machine -> bytes
  std::vector<int64_t> received_packets_at_epoch_;
  EventQueue events_;
  RngTree tree_;
  Replication replication_;
  RngStream service_;
  RngStream split_;
  std::function<void()> before_solving_;
  int64_t now_ns_ = 0;
  int64_t solved_ns_ = -1;
  PacketGroup served_;                // by the event at hand
  std::vector<PacketGroup> leaving_;  // its packets by chain
};

}  // namespace airlock
