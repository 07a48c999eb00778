#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "twin/node/node_file.h"

namespace airlock {

// What is in force on the device.
struct ActuatorReading {
  double configuration = 0;  // what is set
  double state = 0;          // what the device does
};

// Carries settings out. Throws Error where a program fails, takes too long, or
// says something else than it should.
class Actuator {
 public:
  virtual ~Actuator() = default;
  virtual void Apply(double setting) = 0;
  virtual ActuatorReading Read() = 0;
};
// `config` for one of many settings: {name} in its path and its programs'
// arguments becomes `name`.
ActuatorConfig ActuatorOf(const ActuatorConfig& config,
                          const std::string& name);
// Null for the kind `none`.
std::unique_ptr<Actuator> MakeActuator(const ActuatorConfig& config);

// How a change of the setting ended.
struct ActionOutcome {
  enum class End {
    kUnchanged,   // it is committed already
    kCommitted,   // applied, and verified in configuration and state
    kRolledBack,  // not verified; the fallback's setting was, in its place
    kUncertain,   // neither was: what is in force is not known
  };
  End end = End::kUnchanged;
  std::string reason;  // where it was not committed
  double seconds = 0;  // of wall clock
};
const char* ToString(ActionOutcome::End end);

// Changes settings by apply, wait, verify, commit; else by rolling back.
class ActionTransaction {
 public:
  // `actuator` may be null: then every setting is committed as it is.
  ActionTransaction(const ActuatorConfig& config,
                    std::unique_ptr<Actuator> actuator);

  // Brings `setting` into force, or where that cannot be verified `fallback`.
  // Nothing is done where `setting` is committed already.
  ActionOutcome Set(double setting, double fallback);

  // The last setting that was verified; nothing before the first, and where
  // what is in force is not known.
  std::optional<double> committed() const { return committed_; }
  // What was committed by an earlier run: taken for the last setting, but
  // applied again when it is asked for.
  void Assume(std::optional<double> setting) {
    committed_ = setting;
    certain_ = false;
  }

 private:
  // Throws Error that says what was not verified.
  void ApplyAndVerify(double setting);

  ActuatorConfig config_;
  std::unique_ptr<Actuator> actuator_;
  std::optional<double> committed_;
  bool certain_ = false;  // committed_ by this run
};

}  // namespace airlock
