#include "sim/scenario/scenario_fields.h"
#include "sim/scenario/servers_checks.h"

// The keys of machines, functions and chains that contend.
namespace airlock {

void DeclareFields(Fields<MachineConfig>& f) {
  using T = MachineConfig;
  f.Add("name", &T::name, "As functions name it.").Required().AsName();
  f.Add("sockets", &T::sockets, "Processors.").Between(1, 16);
  f.Add("cores_per_socket", &T::cores_per_socket,
        "Cores; those of socket 0 come first in the machine's numbers.")
      .Between(1, 256);
  f.Add("frequency", &T::frequency, "Nominal, which counters relate to.")
      .Between(Frequency(1e8), Frequency(1e10));
  f.Add("turbo_one", &T::turbo_one,
        "Of a socket's only active core; between this and turbo_all the "
        "frequency falls evenly with the number of active cores.")
      .Between(Frequency(1e8), Frequency(1e10));
  f.Add("turbo_all", &T::turbo_all, "With all of a socket's cores active.")
      .Between(Frequency(1e8), Frequency(1e10));
  f.Add("l2", &T::l2, "L2 cache of a core.").AtLeast(DataSize(1024));
  f.Add("l2_latency", &T::l2_latency_ns, "Of a line in the L2 cache.")
      .AsNanoseconds();
  f.Add("l3", &T::l3, "L3 cache of a socket, which its cores share.")
      .AtLeast(DataSize(65536));
  f.Add("l3_ways", &T::l3_ways, "Ways of the L3 cache.").Between(1, 64);
  f.Add("ddio_ways", &T::ddio_ways, "Of these, ways that devices may fill.")
      .Between(1, 64);
  f.Add("l3_latency", &T::l3_latency_ns, "Of a line in the L3 cache.")
      .AsNanoseconds();
  f.Add("memory", &T::memory, "Of the machine, for allocations.")
      .AtLeast(DataSize(1 << 20));
  f.Add("memory_bandwidth", &T::memory_bandwidth, "Of a socket's memory.")
      .AtLeast(Mbps(1));
  f.Add("memory_latency", &T::memory_latency_ns,
        "Of a line in memory that nothing else uses.")
      .AsNanoseconds();
  f.Add("memory_queueing", &T::memory_queueing,
        "Growth of the memory's latency by u / (1 - u), u the used share of "
        "its bandwidth.")
      .Between(0, 10);
  f.Add("remote_latency", &T::remote_latency_ns,
        "On top, for a line of the other socket.")
      .AsNanoseconds();
  f.Add("nic_rate", &T::nic_rate, "Of the network interface's wire.")
      .AtLeast(Mbps(1));
  f.Add("nic_packet_rate", &T::nic_packet_rate,
        "Packets that the interface handles in each direction.")
      .AtLeast(1000)
      .Unit("packet/s");
  f.Add("nic_socket", &T::nic_socket, "The interface's socket.").AtLeast(0);
  f.Add("pcie_bandwidth", &T::pcie_bandwidth,
        "Of the interface's lanes in each direction, line code taken off.")
      .AtLeast(Mbps(1));
  f.Add("pcie_payload", &T::pcie_payload,
        "Data that a transaction layer packet carries at most.")
      .Between(DataSize(64), DataSize(4096));
  f.Add("pcie_overhead", &T::pcie_overhead,
        "Framing and headers of each transaction layer packet.")
      .Between(DataSize(0), DataSize(64));
  f.Add("nic_latency", &T::nic_latency,
        "Of the interface and its DMA, in each direction.");
  f.Add("rx_ring", &T::rx_ring,
        "Packets that wait in the interface, and in the ring of a chain's "
        "first function.")
      .Between(1, 1000000);
  f.Add("tx_ring", &T::tx_ring, "Packets that wait to be sent.")
      .Between(1, 1000000);
  f.Check(CheckMachine);
}

void DeclareFields(Fields<BatchCost>& f) {
  using T = BatchCost;
  f.Add("per_batch", &T::per_batch, "For each poll that finds packets.")
      .AtLeast(0);
  f.Add("per_packet", &T::per_packet, "For each packet.").AtLeast(0);
  f.Add("per_byte", &T::per_byte, "For each byte of its frame.").AtLeast(0);
}

void DeclareFields(Fields<FunctionConfig>& f) {
  using T = FunctionConfig;
  f.Add("name", &T::name, "As in the columns `function.NAME.*`.")
      .Required()
      .AsName();
  f.Add("machine", &T::machine, "Where it runs; empty: the first machine.");
  f.Add("cores", &T::cores,
        "Cores of the machine, each with an instance of its own that gets its "
        "share of the flows. Empty: one, the next that nobody names.");
  f.Add("shared_core", &T::shared_core,
        "Others that say so too may run on its cores; functions take turns, "
        "a batch each.");
  f.Add("instructions", &T::instructions, "Instructions.");
  f.Add("ipc", &T::ipc,
        "Instructions per cycle while all data is in the L1 cache.")
      .Between(0.01, 8);
  f.Add("poll_ipc", &T::poll_ipc, "The same, of polls that find nothing.")
      .Between(0.01, 8);
  f.Add("packet_references", &T::packet_references,
        "Lines of packets and rings that miss the L1 and L2 cache: other "
        "cores or devices wrote them.");
  f.Add("state_references", &T::state_references,
        "Lines of the function's own state that miss the L1 cache.");
  f.Add("working_set", &T::working_set, "Of the state, without flows.")
      .AtLeast(DataSize(0));
  f.Add("flow_state", &T::flow_state, "State of each flow on top.")
      .AtLeast(DataSize(0));
  f.Add("locality", &T::locality,
        "Exponent of the hit ratio (cached / working set) ^ locality: 1 for "
        "lines that are equally likely, less for a skewed choice.")
      .Between(Ratio(0.01), Ratio(1));
  f.Add("memory_parallelism", &T::memory_parallelism,
        "Misses that are under way at once.")
      .Between(1, 64);
  f.Add("write_share", &T::write_share,
        "Share of the state's missing lines that are written back later.")
      .Between(Ratio(0), Ratio(1));
  f.Add("memory", &T::memory, "That each instance allocates.")
      .AtLeast(DataSize(0));
  f.Add("cv", &T::cv,
        "Coefficient of variation of the time for a packet (gamma).")
      .Between(0, 10);
  f.Add("ring", &T::ring,
        "Packets that wait for an instance; what finds it full is lost.")
      .Between(1, 10000000);
  f.Add("batch", &T::batch, "Packets that one poll takes at most.")
      .Between(1, 32);
  f.Check({"instructions"}, CheckFunctionCost);
}

void DeclareFields(Fields<CompetitorConfig>& f) {
  using T = CompetitorConfig;
  f.Add("name", &T::name, "As in the columns `function.NAME.*`.")
      .Required()
      .AsName();
  f.Add("machine", &T::machine, "Where it runs; empty: the first machine.");
  f.Add("cores", &T::cores,
        "Cores of the machine, each with an instance of its own. Empty: one, "
        "the next that nobody names.");
  f.Add("shared_core", &T::shared_core,
        "Takes turns of servers.time_slice with what else runs on its cores.");
  f.Add("working_set", &T::working_set, "That each instance reads.")
      .AtLeast(DataSize(64));
  f.Add("locality", &T::locality, "As of a function.")
      .Between(Ratio(0.01), Ratio(1));
  f.Add("reads_per_second", &T::reads_per_second,
        "Lines that each instance reads; 0: as many as it can.")
      .AtLeast(0)
      .Unit("1/s");
  f.Add("instructions_per_read", &T::instructions_per_read,
        "Instructions between two lines.")
      .AtLeast(1);
  f.Add("ipc", &T::ipc, "As of a function.").Between(0.01, 8);
  f.Add("memory_parallelism", &T::memory_parallelism, "As of a function.")
      .Between(1, 64);
  f.Add("write_share", &T::write_share, "As of a function.")
      .Between(Ratio(0), Ratio(1));
  f.Add("memory", &T::memory, "That each instance allocates.")
      .AtLeast(DataSize(0));
  f.Add("start", &T::start,
        "When it begins: at the first solution of contention from here on.");
  f.Add("stop", &T::stop, "When it ends; absent: never.");
  f.Check(CheckCompetitor);
}

void DeclareFields(Fields<ChainEdge>& f) {
  using T = ChainEdge;
  f.Add("from", &T::from, "A function.").Required();
  f.Add("to", &T::to, "A function, or `out`: they leave the chain.").Required();
  f.Add("share", &T::share, "Of the packets that leave `from`.")
      .MoreThan(Ratio(0))
      .AtMost(Ratio(1));
}

void DeclareFields(Fields<ServiceAgreement>& f) {
  using T = ServiceAgreement;
  f.Add("throughput", &T::throughput,
        "Least share of the offered packets that is delivered.")
      .Between(Ratio(0), Ratio(1));
  f.Add("latency_p99", &T::latency_p99,
        "Most that the 99th percentile of the latency may be.")
      .MoreThan(SimTime(0));
}

void DeclareFields(Fields<ServiceChainConfig>& f) {
  using T = ServiceChainConfig;
  f.Add("name", &T::name, "As in the columns `chain.NAME.*`.")
      .Required()
      .AsName();
  f.Add("path", &T::path,
        "Functions in the order in which packets pass them; one may come more "
        "than once (a virtual switch).");
  f.Add("edges", &T::edges,
        "Instead of a path: which function hands its packets to which. No "
        "cycles; one function is nobody's next, and there packets enter.");
  f.Add("mode", &T::mode,
        "`pipeline`: rings between functions, each on cores of its own. "
        "`run-to-completion`: a core takes a batch through all functions.")
      .OneOf({"pipeline", "run-to-completion"});
  f.Add("overload", &T::overload,
        "`drop`: packets are lost at full rings. `throttle`: while a ring is "
        "beyond four fifths, until it is below three, the chain's packets are "
        "discarded where they enter, before work is spent on them.")
      .OneOf({"drop", "throttle"});
  f.Add("arrivals", &T::arrivals,
        "`poisson`, `periodic` (evenly spaced), or `bursts` (all packets of a "
        "tick at once).")
      .OneOf({"poisson", "periodic", "bursts"});
  f.Add("burst_interval", &T::burst_interval, "`bursts`: the tick.")
      .MoreThan(SimTime(0));
  f.Add("load", &T::load, "The offered rate over time.");
  f.Add("packet_sizes", &T::packet_sizes, "The mix of packet sizes.")
      .NotEmpty();
  f.Add("flows", &T::flows,
        "Flows that the packets belong to; they have state, and instances "
        "share them.")
      .Between(1, 100000000);
  f.Add("agreement", &T::agreement, "What the chain's users are promised.");
  f.Check({"path", "edges", "packet_sizes"}, CheckServiceChain);
}

void DeclareFields(Fields<CounterErrors>& f) {
  using T = CounterErrors;
  f.Add("noise", &T::noise,
        "Coefficient of variation of an error on every count.")
      .Between(0, 1);
  f.Add("multiplexing", &T::multiplexing,
        "perf's events share few counters: each is counted for a part of the "
        "time and scaled up.");
  f.Add("enabled", &T::enabled, "That part.")
      .MoreThan(Ratio(0))
      .AtMost(Ratio(1));
  f.Add("rotation", &T::rotation, "How long an event is counted at a time.")
      .MoreThan(SimTime(0));
}

void DeclareFields(Fields<PlacementShieldConfig>& f) {
  using T = PlacementShieldConfig;
  f.Add("most_busy", &T::most_busy,
        "A function keeps so many cores that the load just observed makes them "
        "at most as busy, if its machine has them.")
      .Between(Ratio(0.1), Ratio(1));
  f.Add("most_change", &T::most_change,
        "Cores that a function may gain or lose at one decision, but for what "
        "`most_busy` asks.")
      .Between(1, 1024);
  f.Add("most_moves", &T::most_moves,
        "Functions that may change their machine at one decision.")
      .Between(0, 1024);
  f.Add("fallback_after", &T::fallback_after,
        "Decisions in a row with an observation that is missing or cannot be, "
        "after which the threshold autoscaler decides until one can.")
      .Between(1, 1000);
}

void DeclareFields(Fields<PlacementConfig>& f) {
  using T = PlacementConfig;
  f.Add("scale_out", &T::scale_out,
        "A function whose cores are busier than that gets another.")
      .MoreThan(Ratio(0))
      .AtMost(Ratio(1));
  f.Add("scale_in", &T::scale_in,
        "A function that would be less busy with one core fewer gives it up.")
      .MoreThan(Ratio(0))
      .AtMost(Ratio(1));
  f.Add("patience", &T::patience,
        "Decisions in a row that must agree before a core or a machine is "
        "given up.")
      .Between(1, 1000);
  f.Add("shield", &T::shield, "What no manager may do.");
  f.Check([](const PlacementConfig& manager, const Reporter& report) {
    if (manager.scale_in <= manager.scale_out) return;
    report.Error("scale_in", "is above scale_out",
                 "cores would be given up that are needed at once");
  });
}

void DeclareFields(Fields<ServersConfig>& f) {
  using T = ServersConfig;
  f.Add("machines", &T::machines, "Where functions run.")
      .Required()
      .NotEmpty()
      .UniqueBy("name");
  f.Add("functions", &T::functions, "What chains are made of.")
      .Required()
      .NotEmpty()
      .UniqueBy("name");
  f.Add("competitors", &T::competitors,
        "Programs that use cores, caches and memory but see no packets.")
      .UniqueBy("name");
  f.Add("chains", &T::chains, "Packets and the functions that they pass.")
      .Required()
      .NotEmpty()
      .UniqueBy("name");
  f.Add("event", &T::event,
        "`batch`: packets that follow each other closely move in groups of at "
        "most 32. `packet`: each for itself; exact and slow.")
      .OneOf({"batch", "packet"});
  f.Add("batch_span", &T::batch_span,
        "`batch`: time between a group's first and last packet, at most.")
      .Between(SimTime(0), Milliseconds(1));
  f.Add("epoch", &T::epoch, "Between two solutions of the contention.")
      .AtLeast(Microseconds(10));
  f.Add("switch_time", &T::switch_time,
        "That a core loses when it turns to another function.");
  f.Add("time_slice", &T::time_slice,
        "That a core gives a program before the next, where competitors share "
        "it.")
      .AtLeast(Microseconds(1));
  f.Add("link_delay", &T::link_delay, "Between two machines.");
  f.Add("rescale_time", &T::rescale_time,
        "That a function rests when a controller gives it other cores.");
  f.Add("migration_time", &T::migration_time,
        "The same, when it moves to another machine.");
  f.Add("counters", &T::counters, "What tools add to the counts they read.");
  f.Add("manager", &T::manager,
        "What holds for agents that give functions their cores and machines.");
  f.Check({"machines", "functions", "competitors", "chains"}, CheckServers);
}

}  // namespace airlock
