#include "sim/scenario/fabric_fields.h"

#include "sim/scenario/checks.h"
#include "sim/scenario/fabric_checks.h"
#include "sim/workload/flow_sizes.h"

namespace airlock {
namespace {

std::vector<std::string> FlowSizeNames() {
  std::vector<std::string> names;
  for (const FlowSizes& sizes : FlowSizeTable()) names.push_back(sizes.name);
  return names;
}

}  // namespace

void DeclareFields(Fields<LinkConfig>& f) {
  using T = LinkConfig;
  f.Add("rate", &T::rate, "In each direction.").AtLeast(Bandwidth(1000));
  f.Add("delay", &T::delay, "Propagation, one way.");
}

void DeclareFields(Fields<QueueConfig>& f) {
  using T = QueueConfig;
  f.Add("discipline", &T::discipline,
        "`red-ecn`: from a threshold of the instantaneous queue on, the share "
        "of marked packets grows, to all at twice that (the gentle RED of "
        "ns-3's DCTCP examples). `step-ecn`: at the threshold all are marked. "
        "`drop-tail` never marks.")
      .OneOf({"red-ecn", "step-ecn", "drop-tail"});
  f.Add("limit", &T::limit, "Packets in the queue of a port.")
      .Between(2, 1000000);
  f.Add("ecn_threshold", &T::ecn_threshold,
        "`red-ecn` and `step-ecn`: packets in the queue from which on packets "
        "are marked (K).")
      .AtLeast(1);
  f.Add("device_limit", &T::device_limit,
        "Packets of `limit` that wait in the device, below the discipline, "
        "which marks and drops none of them.")
      .AtLeast(1);
  f.Check(CheckQueue);
}

void DeclareFields(Fields<FailureConfig>& f) {
  using T = FailureConfig;
  f.Add("time", &T::time, "Of the run, at which it happens.").Required();
  f.Add("element", &T::element,
        "A link by its ends (`leaf0-spine1`), or a switch (`spine1`): all of "
        "its links.")
      .Required()
      .NotEmpty();
  f.Add("repair", &T::repair,
        "Of the run, when it works again; where absent, never.");
  f.Add("rate", &T::rate,
        "Of a link that goes on, slower; where absent, nothing gets through.")
      .AtLeast(Bandwidth(1000));
  f.Check({"time", "repair"}, CheckRepair);
}

void DeclareFields(Fields<TopologyConfig>& f) {
  using T = TopologyConfig;
  f.Add("kind", &T::kind,
        "`leaf-spine`: every leaf has a link to every spine; `leaves`, "
        "`spines` and `hosts_per_leaf` apply to it alone. `back-to-back`: two "
        "hosts on one link. `fat-tree`: of switches of `switch_ports`.")
      .OneOf({"leaf-spine", "back-to-back", "fat-tree"});
  f.Add("leaves", &T::leaves, "Leaf switches.").Between(1, 1000);
  f.Add("spines", &T::spines, "Spine switches.").Between(1, 1000);
  f.Add("hosts_per_leaf", &T::hosts_per_leaf, "Hosts at each leaf.")
      .Between(1, 1000);
  f.Add("switch_ports", &T::switch_ports,
        "`fat-tree`: k, even. k pods of k/2 edge and k/2 aggregation "
        "switches, k^2/4 core switches, k^3/4 hosts.")
      .Between(2, 64);
  f.Add("framing", &T::framing,
        "What a packet takes on a link beside its IP bytes. `ppp`: 2 bytes, "
        "as ns-3's. `ethernet`: 38, header, frame check, preamble and gap, as "
        "the rate of a real interface counts them.")
      .OneOf({"ppp", "ethernet"});
  f.Add("host_link", &T::host_link, "Between host and switch.");
  f.Add("fabric_link", &T::fabric_link, "Between switches.");
  f.Add("core_link", &T::core_link,
        "`fat-tree`: between aggregation and core, in the place of "
        "`fabric_link`.");
  f.Add("queue", &T::queue, "Of each switch and host port.");
  f.Add("fabric_queue", &T::fabric_queue,
        "Of the ports between switches, in the place of `queue`.");
  f.Add("host_queue", &T::host_queue,
        "Of the hosts' own ports, in the place of `queue`.");
  f.Add("failures", &T::failures,
        "Links and switches that stop, or slow down, for some time.");
  f.Check({"kind", "switch_ports"}, CheckFatTree);
  f.Check({"kind", "leaves", "spines", "hosts_per_leaf", "switch_ports",
           "failures"},
          CheckFailures);
}

void DeclareFields(Fields<PathWeight>& f) {
  using T = PathWeight;
  f.Add("at", &T::at, "The switch.").Required().NotEmpty();
  f.Add("towards", &T::towards, "Its neighbour.").Required().NotEmpty();
  f.Add("weight", &T::weight, "Relative to the other next hops.")
      .Required()
      .Between(0, 1e6);
}

void DeclareFields(Fields<RoutingConfig>& f) {
  using T = RoutingConfig;
  f.Add("kind", &T::kind,
        "`flow-hash`: per-flow equal-cost multipath. `wcmp`: the same, each "
        "next hop in proportion to the capacity behind it. `single-path`: the "
        "first shortest path.")
      .OneOf({"flow-hash", "wcmp", "single-path"});
  f.Add("salt", &T::salt, "Mixed into every switch's own salt.").AtLeast(0);
  f.Add("weights", &T::weights,
        "Factors on the share of next hops at switches, where there are "
        "several; 1 where none is given. Settings at run time: "
        "`SWITCH.weight.NEIGHBOUR`.");
  f.Add("convergence", &T::convergence,
        "Time after a failure or repair until all switches route accordingly.");
}

void DeclareFields(Fields<TransportConfig>& f) {
  using T = TransportConfig;
  f.Add("kind", &T::kind,
        "TCP congestion control. ns-3's `cubic` of 3.37 has no TCP-friendly "
        "region and grows while the application limits it.")
      .OneOf({"dctcp", "cubic", "newreno"});
  f.Add("segment", &T::segment, "Payload of a full packet.")
      .Between(DataSize(64), DataSize(8960));
  f.Add("buffer", &T::buffer, "Send and receive buffer of a connection.")
      .AtLeast(DataSize(1000));
  f.Add("min_rto", &T::min_rto, "Shortest retransmission timeout.")
      .MoreThan(SimTime(0));
  f.Add("connection_timeout", &T::connection_timeout,
        "Before a lost SYN is sent again.")
      .MoreThan(SimTime(0));
  f.Add("initial_window", &T::initial_window, "Segments.").Between(1, 1000);
  f.Add("delayed_ack_timeout", &T::delayed_ack_timeout,
        "How long an acknowledgement waits for more segments.")
      .MoreThan(SimTime(0));
  f.Add("delayed_ack_segments", &T::delayed_ack_segments,
        "Segments that are acknowledged at once.")
      .Between(1, 1000);
  f.Add("syn_retries", &T::syn_retries,
        "Of a connection before it is given up.")
      .Between(1, 1000);
  f.Add("data_retries", &T::data_retries,
        "Timeouts in a row before a connection is given up.")
      .Between(1, 1000);
  f.Add("segment_lifetime", &T::segment_lifetime,
        "A closed connection's port is free after twice this.")
      .MoreThan(SimTime(0));
  f.Add("sack", &T::sack, "Whether receivers say which segments they have.");
  f.Add("dctcp_gain", &T::dctcp_gain,
        "`dctcp`: weight g of the latest share of marks in its mean.")
      .Between(0.0001, 1);
  f.Check({"min_rto", "delayed_ack_timeout"}, CheckDelayedAck);
}

void DeclareFields(Fields<FabricWorkload>& f) {
  using T = FabricWorkload;
  f.Add("kind", &T::kind,
        "In rounds: `permutation`, every host sends to one other; `incast`, "
        "many send to one; `all-to-all`, every host sends to every other. "
        "Flow by flow: `poisson`, at every host for random others; "
        "`rack-matrix`, between racks as a matrix has it; `trace`, as a file "
        "lists them.")
      .OneOf({"none", "permutation", "incast", "all-to-all", "poisson",
              "rack-matrix", "trace"});
  f.Add("flows", &T::flows,
        "`permutation`: of each host. `incast`: in all, senders drawn without "
        "repetition while there are any.")
      .Between(1, 1000000);
  f.Add("receiver", &T::receiver, "`incast`: the host that receives.")
      .AtLeast(0);
  f.Add("request", &T::request,
        "Bytes of each flow of a round; where absent, flows never end.")
      .Between(DataSize(1), DataSize(1000000000000));
  f.Add("interval", &T::interval,
        "Between rounds of flows of `request` bytes, each drawn anew; where "
        "absent, there is one.")
      .MoreThan(SimTime(0));
  f.Add("stagger", &T::stagger,
        "The flows of a round start at random times within it: those that "
        "start at the same instant stay in step for long.");
  f.Add("load", &T::load,
        "`poisson`: mean share of the hosts' link rates. `rack-matrix`: share "
        "of its hosts' link rates at the busiest rack.")
      .MoreThan(Ratio(0))
      .AtMost(Ratio(1));
  f.Add("sizes", &T::sizes,
        "`poisson` and `rack-matrix`: distribution of the flow sizes.")
      .OneOf(FlowSizeNames);
  f.Add("sizes_file", &T::sizes_file,
        "In its place, a file with a line for each step of the cumulative "
        "distribution: bytes and per cent of the flows that are not larger, up "
        "to 100.")
      .AsExistingFile();
  f.Add("matrix", &T::matrix,
        "`rack-matrix`: a file with a row of numbers for each rack that sends "
        "and a column for each that receives (CSV, or nested lists in JSON).")
      .AsExistingFile();
  f.Add("trace", &T::trace,
        "`trace`: a CSV file `time [s],from,to,bytes` of flows between hosts.")
      .AsExistingFile();
  f.Check({"kind", "request", "interval", "sizes_file", "matrix", "trace"},
          CheckWorkloadKind);
}

}  // namespace airlock
