#include "twin/node/actuator.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "twin/node/child_program.h"

namespace airlock {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void Wait(double seconds) {
  const Clock::time_point begin = Clock::now();
  for (double left; (left = seconds - SecondsSince(begin)) > 0;) {
    poll(nullptr, 0, static_cast<int>(1000 * left) + 1);
  }
}

constexpr char kOne[] = "NUMBER";
constexpr char kGroup[] = "{NAME: NUMBER, ...}";
const char* Shape(double) { return kOne; }
const char* Shape(const SettingGroup&) { return kGroup; }

// As a program's argument.
std::string ArgumentOf(double setting) { return fmt::format("{}", setting); }
std::string ArgumentOf(const SettingGroup& group) {
  std::string text;
  for (const auto& [name, value] : group) {
    text += fmt::format("{}{}={}", text.empty() ? "" : ",", name, value);
  }
  return text;
}

// For people.
std::string TextOf(double setting) { return fmt::format("{:.12g}", setting); }
std::string TextOf(const SettingGroup& group) {
  std::string text;
  for (const auto& [name, value] : group) {
    text += fmt::format("{}{} {:.6g}", text.empty() ? "" : ", ", name, value);
  }
  return text;
}

bool Near(double a, double b, double tolerance) {
  return std::abs(a - b) <= tolerance;
}
// Of the same settings.
bool Near(const SettingGroup& a, const SettingGroup& b, double tolerance) {
  return a.size() == b.size() &&
         std::equal(
             a.begin(), a.end(), b.begin(), [&](const auto& x, const auto& y) {
               return x.first == y.first && Near(x.second, y.second, tolerance);
             });
}

template <typename Value>
ActuatorReading<Value> ReadingOf(const std::string& text,
                                 const std::string& name) {
  try {
    const json object = json::parse(text);
    return {object.at("configuration").get<Value>(),
            object.at("state").get<Value>()};
  } catch (const json::exception& error) {
    throw Error(
        fmt::format("{}: expected {{\"configuration\": {}, \"state\": {}}}: {}",
                    name, Shape(Value()), Shape(Value()), CauseOf(error)));
  }
}

// Puts `text` in the place of each `hole`.
void Fill(std::string_view hole, const std::string& text,
          std::string* argument) {
  for (size_t at = 0; (at = argument->find(hole, at)) != std::string::npos;
       at += text.size()) {
    argument->replace(at, hole.size(), text);
  }
}

template <typename Value>
class CommandActuator : public Actuator<Value> {
 public:
  explicit CommandActuator(const ActuatorConfig& config) : config_(config) {}

  void Apply(const Value& setting) override {
    std::vector<std::string> command = config_.apply;
    const std::string value = ArgumentOf(setting);
    for (std::string& argument : command) Fill("{setting}", value, &argument);
    Run(command);
  }

  ActuatorReading<Value> Read() override {
    return ReadingOf<Value>(Run(config_.read), config_.read.front());
  }

 private:
  std::string Run(const std::vector<std::string>& command) const {
    const double timeout = Seconds(config_.timeout);
    const ProgramEnd end = RunProgram(command, timeout);
    if (!end.in_time) {
      throw Error(
          fmt::format("{}: no end within {:g} s", command.front(), timeout));
    }
    if (end.exit_code != 0) {
      throw Error(fmt::format("{}: exit code {}{}{}", command.front(),
                              end.exit_code, end.errors.empty() ? "" : ": ",
                              end.errors.substr(0, end.errors.find('\n'))));
    }
    return end.output;
  }

  ActuatorConfig config_;
};

template <typename Value>
class FileActuator : public Actuator<Value> {
 public:
  explicit FileActuator(const std::string& path) : path_(path) {}

  void Apply(const Value& setting) override {
    WriteFileAtomically(
        path_,
        json{{"configuration", setting}, {"state", setting}}.dump() + "\n");
  }
  ActuatorReading<Value> Read() override {
    return ReadingOf<Value>(ReadFile(path_), path_);
  }

 private:
  std::string path_;
};

}  // namespace

ActuatorConfig ActuatorOf(const ActuatorConfig& config,
                          const std::string& name) {
  ActuatorConfig one = config;
  for (auto* words : {&one.apply, &one.read}) {
    for (std::string& argument : *words) Fill("{name}", name, &argument);
  }
  Fill("{name}", name, &one.path);
  return one;
}

template <typename Value>
std::unique_ptr<Actuator<Value>> MakeActuator(const ActuatorConfig& config) {
  if (config.kind == "command") {
    return std::make_unique<CommandActuator<Value>>(config);
  }
  if (config.kind == "file")
    return std::make_unique<FileActuator<Value>>(config.path);
  AIRLOCK_CHECK(config.kind == "none", "{}", config.kind);
  return nullptr;
}

const char* ToString(ActionOutcome::End end) {
  switch (end) {
    case ActionOutcome::End::kUnchanged:
      return "unchanged";
    case ActionOutcome::End::kCommitted:
      return "committed";
    case ActionOutcome::End::kRolledBack:
      return "rolled-back";
    case ActionOutcome::End::kUncertain:
      return "uncertain";
  }
  return "";
}

template <typename Value>
ActionTransaction<Value>::ActionTransaction(
    const ActuatorConfig& config, std::unique_ptr<Actuator<Value>> actuator)
    : config_(config), actuator_(std::move(actuator)) {}

template <typename Value>
void ActionTransaction<Value>::ApplyAndVerify(const Value& setting) {
  if (!actuator_) return;
  const bool command = config_.kind == "command";
  actuator_->Apply(setting);
  if (command) Wait(Seconds(config_.settle));
  const Clock::time_point begin = Clock::now();
  while (true) {
    const ActuatorReading<Value> reading = actuator_->Read();
    const bool configured =
        Near(reading.configuration, setting, config_.tolerance);
    const bool in_force = Near(reading.state, setting, config_.state_tolerance);
    if (configured && in_force) return;
    if (!command || SecondsSince(begin) >= Seconds(config_.verify_within)) {
      throw Error(fmt::format(
          "{} {} was applied, and {} is read back",
          configured ? "state:" : "configuration:", TextOf(setting),
          TextOf(configured ? reading.state : reading.configuration)));
    }
    Wait(0.005);
  }
}

template <typename Value>
ActionOutcome ActionTransaction<Value>::Set(const Value& setting,
                                            const Value& fallback) {
  ActionOutcome outcome;
  if (certain_ && committed_ && *committed_ == setting) return outcome;
  const Clock::time_point begin = Clock::now();
  try {
    ApplyAndVerify(setting);
    committed_ = setting;
    certain_ = true;
    outcome.end = ActionOutcome::End::kCommitted;
  } catch (const Error& error) {
    outcome.reason = error.what();
    try {
      ApplyAndVerify(fallback);
      committed_ = fallback;
      certain_ = true;
      outcome.end = ActionOutcome::End::kRolledBack;
    } catch (const Error& again) {
      outcome.reason += fmt::format("; and the way back: {}", again.what());
      committed_.reset();
      outcome.end = ActionOutcome::End::kUncertain;
    }
  }
  outcome.seconds = SecondsSince(begin);
  return outcome;
}

template std::unique_ptr<Actuator<double>> MakeActuator(const ActuatorConfig&);
template std::unique_ptr<Actuator<SettingGroup>> MakeActuator(
    const ActuatorConfig&);
template class ActionTransaction<double>;
template class ActionTransaction<SettingGroup>;

}  // namespace airlock
