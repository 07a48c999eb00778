#include "agents/placement/placement_features.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "agents/placement/packing.h"
#include "agents/placement/placement_rules.h"

namespace airlock {
namespace {

constexpr double kMost = 2;  // of busy shares and delays; counts no further

double Bounded(double value) { return std::clamp(value, 0.0, kMost); }

}  // namespace

PlacementFeatures::PlacementFeatures(
    const PlacementSetup& setup, std::shared_ptr<const LoadForecast> forecast)
    : setup_(setup), forecast_(std::move(forecast)) {
  spec_.name = "placement";
  auto& seen = spec_.observation;
  for (const FunctionConfig& f : setup_.servers.functions) {
    const std::string scope = "function." + f.name + ".";
    seen.push_back({scope + "busy", "1", 0, kMost});
    seen.push_back({scope + "busy_with_fewer", "1", 0, kMost});
    seen.push_back({scope + "busy_with_more", "1", 0, kMost});
    seen.push_back({scope + "cores", "1", 0, 1, true});
    spec_.action.choices.push_back(3);
  }
  for (size_t c = 0; c < setup_.servers.chains.size(); ++c) {
    const std::string scope = "chain." + setup_.servers.chains[c].name + ".";
    seen.push_back({scope + "offered", "1", 0, kMost});
    seen.push_back({scope + "change", "1", -1, 1});
    if (forecast_ && forecast_->trials()[c].admitted()) {
      seen.push_back({scope + "forecast", "1", -1, 1});
    }
    seen.push_back({scope + "delivered", "1", 0, 1});
    seen.push_back({scope + "latency", "1", 0, kMost});
  }
  for (const MachineConfig& machine : setup_.servers.machines) {
    seen.push_back({"machine." + machine.name + ".used", "1", 0, 1, true});
  }
  seen.push_back({"busiest_with_fewer_machines", "1", 0, kMost});
  spec_.action.choices.push_back(2);
  spec_.action.masked = true;
  Forget();
}

void PlacementFeatures::Forget() {
  view_ = {};
  offered_.assign(setup_.servers.chains.size(), {});
}

void PlacementFeatures::Note(const PlacementView& view) {
  view_ = view;
  for (size_t c = 0; c < offered_.size(); ++c) {
    std::vector<double>& loads = offered_[c];
    if (loads.empty()) {
      loads.assign(LoadForecast::kLoads, view.chains[c].offered);
    }
    loads.erase(loads.begin());
    loads.push_back(view.chains[c].offered);
  }
}

void PlacementFeatures::Write(const PlacementPlan& present,
                              const std::vector<Placement>& placed,
                              double* observation) const {
  for (size_t f = 0; f < present.cores.size(); ++f) {
    const auto cores = static_cast<double>(present.cores[f]);
    const double busy = view_.functions[f].busy;
    const auto m = static_cast<size_t>(present.machines[f]);
    *observation++ = Bounded(busy);
    *observation++ = Bounded(cores > 1 ? busy * cores / (cores - 1) : kMost);
    *observation++ = Bounded(busy * cores / (cores + 1));
    *observation++ = cores / static_cast<double>(setup_.room[m]);
  }
  for (size_t c = 0; c < offered_.size(); ++c) {
    const std::vector<double>& loads = offered_[c];
    const double peak = setup_.peaks[c];
    const double now = loads.back();
    *observation++ = Bounded(now / peak);
    *observation++ =
        std::clamp((now - loads[loads.size() - 2]) / peak, -1.0, 1.0);
    if (forecast_ && forecast_->trials()[c].admitted()) {
      *observation++ =
          std::clamp((forecast_->Next(c, loads) - now) / peak, -1.0, 1.0);
    }
    const ChainView& chain = view_.chains[c];
    *observation++ =
        now > 0 ? std::clamp(chain.delivered / now, 0.0, 1.0) : 1.0;
    const auto& agreement = setup_.servers.chains[c].agreement;
    const double limit = agreement ? Seconds(agreement->latency_p99) : 1;
    // Nobody knows how long packets take of which none came through.
    *observation++ = std::isnan(chain.latency_p99_seconds)
                         ? kMost
                         : Bounded(chain.latency_p99_seconds / limit);
  }
  const std::vector<int64_t> used = CoresInUse(present, setup_);
  for (size_t m = 0; m < used.size(); ++m) {
    *observation++ =
        static_cast<double>(used[m]) / static_cast<double>(setup_.room[m]);
  }
  const PackingRule rule = ContentionAwarePacking(setup_, placed, view_);
  const PlacementPlan fewer = Consolidated(present, setup_, rule);
  double busiest = kMost;  // it cannot be given up
  if (!(fewer == present)) {
    busiest = 0;
    for (int64_t m = 0; m < setup_.machines(); ++m) {
      busiest = std::max(busiest, rule.badness(fewer, m));
    }
  }
  *observation++ = Bounded(busiest);
}

void PlacementFeatures::Allow(const PlacementPlan& present,
                              const PlacementShield& shield,
                              uint8_t* allowed) const {
  const std::vector<int64_t> least = shield.Minimum(present, view_);
  const std::vector<int64_t> used = CoresInUse(present, setup_);
  int64_t free = 0;
  for (size_t m = 0; m < used.size(); ++m) free += setup_.room[m] - used[m];
  for (size_t f = 0; f < present.cores.size(); ++f) {
    const bool needs_more = least[f] > present.cores[f] && free > 0;
    *allowed++ = present.cores[f] > std::max<int64_t>(1, least[f]);
    *allowed++ = !needs_more;
    *allowed++ = free > 0;
  }
  *allowed++ = 1;
  *allowed++ = !(Consolidated(present, setup_, {}) == present);
}

std::vector<double> PlacementFeatures::Staying() const {
  std::vector<double> action(setup_.functions(), 1);
  action.push_back(0);
  return action;
}

PlacementPlan PlacementFeatures::PlanOf(
    const double* action, const PlacementPlan& present,
    const std::vector<Placement>& placed) const {
  const PackingRule rule = ContentionAwarePacking(setup_, placed, view_);
  std::vector<int64_t> wanted = present.cores;
  for (size_t f = 0; f < wanted.size(); ++f) {
    wanted[f] += static_cast<int64_t>(action[f]) - 1;
  }
  const PlacementPlan packed = Pack(present, wanted, setup_, rule);
  return action[wanted.size()] > 0.5 ? Consolidated(packed, setup_, rule)
                                     : packed;
}

nlohmann::json PlacementFeatures::Save() const {
  nlohmann::json functions = nlohmann::json::array();
  for (const FunctionView& f : view_.functions) {
    functions.push_back({f.busy, f.packets_per_second});
  }
  nlohmann::json chains = nlohmann::json::array();
  for (const ChainView& c : view_.chains) {
    // NaN is null in JSON.
    chains.push_back({c.offered, c.delivered, c.latency_p99_seconds});
  }
  return {{"functions", functions}, {"chains", chains}, {"offered", offered_}};
}

void PlacementFeatures::Load(const nlohmann::json& saved) {
  Forget();
  const auto number = [](const nlohmann::json& value) {
    return value.is_null() ? std::nan("") : value.get<double>();
  };
  for (const nlohmann::json& f : saved.at("functions")) {
    view_.functions.push_back({number(f.at(0)), number(f.at(1))});
  }
  for (const nlohmann::json& c : saved.at("chains")) {
    view_.chains.push_back({number(c.at(0)), number(c.at(1)), number(c.at(2))});
  }
  offered_ = saved.at("offered").get<std::vector<std::vector<double>>>();
}

}  // namespace airlock
