#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/scenario/balancer_config.h"
#include "sim/scenario/fabric_config.h"
#include "sim/scenario/load_profile.h"
#include "sim/scenario/servers_config.h"

// What a scenario file says, as plain structs with defaults. Nothing here is
// checked: Resolve() (resolve.h) turns a Scenario into a ResolvedScenario, and
// engines take only the latter. Every field is declared once for files, help
// and schema in scenario_fields.h.
namespace airlock {

struct RunConfig {
  std::string engine = "packet";
  int64_t seed = 1;
  int64_t replications = 10;
  SimTime duration = Milliseconds(1000);       // measured and warm-up together
  SimTime sample_interval = Milliseconds(10);  // of the time series
};

// --- Service chain on a server -------------------------------------------

// How busy other work keeps the server, one level per kind (say, the number of
// stress workers); also a coefficient per unit of each level.
struct Contention {
  double cpu = 0;
  double cache = 0;
  double memory = 0;
  double io = 0;
};

// Time that a function needs for one packet:
//   (per_packet + per_byte * size) * (1 + contention_slope . contention) * X
// with X of mean 1 and coefficient of variation `cv`, and . the sum over kinds.
// sim/surrogate/chain_model.h says exactly how functions queue.
struct ServiceTime {
  std::string distribution = "gamma";  // constant exponential gamma lognormal
  double per_packet_ns = 1000;  // written as a time, "1.5us"; not whole ns
  double per_byte_ns = 0;       // written as a time for one byte
  double cv = 0.5;              // ignored by constant and exponential
};

// A network function: a queueing station with a finite ring in front.
struct ChainFunction {
  std::string name;
  ServiceTime service;
  int64_t ring = 1024;  // packets that wait; arrivals beyond it are lost
  int64_t batch = 1;    // packets taken from the ring at once and handed on
                        // together when the last is served
  SimTime wakeup;       // mean of the exponential delay before an idle function
                        // starts on the first packet
  Contention contention_slope;  // relative service time per unit of contention
  SimTime stall_interval;       // mean time between stalls (exponential); 0:
                                // none without contention
  Contention stall_slope;       // stalls per second of work and per unit of
                                // contention: other work takes the processor
  SimTime stall_duration;       // mean length of a stall (exponential)
  SimTime quota;         // work allowed in each quota_period; 0: no limit
  SimTime quota_period;  // of a processor limit (cgroup cpu.max, real-time)
  SimTime quota_offset;  // when the first period begins
};

struct ChainWorkload {
  std::string arrivals = "poisson";            // poisson periodic bursts
  SimTime burst_interval = Microseconds(500);  // bursts: one a tick
  LoadProfile load;
  std::vector<PacketSizeShare> packet_sizes = {PacketSizeShare{}};
  Contention contention;  // constant levels, where no trace gives them
};

struct ChainConfig {
  std::vector<ChainFunction> functions;  // in the order packets pass them
  ChainWorkload workload;
  int64_t source_host = 0;  // sends the chain's packets
  int64_t server_host = 1;  // runs the chain; sink at its end
  std::string profile;      // CalibrationProfile file (absolute path), or empty
  // replace: the profile's parameters take the place of those given here; keep:
  // these stay, and the profile says only how credible the twin is. A resolved
  // scenario has the parameters in place and says keep.
  std::string profile_values = "replace";
};

// --- Datacentre network ---------------------------------------------------

struct DatacentreConfig {
  TopologyConfig topology;
  RoutingConfig routing;
  TransportConfig transport;
  FabricWorkload traffic;
  std::optional<ChainConfig> chain;
  std::optional<BalancerConfig> balancer;
  std::optional<ServersConfig> servers;
};

// --- WLAN -----------------------------------------------------------------

struct Position {
  Length x;
  Length y;
};

// Traffic in one or both directions between an access point and each station.
struct WlanTraffic {
  std::string transport = "udp";       // udp tcp
  std::string direction = "downlink";  // downlink uplink both
  Bandwidth rate_per_station = Mbps(10);
  DataSize packet_size{1472};
  bool saturated = false;  // a sender always has a packet
};

// A straight move: at `time` of the run a station sets out for `to`.
struct StationLeg {
  SimTime time;
  Position to;
  Speed speed{1.4};
};

// A station that is placed by hand.
struct StationConfig {
  std::string name;
  Position position;             // at the start
  SimTime join;                  // 0: there before the run starts
  std::optional<SimTime> leave;  // absent: stays
  std::vector<StationLeg> path;
  std::vector<WlanTraffic> flows;  // empty: those of its access point
};

// Absent values are those of the WLAN.
struct AccessPointConfig {
  std::string name;
  Position position;
  int64_t channel = 36;  // IEEE number of the whole width, or of the primary
                         // 20 MHz channel (FindOperatingChannel)
  std::optional<Frequency> width;
  std::optional<std::string> standard;
  std::optional<PowerDbm> transmit_power;
  std::optional<int64_t> stations;  // placed on a circle of `station_distance`
  Length station_distance{5};
  std::vector<StationConfig> placed_stations;
  // 20 MHz channels that a second, wideband receiver listens to all the time.
  std::vector<int64_t> sensed_channels;
  std::vector<WlanTraffic>
      flows;  // of each station; empty: WlanConfig::traffic
};

// Stations on the circle: 4, if nothing says otherwise.
inline int64_t StationsOnCircle(const AccessPointConfig& ap) {
  return ap.stations.value_or(ap.placed_stations.empty() ? 4 : 0);
}

// A straight wall that every path across it pays for.
struct WallConfig {
  Position from;
  Position to;
  double loss_db = 5;
};

// Something that is no WLAN and takes no turns: on for `duty_cycle` of each
// `period`, whatever others do.
struct InterfererConfig {
  std::string name;
  Position position;
  Frequency frequency{2.437e9};  // in the middle
  Frequency bandwidth{20e6};
  PowerDbm power{10};  // while it is on, over the whole bandwidth
  Ratio duty_cycle{0.5};
  SimTime period = Milliseconds(20);
  // Instead of one frequency: these 20 MHz channels, one after the other and
  // again, each for `dwell`; which is first is drawn.
  std::vector<int64_t> sweep;
  SimTime dwell = Milliseconds(100);
};

// How the offered rates of all flows change over time: one factor an access
// point and slot.
struct WlanLoad {
  std::string profile = "constant";  // constant volatile flash-crowd diurnal
                                     // trace
  SimTime slot = Milliseconds(600000);
  std::string trace;  // trace: file with a column ap.NAME.load for each
};

// What an announced channel switch costs (IEEE 802.11-2020, 11.8.8.2).
struct ChannelSwitchConfig {
  int64_t announcement_beacons = 3;     // beacon intervals before the move
  SimTime dead_time = Milliseconds(5);  // radios are deaf and dumb
  Ratio miss_probability{0};  // of each station, each announced switch
  SimTime rejoin_delay = Milliseconds(500);  // mean, exponential, from the move
};

// A WLAN that is drawn instead of written (sim/scenario/wlan_generated.h).
struct GeneratedWlan {
  int64_t access_points = 49;
  std::string count = "fixed";  // fixed poisson
  double neighbours = 15;       // mean number that an access point hears
  std::string band = "5GHz";    // 5GHz 2.4GHz
  int64_t stations = 4;         // of each access point, on a circle
  Length station_distance{5};
  bool redraw = false;  // each replication has its own: seed + replication
};

// The analytic model of the surrogate engine and of planners
// (sim/surrogate/airtime_model.h).
struct AirtimeConfig {
  std::string law = "sum";   // sum union
  PowerDbm threshold{-82};   // RSSI from which on an AP is interference
  double softness_db = 0;    // of that threshold; 0: hard
  bool own_load = false;     // in an access point's utilisation
  double change_weight = 1;  // w of the regret
  Bandwidth channel_rate = Mbps(100);  // what a load of 1 carries: UDP payload
                                       // on 20 MHz without a neighbour
  std::string profile;  // AirtimeProfile file (absolute path), or empty
  std::string profile_values = "replace";  // replace keep, as ChainConfig's
  int64_t dropped_slots = 0;  // at the start, which the metrics leave out
};

// One entry of a list of channel changes; what is absent stays.
struct ScheduledChange {
  SimTime time;
  std::string access_point;
  std::optional<int64_t> channel;  // IEEE number of the primary 20 MHz channel
  std::optional<Frequency> width;
};

struct WlanConfig {
  std::string standard = "802.11ax";  // 802.11a 802.11n 802.11ac 802.11ax
  Frequency width{20e6};
  std::string region = "any";          // any EU US JP
  bool dfs = true;                     // channels that radars use are allowed
  SimTime guard_interval{3200};        // 802.11ax only: 800 1600 3200 ns
  std::string phy = "spectrum";        // spectrum yans
  std::string rate_control = "ideal";  // ideal minstrel constant
  int64_t mcs = 7;                     // rate_control: constant; 802.11a: index
                                       // of 6 9 12 18 24 36 48 54 Mbit/s
  PowerDbm transmit_power{16};
  double path_loss_exponent = 3.0;
  Length reference_distance{1};
  double reference_loss_db = 46.67;        // at 1 m and 5.15 GHz
  double reference_loss_24ghz_db = 40.18;  // at 1 m and 2.437 GHz
  double shadowing_db = 0;  // standard deviation, by ordered pair of nodes
  double power_variation_db = 0;  // standard deviation, by access point
  std::vector<WallConfig> walls;
  SimTime beacon_interval = Microseconds(102400);  // multiple of 1024us
  ChannelSwitchConfig channel_switch;
  std::vector<ScheduledChange> schedule;  // controller.agent: schedule
  int64_t retry_limit = 7;  // transmissions before a frame is given up
  std::vector<AccessPointConfig> access_points;
  std::vector<InterfererConfig> interferers;
  std::optional<GeneratedWlan> generated;  // instead of access_points
  WlanTraffic traffic;
  WlanLoad load;
  SimTime time_of_day;  // at which the run begins
  AirtimeConfig airtime;
  std::optional<Frequency> max_width;  // that a controller may set; absent: the
                                       // widest of the access points
  std::string profile;  // CalibrationProfile file (absolute path), or empty
  std::string profile_values = "replace";  // as ChainConfig::profile_values
};

// --- The whole ------------------------------------------------------------

// What lies between the counters of an interval and the controller that reads
// them. All of it is drawn from the run's seed.
struct ObservationConfig {
  double rssi_bias_db = 0;   // added to every value in dBm
  double rssi_noise_db = 0;  // standard deviation of an error on top
  double counter_noise = 0;  // coefficient of variation of a factor on the rest
  Ratio dropout{0};          // probability that a value is missing
  Ratio staleness{0};        // probability that a value is that of before
  int64_t delay = 0;         // decisions that an observation comes late
};

// A radar pulse that the access points detect during the run, all of them at
// once.
struct RadarConfig {
  SimTime time;
  int64_t channel = 52;  // IEEE number of the 20 MHz channel
};

// What no channel planner may do (agents/safety/shield_rules.h).
struct ShieldConfig {
  SimTime dwell;  // least time between two changes of one access point
  std::optional<int64_t> changes_per_hour;  // most, of the whole network
  Ratio served_floor{0};  // of an access point's need, as estimated
  SimTime non_occupancy = Milliseconds(1800 * 1000);  // after a radar
  std::vector<RadarConfig> radars;
};

// How a changing action is tried before it is taken (twin/worker/what_if.h).
struct WhatIfConfig {
  SimTime horizon = Milliseconds(2000);  // how far both branches run
  Ratio margin{0.05};                    // by how much it may be worse
  Ratio audit{0};  // share of vetoes that are looked at for longer
  SimTime audit_horizon = Milliseconds(10000);
};

// When another planner takes a channel planner's place, because the estimates
// behind its plans cannot be believed (agents/baselines/fallback_planner.h).
struct PlanFallbackConfig {
  std::string planner = "legacy-daily";
  double most_utilisation = 1.5;  // that an estimate may say
  double most_error = 0.25;       // of estimated busy shares
  int64_t error_slots = 3;        // in a row
  int64_t recovery_slots = 6;     // in a row
};

struct ControllerConfig {
  std::string agent = "static";  // `airlock list agents`
  std::string policy;            // trained policy's file (absolute path), or
                                 // empty: the agent takes none
  SimTime interval = Milliseconds(100);
  ObservationConfig observation;
  std::optional<ShieldConfig> shield;
  std::optional<PlanFallbackConfig> fallback;
  std::optional<WhatIfConfig> what_if;
};

// Keys that may change or go without notice. None at present.
struct ExperimentalConfig {};

struct Scenario {
  int64_t schema = 1;
  std::string name;
  std::string description;
  RunConfig run;
  ControllerConfig controller;
  // Exactly one of the networks is given.
  std::optional<DatacentreConfig> datacentre;
  std::optional<WlanConfig> wlan;
  ExperimentalConfig experimental;
};

}  // namespace airlock
