#include "twin/node/control_site.h"

#include <fmt/format.h>

#include "agents/policy/policy_file.h"
#include "sim/base/error.h"
#include "sim/scenario/resolve.h"

namespace airlock {
namespace {

Scenario Load(const NodeFile& file, const ControlSection& section) {
  Diagnostics found;
  const auto resolved = LoadScenario(section.config->scenario, {}, &found);
  if (resolved) return resolved->scenario();
  // The scenario's own findings, and where it was named.
  try {
    FailAt(file, section.Key("scenario"), "the scenario cannot be used");
  } catch (const NodeFileError& error) {
    throw NodeFileError(found.Format() + error.what());
  }
}

int64_t SamplesBetween(const NodeFile& file, const ControlSection& section,
                       SimTime interval) {
  if (section.config->every) return *section.config->every;
  const int64_t period = file.source.period.value();
  if (interval.value() >= period && interval.value() % period == 0) {
    return interval.value() / period;
  }
  FailAt(file, section.key,
         fmt::format("the scenario's controller.interval, {:g} s, is no whole "
                     "number of source.period, {:g} s",
                     Seconds(interval), Seconds(file.source.period)),
         fmt::format("`{}.every` says how many samples lie between two "
                     "decisions",
                     section.key));
}

}  // namespace

ControlSite::ControlSite(const NodeFile& file,
                         const char* (*lacks)(const Scenario&))
    : file_(file),
      section_(ControlOf(file)),
      scenario_(Load(file, section_)),
      fallback_(section_.config->fallback) {
  if (const char* const what = lacks(scenario_)) {
    Fail("scenario",
         fmt::format("scenario '{}' has no {}", scenario_.name, what));
  }
  every_ = SamplesBetween(file, section_, scenario_.controller.interval);
  scenario_.controller.interval = SimTime(every_ * file.source.period.value());
}

void ControlSite::Fail(const char* field, const std::string& message) const {
  FailAt(file_, section_.Key(field), message);
}

double ControlSite::slot_seconds() const {
  return Seconds(scenario_.controller.interval);
}

std::string ControlSite::acting_name() const {
  return config().agent.empty() ? scenario_.controller.agent : config().agent;
}

std::string ControlSite::acting_policy() const {
  const bool own = !config().agent.empty() || !config().policy.empty();
  return own ? config().policy : scenario_.controller.policy;
}

std::unique_ptr<Controller> ControlSite::Acting(
    const std::function<std::string()>& doubt) const {
  try {
    return Promoted(acting_name(), acting_policy(), doubt);
  } catch (const PolicyError& error) {
    Fail("policy", error.what());
  } catch (const InputError& error) {
    Fail(config().agent.empty() ? "scenario" : "agent", error.what());
  }
}

std::unique_ptr<Controller> ControlSite::Shadow() const {
  if (!config().shadow) return nullptr;
  try {
    return Promoted(config().shadow->agent, config().shadow->policy, nullptr);
  } catch (const PolicyError& error) {
    Fail("shadow.policy", error.what());
  } catch (const InputError& error) {
    Fail("shadow.agent", error.what());
  }
}

void ControlSite::Check() const {
  if (file_.registry.empty()) Acting(nullptr);
  Shadow();
}

}  // namespace airlock
