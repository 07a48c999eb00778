#include <fmt/format.h>

#include "agents/env/network_task.h"
#include "sim/base/error.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

// The channel task of Gawlowicz and Zubow (MSWiM 2019) for the access point
// that senses channels: which of them it is on in the next slot, having seen
// which were occupied in this one. Theirs adds up to whether interferer and
// network met; here the frames tell: +1 where its stations acknowledged at
// least half of what was offered in the slot, else -1.
class ChannelHop : public NetworkTaskRules {
 public:
  explicit ChannelHop(const Scenario& scenario) {
    if (!scenario.wlan) {
      throw InputError(
          fmt::format("scenario '{}': channel-hop needs a WLAN; there is none",
                      scenario.name));
    }
    for (const AccessPointConfig& ap : scenario.wlan->access_points) {
      if (ap.sensed_channels.empty()) continue;
      if (ap_) {
        throw InputError(fmt::format(
            "scenario '{}': channel-hop is of one access point; '{}' and '{}' "
            "have sensed_channels",
            scenario.name, ap_->name, ap.name));
      }
      ap_ = ap;
    }
    if (!ap_ || ap_->sensed_channels.size() < 2) {
      throw InputError(fmt::format(
          "scenario '{}': channel-hop needs an access point with two or more "
          "sensed_channels",
          scenario.name));
    }
    spec_.name = "channel-hop";
    for (const int64_t channel : ap_->sensed_channels) {
      spec_.observation.push_back(
          {fmt::format("occupied.{}", channel), "1", 0, 1});
    }
    spec_.action.choices = {static_cast<int64_t>(ap_->sensed_channels.size())};
    spec_.time_limit = DecisionsOf(scenario);
  }

  const EnvSpec& spec() const override { return spec_; }
  Action ActionOf(const double* choices) const override {
    Action action;
    action.settings[ChannelSettingName(ap_->name)] = static_cast<double>(
        ap_->sensed_channels[static_cast<size_t>(choices[0])]);
    return action;
  }
  std::vector<double> Staying(const Observation& counters) const override {
    const auto& all = ap_->sensed_channels;
    return {
        ChoiceOf(counters.values.at(ApColumnName(ap_->name, kApChannel)), all)};
  }
  double Judge(const Observation& counters, double*) const override {
    double acknowledged = 0;  // bit/s
    for (const StationConfig& station : StationsOf(*ap_)) {
      acknowledged += 8 * counters.values.at(StationColumnName(
                              ap_->name, station.name, kStationBytes));
    }
    const double offered =
        counters.values.at("ap." + ap_->name + ".offered_rate");
    return acknowledged >= 0.5 * offered ? 1 : -1;
  }
  // Occupied: for most of the slot. The access point's own frames do not take
  // as long. A missing value shows as free.
  void Show(const Observation& counters, double* observation) const override {
    for (const int64_t channel : ap_->sensed_channels) {
      *observation++ =
          counters.values.at(ApSensedColumnName(ap_->name, channel)) > 0.5 ? 1
                                                                           : 0;
    }
  }

 private:
  std::optional<AccessPointConfig> ap_;
  EnvSpec spec_;
};

}  // namespace

std::unique_ptr<NetworkTaskRules> ChannelHopRules(const Scenario& scenario) {
  return std::make_unique<ChannelHop>(scenario);
}

}  // namespace airlock
