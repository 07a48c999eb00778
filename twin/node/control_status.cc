#include <nlohmann/json.hpp>

#include "sim/base/json.h"
#include "twin/node/control_node.h"

// What a node that controls says of itself.
namespace airlock {

using nlohmann::json;

json ControlNode::HealthFields() const {
  json fields = SettingFields();
  fields["decisions"] = decisions_;
  fields["model"] = {{"name", acting_name_}, {"digest", acting_digest_}};
  fields["shadow"] =
      shadow_ ? json{{"name", shadow_name_}, {"digest", shadow_digest_}}
              : json();
  return fields;
}

void ControlNode::AddDecisionMetrics(MetricsPage* page) const {
  page->One("airlock_node_decisions_total", "counter",
            "Decisions taken, by all runs.", static_cast<double>(decisions_));
  page->Begin("airlock_node_choices_total", "counter",
              "Settings that a decision changed, of access points both at "
              "once, or that the shield held, by who decided.");
  for (const auto& [who, count] : decided_) {
    page->Add(static_cast<double>(count), {{"decided_by", who}});
  }
  page->Begin("airlock_node_actions_total", "counter",
              "How changes of settings ended.");
  for (int e = 0; e < 4; ++e) {
    page->Add(static_cast<double>(ends_[static_cast<size_t>(e)]),
              {{"end", ToString(static_cast<ActionOutcome::End>(e))}});
  }
  AddSettingMetrics(page);
  page->One("airlock_node_inference_seconds", "gauge",
            "Wall clock that the newest decision took.", decision_seconds_);
  page->One("airlock_node_slowest_inference_seconds", "gauge",
            "The longest decision since the start.", slowest_seconds_);
  page->One("airlock_node_shadow_differs_total", "counter",
            "Decisions in which the shadow wanted something else.",
            static_cast<double>(shadow_differs_));
}

std::string ControlNode::MetricsText() const {
  MetricsPage page;
  AddStreamMetrics(&page);
  page.Begin("airlock_node_model_info", "gauge", "Agents that run: always 1.");
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
