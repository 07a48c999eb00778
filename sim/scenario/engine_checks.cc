#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/scenario/balancer_checks.h"
#include "sim/scenario/checks.h"
#include "sim/scenario/wlan_channels.h"
#include "sim/scenario/wlan_checks.h"
#include "sim/scenario/wlan_layout.h"

// What an engine cannot do with a scenario that is otherwise good: an error at
// the key that asks for it.
namespace airlock {
namespace {

constexpr char kPacketHint[] = "leave it out, or write run.engine: packet";

bool Moves(const StationConfig& station) {
  return station.join.value() > 0 || station.leave || !station.path.empty();
}

void CheckFlow(const WlanTraffic& flow, const std::string& key,
               const Reporter& report) {
  if (!flow.saturated) return;
  report.Error(key + ".saturated",
               "the surrogate needs a rate to know the airtime that it takes",
               "write false and a rate, or run.engine: packet");
}

void CheckSurrogateStations(const AccessPointConfig& ap, const std::string& key,
                            const Reporter& report) {
  for (size_t f = 0; f < ap.flows.size(); ++f) {
    CheckFlow(ap.flows[f], fmt::format("{}.flows.{}", key, f), report);
  }
  for (size_t s = 0; s < ap.placed_stations.size(); ++s) {
    const StationConfig& station = ap.placed_stations[s];
    const std::string place = fmt::format("{}.placed_stations.{}", key, s);
    if (Moves(station)) {
      report.Error(place, "the surrogate knows no stations that come or move",
                   "leave out join, leave and path, or write run.engine: "
                   "packet");
    }
    for (size_t f = 0; f < station.flows.size(); ++f) {
      CheckFlow(station.flows[f], fmt::format("{}.flows.{}", place, f), report);
    }
  }
}

void CheckSurrogateBand(const WlanConfig& wlan, const Reporter& report) {
  const auto& all = wlan.access_points;
  for (size_t i = 0; i < all.size(); ++i) {
    const std::string key = fmt::format("wlan.access_points.{}.channel", i);
    if (In24GhzBand(all[i].channel) != In24GhzBand(all[0].channel)) {
      report.Error(key, "the surrogate knows one band at a time",
                   "write channels of one band, or run.engine: packet");
    } else if (In24GhzBand(all[i].channel) && WidthMhzOf(wlan, all[i]) > 20) {
      report.Error(key, "the surrogate knows no bonding in the 2.4 GHz band",
                   "write a width of 20MHz, or run.engine: packet");
    }
  }
}

void CheckSurrogateWlan(const Scenario& scenario, const Reporter& report) {
  const WlanConfig& wlan = *scenario.wlan;
  if (!wlan.interferers.empty()) {
    report.Error("wlan.interferers", "the surrogate knows no interferers",
                 kPacketHint);
  }
  CheckFlow(wlan.traffic, "wlan.traffic", report);
  for (size_t i = 0; i < wlan.access_points.size(); ++i) {
    if (!wlan.access_points[i].sensed_channels.empty()) {
      report.Error(fmt::format("wlan.access_points.{}.sensed_channels", i),
                   "the surrogate has no spectrum to sense", kPacketHint);
    }
    CheckSurrogateStations(wlan.access_points[i],
                           fmt::format("wlan.access_points.{}", i), report);
  }
  CheckSurrogateBand(wlan, report);
  const double dropped = static_cast<double>(wlan.airtime.dropped_slots) *
                         static_cast<double>(wlan.load.slot.value());
  if (dropped >= static_cast<double>(scenario.run.duration.value())) {
    report.Error(
        "wlan.airtime.dropped_slots",
        fmt::format("{} slots of {} leave nothing of the run of {}",
                    wlan.airtime.dropped_slots, ToString(wlan.load.slot),
                    ToString(scenario.run.duration)));
  }
}

// Servers are a model of their own, without a fabric.
void CheckServersEngine(const Scenario& scenario, const Reporter& report) {
  const DatacentreConfig& datacentre = *scenario.datacentre;
  if (scenario.run.engine == "packet") {
    report.Error("datacentre.servers",
                 "the packet engine models no servers that contend",
                 "write run.engine: surrogate");
  }
  if (datacentre.chain || datacentre.balancer ||
      datacentre.traffic.kind != "none") {
    report.Error("datacentre.servers",
                 "there is a chain, a balancer or traffic too",
                 "give servers alone");
  }
}

void CheckSurrogateChain(const Scenario& scenario, const Reporter& report) {
  if (!scenario.datacentre || scenario.datacentre->servers) return;
  const DatacentreConfig& datacentre = *scenario.datacentre;
  if (!datacentre.chain && !datacentre.balancer) {
    report.Error("run.engine",
                 "the surrogate models service chains, servers, server pools "
                 "and WLANs only",
                 "write packet, or give datacentre.chain, datacentre.servers "
                 "or datacentre.balancer");
  } else if (datacentre.chain && datacentre.balancer) {
    report.Error("datacentre.balancer",
                 "the surrogate models a chain or a pool, not both",
                 "leave one out, or write run.engine: packet");
  } else if (scenario.datacentre->traffic.kind != "none") {
    report.Error("datacentre.traffic.kind",
                 "the surrogate models no TCP traffic",
                 "write none, or run.engine: packet");
  }
}

// The surrogate needs no hosts.
void CheckPacketPool(const Scenario& scenario, const Reporter& report) {
  if (!scenario.datacentre || !scenario.datacentre->balancer) return;
  const DatacentreConfig& datacentre = *scenario.datacentre;
  const int64_t hosts = CountHosts(datacentre.topology);
  const auto used = PoolHosts(*datacentre.balancer);
  const int64_t last = *std::max_element(used.begin(), used.end());
  if (last < hosts) return;
  report.Error("datacentre.balancer.servers",
               fmt::format("balancer, clients and servers need the hosts 0 to "
                           "{}; the topology has {}",
                           last, hosts),
               "write a larger topology, or run.engine: surrogate");
}

}  // namespace

void CheckEngine(const Scenario& scenario, const Reporter& report) {
  const auto& wlan = scenario.wlan;
  if (scenario.datacentre && scenario.datacentre->servers) {
    CheckServersEngine(scenario, report);
  }
  if (scenario.run.engine == "packet") {
    CheckPacketPool(scenario, report);
    if (wlan && wlan->generated && wlan->generated->redraw) {
      report.Error("wlan.generated.redraw",
                   "the packet engine builds one network for all replications",
                   "write false, or run.engine: surrogate");
    }
    return;
  }
  CheckSurrogateChain(scenario, report);
  if (wlan) CheckSurrogateWlan(scenario, report);
}

void CheckGenerated(const WlanConfig& wlan, const Reporter& report) {
  if (!wlan.generated) {
    if (wlan.access_points.empty()) {
      report.Error("access_points", "there are no access points",
                   "give at least one, or generated");
    }
    return;
  }
  const GeneratedWlan& generated = *wlan.generated;
  if (!wlan.access_points.empty()) {
    report.Error("generated", "there are access_points too",
                 "give one of the two");
  }
  const double others = static_cast<double>(generated.access_points - 1);
  if (generated.neighbours >= others) {
    report.Error("generated.neighbours",
                 fmt::format("{} of {} others", generated.neighbours, others),
                 fmt::format("write less than {}", others));
  }
  if (generated.redraw && generated.count == "poisson") {
    report.Error("generated.count",
                 "replications with networks of their own need equally many "
                 "access points",
                 "write fixed, or redraw: false");
  }
  const int64_t width_mhz = std::llround(wlan.width.value() / 1e6);
  const bool any =
      !AllowedPrimaries(FindWlanRegion(wlan.region), wlan.dfs, wlan.standard,
                        width_mhz, generated.band == "2.4GHz" ? 1 : 36)
           .empty();
  if (!any) {
    report.Error("generated.band",
                 fmt::format("{} has no channel of {} MHz there that the "
                             "region allows",
                             wlan.standard, width_mhz));
  }
}

void CheckMaxWidth(const WlanConfig& wlan, const Reporter& report) {
  if (!wlan.max_width) return;
  if (!CheckChannelWidth("max_width", *wlan.max_width, report)) return;
  if (wlan.width.value() > wlan.max_width->value()) {
    report.Error("max_width", "is less than the width");
  }
  for (size_t i = 0; i < wlan.access_points.size(); ++i) {
    const auto& width = wlan.access_points[i].width;
    if (!width || width->value() <= wlan.max_width->value()) continue;
    report.Error(fmt::format("access_points.{}.width", i),
                 fmt::format("{} is more than the max_width of {}",
                             ToString(*width), ToString(*wlan.max_width)));
  }
}

}  // namespace airlock
