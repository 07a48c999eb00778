#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "sim/packet/wlan_counters.h"
#include "sim/packet/wlan_flows.h"
#include "sim/packet/wlan_interferers.h"
#include "sim/packet/wlan_network.h"
#include "sim/packet/wlan_sensing.h"
#include "sim/packet/wlan_switching.h"
#include "sim/results/run_record.h"
#include "sim/telemetry/trace.h"

// Private to sim/packet.
namespace airlock {

// Everything a WLAN counts, as of one instant. Two of them make a sample, an
// observation or the run's metrics.
struct WlanSnapshot {
  SimTime time;
  std::vector<FlowCounts> flows;            // by flow
  std::vector<BssTotals> bss;               // by cell
  std::vector<SwitchCounts> switches;       // by cell
  std::vector<size_t> latencies;            // by cell: how many there are
  std::vector<WlanSensing::Counts> sensed;  // by cell
};

// What a WLAN is judged by: KPIs, then the counters of each access point and
// its stations. Series, observations and metrics are the same columns over
// different intervals.
//
// Never holds outside: the devices refer to it, so it stays in place until the
// simulator is destroyed.
class WlanMeasures {
 public:
  // Counts from now on. All of them must outlive it.
  WlanMeasures(WlanNetwork* network, const WlanFlows& flows,
               const ChannelSwitching& switching,
               const WlanInterferers& interferers, const WlanSensing& sensing,
               SimTime beacon_interval);
  WlanMeasures(const WlanMeasures&) = delete;
  WlanMeasures& operator=(const WlanMeasures&) = delete;

  // Without values.
  const std::vector<Column>& columns() const { return columns_; }
  WlanSnapshot Take(SimTime now) const;
  // One value a column, over (from.time, to.time], which must not be empty and
  // ends now.
  std::vector<double> Values(const WlanSnapshot& from,
                             const WlanSnapshot& to) const;
  // The columns over that interval and what they say together; all missing
  // where it is empty. Events are counted from `begin` on, where the run
  // begins: none is lost with the warm-up.
  std::vector<Metric> Metrics(const WlanSnapshot& begin,
                              const WlanSnapshot& from,
                              const WlanSnapshot& to) const;

 private:
  struct CellTraffic;

  void DeclareKpis();
  void DeclareCell(size_t cell);
  std::vector<CellTraffic> TrafficOf(const WlanSnapshot& from,
                                     const WlanSnapshot& to) const;
  void AppendCell(size_t cell, const WlanSnapshot& from, const WlanSnapshot& to,
                  const CellTraffic& traffic,
                  std::vector<double>* values) const;

  const WlanNetwork& network_;
  const WlanFlows& flows_;
  const ChannelSwitching& switching_;
  const WlanSensing& sensing_;
  std::vector<std::unique_ptr<BssCounters>> counters_;  // by cell
  std::vector<Column> columns_;
  std::vector<size_t> station_rates_;  // columns of delivered rates
  std::vector<size_t> event_counts_;   // columns that count events
};

}  // namespace airlock
