#include "sim/packet/wlan_flows.h"

#include <algorithm>
#include <string>

#include "sim/base/error.h"
#include "sim/scenario/wlan_layout.h"

namespace airlock {

WlanFlows::WlanFlows(const WlanConfig& config,
                     const std::vector<WlanCell>& cells)
    : latencies_(cells.size()) {
  for (size_t c = 0; c < cells.size(); ++c) {
    const WlanCell& cell = cells[c];
    for (size_t s = 0; s < cell.stations.size(); ++s) {
      for (const WlanTraffic& traffic :
           FlowsOf(config, cell.config, cell.stations[s].config)) {
        const std::string& direction = traffic.direction;
        AIRLOCK_CHECK(direction == "downlink" || direction == "uplink" ||
                          direction == "both",
                      "{}", direction);
        if (direction != "uplink") Add(traffic, cell, {c, s, true});
        if (direction != "downlink") Add(traffic, cell, {c, s, false});
      }
    }
  }
}

void WlanFlows::Add(const WlanTraffic& traffic, const WlanCell& cell,
                    FlowPlace place) {
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

void WlanFlows::Start(const RngTree& rng, Replication replication,
                      SimTime duration, WlanNetwork* network) {
  // Simultaneous first packets would collide and repeat all at once.
  constexpr SimTime kLongestStagger = Milliseconds(100);
  const SimTime stagger =
      std::min(kLongestStagger, SimTime(duration.value() / 10));
  RngStream starts = rng.Stream("wlan/start", replication);
  for (size_t i = 0; i < flows_.size(); ++i) {
    staggers_.push_back(FromSeconds(starts.Uniform(0, Seconds(stagger))));
    const WlanCell& cell = network->cells()[places_[i].cell];
    if (cell.stations[places_[i].station].config.join > SimTime()) continue;
    flows_[i]->Start(staggers_[i]);
  }
  const auto for_each_flow = [this](size_t cell, size_t station, auto act) {
    for (size_t i = 0; i < flows_.size(); ++i) {
      if (places_[i].cell == cell && places_[i].station == station) act(i);
    }
  };
  network->Start(
      [=](size_t cell, size_t station) {
        for_each_flow(cell, station,
                      [this](size_t i) { flows_[i]->Start(staggers_[i]); });
      },
      [=](size_t cell, size_t station) {
        for_each_flow(cell, station, [this](size_t i) { flows_[i]->Stop(); });
      });
}

void WlanFlows::SetLoads(const std::vector<double>& factors) {
  for (size_t i = 0; i < flows_.size(); ++i) {
    flows_[i]->SetLoad(factors[places_[i].cell]);
  }
}

}  // namespace airlock
