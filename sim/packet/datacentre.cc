#include "sim/packet/datacentre.h"

#include <ns3/simulator.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "sim/base/error.h"
#include "sim/packet/datacentre_network.h"
#include "sim/packet/fabric_settings.h"
#include "sim/packet/ns3_time.h"
#include "sim/packet/port_meters.h"
#include "sim/packet/scene.h"

namespace airlock {
namespace {

// The packet-level datacentre: the network, its counters and its traffic. Owns
// them all; ns-3 owns nodes and events.
class DatacentreScene : public Scene {
 public:
  explicit DatacentreScene(const Scenario& scenario)
      : run_(scenario.run),
        config_(*scenario.datacentre),
        rng_(static_cast<uint64_t>(scenario.run.seed)) {}

  ~DatacentreScene() override { ns3::Simulator::Destroy(); }

  void Settle() override;
  void Start(Replication replication) override;
  SimTime Now() const override { return network_->Now(); }
  void AdvanceTo(SimTime time) override;
  Observation Observe() override;
  void Apply(const Action& action) override;
  ReplicationRecord Finish() override;

 private:
  std::string ListSettings() const;
  // Runs ns-3 until `time`.
  void RunUntil(SimTime time);
  std::vector<double> Sample(Reader reader, SimTime interval);

  RunConfig run_;
  DatacentreConfig config_;
  RngTree rng_;
  std::unique_ptr<Ns3Datacentre> network_;
  std::vector<std::unique_ptr<TrafficPart>> parts_;
  std::vector<Column> columns_;  // of all parts, without values
  std::unique_ptr<SeriesRecorder> series_;
  Replication replication_;
  SimTime sampled_;   // end of the last sample
  SimTime observed_;  // the last Observe()
  uint64_t events_before_ = 0;
  uint64_t stops_ = 0;  // events of RunUntil(), not of the network
  std::chrono::steady_clock::time_point started_;
};

void DatacentreScene::Settle() {
  network_ = std::make_unique<Ns3Datacentre>(config_, rng_.seed());
  // The TCP workload first: its KPIs lead the series.
  auto traffic = CreateFabricTraffic(config_);
  if (traffic != nullptr) parts_.push_back(std::move(traffic));
  if (config_.chain) parts_.push_back(CreateChainTraffic(*config_.chain));
  if (config_.balancer) parts_.push_back(CreatePoolTraffic(config_));
  parts_.push_back(std::make_unique<PortMeters>(*network_));
  for (const auto& part : parts_) part->Install(*network_);
  for (const auto& part : parts_) part->Declare(&columns_);
  series_ = std::make_unique<SeriesRecorder>(columns_);
  // Nodes, devices and queues initialise themselves at time 0.
  RunUntil(Nanoseconds(1));
}

void DatacentreScene::Start(Replication replication) {
  started_ = std::chrono::steady_clock::now();
  replication_ = replication;
  network_->SetOrigin();
  SeedNs3(rng_, replication);
  network_->AssignStreams(1);
  network_->StartFailures();
  events_before_ = ns3::Simulator::GetEventCount();
  stops_ = 0;
  for (const auto& part : parts_) part->Start(rng_, replication);
}

void DatacentreScene::RunUntil(SimTime time) {
  ns3::Simulator::Stop(ToNs3(time - network_->Now()));
  ns3::Simulator::Run();
  ++stops_;
}

std::vector<double> DatacentreScene::Sample(Reader reader, SimTime interval) {
  std::vector<double> values;
  for (const auto& part : parts_) part->Sample(reader, interval, &values);
  return values;
}

void DatacentreScene::AdvanceTo(SimTime time) {
  AIRLOCK_CHECK(time >= Now(), "{} ns is before {} ns", time.value(),
                Now().value());
  while (true) {
    const SimTime next = sampled_ + run_.sample_interval;
    RunUntil(std::min(next, time));
    if (next > time) return;
    series_->Append(next, Sample(Reader::kSeries, run_.sample_interval));
    sampled_ = next;
    if (next == time) return;
  }
}

Observation DatacentreScene::Observe() {
  const SimTime interval = Now() - observed_;
  observed_ = Now();
  std::vector<double> values(columns_.size(), std::nan(""));
  if (interval > SimTime()) values = Sample(Reader::kController, interval);
  return MakeObservation(Now(), columns_, values);
}

// Every part looks at its settings before any changes.
void DatacentreScene::Apply(const Action& action) {
  Action left = action;
  std::vector<std::function<void()>> changes = {
      FabricSettings(*network_).Prepare(&left)};
  for (const auto& part : parts_) changes.push_back(part->Prepare(&left));
  if (!left.settings.empty()) {
    throw InputError(fmt::format("this scenario has no setting '{}'; it has {}",
                                 left.settings.begin()->first, ListSettings()));
  }
  for (const auto& change : changes) {
    if (change) change();
  }
}

std::string DatacentreScene::ListSettings() const {
  std::vector<std::string> names = FabricSettings(*network_).Names();
  for (const auto& part : parts_) {
    for (const std::string& name : part->Settings()) names.push_back(name);
  }
  std::string list;
  for (const std::string& name : names) {
    list += fmt::format("{}'{}'", list.empty() ? "" : ", ", name);
  }
  return list.empty() ? "none" : list;
}

ReplicationRecord DatacentreScene::Finish() {
  std::vector<std::string> warmup_columns;
  for (const auto& part : parts_) {
    const std::vector<std::string> columns = part->WarmupColumns();
    warmup_columns.insert(warmup_columns.end(), columns.begin(), columns.end());
  }
  const SimTime warmup = series_->Warmup(warmup_columns);
  ReplicationRecord record;
  record.replication = replication_;
  record.warmup_seconds = Seconds(warmup);
  record.simulated_seconds = Seconds(Now());
  record.events = static_cast<int64_t>(ns3::Simulator::GetEventCount() -
                                       events_before_ - stops_);
  for (const auto& part : parts_) {
    part->AddMetrics(*series_, warmup, &record.metrics);
  }
  record.series = series_->trace();
  record.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_)
          .count();
  return record;
}

}  // namespace

std::unique_ptr<Scene> CreateDatacentreScene(const ResolvedScenario& scenario) {
  AIRLOCK_CHECK(scenario.scenario().datacentre.has_value(),
                "not a datacentre scenario");
  return std::make_unique<DatacentreScene>(scenario.scenario());
}

}  // namespace airlock
