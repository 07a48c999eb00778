#pragma once

#include <string>
#include <vector>

#include "tests/faults/gate/planted_candidates.h"

namespace airlock::testing {

// One row a fault. `caught_by` names the criteria any of which may reject it.
inline std::vector<Planted> BadForecasts(const std::string& folder) {
  const auto program = [&folder](const std::string& script,
                                 const std::vector<std::string>& more = {},
                                 const std::string& keys = "") {
    return Program(folder, script, more, keys);
  };
  std::string late = program("late.py");
  late.replace(late.find("answer_within: 20s"), 18, "answer_within: 100ms");
  const std::string ahead = "question: {horizon: 4}\n";
  return {
      {"looks_ahead",
       {"no-leak"},
       "  forecaster: linear\n"
       "  features: [function.inspect.busy, delivered_rate@+4]\n",
       ahead},
      {"reads_the_trace",
       {"no-leak"},
       program("reads_the_trace.py", {folder + "/truth.json"}),
       ""},
      {"copies_the_answer",
       {"no-leak"},
       program("copies_the_answer.py", {folder + "/by_values.json"}),
       ""},
      {"freezes", {"alive"}, program("freezes.py"), ""},
      {"freezes_with_noise", {"alive"}, program("freezes_with_noise.py"), ""},
      {"constant", {"alive", "inputs-used"}, program("constant.py"), ""},
      {"constant_forecaster", {"alive"}, "  forecaster: constant\n", ""},
      {"nan_on_rare_input",
       {"complete", "answers"},
       program("nan_on_rare_input.py"),
       ""},
      {"says_nan", {"complete", "answers"}, program("says_nan.py"), ""},
      {"wrong_tail", {"no-harm"}, program("wrong_tail.py"), ""},
      {"slow_every_1000th", {"pace"}, program("slow_every_1000th.py"), ""},
      {"ignores_half",
       {"inputs-used", "superiority"},
       program("ignores_half.py"),
       ""},
      {"ignores_all",
       {"inputs-used", "superiority"},
       program("ignores_all.py"),
       ""},
      {"other_unit", {"superiority", "no-harm"}, program("other_unit.py"), ""},
      {"other_input_unit",
       {"superiority", "no-harm"},
       program("other_input_unit.py"),
       ""},
      {"range_only",
       {"no-harm-in-twin", "non-inferiority"},
       program("range_only.py"),
       ""},
      {"crashes", {"answers"}, program("crashes.py"), ""},
      {"late", {"answers"}, late, ""},
      {"off_by_one", {"answers", "superiority"}, program("off_by_one.py"), ""},
      {"wrong_id", {"answers"}, program("wrong_id.py"), ""},
      {"persistence_dressed",
       {"beyond-persistence", "superiority"},
       program("persistence_dressed.py", {}, "  past_target: true\n"),
       ""},
      {"overfits",
       {"superiority", "no-harm", "beyond-persistence"},
       program("overfits.py", {folder + "/training.json"}),
       ""},
      {"biased_under_load", {"no-harm"}, program("biased_under_load.py"), ""},
      {"garbage", {"answers"}, program("garbage.py"), ""},
      {"no_value", {"answers", "complete"}, program("no_value.py"), ""},
  };
}

inline std::vector<Planted> GoodForecasts(const std::string& folder) {
  std::vector<Planted> good;
  for (const char* script :
       {"good_linear", "good_noisy", "good_smoothed", "good_with_interval"}) {
    good.push_back(
        {script, {}, Program(folder, std::string(script) + ".py"), ""});
  }
  for (const char* forecaster : {"linear", "ridge", "xgboost"}) {
    good.push_back({std::string("good_") + forecaster + "_fitted",
                    {},
                    fmt::format("  forecaster: {}\n", forecaster),
                    ""});
  }
  return good;
}

// Controllers, judged in the packet engine: few short replications of an
// incast. The criteria are those that are always asked of one, and that it
// completes no less than the incumbent.
inline std::string ControlLines(const std::string& folder) {
  return fmt::format(
      "question: {{kind: control}}\n"
      "twin: {{scenario: {}/incast.yaml, replications: 4}}\n"
      "incumbent: {{name: live, agent: static}}\n"
      "control: {{bounds: [{{setting: ecn_threshold, low: 2, high: 300}}]}}\n"
      "relax: [{{criterion: twin-credible, because: the fabric is made up}}]\n"
      "criteria:\n  - {{kind: non-inferiority, kpi: goodput_mean, on: twin, "
      "better: "
      "higher, margin: 20%}}\n",
      folder);
}

inline std::vector<Planted> BadControllers(const std::string& folder) {
  const std::string more = ControlLines(folder);
  return {
      {"oscillates", {"oscillation"}, Program(folder, "oscillates.py"), more},
      {"violates_once",
       {"constraints"},
       Program(folder, "violates_once.py"),
       more},
      {"crashing_controller",
       {"decisions"},
       Program(folder, "crashing_controller.py"),
       more},
  };
}

inline std::vector<Planted> GoodControllers(const std::string& folder) {
  const std::string more = ControlLines(folder);
  return {
      {"steady_threshold", {}, Program(folder, "steady_threshold.py"), more},
      {"static_agent", {}, "  agent: static\n", more},
  };
}

// Drift triggers beside a good candidate. `never`: what it watches does not
// change when the chain does. `always`: the gate's own held-out part is not
// what it was set up on.
inline std::vector<Planted> BadTriggers(const std::string& folder) {
  const std::string good = "  forecaster: linear\n";
  const auto drift = [&folder](const std::string& features,
                               const std::string& trace) {
    return fmt::format(
        "trace: {{path: {0}/{2}.h5, format: airlock}}\n"
        "drift:\n  trace: {{path: {0}/slower.h5, format: airlock}}\n"
        "  change_seconds: 600\n  features: [{1}]\n  run_length: 2000\n"
        "  window: 50\n"
        "criteria:\n  - {{kind: drift-trigger, within: 150}}\n",
        folder, features, trace);
  };
  return {
      {"trigger_fires_never",
       {"drift-trigger"},
       good,
       drift("function.bridge.busy", "trace")},
      {"trigger_fires_always",
       {"drift-trigger"},
       good,
       drift("function.inspect.busy", "swings")},
  };
}

// A canary's table: what is wrong with it, or with the canary.
struct PlantedTable {
  std::string name;
  std::string caught_by;  // empty: it is promoted
  std::string table;
};

inline std::string TableOf(double (*stable)(int), double (*canary)(int)) {
  std::string text = "replication,model,time [s],latency [ms]\n";
  for (int i = 0; i < 60; ++i) {
    text += fmt::format("{0},stable,{0},{1}\n{0},canary,{0},{2}\n", i,
                        stable(i), canary(i));
  }
  return text;
}

}  // namespace airlock::testing
