#include "sim/surrogate/airtime_simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/error.h"
#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/scenario/wlan_propagation.h"
#include "sim/surrogate/airtime_network.h"
#include "sim/surrogate/airtime_scenario.h"
#include "sim/surrogate/wlan_load.h"
#include "sim/telemetry/wlan_columns.h"
#include "sim/workload/load_profiles.h"

namespace airlock {
namespace {

// Thermal noise of 20 MHz at 290 K and a noise figure of 7 dB, as the packet
// engine has it.
constexpr double kNoiseDbm = -93.97;

constexpr size_t kThresholdCount = std::size(kUtilisationThresholds);

// Integrals over time since the start, one element an access point.
struct Totals {
  explicit Totals(Eigen::Index n)
      : busy(Eigen::ArrayXd::Zero(n)),
        transmit(busy),
        load(busy),
        offered(busy),
        delivered(busy),
        above(Eigen::ArrayXXd::Zero(n, kThresholdCount)),
        overload(busy) {}

  double seconds = 0;
  Eigen::ArrayXd busy;       // s
  Eigen::ArrayXd transmit;   // s
  Eigen::ArrayXd load;       // s
  Eigen::ArrayXd offered;    // bit
  Eigen::ArrayXd delivered;  // bit
  Eigen::ArrayXXd above;    // s with a utilisation above kUtilisationThresholds
  Eigen::ArrayXd overload;  // s with more need than time
  double service = 0;       // R^s, in slots
  double change = 0;        // R^r
  int64_t changes = 0;      // of an access point's channel or width
};

Column MakeColumn(const std::string& name, Scope scope,
                  const std::string& scope_id, const std::string& unit,
                  const std::string& description) {
  Column column;
  column.name = name;
  column.role = scope == Scope::kSystem ? Role::kKpi : Role::kCounter;
  column.unit = unit;
  column.scope = scope;
  column.scope_id = scope_id;
  column.description = description;
  return column;
}

class AirtimeScene : public Scene {
 public:
  explicit AirtimeScene(const ResolvedScenario& resolved)
      : run_(resolved.scenario().run),
        decision_(resolved.scenario().controller.interval),
        config_(*resolved.scenario().wlan),
        redraw_(config_.generated.has_value()),
        trace_(ReadLoadTrace(config_)) {}

  void Settle() override {}
  void Start(Replication replication) override;
  SimTime Now() const override { return now_; }
  void AdvanceTo(SimTime time) override;
  Observation Observe() override;
  void Apply(const Action& action) override;
  ReplicationRecord Finish() override;

 private:
  void BuildNetwork(int64_t seed);
  void DeclareColumns();
  void BeginSlot();
  void Integrate(SimTime until);
  std::vector<double> Values(const Totals& from, const Totals& to) const;
  void AppendAccessPoint(size_t i, const Totals& from, const Totals& to,
                         std::vector<double>* values) const;
  std::vector<Metric> Metrics(const Totals& from, const Totals& to) const;
  SimTime slot() const {
    return config_.load.profile == "constant" ? decision_ : config_.load.slot;
  }
  size_t size() const { return wlan_.access_points.size(); }

  const RunConfig run_;
  const SimTime decision_;
  const WlanConfig config_;
  const bool redraw_;
  const std::unique_ptr<Trace> trace_;  // of the loads, or null

  Replication replication_;
  WlanConfig wlan_;  // with access points
  Eigen::MatrixXd rssi_dbm_;
  std::vector<std::vector<double>> station_rssi_dbm_;
  Eigen::ArrayXd full_rates_;  // bit/s at a load factor of 1
  std::optional<AirtimeNetwork> network_;
  std::unique_ptr<LoadCourse> course_;
  SimTime now_;
  SimTime slot_end_;
  SimTime sample_end_;
  SimTime dropped_;
  std::optional<Totals> totals_;
  std::optional<Totals> sampled_;   // at the last sample
  std::optional<Totals> observed_;  // at the last observation
  std::optional<Totals> measured_;  // at the end of the dropped slots
  std::vector<Column> columns_;     // of an observation, without values
  std::vector<size_t> in_series_;   // of columns_, those that a series has
  std::vector<std::pair<std::string, double>> scans_;
  Trace series_;
  int64_t events_ = 0;
  std::chrono::steady_clock::time_point started_;
};

void AirtimeScene::BuildNetwork(int64_t seed) {
  wlan_ = WithAccessPoints(config_, seed);
  rssi_dbm_ = RssiOf(wlan_, seed);
  full_rates_ = OfferedRates(wlan_);
  network_.emplace(AllowedChannels(wlan_), ChoicesOf(wlan_.airtime), rssi_dbm_);
  network_->Retune(PlanOf(wlan_, network_->table()));
  const WlanPropagation propagation(wlan_, seed);
  station_rssi_dbm_.clear();
  for (const AccessPointConfig& ap : wlan_.access_points) {
    std::vector<double> rssi;
    for (const StationConfig& station : StationsOf(ap)) {
      rssi.push_back(
          wlan_.transmit_power.value() -
          propagation.PathLossDb(station.position, ap.position,
                                 In24GhzBand(ap.channel)) -
          propagation.ShadowingDb(ap.name + "." + station.name, ap.name));
    }
    station_rssi_dbm_.push_back(std::move(rssi));
  }
}

void AirtimeScene::DeclareColumns() {
  const auto kpi = [this](const char* name, const char* unit,
                          const char* text) {
    in_series_.push_back(columns_.size());
    columns_.push_back(MakeColumn(name, Scope::kSystem, "", unit, text));
  };
  kpi("offered_rate", "bit/s", "payload that applications hand over");
  kpi("delivered_rate", "bit/s", "payload that the airtime lets through");
  kpi("loss_ratio", "1", "share that it does not");
  scans_.clear();
  for (size_t i = 0; i < size(); ++i) {
    const AccessPointConfig& ap = wlan_.access_points[i];
    const auto add = [&](const WlanMetric& metric, bool in_series) {
      if (in_series) in_series_.push_back(columns_.size());
      columns_.push_back(MakeColumn(ApColumnName(ap.name, metric),
                                    Scope::kAccessPoint, ap.name, metric.unit,
                                    metric.description));
    };
    // What no slot changes is not in the series.
    for (const WlanMetric& metric :
         {kApActive, kApNoise, kApFrequency, kApStations}) {
      add(metric, false);
    }
    for (const WlanMetric& metric :
         {kApBusy, kApReceive, kApTransmit, kApChannel, kApWidth, kApLoad,
          WlanMetric{"offered_rate", "bit/s",
                     "payload handed over in this BSS"},
          WlanMetric{"delivered_rate", "bit/s",
                     "payload that the airtime lets through"},
          WlanMetric{"loss_ratio", "1", "share that it does not"}}) {
      add(metric, true);
    }
    for (const StationConfig& station : StationsOf(ap)) {
      for (const WlanMetric& metric :
           {kStationRssi, kStationRate, kStationRetries, kStationBytes}) {
        columns_.push_back(MakeColumn(
            StationColumnName(ap.name, station.name, metric), Scope::kStation,
            ap.name + "." + station.name, metric.unit, metric.description));
      }
    }
    for (size_t j = 0; j < size(); ++j) {
      if (i == j) continue;
      const double rssi = rssi_dbm_(i, j);
      scans_.push_back({ApRssiColumnName(ap.name, wlan_.access_points[j].name),
                        rssi >= kPreambleThreshold.value() ? rssi : kMissing});
    }
  }
}

void AirtimeScene::Start(Replication replication) {
  started_ = std::chrono::steady_clock::now();
  replication_ = replication;
  BuildNetwork(redraw_ ? run_.seed + replication.value() : run_.seed);
  DeclareColumns();
  series_.source = "simulation/surrogate";
  for (const size_t column : in_series_) {
    series_.columns.push_back(columns_[column]);
  }
  const RngTree tree(static_cast<uint64_t>(run_.seed));
  course_ = CreateLoadCourse(wlan_, trace_.get(), tree, replication);
  totals_.emplace(size());
  sampled_ = observed_ = measured_ = totals_;
  sample_end_ = run_.sample_interval;
  dropped_ = SimTime(wlan_.airtime.dropped_slots * slot().value());
}

void AirtimeScene::BeginSlot() {
  const Eigen::ArrayXd factors = course_->Next();
  network_->SetLoads(factors * full_rates_ /
                     static_cast<double>(wlan_.airtime.channel_rate.value()));
  slot_end_ = slot_end_ + slot();
}

void AirtimeScene::AdvanceTo(SimTime time) {
  AIRLOCK_CHECK(time >= now_);
  while (now_ < time) {
    // Lazily, so that what a controller sees and changes at the end of a slot
    // is of that slot.
    if (now_ >= slot_end_) BeginSlot();
    SimTime until = std::min({time, slot_end_, sample_end_});
    if (now_ < dropped_) until = std::min(until, dropped_);
    Integrate(until);
    if (now_ == dropped_) measured_ = totals_;
    if (now_ < sample_end_) continue;
    series_.time_seconds.push_back(Seconds(now_));
    const std::vector<double> values = Values(*sampled_, *totals_);
    for (size_t i = 0; i < in_series_.size(); ++i) {
      series_.columns[i].values.push_back(values[in_series_[i]]);
    }
    sampled_ = totals_;
    sample_end_ = sample_end_ + run_.sample_interval;
  }
}

void AirtimeScene::Integrate(SimTime until) {
  const double seconds = Seconds(until - now_);
  const AirtimeNetwork& network = *network_;
  Totals& totals = *totals_;
  totals.seconds += seconds;
  totals.busy += seconds * network.busy().min(1.0);
  totals.transmit += seconds * network.share() * network.served();
  totals.load += seconds * network.loads();
  const Eigen::ArrayXd rates =
      network.loads() * static_cast<double>(wlan_.airtime.channel_rate.value());
  totals.offered += seconds * rates;
  totals.delivered += seconds * rates * network.served();
  for (size_t k = 0; k < kThresholdCount; ++k) {
    totals.above.col(k) +=
        seconds * (network.busy() > kUtilisationThresholds[k]).cast<double>();
  }
  totals.overload += seconds * (network.share() > 1.0).cast<double>();
  totals.service += network.service() * seconds / Seconds(slot());
  ++events_;
  now_ = until;
}

std::vector<double> AirtimeScene::Values(const Totals& from,
                                         const Totals& to) const {
  const double seconds = to.seconds - from.seconds;
  const double offered = to.offered.sum() - from.offered.sum();
  const double delivered = to.delivered.sum() - from.delivered.sum();
  std::vector<double> values = {Share(offered, seconds),
                                Share(delivered, seconds),
                                1 - Share(delivered, offered)};
  for (size_t i = 0; i < size(); ++i) AppendAccessPoint(i, from, to, &values);
  return values;
}

void AirtimeScene::AppendAccessPoint(size_t i, const Totals& from,
                                     const Totals& to,
                                     std::vector<double>* values) const {
  const double seconds = to.seconds - from.seconds;
  const auto rate = [&](const Eigen::ArrayXd Totals::*total) {
    return Share((to.*total)[i] - (from.*total)[i], seconds);
  };
  const ChannelAssignment now = network_->plan()[i];
  const int64_t number = network_->table().Number(now.channel);
  const double busy = rate(&Totals::busy);
  const double transmit = rate(&Totals::transmit);
  const double offered = rate(&Totals::offered);
  const double delivered = rate(&Totals::delivered);
  const size_t stations = station_rssi_dbm_[i].size();
  values->insert(
      values->end(),
      {1.0, kNoiseDbm, ChannelFrequency(number), static_cast<double>(stations),
       busy, std::max(0.0, busy - transmit), transmit,
       static_cast<double>(number), ChannelTable::WidthHz(now.bonding),
       rate(&Totals::load), offered, delivered, 1 - Share(delivered, offered)});
  for (size_t s = 0; s < stations; ++s) {
    values->insert(values->end(),
                   {station_rssi_dbm_[i][s], kMissing, kMissing,
                    delivered / 8 / static_cast<double>(stations)});
  }
}

Observation AirtimeScene::Observe() {
  Observation observation;
  observation.time = now_;
  const std::vector<double> values = Values(*observed_, *totals_);
  for (size_t i = 0; i < values.size(); ++i) {
    observation.values[columns_[i].name] = values[i];
  }
  observation.values.insert(scans_.begin(), scans_.end());
  observed_ = totals_;
  return observation;
}

void AirtimeScene::Apply(const Action& action) {
  const ChannelPlan before = network_->plan();
  const ChannelPlan plan =
      PlanFromSettings(action.settings, wlan_, network_->table(), before);
  // The load of the slot that ends, or is under way, pays for the change.
  const Eigen::ArrayXd& loads = network_->loads();
  for (size_t i = 0; i < size(); ++i) {
    if (plan[i] == before[i]) continue;
    totals_->change += loads[i];
    ++totals_->changes;
  }
  network_->Retune(plan);
}

ReplicationRecord AirtimeScene::Finish() {
  ReplicationRecord record;
  record.replication = replication_;
  record.warmup_seconds = Seconds(dropped_);
  record.simulated_seconds = Seconds(now_);
  record.events = events_;
  record.metrics = Metrics(*measured_, *totals_);
  record.series = std::move(series_);
  record.wall_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started_)
          .count();
  return record;
}

std::vector<Metric> AirtimeScene::Metrics(const Totals& from,
                                          const Totals& to) const {
  const double n = static_cast<double>(size());
  const double seconds = to.seconds - from.seconds;
  const double ap_slots = n * seconds / Seconds(slot());
  const double service = Share(to.service - from.service, ap_slots);
  const double change = Share(to.change - from.change, ap_slots);
  const auto mean = [&](const Eigen::ArrayXd Totals::*total) {
    return Share(((to.*total) - (from.*total)).sum(), n * seconds);
  };
  std::vector<Metric> metrics = {
      {"regret", "1", "R^s + w R^r, per access point and slot",
       service + wlan_.airtime.change_weight * change},
      {"regret_service", "1", "R^s, per access point and slot", service},
      {"regret_change", "1", "R^r, per access point and slot", change},
      {"changes", "1", "share of access points that change, per slot",
       Share(static_cast<double>(to.changes - from.changes), ap_slots)},
      {"load", "1", "mean load", mean(&Totals::load)},
      {"overload", "1",
       "share of time in which an access point needs more than there is",
       mean(&Totals::overload)},
      {"airtime_busy", "1", "mean utilisation with the own share, at most 1",
       mean(&Totals::busy)}};
  for (size_t k = 0; k < kThresholdCount; ++k) {
    const double above = (to.above.col(k) - from.above.col(k)).sum();
    const double threshold = kUtilisationThresholds[k];
    metrics.push_back({UtilisationMetricName(threshold), "1",
                       fmt::format("share of time with more than {:.0f} % of "
                                   "the channel used, with the own share",
                                   100 * threshold),
                       Share(above, n * seconds)});
  }
  const double offered = mean(&Totals::offered) * n;
  const double delivered = mean(&Totals::delivered) * n;
  metrics.push_back({"offered_rate", "bit/s", "of all", offered});
  metrics.push_back(
      {"delivered_rate", "bit/s", "that the airtime lets through", delivered});
  for (size_t i = 0; i < size() && !redraw_; ++i) {
    const std::string name = "ap." + wlan_.access_points[i].name + ".";
    metrics.push_back({name + "delivered_rate", "bit/s",
                       "payload that the airtime lets through",
                       Share(to.delivered[i] - from.delivered[i], seconds)});
    metrics.push_back({name + "airtime_busy", "1",
                       "mean utilisation with the own share, at most 1",
                       Share(to.busy[i] - from.busy[i], seconds)});
  }
  return metrics;
}

}  // namespace

std::unique_ptr<Scene> CreateAirtimeScene(const ResolvedScenario& resolved) {
  return std::make_unique<AirtimeScene>(resolved);
}

}  // namespace airlock
