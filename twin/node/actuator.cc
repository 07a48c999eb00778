#include "twin/node/actuator.h"

#include <poll.h>

#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

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

ActuatorReading ReadingOf(const std::string& text, const std::string& name) {
  try {
    const json object = json::parse(text);
    return {object.at("configuration").get<double>(),
            object.at("state").get<double>()};
  } catch (const json::exception& error) {
    throw Error(fmt::format(
        "{}: expected {{\"configuration\": NUMBER, \"state\": NUMBER}}: {}",
        name, CauseOf(error)));
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

class CommandActuator : public Actuator {
 public:
  explicit CommandActuator(const ActuatorConfig& config) : config_(config) {}

  void Apply(double setting) override {
    std::vector<std::string> command = config_.apply;
    const std::string number = fmt::format("{}", setting);
    for (std::string& argument : command) Fill("{setting}", number, &argument);
    Run(command);
  }

  ActuatorReading Read() override {
    return ReadingOf(Run(config_.read), config_.read.front());
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

class FileActuator : public Actuator {
 public:
  explicit FileActuator(const std::string& path) : path_(path) {}

  void Apply(double setting) override {
    WriteFileAtomically(
        path_,
        json{{"configuration", setting}, {"state", setting}}.dump() + "\n");
  }
  ActuatorReading Read() override { return ReadingOf(ReadFile(path_), path_); }

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

std::unique_ptr<Actuator> MakeActuator(const ActuatorConfig& config) {
  if (config.kind == "command") {
    return std::make_unique<CommandActuator>(config);
  }
  if (config.kind == "file") return std::make_unique<FileActuator>(config.path);
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

ActionTransaction::ActionTransaction(const ActuatorConfig& config,
                                     std::unique_ptr<Actuator> actuator)
    : config_(config), actuator_(std::move(actuator)) {}

void ActionTransaction::ApplyAndVerify(double setting) {
  if (!actuator_) return;
  const bool command = config_.kind == "command";
  actuator_->Apply(setting);
  if (command) Wait(Seconds(config_.settle));
  const Clock::time_point begin = Clock::now();
  while (true) {
    const ActuatorReading reading = actuator_->Read();
    const bool configured =
        std::abs(reading.configuration - setting) <= config_.tolerance;
    const bool in_force =
        std::abs(reading.state - setting) <= config_.state_tolerance;
    if (configured && in_force) return;
    if (!command || SecondsSince(begin) >= Seconds(config_.verify_within)) {
      throw Error(
          fmt::format("{} {:.12g} was applied, and {:.12g} is read back",
                      configured ? "state:" : "configuration:", setting,
                      configured ? reading.state : reading.configuration));
    }
    Wait(0.005);
  }
}

ActionOutcome ActionTransaction::Set(double setting, double fallback) {
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

}  // namespace airlock
