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
  late.replace(late.find("answer_within: 20s"), 18, "answer_within: 300ms");
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

}  // namespace airlock::testing
