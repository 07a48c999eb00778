#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "twin/node/live_node.h"
#include "twin/node/metrics.h"

// What a node of a model says of itself.
namespace airlock {
namespace {

using nlohmann::json;

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

// One of the two models that run.
struct RoleView {
  const char* role;
  const LiveModel* model;
  const LiveForecast* forecast;
};

void AddForecasts(const std::vector<RoleView>& roles, MetricsPage* page) {
  page->Begin("airlock_node_model_info", "gauge", "Models that run: always 1.");
  for (const RoleView& each : roles) {
    page->Add(1, {{"role", each.role},
                  {"model", each.model->name()},
                  {"digest", each.model->digest()}});
  }
  page->Begin("airlock_node_forecast", "gauge",
              "The newest prediction, in the target's unit.");
  for (const RoleView& each : roles) {
    page->Add(each.forecast->ready ? each.forecast->value : kUnknown,
              {{"role", each.role},
               {"target", each.model->model().problem().target},
               {"unit", each.model->model().target_unit()}});
  }
  for (const bool low : {true, false}) {
    page->Begin(
        low ? "airlock_node_interval_low" : "airlock_node_interval_high",
        "gauge",
        low ? "Lower end of the newest prediction interval."
            : "Upper end of the newest prediction interval.");
    for (const RoleView& each : roles) {
      const std::vector<double> levels = each.model->levels();
      for (size_t l = 0; l < each.forecast->intervals.size(); ++l) {
        const PredictionInterval& interval = each.forecast->intervals[l];
        page->Add(
            low ? interval.low : interval.high,
            {{"role", each.role}, {"level", fmt::format("{:g}", levels[l])}});
      }
    }
  }
  page->Begin("airlock_node_inference_seconds", "gauge",
              "Wall clock that the newest prediction took.");
  for (const RoleView& each : roles) {
    page->Add(each.forecast->seconds, {{"role", each.role}});
  }
  page->Begin("airlock_node_features_outside_ratio", "gauge",
              "Share of the features beyond their training range.");
  for (const RoleView& each : roles) {
    page->Add(each.forecast->outside_share, {{"role", each.role}});
  }
}

void AddScores(const std::vector<RoleView>& roles, MetricsPage* page) {
  page->Begin("airlock_node_predictions_total", "counter",
              "Predictions made since the model was loaded.");
  for (const RoleView& each : roles) {
    page->Add(static_cast<double>(each.model->predictions()),
              {{"role", each.role}});
  }
  page->Begin("airlock_node_labels_total", "counter",
              "Predictions whose target has been observed.");
  for (const RoleView& each : roles) {
    page->Add(static_cast<double>(each.model->labels()), {{"role", each.role}});
  }
  page->Begin("airlock_node_absolute_error_total", "counter",
              "Sum of the absolute errors of those, in the target's unit.");
  for (const RoleView& each : roles) {
    page->Add(each.model->error_sum(), {{"role", each.role}});
  }
  page->Begin("airlock_node_covered_total", "counter",
              "Observations that the prediction interval contained.");
  for (const RoleView& each : roles) {
    const std::vector<double> levels = each.model->levels();
    for (size_t l = 0; l < levels.size(); ++l) {
      page->Add(
          static_cast<double>(each.model->contained()[l]),
          {{"role", each.role}, {"level", fmt::format("{:g}", levels[l])}});
    }
  }
}

}  // namespace

json LiveNode::HealthFields() const {
  const auto committed = transaction_.committed();
  json fields = {{"setting", committed ? json(*committed) : json()}};
  fields["model"] = acting_ ? json{{"name", acting_->name()},
                                   {"digest", acting_->digest()},
                                   {"receipt", acting_receipt_}}
                            : json();
  fields["shadow"] =
      shadow_ ? json{{"name", shadow_->name()}, {"digest", shadow_->digest()}}
              : json();
  return fields;
}

std::string LiveNode::MetricsText() const {
  MetricsPage page;
  AddStreamMetrics(&page);
  std::vector<RoleView> roles;
  if (acting_) roles.push_back({"acting", acting_.get(), &last_acting_});
  if (shadow_) roles.push_back({"shadow", shadow_.get(), &last_shadow_});
  AddForecasts(roles, &page);
  AddScores(roles, &page);
  page.One("airlock_node_slowest_inference_seconds", "gauge",
           "The longest prediction of the acting model since the start.",
           slowest_seconds_);
  page.Begin("airlock_node_drift_statistic", "gauge",
             "Statistic of the feature that moved most.");
  for (const auto& each : triggers_.running()) {
    page.Add(each.trigger.detector().statistic(), {{"trigger", each.name}});
  }
  page.Begin("airlock_node_drift_threshold", "gauge",
             "The threshold at which that statistic alarms.");
  for (const auto& each : triggers_.running()) {
    page.Add(each.trigger.detector().threshold(), {{"trigger", each.name}});
  }
  page.Begin("airlock_node_drift_alarms_total", "counter",
             "Alarms that told of a change.");
  for (const auto& each : triggers_.running()) {
    page.Add(static_cast<double>(each.alarms), {{"trigger", each.name}});
  }
  page.Begin("airlock_node_drift_repeats_total", "counter",
             "Alarms that repeated what was told.");
  for (const auto& each : triggers_.running()) {
    page.Add(static_cast<double>(each.repeats), {{"trigger", each.name}});
  }
  page.One("airlock_node_setting", "gauge",
           "The setting that was verified last; NaN if none is known to be in "
           "force.",
           transaction_.committed().value_or(kUnknown));
  page.Begin("airlock_node_actions_total", "counter",
             "How changes of the setting ended.");
  for (int e = 0; e < 4; ++e) {
    page.Add(static_cast<double>(actions_[static_cast<size_t>(e)]),
             {{"end", ToString(static_cast<ActionOutcome::End>(e))}});
  }
  page.One("airlock_node_model_swaps_total", "counter",
           "Models swapped in for another.", static_cast<double>(swaps_));
  page.Begin("airlock_node_models_refused_total", "counter",
             "Models that the registry names and the node refused.");
  page.Add(static_cast<double>(refused_acting_), {{"role", "acting"}});
  page.Add(static_cast<double>(refused_shadow_), {{"role", "shadow"}});
  page.One("airlock_node_registry_sequence", "gauge",
           "Number of the registry's last change that was seen.",
           static_cast<double>(registry_->sequence()));
  page.One("airlock_node_registry_paused", "gauge",
           "1 while the registry is paused.",
           registry_->pause() == Pause::kNo ? 0 : 1);
  page.One("airlock_node_retraining_requests", "gauge",
           "Number of the newest request for retraining; 0: none yet.",
           static_cast<double>(requests_.written()));
  return page.text();
}

}  // namespace airlock
