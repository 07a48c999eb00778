#include "twin/pipeline/falsifiers.h"

#include <nlohmann/json.hpp>

#include "sim/base/json.h"

namespace airlock {
namespace {

using nlohmann::json;

// Does the model predict by the target's past as it is, whatever it learnt?
bool IsNaive(const ForecastModel& model) {
  return model.trainer() == "persistence" ||
         model.trainer() == "seasonal-naive";
}

json ShuffledToJson(const FalsifierReport& report) {
  const ShuffledTargetReport& shuffled = report.shuffled_target;
  if (!report.shuffled_target_tried) return {{"tried", false}};
  return {{"tried", true},
          {"passed", shuffled.passed},
          {"mean_r2", NumberOrNull(shuffled.mean_r2)},
          {"constant_r2", NumberOrNull(shuffled.constant.r2)}};
}

}  // namespace

std::string FalsifierReport::ToText() const {
  std::string text =
      shuffled_target_tried
          ? shuffled_target.ToText()
          : "shuffled target: not tried, the model learns nothing from it";
  text += "\n" + future.ToText() + "\n";
  text += fit_sees_beyond
              ? "leak: the fit depends on samples after its training part\n"
              : "no leak: the fit is the same whatever follows its training "
                "part\n";
  return text;
}

std::string FalsifierReport::ToJson() const {
  return json{{"passed", passed()},
              {"shuffled_target", ShuffledToJson(*this)},
              {"future",
               {{"passed", !future.leaks},
                {"predictions_checked", future.predictions_checked},
                {"predictions_changed", future.predictions_changed},
                {"changed_features", future.changed_features}}},
              {"fit", {{"passed", !fit_sees_beyond}}}}
      .dump(2);
}

FalsifierReport RunFalsifiers(const ForecastModel& model,
                              const ForecastProblem& problem,
                              const Trace& trace,
                              const SplitOptions& split_options,
                              const FitFunction& fit,
                              const FalsifierOptions& options) {
  const Split split = SplitInTime(trace.samples(), split_options);
  FalsifierReport report;
  report.future = CheckForLeak(model, trace, {options.cuts, options.seed});
  report.fit_sees_beyond =
      CheckFitForLeak(model, problem, trace, split.train_end, fit).leaks;
  report.shuffled_target_tried = !IsNaive(model);
  if (!report.shuffled_target_tried) return report;
  report.shuffled_target =
      CheckShuffledTarget(problem, trace, split_options, fit,
                          {options.orders, options.tolerance, options.seed});
  return report;
}

}  // namespace airlock
