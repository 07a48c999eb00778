#include "sim/scenario/scenario_fields.h"

#include "sim/scenario/balancer_checks.h"
#include "sim/scenario/checks.h"
#include "sim/scenario/fabric_checks.h"
#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_checks.h"

namespace airlock {
namespace {

std::vector<std::string> RegionNames() {
  std::vector<std::string> names;
  for (const WlanRegion& region : WlanRegions()) names.push_back(region.name);
  return names;
}

}  // namespace

void DeclareFields(Fields<RunConfig>& f) {
  using T = RunConfig;
  f.Add("engine", &T::engine,
        "`packet`: every packet in ns-3. `surrogate`: the service chain "
        "alone, without a network around it; of a WLAN the airtime.")
      .OneOf({"packet", "surrogate"});
  f.Add("seed", &T::seed, "Of all random streams.").AtLeast(0);
  f.Add("replications", &T::replications,
        "Independent runs; confidence intervals are over them.")
      .Between(1, 100000);
  f.Add("duration", &T::duration,
        "Simulated time of a replication, warm-up included.")
      .MoreThan(SimTime(0));
  f.Add("sample_interval", &T::sample_interval,
        "Between the samples of the time series; divides the duration.")
      .MoreThan(SimTime(0));
  f.Check({"duration", "sample_interval"}, CheckRun);
}

void DeclareFields(Fields<LoadProfile>& f) {
  using T = LoadProfile;
  f.Add("kind", &T::kind,
        "`constant`: `rate`. `steps`: `rate` and `peak` in turns. `ramp`: from "
        "`rate` to `peak` and back. `random-walk`: between the two. "
        "`diurnal`: `rate` at night, `peak` at noon, from a random hour. "
        "`flash-crowd`: `rate` with bursts to `peak`. `trace`: as measured.")
      .OneOf({"constant", "steps", "ramp", "random-walk", "diurnal",
              "flash-crowd", "trace"});
  f.Add("rate", &T::rate, "The constant rate; the lowest of the other kinds.")
      .MoreThan(Bandwidth(0));
  f.Add("peak", &T::peak, "The highest rate of the other kinds.")
      .MoreThan(Bandwidth(0));
  f.Add("period", &T::period,
        "Of a step, of a ramp up, between the steps of a walk, between flash "
        "crowds.")
      .MoreThan(SimTime(0));
  f.Add("trace", &T::trace,
        "`trace`: file whose column offered_rate, and where present "
        "packet_size and contention_*, drive the load.")
      .AsExistingFile();
  f.Check(CheckLoad);
}

void DeclareFields(Fields<PacketSizeShare>& f) {
  using T = PacketSizeShare;
  f.Add("size", &T::size, "Ethernet frame, header to end of payload.")
      .Between(DataSize(60), DataSize(1514));
  f.Add("share", &T::share, "Of the packets; shares are divided by their sum.")
      .AtLeast(Ratio(0));
}

void DeclareFields(Fields<Contention>& f) {
  using T = Contention;
  f.Add("cpu", &T::cpu, "Of the processor.").AtLeast(0);
  f.Add("cache", &T::cache, "Of the last-level cache.").AtLeast(0);
  f.Add("memory", &T::memory, "Of the memory's bandwidth.").AtLeast(0);
  f.Add("io", &T::io, "Of storage.").AtLeast(0);
}

void DeclareFields(Fields<ServiceTime>& f) {
  using T = ServiceTime;
  f.Add("distribution", &T::distribution, "Around its mean.")
      .OneOf({"constant", "exponential", "gamma", "lognormal"});
  f.Add("per_packet", &T::per_packet_ns, "Mean time for a packet of no bytes.")
      .AsNanoseconds();
  f.Add("per_byte", &T::per_byte_ns, "Mean time for each byte on top.")
      .AsNanoseconds();
  f.Add("cv", &T::cv,
        "Coefficient of variation; `constant` and `exponential` have their "
        "own.")
      .AtLeast(0);
  f.Check(CheckService);
}

void DeclareFields(Fields<ChainFunction>& f) {
  using T = ChainFunction;
  f.Add("name", &T::name, "As in the metrics `function.NAME.*`.")
      .Required()
      .AsName();
  f.Add("service", &T::service, "Time for one packet on an idle server.");
  f.Add("ring", &T::ring, "Packets that can wait; what finds it full is lost.")
      .Between(1, 10000000);
  f.Add("batch", &T::batch,
        "Packets taken from the ring and handed on at once.")
      .Between(1, 65536);
  f.Add("wakeup", &T::wakeup,
        "Mean of the exponential delay before an idle function starts.");
  f.Add("contention_slope", &T::contention_slope,
        "Relative growth of the service time per unit of contention.");
  f.Add("stall_interval", &T::stall_interval,
        "Mean time between stalls (exponential); 0ns: none without "
        "contention.");
  f.Add("stall_slope", &T::stall_slope,
        "Further stalls per second of work and per unit of contention.");
  f.Add("stall_duration", &T::stall_duration,
        "Mean length of a stall (exponential).");
  f.Add("quota", &T::quota,
        "Work allowed in each quota_period, as a processor limit does; 0ns: "
        "no limit.");
  f.Add("quota_period", &T::quota_period, "Period of the quota.");
  f.Add("quota_offset", &T::quota_offset,
        "When the first period of the quota begins.");
  f.Check({"stall_interval", "stall_slope", "stall_duration", "quota",
           "quota_period"},
          CheckFunction);
}

void DeclareFields(Fields<ChainWorkload>& f) {
  using T = ChainWorkload;
  f.Add("arrivals", &T::arrivals,
        "`poisson`, `periodic` (evenly spaced), or `bursts` (all packets of a "
        "tick at once).")
      .OneOf({"poisson", "periodic", "bursts"});
  f.Add("burst_interval", &T::burst_interval, "`bursts`: the tick.")
      .MoreThan(SimTime(0));
  f.Add("load", &T::load, "The offered rate over time.");
  f.Add("packet_sizes", &T::packet_sizes, "The mix of packet sizes.")
      .NotEmpty();
  f.Add("contention", &T::contention,
        "Constant levels of contention, where no trace gives them.");
  f.Check({"packet_sizes"}, CheckWorkload);
}

void DeclareFields(Fields<ChainConfig>& f) {
  using T = ChainConfig;
  f.Add("functions", &T::functions, "In the order in which packets pass them.")
      .Required()
      .NotEmpty()
      .UniqueBy("name");
  f.Add("workload", &T::workload, "The packets that are sent through.");
  f.Add("source_host", &T::source_host,
        "Host that sends the packets; hosts count from 0, leaf by leaf.")
      .AtLeast(0);
  f.Add("server_host", &T::server_host,
        "Host that runs the chain, with the sink at its end.")
      .AtLeast(0);
  f.Add("profile", &T::profile,
        "Calibration profile, written by `airlock calibrate`.")
      .AsExistingFile();
  f.Add("profile_values", &T::profile_values,
        "`replace`: the profile's parameters take the place of those given "
        "here, except where `--set` gives them. `keep`: the given ones stay; "
        "the profile says only how credible the twin is.")
      .OneOf({"replace", "keep"});
  f.Check({"source_host", "server_host"}, CheckChain);
}

void DeclareFields(Fields<DatacentreConfig>& f) {
  using T = DatacentreConfig;
  f.Add("topology", &T::topology, "Hosts, switches and links.");
  f.Add("routing", &T::routing, "Which path a packet takes.");
  f.Add("transport", &T::transport, "TCP.");
  f.Add("traffic", &T::traffic, "TCP flows between hosts.");
  f.Add("chain", &T::chain,
        "A service chain on one of the hosts, fed with UDP by another.");
  f.Add("balancer", &T::balancer,
        "A pool of servers behind a virtual address, and the requests that are "
        "spread over it.");
  f.Add("servers", &T::servers,
        "Machines whose functions contend for cores, cache and memory, and the "
        "service chains that they run.");
  f.Check({"topology.kind", "topology.leaves", "topology.hosts_per_leaf",
           "topology.switch_ports", "topology.queue.discipline",
           "transport.kind", "traffic.kind", "chain", "balancer", "servers"},
          CheckTraffic);
  f.Check({"topology.kind", "topology.leaves", "topology.hosts_per_leaf",
           "topology.switch_ports", "traffic.kind", "traffic.receiver"},
          CheckIncastReceiver);
  f.Check({"topology.kind", "topology.leaves", "topology.hosts_per_leaf",
           "topology.switch_ports", "chain.source_host", "chain.server_host"},
          CheckChainHosts);
  f.Check({"topology.kind", "topology.leaves", "topology.hosts_per_leaf",
           "topology.switch_ports", "balancer"},
          CheckPoolHosts);
  f.Check({"topology", "routing.weights"}, CheckWeights);
  f.Check({"topology", "traffic.kind", "traffic.load"}, CheckFabricLoad);
}

void DeclareFields(Fields<Position>& f) {
  f.Add("x", &Position::x, "East.");
  f.Add("y", &Position::y, "North.");
}

void DeclareFields(Fields<WlanTraffic>& f) {
  using T = WlanTraffic;
  f.Add("transport", &T::transport, "Of the flow.").OneOf({"udp", "tcp"});
  f.Add("direction", &T::direction, "Seen from the access point.")
      .OneOf({"downlink", "uplink", "both"});
  f.Add("rate_per_station", &T::rate_per_station,
        "Offered in each direction, where not saturated.")
      .MoreThan(Bandwidth(0))
      .AtMost(Mbps(10000));
  f.Add("packet_size", &T::packet_size, "Payload of UDP or of a TCP segment.")
      .Between(DataSize(12), DataSize(2264));
  f.Add("saturated", &T::saturated, "Whether senders always have a packet.");
}

void DeclareFields(Fields<StationLeg>& f) {
  using T = StationLeg;
  f.Add("time", &T::time, "Of the run, at which it sets out.");
  f.Add("to", &T::to, "Where it goes, on a straight line.").Required();
  f.Add("speed", &T::speed, "At which it goes.").MoreThan(Speed(0));
}

void DeclareFields(Fields<StationConfig>& f) {
  using T = StationConfig;
  f.Add("name", &T::name, "As in the metrics `station.AP.NAME.*`.")
      .Required()
      .AsName();
  f.Add("position", &T::position, "On the floor, at the start.").Required();
  f.Add("join", &T::join,
        "Of the run, when it comes and begins to look for its access point; "
        "0ns: it is associated when the run begins.");
  f.Add("leave", &T::leave, "Of the run, when it goes for good.");
  f.Add(
      "path", &T::path,
      "Its moves, one after the other. It keeps its access point: stations do "
      "not roam. Beyond its reach `station.AP.NAME.out_of_range` counts.");
  f.Add("flows", &T::flows,
        "Its traffic, in the place of that of its access point.");
  f.Check(CheckStation);
}

void DeclareFields(Fields<AccessPointConfig>& f) {
  using T = AccessPointConfig;
  f.Add("name", &T::name, "As in the metrics `ap.NAME.*`.").Required().AsName();
  f.Add("position", &T::position, "On the floor.");
  f.Add("channel", &T::channel,
        "IEEE number: of the channel in the middle of the whole width, whose "
        "lowest 20 MHz are the primary channel, or in the 5 GHz band of the "
        "primary channel. To 14: 2.4 GHz band, above: 5 GHz band.")
      .Between(1, 196);
  f.Add("width", &T::width, "In the place of the WLAN's.");
  f.Add("standard", &T::standard, "In the place of the WLAN's.")
      .OneOf({"802.11a", "802.11n", "802.11ac", "802.11ax"});
  f.Add("transmit_power", &T::transmit_power, "In the place of the WLAN's.")
      .Between(PowerDbm(-20), PowerDbm(36));
  f.Add("stations", &T::stations,
        "Evenly on a circle around it, named 0, 1, ...; not given: 4, or none "
        "where there are `placed_stations`.")
      .Between(0, 253);
  f.Add("station_distance", &T::station_distance, "Radius of that circle.")
      .MoreThan(Length(0));
  f.Add("placed_stations", &T::placed_stations,
        "Further stations, each in its place.");
  f.Add(
       "sensed_channels", &T::sensed_channels,
       "IEEE numbers of 20 MHz channels whose occupation a second, wideband "
       "receiver measures all the time: the counters `ap.NAME.sensed.CHANNEL`.")
      .Between(1, 196);
  f.Add("flows", &T::flows,
        "Traffic of each of its stations, in the place of the WLAN's.");
  f.Check({"width"}, CheckApWidth);
  f.Check({"sensed_channels"}, CheckSensedChannels);
  f.Check({"position", "stations", "station_distance", "placed_stations"},
          CheckStations);
}

void DeclareFields(Fields<WallConfig>& f) {
  using T = WallConfig;
  f.Add("from", &T::from, "One end.").Required();
  f.Add("to", &T::to, "The other end.").Required();
  f.Add("loss_db", &T::loss_db, "Of a signal whose straight way crosses it.")
      .Unit("dB")
      .Between(0, 200);
  f.Check(CheckWall);
}

void DeclareFields(Fields<InterfererConfig>& f) {
  using T = InterfererConfig;
  f.Add("name", &T::name, "For messages and random streams.")
      .Required()
      .AsName();
  f.Add("position", &T::position, "On the floor.");
  f.Add("frequency", &T::frequency, "In the middle of what it sends.")
      .Between(Frequency(2.3e9), Frequency(6e9));
  f.Add("bandwidth", &T::bandwidth, "Of what it sends.")
      .Between(Frequency(1e5), Frequency(5e8));
  f.Add("power", &T::power, "While it is on, evenly over the bandwidth.")
      .Between(PowerDbm(-60), PowerDbm(60));
  f.Add("duty_cycle", &T::duty_cycle, "Share of each period that it is on.")
      .MoreThan(Ratio(0))
      .AtMost(Ratio(1));
  f.Add("period", &T::period,
        "From one start to the next. When the first is, is drawn.")
      .AtLeast(Microseconds(10));
  f.Add("sweep", &T::sweep,
        "IEEE numbers of 20 MHz channels that it visits one after the other, "
        "again and again, in the place of `frequency` and `bandwidth`; with "
        "which it begins, at the start of the run, is drawn.")
      .Between(1, 196);
  f.Add("dwell", &T::dwell,
        "How long a sweep stays on a channel: a multiple of `period`.")
      .AtLeast(Microseconds(10));
  f.Check(CheckInterferer);
}

void DeclareFields(Fields<WlanLoad>& f) {
  using T = WlanLoad;
  f.Add("profile", &T::profile,
        "`constant`: 1. Others draw a load for each access point and slot "
        "(`sim/workload`), which its flows' rates are multiplied by. `trace`: "
        "as given.")
      .OneOf({"constant", "volatile", "volatile-triangle", "flash-crowd",
              "diurnal", "trace"});
  f.Add("slot", &T::slot, "Time between two values.").AtLeast(Milliseconds(1));
  f.Add("trace", &T::trace,
        "`trace`: file with a column `ap.NAME.load` for each access point.")
      .AsExistingFile();
}

void DeclareFields(Fields<GeneratedWlan>& f) {
  using T = GeneratedWlan;
  f.Add("access_points", &T::access_points, "How many, or how many on average.")
      .Between(2, 1000);
  f.Add(
       "count", &T::count,
       "`fixed`: so many. `poisson`: so many on average, as in a Poisson point "
       "process that is not conditioned on their number.")
      .OneOf({"fixed", "poisson"});
  f.Add("neighbours", &T::neighbours,
        "Mean number of others that an access point hears at -82 dBm or more: "
        "sets the side of the square on which they lie.")
      .MoreThan(0);
  f.Add("band", &T::band, "Of all of them.").OneOf({"5GHz", "2.4GHz"});
  f.Add("stations", &T::stations, "Of each, evenly on a circle around it.")
      .Between(1, 253);
  f.Add("station_distance", &T::station_distance, "Radius of that circle.")
      .MoreThan(Length(0));
  f.Add("redraw", &T::redraw,
        "Whether each replication has a network of its own, that of the seed "
        "plus its number; `engine: surrogate` only.");
}

void DeclareFields(Fields<AirtimeConfig>& f) {
  using T = AirtimeConfig;
  f.Add("law", &T::law,
        "How the shares of several interferers fill a channel. `sum`: they "
        "take turns. `union`: 1 - prod(1 - share), they overlap at random.")
      .OneOf({"sum", "union"});
  f.Add("threshold", &T::threshold,
        "RSSI from which on another access point is interference.")
      .Between(PowerDbm(-120), PowerDbm(0));
  f.Add("softness_db", &T::softness_db,
        "0: hard threshold t. s: interference of 1 / (1 + exp(-(rssi - t) / "
        "s)).")
      .Unit("dB")
      .Between(0, 50);
  f.Add("own_load", &T::own_load,
        "Whether an access point's own load enters the utilisation that its "
        "regret is about.");
  f.Add("change_weight", &T::change_weight,
        "Weight of the load that changes its channel or width, in the regret.")
      .Between(0, 1000);
  f.Add("channel_rate", &T::channel_rate,
        "Payload that 20 MHz without neighbours carry: a load of 1.")
      .AtLeast(Bandwidth(1000));
  f.Add("profile", &T::profile,
        "Written by `airlock calibrate --against packet`.")
      .AsExistingFile();
  f.Add("profile_values", &T::profile_values,
        "`replace`: the profile's law, threshold, softness, own load and "
        "channel rate take the place of those given here, except where `--set` "
        "gives them. `keep`: the given ones stay.")
      .OneOf({"replace", "keep"});
  f.Add("dropped_slots", &T::dropped_slots,
        "Slots of `load` at the start that the surrogate's metrics leave out.")
      .AtLeast(0);
}

void DeclareFields(Fields<ChannelSwitchConfig>& f) {
  using T = ChannelSwitchConfig;
  f.Add("announcement_beacons", &T::announcement_beacons,
        "Beacon intervals between a decision and the move.")
      .Between(0, 255);
  f.Add("dead_time", &T::dead_time,
        "After the move the radios neither hear nor send for so long.")
      .Between(SimTime(0), Milliseconds(10000));
  f.Add("miss_probability", &T::miss_probability,
        "That a station does not hear an announcement and stays behind.")
      .Between(Ratio(0), Ratio(1));
  f.Add("rejoin_delay", &T::rejoin_delay,
        "Mean time after which such a station comes, exponential.")
      .Between(Milliseconds(1), Milliseconds(10000));
}

void DeclareFields(Fields<ScheduledChange>& f) {
  using T = ScheduledChange;
  f.Add("time", &T::time, "Of the run; takes effect at the next decision.")
      .Required()
      .AtLeast(SimTime(0));
  f.Add("access_point", &T::access_point, "Which moves.").Required();
  f.Add("channel", &T::channel,
        "IEEE number of the primary 20 MHz channel; where absent, as it is.")
      .Between(1, 196);
  f.Add("width", &T::width, "Of the channel; where absent, as it is.");
}

void DeclareFields(Fields<WlanConfig>& f) {
  using T = WlanConfig;
  f.Add("standard", &T::standard,
        "Of access points and their stations, where they do not say.")
      .OneOf({"802.11a", "802.11n", "802.11ac", "802.11ax"});
  f.Add("width", &T::width,
        "Of a channel: 20MHz, 40MHz, 80MHz or 160MHz, as far as the standard "
        "goes.");
  f.Add("region", &T::region,
        "Whose regulator allows the channels: `any` allows all of the "
        "standard's. Powers are not looked at.")
      .OneOf(RegionNames);
  f.Add("dfs", &T::dfs,
        "Whether channels that are shared with radars (52 to 144) may be "
        "used.");
  f.Add("guard_interval", &T::guard_interval,
        "802.11ax: 800ns, 1600ns or 3200ns.");
  f.Add("phy", &T::phy,
        "`spectrum` knows interference between channels that overlap; `yans` "
        "only within a channel, and is faster.")
      .OneOf({"spectrum", "yans"});
  f.Add("rate_control", &T::rate_control,
        "`ideal` knows the signal-to-noise ratio, `minstrel` tries rates, "
        "`constant` uses `mcs`.")
      .OneOf({"ideal", "minstrel", "constant"});
  f.Add("mcs", &T::mcs,
        "`constant`: modulation and coding index; of 802.11a the index of 6, "
        "9, 12, 18, 24, 36, 48 and 54 Mbit/s.")
      .AtLeast(0);
  f.Add("transmit_power", &T::transmit_power,
        "Of stations, and of access points that do not say.")
      .Between(PowerDbm(-20), PowerDbm(36));
  f.Add("path_loss_exponent", &T::path_loss_exponent,
        "Of the log-distance model.")
      .Between(1, 8);
  f.Add("reference_distance", &T::reference_distance,
        "At which the path loss is `reference_loss_db`.")
      .MoreThan(Length(0));
  f.Add("reference_loss_db", &T::reference_loss_db,
        "Path loss at the reference distance in the 5 GHz band.")
      .Unit("dB")
      .AtLeast(0);
  f.Add("reference_loss_24ghz_db", &T::reference_loss_24ghz_db,
        "The same in the 2.4 GHz band.")
      .Unit("dB")
      .AtLeast(0);
  f.Add("shadowing_db", &T::shadowing_db,
        "Standard deviation of the log-normal shadowing of each ordered pair "
        "of nodes: there and back differ.")
      .Unit("dB")
      .Between(0, 30);
  f.Add("power_variation_db", &T::power_variation_db,
        "Standard deviation of the access points' transmit powers.")
      .Unit("dB")
      .Between(0, 30);
  f.Add("walls", &T::walls, "What signals pass through, at a loss.");
  f.Add("beacon_interval", &T::beacon_interval, "Multiple of 1024us.")
      .Between(Microseconds(1024), SimTime(65535LL * 1024000));
  f.Add("channel_switch", &T::channel_switch,
        "What it costs that a controller moves an access point and its "
        "stations to another channel.");
  f.Add("schedule", &T::schedule,
        "`controller.agent: schedule`: the changes of channels, those of one "
        "time as one plan.");
  f.Add("retry_limit", &T::retry_limit,
        "Transmissions before a frame outside of an aggregate is given up, and "
        "block-ack requests before a station is left alone for a while.")
      .Between(1, 4294967295);
  f.Add("access_points", &T::access_points,
        "Each with its stations: a BSS. These or `generated`.")
      .UniqueBy("name");
  f.Add("generated", &T::generated,
        "Access points at random places instead: a Poisson point process on a "
        "square. Each starts on a channel at random.");
  f.Add("interferers", &T::interferers,
        "What is no WLAN and does not listen; `phy: spectrum` only.")
      .UniqueBy("name");
  f.Add("profile", &T::profile,
        "Calibration profile, written by `airlock calibrate`.")
      .AsExistingFile();
  f.Add("profile_values", &T::profile_values,
        "`replace`: the profile's parameters take the place of those given "
        "here, except where `--set` gives them. `keep`: the given ones stay; "
        "the profile says only how credible the twin is.")
      .OneOf({"replace", "keep"});
  f.Add("traffic", &T::traffic,
        "Between access points and stations that have no `flows`.");
  f.Add("load", &T::load, "How the offered rates change over time.");
  f.Add("airtime", &T::airtime,
        "The analytic model that `engine: surrogate` runs and planners plan "
        "with.");
  f.Add("time_of_day", &T::time_of_day,
        "When the run begins, counted from midnight: planners that plan once a "
        "day do it at 3 h, and `load.profile: diurnal` follows it.")
      .Between(SimTime(), Milliseconds(86400000 - 1));
  f.Add("max_width", &T::max_width,
        "Widest channel that a controller may set; where absent, the widest "
        "that there is.");
  f.Check({"standard", "width", "region", "access_points", "generated"},
          CheckGenerated);
  f.Check({"width", "max_width", "access_points"}, CheckMaxWidth);
  f.Check({"width"}, CheckWidth);
  f.Check({"standard", "width", "region", "access_points"}, CheckChannels);
  f.Check({"standard", "width", "rate_control", "mcs", "access_points"},
          CheckMcs);
  f.Check({"guard_interval"}, CheckGuardInterval);
  f.Check({"standard", "guard_interval", "access_points"}, CheckGuardStandard);
  f.Check({"beacon_interval"}, CheckBeaconInterval);
  f.Check({"access_points"}, CheckPlaces);
  f.Check({"phy", "interferers"}, CheckInterferers);
  f.Check({"transmit_power", "path_loss_exponent", "reference_distance",
           "reference_loss_db", "reference_loss_24ghz_db", "walls",
           "access_points"},
          CheckRange);
  f.Check({"load", "traffic", "access_points"}, CheckWlanLoad);
}

void DeclareFields(Fields<ObservationConfig>& f) {
  using T = ObservationConfig;
  f.Add("rssi_bias_db", &T::rssi_bias_db, "Added to every value in dBm.")
      .Unit("dB")
      .Between(-100, 100);
  f.Add("rssi_noise_db", &T::rssi_noise_db,
        "Standard deviation of a Gaussian error of every value in dBm.")
      .Unit("dB")
      .Between(0, 100);
  f.Add("counter_noise", &T::counter_noise,
        "Standard deviation of a Gaussian error of every other value, as a "
        "share of it. What says what is configured has none.")
      .Between(0, 10);
  f.Add("dropout", &T::dropout, "Probability that a value is missing.")
      .Between(Ratio(0), Ratio(1));
  f.Add("staleness", &T::staleness,
        "Probability that a value is the one of the decision before.")
      .Between(Ratio(0), Ratio(1));
  f.Add("delay", &T::delay, "Decisions that an observation comes late.")
      .Between(0, 1000);
}

void DeclareFields(Fields<RadarConfig>& f) {
  using T = RadarConfig;
  f.Add("time", &T::time, "Of the run, at which it is detected.")
      .Required()
      .AtLeast(SimTime(0));
  f.Add("channel", &T::channel,
        "IEEE number of the 20 MHz channel, one that radars share (52 to 144).")
      .Required()
      .Between(1, 196);
}

void DeclareFields(Fields<ShieldConfig>& f) {
  using T = ShieldConfig;
  f.Add("dwell", &T::dwell,
        "Least time between two changes of one access point.")
      .AtLeast(SimTime(0));
  f.Add("changes_per_hour", &T::changes_per_hour,
        "Most changes of access points within any hour, of the whole network "
        "(of each band); where absent, any number.")
      .Between(1, 1000000);
  f.Add("served_floor", &T::served_floor,
        "No change may bring an access point's share of its need, as the "
        "airtime model estimates it, below this, nor further down where it is "
        "below already.")
      .Between(Ratio(0), Ratio(1));
  f.Add("non_occupancy", &T::non_occupancy,
        "How long a channel is barred on which a radar was detected: half an "
        "hour in Europe (ETSI EN 301 893) and the USA (47 CFR 15.407).")
      .AtLeast(SimTime(0));
  f.Add("radars", &T::radars,
        "Radar pulses of the run. Who is on the channel leaves it at the next "
        "decision.");
}

void DeclareFields(Fields<WhatIfConfig>& f) {
  using T = WhatIfConfig;
  f.Add("horizon", &T::horizon,
        "How far the network runs with and without the action, or to the end "
        "of the run.")
      .AtLeast(Milliseconds(1));
  f.Add("margin", &T::margin,
        "The action is vetoed where it delivers less, has a longer 95th "
        "percentile of the delay, or starves more of the stations, by more "
        "than this share.")
      .Between(Ratio(0), Ratio(1));
  f.Add("audit", &T::audit,
        "Share of the vetoes, drawn, that are judged again over "
        "`audit_horizon`; the veto stands.")
      .Between(Ratio(0), Ratio(1));
  f.Add("audit_horizon", &T::audit_horizon, "At most to the end of the run.")
      .AtLeast(Milliseconds(1));
}

void DeclareFields(Fields<PlanFallbackConfig>& f) {
  using T = PlanFallbackConfig;
  f.Add("planner", &T::planner,
        "Who plans then: a channel planner of `airlock list agents`.")
      .NotEmpty();
  f.Add("most_utilisation", &T::most_utilisation,
        "Highest utilisation by others that the estimates of a proposed plan "
        "may say.")
      .MoreThan(0);
  f.Add("most_error", &T::most_error,
        "Highest mean difference between estimated and measured busy shares "
        "of a slot.")
      .MoreThan(0);
  f.Add("error_slots", &T::error_slots,
        "Slots in a row beyond `most_error` after which the fallback plans.")
      .Between(1, 1000000);
  f.Add("recovery_slots", &T::recovery_slots,
        "Good slots in a row after which it stops.")
      .Between(1, 1000000);
}

void DeclareFields(Fields<ControllerConfig>& f) {
  using T = ControllerConfig;
  f.Add("agent", &T::agent, "Who controls it: `airlock list agents`.")
      .NotEmpty();
  f.Add("policy", &T::policy,
        "The trained policy of an agent that needs one: a file of "
        "agents/policies, say.")
      .AsExistingFile();
  f.Add("interval", &T::interval, "Between its decisions.")
      .MoreThan(SimTime(0));
  f.Add("observation", &T::observation,
        "What is between the network's counters and what it sees of them. Each "
        "column has random streams of its own, `observation/noise/COLUMN`, "
        "`observation/staleness/COLUMN` and `observation/dropout/COLUMN`.");
  f.Add("shield", &T::shield,
        "WLAN: what a channel planner's plans may never do. What it proposes "
        "and may not do is counted by rule and left as it is.");
  f.Add("fallback", &T::fallback,
        "WLAN: who plans while the estimates behind a channel planner's plans "
        "are out of range, not a number or wrong.");
  f.Add("what_if", &T::what_if,
        "WLAN on the packet engine: before an action is taken, forks of the "
        "network try it and its absence with equal random numbers, and one "
        "that is worse is vetoed: metrics `what_if_*`.");
}

void DeclareFields(Fields<ExperimentalConfig>&) {}

void DeclareFields(Fields<Scenario>& f) {
  using T = Scenario;
  f.Add("schema", &T::schema, "Version of this format.")
      .Required()
      .Between(1, 1);
  f.Add("name", &T::name, "Short, for reports.").Required().AsName();
  f.Add("description", &T::description, "What it is for.");
  f.Add("run", &T::run, "How it is simulated.");
  f.Add("controller", &T::controller, "Who changes settings during the run.");
  f.Add("datacentre", &T::datacentre,
        "A datacentre; this or `wlan`, exactly one.");
  f.Add("wlan", &T::wlan, "A WLAN of several access points.");
  f.Add("experimental", &T::experimental,
        "The only place for keys that may change or go without notice.");
  f.Check({}, CheckNetworks);
  f.Check({"run.engine", "run.duration", "datacentre.traffic.kind", "wlan"},
          CheckEngine);
  f.Check({"run.duration", "controller"}, CheckController);
  f.Check({"run.engine", "run.duration", "wlan"}, CheckWlanTimes);
  f.Check({"run.engine", "run.duration", "controller.agent",
           "controller.interval", "wlan"},
          CheckSchedule);
  f.Check({"controller.shield", "controller.fallback", "wlan"}, CheckShield);
  f.Check({"controller.what_if", "wlan", "run.engine"}, CheckWhatIf);
}

}  // namespace airlock
