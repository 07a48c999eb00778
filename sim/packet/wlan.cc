#include <malloc.h>
#include <ns3/simulator.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/packet/meters.h"
#include "sim/packet/ns3_time.h"
#include "sim/packet/scene.h"
#include "sim/packet/series.h"
#include "sim/packet/wlan_counters.h"
#include "sim/packet/wlan_flow.h"
#include "sim/packet/wlan_interferers.h"
#include "sim/packet/wlan_load.h"
#include "sim/packet/wlan_network.h"
#include "sim/packet/wlan_plan.h"
#include "sim/packet/wlan_stall.h"
#include "sim/packet/wlan_switching.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/stats/quantile.h"
#include "sim/surrogate/airtime_scenario.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

double Share(double part, double whole) {
  return whole > 0 ? part / whole : kMissing;
}

// Everything the scene counts, as of one instant. Two of them make a sample,
// an observation or the run's metrics.
struct Snapshot {
  SimTime time;
  std::vector<FlowCounts> flows;       // by flow
  std::vector<BssTotals> bss;          // by cell
  std::vector<SwitchCounts> switches;  // by cell
  std::vector<size_t> latencies;       // by cell: how many there are
};

// Counts over an interval, for any set of flows.
struct Traffic {
  FlowCounts counts;
  double offered_bits = 0;
  double delivered_bits = 0;
  std::vector<double> latencies;  // seconds; may be left empty

  void Add(const FlowCounts& from, const FlowCounts& to, DataSize packet) {
    const double bits = 8.0 * static_cast<double>(packet.value());
    counts.offered += to.offered - from.offered;
    counts.delivered += to.delivered - from.delivered;
    counts.lost += to.lost - from.lost;
    counts.latency_seconds += to.latency_seconds - from.latency_seconds;
    offered_bits += bits * static_cast<double>(to.offered - from.offered);
    delivered_bits += bits * static_cast<double>(to.delivered - from.delivered);
  }
  double loss_ratio() const {
    const double lost = static_cast<double>(counts.lost);
    return Share(lost, lost + static_cast<double>(counts.delivered));
  }
  double mean_latency() const {
    return Share(counts.latency_seconds, static_cast<double>(counts.delivered));
  }
};

// What the flows of a cell came to over an interval.
struct CellTraffic {
  Traffic all;
  Traffic downlink;
  std::vector<double> station_bits;  // delivered, both directions
};

// A flow's place in the network.
struct FlowPlace {
  size_t cell;
  size_t station;  // in the cell
  bool downlink;
};

// The WLAN of a scenario. Series, observations and metrics are the same
// quantities under the same names, over different intervals.
class WlanScene : public Scene {
 public:
  explicit WlanScene(const Scenario& scenario);
  ~WlanScene() override;

  void Settle() override;
  void Start(Replication replication) override;
  SimTime Now() const override;
  void AdvanceTo(SimTime time) override;
  Observation Observe() override;
  void Apply(const Action& action) override;
  ReplicationRecord Finish() override;

 private:
  void CreateFlows();
  void AddFlow(const WlanTraffic& traffic, FlowPlace place);
  void StartFlows(const RngTree& rng);
  void BeginSlot();
  void DeclareColumns();
  void DeclareCell(size_t cell);
  void RunUntil(SimTime time);
  void TakeSample();
  Snapshot TakeSnapshot();
  // One value a column, over (from.time, to.time].
  std::vector<double> Values(const Snapshot& from, const Snapshot& to) const;
  std::vector<CellTraffic> TrafficOf(const Snapshot& from,
                                     const Snapshot& to) const;
  void AppendCell(size_t cell, const Snapshot& from, const Snapshot& to,
                  const CellTraffic& traffic,
                  std::vector<double>* values) const;
  std::vector<Metric> Metrics(const Snapshot& from, const Snapshot& to) const;

  const RunConfig run_;
  const WlanConfig config_;
  WlanNetwork network_;
  WlanInterferers interferers_;
  ChannelSwitching switching_;
  std::unique_ptr<StallWatch> stalls_;
  std::vector<std::unique_ptr<WlanFlow>> flows_;
  std::vector<FlowPlace> places_;                       // by flow
  std::vector<SimTime> staggers_;                       // by flow
  std::vector<std::vector<double>> latencies_;          // by cell, as delivered
  std::vector<std::unique_ptr<BssCounters>> counters_;  // by cell
  std::unique_ptr<WlanLoadCourse> load_;
  std::vector<Column> columns_;
  std::vector<size_t>
      station_rates_;  // columns of the stations' delivered rate

  Replication replication_{0};
  SimTime origin_;  // of Now(), on ns-3's clock
  SimTime next_sample_;
  SimTime next_slot_;  // of the load
  std::unique_ptr<SeriesRecorder> series_;
  std::vector<Snapshot> samples_;  // samples_[i]: where sample i begins
  Snapshot last_observation_;
  uint64_t events_before_ = 0;
  std::chrono::steady_clock::time_point wall_start_;
};

WlanConfig GetWlan(const Scenario& scenario) {
  AIRLOCK_CHECK(scenario.wlan.has_value(), "{} has no WLAN", scenario.name);
  return WithAccessPoints(*scenario.wlan, scenario.run.seed);
}

// ns-3's streams of the time before the replications start, when the network
// settles: the same in all of them.
const WlanConfig& SeedForSettling(const WlanConfig& config,
                                  const RunConfig& run) {
  SeedNs3(RngTree(static_cast<uint64_t>(run.seed)), Replication(-1));
  return config;
}

WlanScene::WlanScene(const Scenario& scenario)
    : run_(scenario.run),
      config_(GetWlan(scenario)),
      network_(SeedForSettling(config_, run_), run_.seed),
      interferers_(config_, &network_),
      switching_(config_.channel_switch, config_.beacon_interval,
                 network_.cells()),
      stalls_(std::make_unique<StallWatch>(network_.cells())),
      latencies_(network_.cells().size()) {
  interferers_.Watch([this] { switching_.NoteTransmission(); });
  network_.AssignStreams();
  CreateFlows();
}

WlanScene::~WlanScene() {
  stalls_.reset();
  counters_.clear();
  ns3::Simulator::Destroy();
}

void WlanScene::CreateFlows() {
  for (size_t c = 0; c < network_.cells().size(); ++c) {
    const WlanCell& cell = network_.cells()[c];
    for (size_t s = 0; s < cell.stations.size(); ++s) {
      for (const WlanTraffic& traffic :
           FlowsOf(config_, cell.config, cell.stations[s].config)) {
        const std::string& direction = traffic.direction;
        AIRLOCK_CHECK(direction == "downlink" || direction == "uplink" ||
                          direction == "both",
                      "{}", direction);
        if (direction != "uplink") AddFlow(traffic, {c, s, true});
        if (direction != "downlink") AddFlow(traffic, {c, s, false});
      }
    }
  }
}

void WlanScene::AddFlow(const WlanTraffic& traffic, FlowPlace place) {
  const WlanCell& cell = network_.cells()[place.cell];
  const WlanStation& station = cell.stations[place.station];
  constexpr size_t kFirstPort = 1024;
  FlowEnds ends;
  ends.source = place.downlink ? cell.device : station.device;
  ends.sink = place.downlink ? station.device : cell.device;
  ends.sink_address = place.downlink ? station.address : cell.address;
  ends.port = static_cast<uint16_t>(kFirstPort + flows_.size() % 60000);
  flows_.push_back(WlanFlow::Create(traffic, ends, &latencies_[place.cell]));
  places_.push_back(place);
}

void WlanScene::DeclareColumns() {
  auto kpi = [this](const char* name, const char* unit, const char* text) {
    columns_.push_back(KpiColumn(name, unit, text));
  };
  kpi("offered_rate", "bit/s", "payload that applications hand over");
  kpi("delivered_rate", "bit/s", "payload that applications receive");
  kpi("offered_packet_rate", "packet/s", "packets handed over");
  kpi("delivered_packet_rate", "packet/s", "packets received");
  kpi("lost_packet_rate", "packet/s", "packets found lost");
  kpi("loss_ratio", "1", "lost of lost and delivered packets");
  kpi("latency_mean", "s", "application to application");
  kpi("latency_p50", "s", "application to application, median");
  kpi("latency_p95", "s", "application to application, 95th percentile");
  kpi("latency_p99", "s", "application to application, 99th percentile");
  kpi("overloaded_access_points", "1",
      "access points whose load exceeds their width");
  for (size_t cell = 0; cell < counters_.size(); ++cell) DeclareCell(cell);
}

void WlanScene::DeclareCell(size_t cell) {
  const WlanCell& bss = network_.cells()[cell];
  for (Column& column : counters_[cell]->AccessPointColumns()) {
    columns_.push_back(std::move(column));
  }
  auto add = [&](const char* metric, const char* unit, const char* text) {
    columns_.push_back(CounterColumn(Scope::kAccessPoint, bss.config.name,
                                     metric, unit, text));
  };
  add("offered_rate", "bit/s", "payload handed over in this BSS");
  add("delivered_rate", "bit/s", "payload received in this BSS");
  add("loss_ratio", "1", "lost of lost and delivered packets of this BSS");
  add("latency_mean", "s", "of this BSS");
  add("latency_p95", "s", "of this BSS, 95th percentile");
  for (const SwitchColumn& column : SwitchColumns()) {
    add(column.name, column.unit, column.description);
  }
  for (size_t s = 0; s < bss.stations.size(); ++s) {
    station_rates_.push_back(columns_.size());
    columns_.push_back(CounterColumn(Scope::kStation, bss.stations[s].name,
                                     "delivered_rate", "bit/s",
                                     "payload received from and by it"));
    for (Column& column : counters_[cell]->StationColumns(s)) {
      columns_.push_back(std::move(column));
    }
  }
}

// Here goes what is the same in all replications, which come to life as forks
// of the settled network: each pays for every page that Start() writes.
void WlanScene::Settle() {
  network_.Settle();
  for (size_t cell = 0; cell < network_.cells().size(); ++cell) {
    counters_.push_back(std::make_unique<BssCounters>(
        cell, &network_, interferers_, config_.beacon_interval));
  }
  DeclareColumns();
  series_ = std::make_unique<SeriesRecorder>(columns_);
  // A fork copies the tables of every page, also of those that building and
  // settling needed and freed.
  malloc_trim(0);
}

void WlanScene::Start(Replication replication) {
  replication_ = replication;
  wall_start_ = std::chrono::steady_clock::now();
  const RngTree rng(static_cast<uint64_t>(run_.seed));
  SeedNs3(rng, replication);
  network_.AssignStreams();
  switching_.Start(rng, replication);
  StartFlows(rng);
  interferers_.Start(rng, replication);
  load_ = std::make_unique<WlanLoadCourse>(config_, rng, replication);
  if (config_.load.profile != "constant") BeginSlot();
  origin_ = FromNs3(ns3::Simulator::Now());
  events_before_ = ns3::Simulator::GetEventCount();
  next_sample_ = run_.sample_interval;
  samples_.push_back(TakeSnapshot());
  last_observation_ = samples_.front();
}

// Those of a station that comes later begin when it is associated.
void WlanScene::StartFlows(const RngTree& rng) {
  // Simultaneous first packets would collide and repeat all at once.
  constexpr SimTime kLongestStagger = Milliseconds(100);
  const SimTime stagger =
      std::min(kLongestStagger, SimTime(run_.duration.value() / 10));
  RngStream starts = rng.Stream("wlan/start", replication_);
  for (size_t i = 0; i < flows_.size(); ++i) {
    staggers_.push_back(FromSeconds(starts.Uniform(0, Seconds(stagger))));
    const WlanCell& cell = network_.cells()[places_[i].cell];
    if (cell.stations[places_[i].station].config.join > SimTime()) continue;
    flows_[i]->Start(staggers_[i]);
  }
  const auto for_each_flow = [this](size_t cell, size_t station, auto act) {
    for (size_t i = 0; i < flows_.size(); ++i) {
      if (places_[i].cell == cell && places_[i].station == station) act(i);
    }
  };
  network_.Start(
      [=](size_t cell, size_t station) {
        for_each_flow(cell, station,
                      [this](size_t i) { flows_[i]->Start(staggers_[i]); });
      },
      [=](size_t cell, size_t station) {
        for_each_flow(cell, station, [this](size_t i) { flows_[i]->Stop(); });
      });
}

void WlanScene::BeginSlot() {
  const std::vector<double> factors = load_->Next();
  for (size_t i = 0; i < flows_.size(); ++i) {
    flows_[i]->SetLoad(factors[places_[i].cell]);
  }
  next_slot_ = next_slot_ + config_.load.slot;
  if (next_slot_ >= run_.duration) return;  // a trace may end there
  ns3::Simulator::Schedule(ToNs3(config_.load.slot), &WlanScene::BeginSlot,
                           this);
}

SimTime WlanScene::Now() const {
  return FromNs3(ns3::Simulator::Now()) - origin_;
}

void WlanScene::AdvanceTo(SimTime time) {
  AIRLOCK_CHECK(!samples_.empty() && time >= Now(), "{} after {}",
                ToString(time), ToString(Now()));
  while (next_sample_ <= time) {
    RunUntil(next_sample_);
    TakeSample();
    next_sample_ = next_sample_ + run_.sample_interval;
  }
  RunUntil(time);
}

void WlanScene::RunUntil(SimTime time) {
  if (time == Now()) return;
  ns3::Simulator::Stop(ToNs3(time - Now()));
  ns3::Simulator::Run();
}

void WlanScene::TakeSample() {
  Snapshot now = TakeSnapshot();
  series_->Append(now.time, Values(samples_.back(), now));
  samples_.push_back(std::move(now));
}

Snapshot WlanScene::TakeSnapshot() {
  Snapshot snapshot;
  snapshot.time = Now();
  for (const auto& flow : flows_) snapshot.flows.push_back(flow->Counts());
  for (const auto& counters : counters_) {
    snapshot.bss.push_back(counters->Totals());
  }
  for (size_t cell = 0; cell < network_.cells().size(); ++cell) {
    snapshot.switches.push_back(switching_.Counts(cell));
  }
  for (const auto& latencies : latencies_) {
    snapshot.latencies.push_back(latencies.size());
  }
  return snapshot;
}

// The values at the given shares; missing where there are no values.
std::vector<double> QuantilesOrMissing(const std::vector<double>& values,
                                       const std::vector<double>& shares) {
  if (values.empty()) return std::vector<double>(shares.size(), kMissing);
  return Quantiles(values, shares);
}

std::vector<CellTraffic> WlanScene::TrafficOf(const Snapshot& from,
                                              const Snapshot& to) const {
  std::vector<CellTraffic> cells(network_.cells().size());
  for (size_t i = 0; i < cells.size(); ++i) {
    cells[i].station_bits.resize(network_.cells()[i].stations.size());
    const auto begin = latencies_[i].begin();
    cells[i].all.latencies.assign(
        begin + static_cast<std::ptrdiff_t>(from.latencies[i]),
        begin + static_cast<std::ptrdiff_t>(to.latencies[i]));
  }
  for (size_t i = 0; i < flows_.size(); ++i) {
    CellTraffic& cell = cells[places_[i].cell];
    Traffic flow;
    flow.Add(from.flows[i], to.flows[i], flows_[i]->packet_size());
    cell.station_bits[places_[i].station] += flow.delivered_bits;
    const DataSize packet = flows_[i]->packet_size();
    cell.all.Add(from.flows[i], to.flows[i], packet);
    if (places_[i].downlink) {
      cell.downlink.Add(from.flows[i], to.flows[i], packet);
    }
  }
  return cells;
}

std::vector<double> WlanScene::Values(const Snapshot& from,
                                      const Snapshot& to) const {
  const std::vector<CellTraffic> cells = TrafficOf(from, to);
  Traffic total;
  for (size_t i = 0; i < flows_.size(); ++i) {
    total.Add(from.flows[i], to.flows[i], flows_[i]->packet_size());
  }
  for (const CellTraffic& cell : cells) {
    total.latencies.insert(total.latencies.end(), cell.all.latencies.begin(),
                           cell.all.latencies.end());
  }
  const double seconds = Seconds(to.time - from.time);
  std::vector<double> values = {
      total.offered_bits / seconds,
      total.delivered_bits / seconds,
      static_cast<double>(total.counts.offered) / seconds,
      static_cast<double>(total.counts.delivered) / seconds,
      static_cast<double>(total.counts.lost) / seconds,
      total.loss_ratio(),
      total.mean_latency()};
  for (double q : QuantilesOrMissing(total.latencies, {0.5, 0.95, 0.99})) {
    values.push_back(q);
  }
  const size_t overloaded_at = values.size();
  values.push_back(0);
  for (size_t i = 0; i < cells.size(); ++i) {
    const size_t cell_at = values.size();
    AppendCell(i, from, to, cells[i], &values);
    const double load = values[cell_at + BssCounters::kLoadColumn];
    const double width = values[cell_at + BssCounters::kWidthColumn];
    if (load > width / 20e6) ++values[overloaded_at];
  }
  return values;
}

void WlanScene::AppendCell(size_t cell, const Snapshot& from,
                           const Snapshot& to, const CellTraffic& traffic,
                           std::vector<double>* values) const {
  const double seconds = Seconds(to.time - from.time);
  // Of which nothing arrives, nobody knows what it would take.
  const Traffic& down = traffic.downlink;
  const double need =
      down.offered_bits > 0 ? Share(down.offered_bits, down.delivered_bits) : 1;
  const BssCounters& counters = *counters_[cell];
  for (double value : counters.AccessPointValues(from.bss[cell], to.bss[cell],
                                                 seconds, need)) {
    values->push_back(value);
  }
  const Traffic& all = traffic.all;
  values->insert(values->end(),
                 {all.offered_bits / seconds, all.delivered_bits / seconds,
                  all.loss_ratio(), all.mean_latency(),
                  QuantilesOrMissing(all.latencies, {0.95}).front()});
  for (double value :
       SwitchValues(to.switches[cell] - from.switches[cell], seconds)) {
    values->push_back(value);
  }
  for (size_t s = 0; s < traffic.station_bits.size(); ++s) {
    values->push_back(traffic.station_bits[s] / seconds);
    for (double value :
         counters.StationValues(s, from.bss[cell], to.bss[cell], seconds)) {
      values->push_back(value);
    }
  }
}

Observation WlanScene::Observe() {
  Snapshot now = TakeSnapshot();
  AIRLOCK_CHECK(now.time > last_observation_.time, "no time has passed");
  Observation observation =
      MakeObservation(now.time, columns_, Values(last_observation_, now));
  last_observation_ = std::move(now);
  return observation;
}

void WlanScene::Apply(const Action& action) {
  std::vector<OperatingChannel> now;
  for (size_t i = 0; i < network_.cells().size(); ++i) {
    now.push_back(switching_.target(i));
  }
  const std::vector<OperatingChannel> plan =
      ReadChannelPlan(action, config_, now);
  for (size_t i = 0; i < plan.size(); ++i) switching_.Request(i, plan[i]);
  if (plan != now) stalls_->Start();
}

ReplicationRecord WlanScene::Finish() {
  const SimTime end = Now();
  const SimTime warmup = series_->Warmup({"delivered_rate", "latency_mean"});
  const auto from =
      std::find_if(samples_.begin(), samples_.end(),
                   [&](const Snapshot& s) { return s.time >= warmup; });
  ReplicationRecord record;
  record.replication = replication_;
  record.warmup_seconds = Seconds(warmup);
  record.simulated_seconds = Seconds(end);
  record.events =
      static_cast<int64_t>(ns3::Simulator::GetEventCount() - events_before_);
  record.metrics = Metrics(*from, TakeSnapshot());
  record.series = series_->trace();
  record.wall_seconds = std::chrono::duration<double>(
                            std::chrono::steady_clock::now() - wall_start_)
                            .count();
  return record;
}

std::vector<Metric> WlanScene::Metrics(const Snapshot& from,
                                       const Snapshot& to) const {
  const std::vector<double> values =
      from.time < to.time ? Values(from, to)
                          : std::vector<double>(columns_.size(), kMissing);
  std::vector<Metric> metrics;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    metrics.push_back(
        {column.name, column.unit, column.description, values[i]});
  }
  std::vector<double> stations;
  for (const size_t i : station_rates_) stations.push_back(values[i]);
  metrics.push_back({"station_fairness", "1",
                     "Jain's index of the stations' delivered rates",
                     JainIndex(stations)});
  return metrics;
}

}  // namespace

std::unique_ptr<Scene> CreateWlanScene(const ResolvedScenario& scenario) {
  return std::make_unique<WlanScene>(scenario.scenario());
}

}  // namespace airlock
