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
#include "sim/packet/wlan_airtime.h"
#include "sim/packet/wlan_flow.h"
#include "sim/packet/wlan_network.h"
#include "sim/stats/quantile.h"

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
  std::vector<FlowCounts> flows;  // by flow
  std::vector<Airtime> airtime;   // by cell
  std::vector<size_t> latencies;  // by cell: how many there are
};

// Counts over an interval, for any set of flows.
struct Traffic {
  FlowCounts counts;
  std::vector<double> latencies;  // seconds; may be left empty

  void Add(const FlowCounts& from, const FlowCounts& to) {
    counts.offered += to.offered - from.offered;
    counts.delivered += to.delivered - from.delivered;
    counts.lost += to.lost - from.lost;
    counts.latency_seconds += to.latency_seconds - from.latency_seconds;
  }
  double loss_ratio() const {
    const double lost = static_cast<double>(counts.lost);
    return Share(lost, lost + static_cast<double>(counts.delivered));
  }
  double mean_latency() const {
    return Share(counts.latency_seconds, static_cast<double>(counts.delivered));
  }
};

// A flow's place in the network.
struct FlowPlace {
  size_t cell;
  size_t station;  // in the cell
};

// The WLAN of a scenario. Series, observations and metrics are the same
// quantities under the same names, over different intervals.
class WlanScene : public Scene {
 public:
  explicit WlanScene(const Scenario& scenario);
  ~WlanScene() override;

  void Settle() override { network_.Settle(); }
  void Start(Replication replication) override;
  SimTime Now() const override;
  void AdvanceTo(SimTime time) override;
  Observation Observe() override;
  void Apply(const Action& action) override;
  ReplicationRecord Finish() override;

 private:
  void CreateFlows();
  void AddFlow(const WlanTraffic& traffic, FlowPlace place, bool downlink);
  void DeclareColumns();
  void DeclareCell(const WlanCell& cell);
  void RunUntil(SimTime time);
  void TakeSample();
  Snapshot TakeSnapshot();
  // One value a column, over (from.time, to.time].
  std::vector<double> Values(const Snapshot& from, const Snapshot& to) const;
  void AppendCell(size_t cell, const Snapshot& from, const Snapshot& to,
                  const Traffic& traffic, std::vector<double>* values) const;
  std::vector<Metric> Metrics(const Snapshot& from, const Snapshot& to) const;

  const RunConfig run_;
  const WlanConfig config_;
  WlanNetwork network_;
  std::vector<std::unique_ptr<WlanFlow>> flows_;
  std::vector<FlowPlace> places_;                       // by flow
  std::vector<std::vector<double>> latencies_;          // by cell, as delivered
  std::vector<std::unique_ptr<AirtimeMeter>> airtime_;  // by cell
  std::vector<Column> columns_;

  Replication replication_{0};
  SimTime origin_;  // of Now(), on ns-3's clock
  SimTime next_sample_;
  std::unique_ptr<SeriesRecorder> series_;
  std::vector<Snapshot> samples_;  // samples_[i]: where sample i begins
  Snapshot last_observation_;
  uint64_t events_before_ = 0;
  std::chrono::steady_clock::time_point wall_start_;
};

const WlanConfig& GetWlan(const Scenario& scenario) {
  AIRLOCK_CHECK(scenario.wlan.has_value(), "{} has no WLAN", scenario.name);
  return *scenario.wlan;
}

// ns-3's streams of the time before the replications start, when the network
// settles: the same in all of them.
const WlanConfig& SeedForSettling(const Scenario& scenario) {
  SeedNs3(RngTree(static_cast<uint64_t>(scenario.run.seed)), Replication(-1));
  return GetWlan(scenario);
}

WlanScene::WlanScene(const Scenario& scenario)
    : run_(scenario.run),
      config_(GetWlan(scenario)),
      network_(SeedForSettling(scenario), scenario.run.seed),
      latencies_(network_.cells().size()) {
  network_.AssignStreams();
  CreateFlows();
  DeclareColumns();
}

WlanScene::~WlanScene() {
  airtime_.clear();
  ns3::Simulator::Destroy();
}

void WlanScene::CreateFlows() {
  const std::string& direction = config_.traffic.direction;
  AIRLOCK_CHECK(
      direction == "downlink" || direction == "uplink" || direction == "both",
      "{}", direction);
  for (size_t cell = 0; cell < network_.cells().size(); ++cell) {
    const size_t stations = network_.cells()[cell].stations.size();
    for (size_t station = 0; station < stations; ++station) {
      const FlowPlace place{cell, station};
      if (direction != "uplink") AddFlow(config_.traffic, place, true);
      if (direction != "downlink") AddFlow(config_.traffic, place, false);
    }
  }
}

void WlanScene::AddFlow(const WlanTraffic& traffic, FlowPlace place,
                        bool downlink) {
  const WlanCell& cell = network_.cells()[place.cell];
  const WlanStation& station = cell.stations[place.station];
  constexpr size_t kFirstPort = 1024;
  FlowEnds ends;
  ends.source = downlink ? cell.device : station.device;
  ends.sink = downlink ? station.device : cell.device;
  ends.sink_address = downlink ? station.address : cell.address;
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
  for (const WlanCell& cell : network_.cells()) DeclareCell(cell);
}

void WlanScene::DeclareCell(const WlanCell& cell) {
  auto add = [&](const char* metric, const char* unit, const char* text) {
    columns_.push_back(CounterColumn(Scope::kAccessPoint, cell.config.name,
                                     metric, unit, text));
  };
  add("active", "1", "share of time on the channel");
  add("busy", "1", "share of active time: sensed, received or sent");
  add("transmit", "1", "share of active time: sending");
  add("receive", "1",
      "share of active time: receiving any frame, after its PHY header");
  add("offered_rate", "bit/s", "payload handed over in this BSS");
  add("delivered_rate", "bit/s", "payload received in this BSS");
  add("loss_ratio", "1", "lost of lost and delivered packets of this BSS");
  add("latency_mean", "s", "of this BSS");
  add("latency_p95", "s", "of this BSS, 95th percentile");
  for (const WlanStation& station : cell.stations) {
    columns_.push_back(CounterColumn(Scope::kStation, station.name,
                                     "delivered_rate", "bit/s",
                                     "payload received from and by it"));
  }
}

void WlanScene::Start(Replication replication) {
  replication_ = replication;
  wall_start_ = std::chrono::steady_clock::now();
  const RngTree rng(static_cast<uint64_t>(run_.seed));
  SeedNs3(rng, replication);
  network_.AssignStreams();
  // Simultaneous first packets would collide and repeat all at once.
  constexpr SimTime kLongestStagger = Milliseconds(100);
  const SimTime stagger =
      std::min(kLongestStagger, SimTime(run_.duration.value() / 10));
  RngStream starts = rng.Stream("wlan/start", replication);
  for (const auto& flow : flows_) {
    flow->Start(FromSeconds(starts.Uniform(0, Seconds(stagger))));
  }
  for (const WlanCell& cell : network_.cells()) {
    airtime_.push_back(std::make_unique<AirtimeMeter>(cell.device->GetPhy()));
  }
  origin_ = FromNs3(ns3::Simulator::Now());
  events_before_ = ns3::Simulator::GetEventCount();
  next_sample_ = run_.sample_interval;
  series_ = std::make_unique<SeriesRecorder>(columns_);
  samples_.push_back(TakeSnapshot());
  last_observation_ = samples_.front();
}

SimTime WlanScene::Now() const {
  return FromNs3(ns3::Simulator::Now()) - origin_;
}

void WlanScene::AdvanceTo(SimTime time) {
  AIRLOCK_CHECK(series_ != nullptr && time >= Now(), "{} after {}",
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
  for (const auto& meter : airtime_) {
    snapshot.airtime.push_back(meter->Total());
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

std::vector<double> WlanScene::Values(const Snapshot& from,
                                      const Snapshot& to) const {
  std::vector<Traffic> cells(network_.cells().size());
  Traffic total;
  for (size_t i = 0; i < flows_.size(); ++i) {
    cells[places_[i].cell].Add(from.flows[i], to.flows[i]);
    total.Add(from.flows[i], to.flows[i]);
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    const auto begin = latencies_[i].begin();
    cells[i].latencies.assign(
        begin + static_cast<std::ptrdiff_t>(from.latencies[i]),
        begin + static_cast<std::ptrdiff_t>(to.latencies[i]));
    total.latencies.insert(total.latencies.end(), cells[i].latencies.begin(),
                           cells[i].latencies.end());
  }
  const double seconds = Seconds(to.time - from.time);
  const double bits =
      8.0 * static_cast<double>(config_.traffic.packet_size.value());
  const double offered = static_cast<double>(total.counts.offered) / seconds;
  const double delivered =
      static_cast<double>(total.counts.delivered) / seconds;
  std::vector<double> values = {
      offered * bits,
      delivered * bits,
      offered,
      delivered,
      static_cast<double>(total.counts.lost) / seconds,
      total.loss_ratio(),
      total.mean_latency()};
  for (double q : QuantilesOrMissing(total.latencies, {0.5, 0.95, 0.99})) {
    values.push_back(q);
  }
  for (size_t i = 0; i < cells.size(); ++i) {
    AppendCell(i, from, to, cells[i], &values);
  }
  return values;
}

void WlanScene::AppendCell(size_t cell, const Snapshot& from,
                           const Snapshot& to, const Traffic& traffic,
                           std::vector<double>* values) const {
  const double seconds = Seconds(to.time - from.time);
  const double bit_rate =
      8.0 * static_cast<double>(config_.traffic.packet_size.value()) / seconds;
  const Airtime airtime = to.airtime[cell] - from.airtime[cell];
  const double active = static_cast<double>(airtime.active());
  values->insert(values->end(),
                 {active * 1e-9 / seconds,
                  Share(static_cast<double>(airtime.busy()), active),
                  Share(static_cast<double>(airtime.transmit), active),
                  Share(static_cast<double>(airtime.receive), active),
                  static_cast<double>(traffic.counts.offered) * bit_rate,
                  static_cast<double>(traffic.counts.delivered) * bit_rate,
                  traffic.loss_ratio(), traffic.mean_latency(),
                  QuantilesOrMissing(traffic.latencies, {0.95}).front()});
  std::vector<double> stations(network_.cells()[cell].stations.size(), 0.0);
  for (size_t i = 0; i < flows_.size(); ++i) {
    if (places_[i].cell != cell) continue;
    stations[places_[i].station] +=
        static_cast<double>(to.flows[i].delivered - from.flows[i].delivered) *
        bit_rate;
  }
  values->insert(values->end(), stations.begin(), stations.end());
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
  if (action.settings.empty()) return;
  throw InputError(fmt::format(
      "'{}': this WLAN has no settings that can change during a run: its "
      "channels are static",
      action.settings.begin()->first));
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
  std::vector<double> stations;
  for (size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    metrics.push_back(
        {column.name, column.unit, column.description, values[i]});
    if (column.scope == Scope::kStation) stations.push_back(values[i]);
  }
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
