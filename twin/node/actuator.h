#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "twin/node/node_file.h"

namespace airlock {

// Settings that change together or not at all, by name. Where one setting is
// carried out the Value below is a double, where a group is, this.
using SettingGroup = std::map<std::string, double>;

// What is in force on the device.
template <typename Value>
struct ActuatorReading {
  Value configuration{};  // what is set
  Value state{};          // what the device does
};

// Carries settings out. Throws Error where a program fails, takes too long, or
// says something else than it should.
template <typename Value>
class Actuator {
 public:
  virtual ~Actuator() = default;
  virtual void Apply(const Value& setting) = 0;
  virtual ActuatorReading<Value> Read() = 0;
};
// `config` for one of many settings: {name} in its path and its programs'
// arguments becomes `name`.
ActuatorConfig ActuatorOf(const ActuatorConfig& config,
                          const std::string& name);
// Null for the kind `none`.
template <typename Value>
std::unique_ptr<Actuator<Value>> MakeActuator(const ActuatorConfig& config);

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
template <typename Value>
class ActionTransaction {
 public:
  // `actuator` may be null: then every setting is committed as it is.
  ActionTransaction(const ActuatorConfig& config,
                    std::unique_ptr<Actuator<Value>> actuator);

  // Brings `setting` into force, or where that cannot be verified `fallback`.
  // Nothing is done where `setting` is committed already.
  ActionOutcome Set(const Value& setting, const Value& fallback);

  // The last setting that was verified; nothing before the first, and where
  // what is in force is not known.
  const std::optional<Value>& committed() const { return committed_; }
  // What was committed by an earlier run: taken for the last setting, but
  // applied again when it is asked for.
  void Assume(std::optional<Value> setting) {
    committed_ = std::move(setting);
    certain_ = false;
  }

 private:
  // Throws Error that says what was not verified.
  void ApplyAndVerify(const Value& setting);

  ActuatorConfig config_;
  std::unique_ptr<Actuator<Value>> actuator_;
  std::optional<Value> committed_;
  bool certain_ = false;  // committed_ by this run
};

}  // namespace airlock
