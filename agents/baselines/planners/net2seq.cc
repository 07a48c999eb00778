#include "agents/baselines/planners/net2seq.h"

#include <utility>

#include "agents/baselines/local_search.h"
#include "agents/policy/net2seq_decoder.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

std::vector<std::vector<float>> LoadsOf(const PlannerView& view, int history) {
  std::vector<std::vector<float>> loads;
  loads.emplace_back(view.forecast().begin(), view.forecast().end());
  for (int h = 1; h <= history; ++h) {
    const auto past = std::min<size_t>(h, view.loads.size() - 1);
    const auto& slot = view.loads[view.loads.size() - 1 - past];
    loads.emplace_back(slot.begin(), slot.end());
  }
  return loads;
}

}  // namespace

Net2SeqPlanner::Net2SeqPlanner(const PlannerSetup& setup,
                               std::shared_ptr<const Net2SeqNetwork> network,
                               int64_t plans)
    : setup_(setup),
      network_(std::move(network)),
      plans_(plans),
      rng_(setup.rng) {
  const int trained = network_->layout.bonding_levels;
  if (setup_.table.bonding_levels() > trained) {
    throw PolicyError(fmt::format(
        "the net2seq policy was trained for {} bonding levels; the network "
        "may bond at {} (wlan.max_width)",
        trained, setup_.table.bonding_levels()));
  }
}

ChannelPlan Net2SeqPlanner::Decide(const PlannerView& view) {
  const InterferenceGraph graph = GraphOf(view, setup_);
  const Net2SeqChannels channels(setup_.table);
  std::vector<int> present;
  bool may_stay = true;
  for (int i = 0; i < view.size(); ++i) {
    present.push_back(channels.PositionOf(view.plan[i]));
    may_stay = may_stay && view.Allows(i, present.back());
  }
  Net2SeqScene scene(&graph, &channels, LoadsOf(view, network_->layout.history),
                     present);
  Net2SeqDecoder decoder(network_.get(), &scene, view.allowed);
  const auto draw = [&](RngStream* rng) {
    std::vector<int> plan(present.size());
    for (const Net2SeqStep& step : decoder.Decode(rng)) {
      plan[step.ap] = step.assignment;
    }
    return plan;
  };
  std::vector<std::vector<int>> candidates = {draw(nullptr)};
  for (int64_t n = 0; n < plans_; ++n) candidates.push_back(draw(&rng_));
  if (plans_ > 0 && may_stay) candidates.push_back(present);
  size_t best = 0;
  if (plans_ > 0) {
    double least = decoder.Judge(candidates[0]);
    for (size_t n = 1; n < candidates.size(); ++n) {
      const double regret = decoder.Judge(candidates[n]);
      if (!(regret < least)) continue;
      least = regret;
      best = n;
    }
  }
  ChannelPlan plan;
  for (const int position : candidates[best]) {
    plan.push_back(channels.assignment(position));
  }
  ++decisions_;
  if (plan == view.plan) ++kept_;
  if (candidates[best] != candidates[0]) ++overruled_;
  return plan;
}

std::vector<Metric> Net2SeqPlanner::Metrics() const {
  return {
      {"net2seq.decisions", "1", "plans made", static_cast<double>(decisions_)},
      {"net2seq.unchanged", "1", "plans that changed nothing",
       static_cast<double>(kept_)},
      {"net2seq.selected", "1",
       "plans that the Selector preferred to the most probable one",
       static_cast<double>(overruled_)},
  };
}

nlohmann::json Net2SeqPlanner::Save() const {
  return {{"rng", rng_.position()},
          {"decisions", decisions_},
          {"kept", kept_},
          {"overruled", overruled_}};
}

void Net2SeqPlanner::Load(const nlohmann::json& saved) {
  rng_.MoveTo(saved.at("rng").get<uint64_t>());
  decisions_ = saved.at("decisions");
  kept_ = saved.at("kept");
  overruled_ = saved.at("overruled");
}

}  // namespace airlock
