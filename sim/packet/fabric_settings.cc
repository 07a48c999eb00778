#include "sim/packet/fabric_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr char kThreshold[] = "ecn_threshold";
constexpr char kWeight[] = ".weight.";

bool Marks(const Port& port) { return MarksEcn(port.queue); }

}  // namespace

std::vector<std::string> FabricSettings::Names() const {
  std::vector<std::string> names;
  if (!PortsOf(kThreshold).empty()) names.push_back(kThreshold);
  const auto& ports = network_.ports();
  if (std::any_of(ports.begin(), ports.end(), Marks)) {
    names.push_back(std::string("PORT.") + kThreshold);
  }
  if (HasWeights()) {
    names.push_back(std::string("SWITCH") + kWeight + "NEIGHBOUR");
  }
  return names;
}

bool FabricSettings::HasWeights() const {
  return network_.multipath() && !network_.weights().Names().empty();
}

std::vector<const Port*> FabricSettings::PortsOf(
    const std::string& name) const {
  std::vector<const Port*> ports;
  for (const Port& port : network_.ports()) {
    const bool meant = name == kThreshold
                           ? port.on_switch
                           : name == port.name + "." + kThreshold;
    if (meant && Marks(port)) ports.push_back(&port);
  }
  return ports;
}

void FabricSettings::CheckThreshold(const std::string& name, double value,
                                    const std::vector<const Port*>& ports) {
  int64_t limit = std::numeric_limits<int64_t>::max();
  for (const Port* port : ports) limit = std::min(limit, port->queue.limit);
  if (value >= 1 && value <= static_cast<double>(limit)) return;
  throw InputError(
      fmt::format("{}: {} is not between 1 and {} packets, the queue's limit",
                  name, value, limit));
}

std::function<void()> FabricSettings::Prepare(Action* action) const {
  std::vector<Threshold> thresholds;
  PathWeights weights = network_.weights();
  bool new_weights = false;
  auto& settings = action->settings;
  for (auto it = settings.begin(); it != settings.end();) {
    const auto& [name, value] = *it;
    const std::vector<const Port*> ports = PortsOf(name);
    const size_t split = name.find(kWeight);
    if (!ports.empty()) {
      CheckThreshold(name, value, ports);
      for (const Port* port : ports) {
        thresholds.emplace_back(port, std::llround(value));
      }
    } else if (split != std::string::npos && HasWeights()) {
      const std::string problem =
          weights.Set(name.substr(0, split),
                      name.substr(split + sizeof(kWeight) - 1), value);
      if (!problem.empty()) throw InputError(name + ": " + problem);
      new_weights = true;
    } else {
      ++it;
      continue;
    }
    it = settings.erase(it);
  }
  if (const std::string at = weights.AllZeroAt(); !at.empty()) {
    throw InputError("all next hops of " + at + " would have weight 0");
  }
  if (thresholds.empty() && !new_weights) return {};
  return [&network = network_, thresholds, weights, new_weights] {
    for (const auto& [port, packets] : thresholds) {
      SetEcnThreshold(*port, packets);
    }
    if (new_weights) network.SetWeights(weights);
  };
}

}  // namespace airlock
