#include <malloc.h>
#include <ns3/simulator.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "sim/packet/meters.h"
#include "sim/packet/ns3_time.h"
#include "sim/packet/scene.h"
#include "sim/packet/series.h"
#include "sim/packet/wlan_flows.h"
#include "sim/packet/wlan_interferers.h"
#include "sim/packet/wlan_measures.h"
#include "sim/packet/wlan_network.h"
#include "sim/packet/wlan_plan.h"
#include "sim/packet/wlan_sensing.h"
#include "sim/packet/wlan_stall.h"
#include "sim/packet/wlan_switching.h"
#include "sim/surrogate/airtime_scenario.h"
#include "sim/surrogate/wlan_load.h"
#include "sim/telemetry/wlan_columns.h"
#include "sim/workload/load_profiles.h"

namespace airlock {
namespace {

// The WLAN of a scenario: the course of a run through its parts.
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
  void BeginSlot();
  void RunUntil(SimTime time);
  void TakeSample();

  const RunConfig run_;
  const WlanConfig config_;
  WlanNetwork network_;
  WlanInterferers interferers_;
  WlanSensing sensing_;
  ChannelSwitching switching_;
  std::unique_ptr<StallWatch> stalls_;
  WlanFlows flows_;
  std::unique_ptr<WlanMeasures> measures_;  // from the settled network on
  std::unique_ptr<Trace> load_trace_;
  std::unique_ptr<LoadCourse> load_;

  Replication replication_{0};
  SimTime origin_;  // of Now(), on ns-3's clock
  SimTime next_sample_;
  SimTime next_slot_;  // of the load
  std::unique_ptr<SeriesRecorder> series_;
  std::vector<WlanSnapshot> samples_;  // samples_[i]: where sample i begins
  WlanSnapshot last_observation_;
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
      sensing_(&network_),
      switching_(config_.channel_switch, config_.beacon_interval,
                 network_.cells()),
      stalls_(std::make_unique<StallWatch>(network_.cells())),
      flows_(config_, network_.cells()) {
  interferers_.Watch([this] { switching_.NoteTransmission(); });
  network_.AssignStreams();
}

WlanScene::~WlanScene() {
  stalls_.reset();
  measures_.reset();
  ns3::Simulator::Destroy();
}

// Here goes what is the same in all replications, which come to life as forks
// of the settled network: each pays for every page that Start() writes.
void WlanScene::Settle() {
  network_.Settle();
  measures_ = std::make_unique<WlanMeasures>(&network_, flows_, switching_,
                                             interferers_, sensing_,
                                             config_.beacon_interval);
  series_ = std::make_unique<SeriesRecorder>(measures_->columns());
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
  flows_.Start(rng, replication, run_.duration, &network_);
  interferers_.Start(rng, replication);
  sensing_.Start();
  load_trace_ = ReadLoadTrace(config_);
  load_ = CreateLoadCourse(config_, load_trace_.get(), rng, replication);
  if (config_.load.profile != "constant") BeginSlot();
  origin_ = FromNs3(ns3::Simulator::Now());
  events_before_ = ns3::Simulator::GetEventCount();
  next_sample_ = run_.sample_interval;
  samples_.push_back(measures_->Take(Now()));
  last_observation_ = samples_.front();
}

void WlanScene::BeginSlot() {
  const Eigen::ArrayXd factors = load_->Next();
  flows_.SetLoads({factors.begin(), factors.end()});
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
  WlanSnapshot now = measures_->Take(Now());
  series_->Append(now.time, measures_->Values(samples_.back(), now));
  samples_.push_back(std::move(now));
}

Observation WlanScene::Observe() {
  WlanSnapshot now = measures_->Take(Now());
  AIRLOCK_CHECK(now.time > last_observation_.time, "no time has passed");
  Observation observation =
      MakeObservation(now.time, measures_->columns(),
                      measures_->Values(last_observation_, now));
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

// The share of samples, from the first one measured on, in which an access
// point's channel was busier than each threshold.
void AppendUtilisation(const Trace& series, int64_t first,
                       std::vector<Metric>* metrics) {
  for (const double threshold : kUtilisationThresholds) {
    double above = 0;
    double all = 0;
    for (const Column& column : series.columns) {
      if (column.name != ApColumnName(column.scope_id, kApBusy)) continue;
      for (size_t i = static_cast<size_t>(first); i < column.values.size();
           ++i) {
        above += column.values[i] > threshold ? 1 : 0;
        all += std::isnan(column.values[i]) ? 0 : 1;
      }
    }
    metrics->push_back({UtilisationMetricName(threshold), "1",
                        fmt::format("share of samples with the channel busy "
                                    "for more than {:.0f} % of them",
                                    100 * threshold),
                        all > 0 ? above / all : kMissing});
  }
}

ReplicationRecord WlanScene::Finish() {
  const SimTime end = Now();
  const SimTime warmup = series_->Warmup({"delivered_rate", "latency_mean"});
  const auto from =
      std::find_if(samples_.begin(), samples_.end(),
                   [&](const WlanSnapshot& s) { return s.time >= warmup; });
  ReplicationRecord record;
  record.replication = replication_;
  record.warmup_seconds = Seconds(warmup);
  record.simulated_seconds = Seconds(end);
  record.events =
      static_cast<int64_t>(ns3::Simulator::GetEventCount() - events_before_);
  record.metrics =
      measures_->Metrics(samples_.front(), *from, measures_->Take(end));
  record.series = series_->trace();
  AppendUtilisation(record.series, series_->FirstAfter(warmup),
                    &record.metrics);
  record.wall_seconds = std::chrono::duration<double>(
                            std::chrono::steady_clock::now() - wall_start_)
                            .count();
  return record;
}

}  // namespace

std::unique_ptr<Scene> CreateWlanScene(const ResolvedScenario& scenario) {
  return std::make_unique<WlanScene>(scenario.scenario());
}

}  // namespace airlock
