#include <nlohmann/json.hpp>

#include "sim/base/json.h"
#include "twin/node/channel_node.h"

// What a channel manager says of itself.
namespace airlock {

using nlohmann::json;

json ChannelNode::HealthFields() const {
  json plan = json::object();
  for (const auto& [ap, setting] : in_force_) {
    plan[ap] = {{"channel", NumberOrNull(setting.first)},
                {"width_hz", NumberOrNull(setting.second)}};
  }
  json fields = {{"decisions", decisions_},
                 {"settings", actuation_.committed()},
                 {"plan", plan}};
  fields["model"] = {{"name", acting_name_}, {"digest", acting_digest_}};
  fields["shadow"] =
      shadow_ ? json{{"name", shadow_name_}, {"digest", shadow_digest_}}
              : json();
  return fields;
}

void ChannelNode::AddDecisionMetrics(MetricsPage* page) const {
  page->One("airlock_node_decisions_total", "counter",
            "Decisions taken, by all runs.", static_cast<double>(decisions_));
  page->Begin("airlock_node_choices_total", "counter",
              "Access points that a decision moved, or that the shield held, "
              "by who decided.");
  for (const auto& [who, count] : decided_) {
    page->Add(static_cast<double>(count), {{"decided_by", who}});
  }
  page->Begin("airlock_node_actions_total", "counter",
              "How changes of settings ended.");
  for (int e = 0; e < 4; ++e) {
    page->Add(static_cast<double>(ends_[static_cast<size_t>(e)]),
              {{"end", ToString(static_cast<ActionOutcome::End>(e))}});
  }
  page->Begin("airlock_node_channel", "gauge",
              "IEEE number of the primary channel in force, as far as known.");
  for (const auto& [ap, setting] : in_force_) {
    page->Add(setting.first, {{"access_point", ap}});
  }
  page->Begin("airlock_node_channel_width_hertz", "gauge",
              "Width of that channel.");
  for (const auto& [ap, setting] : in_force_) {
    page->Add(setting.second, {{"access_point", ap}});
  }
  page->Begin("airlock_node_estimated_utilisation", "gauge",
              "Mean over access points, as estimated at the last decision: if "
              "nobody moved, and under the new plan.");
  page->Add(mean_before_, {{"plan", "before"}});
  page->Add(mean_after_, {{"plan", "after"}});
  page->One("airlock_node_inference_seconds", "gauge",
            "Wall clock that the newest decision took.", decision_seconds_);
  page->One("airlock_node_slowest_inference_seconds", "gauge",
            "The longest decision since the start.", slowest_seconds_);
  page->One("airlock_node_shadow_differs_total", "counter",
            "Decisions in which the shadow wanted another plan.",
            static_cast<double>(shadow_differs_));
}

std::string ChannelNode::MetricsText() const {
  MetricsPage page;
  AddStreamMetrics(&page);
  page.Begin("airlock_node_model_info", "gauge",
             "Planners that run: always 1.");
  page.Add(1, {{"role", "acting"},
               {"model", acting_name_},
               {"digest", acting_digest_}});
  if (shadow_) {
    page.Add(1, {{"role", "shadow"},
                 {"model", shadow_name_},
                 {"digest", shadow_digest_}});
  }
  AddDecisionMetrics(&page);
  page.One("airlock_node_model_swaps_total", "counter",
           "Policies swapped in for another.", static_cast<double>(swaps_));
  page.One("airlock_node_models_refused_total", "counter",
           "Policies that the registry names and the node refused.",
           static_cast<double>(refused_acting_));
  return page.text();
}

}  // namespace airlock
