#include "twin/node/actuator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "sim/base/error.h"
#include "tests/support/temporary_folder.h"
#include "twin/node/settings.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using End = ActionOutcome::End;

// A device that can be told to fail.
struct Device {
  double configuration = 0;
  double state = 0;
  int applied = 0;
  double stuck_above = 1e9;    // settings above have no effect on the state
  double refuses_above = 1e9;  // settings above cannot be configured
  bool dead = false;
};

class DeviceActuator : public Actuator<double> {
 public:
  explicit DeviceActuator(Device* device) : device_(device) {}
  void Apply(const double& setting) override {
    ++device_->applied;
    if (device_->dead) throw Error("no answer");
    if (setting <= device_->refuses_above) device_->configuration = setting;
    if (setting <= device_->stuck_above) device_->state = setting;
  }
  ActuatorReading<double> Read() override {
    return {device_->configuration, device_->state};
  }

 private:
  Device* device_;
};

ActionTransaction<double> On(Device* device) {
  return ActionTransaction<double>(ActuatorConfig(),
                                   std::make_unique<DeviceActuator>(device));
}

TEST(ActionTransactionTest, CommitsWhatIsVerifiedAndDoesNothingTwice) {
  Device device;
  ActionTransaction<double> transaction = On(&device);
  EXPECT_EQ(transaction.Set(3, 1).end, End::kCommitted);
  EXPECT_EQ(transaction.committed(), 3);
  EXPECT_EQ(transaction.Set(3, 1).end, End::kUnchanged);
  EXPECT_EQ(device.applied, 1);
}

TEST(ActionTransactionTest, RollsBackWhereTheConfigurationIsNotTaken) {
  Device device;
  device.refuses_above = 5;
  ActionTransaction<double> transaction = On(&device);
  const ActionOutcome outcome = transaction.Set(7, 2);
  EXPECT_EQ(outcome.end, End::kRolledBack);
  EXPECT_THAT(outcome.reason, HasSubstr("configuration: 7 was applied"));
  EXPECT_EQ(transaction.committed(), 2);
  EXPECT_EQ(device.configuration, 2);
}

TEST(ActionTransactionTest, RollsBackWhereTheStateDoesNotFollow) {
  Device device;
  device.stuck_above = 5;
  ActionTransaction<double> transaction = On(&device);
  const ActionOutcome outcome = transaction.Set(7, 2);
  EXPECT_EQ(outcome.end, End::kRolledBack);
  EXPECT_THAT(outcome.reason, HasSubstr("state: 7 was applied, and 0"));
  EXPECT_EQ(device.state, 2);
}

TEST(ActionTransactionTest, SaysWhereNothingIsKnown) {
  Device device;
  ActionTransaction<double> transaction = On(&device);
  transaction.Set(3, 1);
  device.dead = true;
  const ActionOutcome outcome = transaction.Set(4, 1);
  EXPECT_EQ(outcome.end, End::kUncertain);
  EXPECT_THAT(outcome.reason, HasSubstr("no answer; and the way back: no"));
  EXPECT_FALSE(transaction.committed().has_value());
  device.dead = false;
  EXPECT_EQ(transaction.Set(1, 1).end, End::kCommitted);
}

TEST(ActionTransactionTest, AnAssumedSettingIsAppliedAgain) {
  Device device;
  ActionTransaction<double> transaction = On(&device);
  transaction.Assume(3);
  EXPECT_EQ(transaction.committed(), 3);
  EXPECT_EQ(transaction.Set(3, 1).end, End::kCommitted);
  EXPECT_EQ(device.applied, 1);
}

class CommandActuatorTest : public ::testing::Test {
 protected:
  // `apply` and `read` are bodies of shell scripts.
  ActuatorConfig Commands(const std::string& apply, const std::string& read) {
    ActuatorConfig config;
    config.kind = "command";
    config.apply = {Script("apply", apply), "--level={setting}",
                    folder_.path()};
    config.read = {Script("read", read), folder_.path()};
    config.timeout = Milliseconds(3000);
    return config;
  }
  std::string Script(const std::string& name, const std::string& body) {
    const std::string path = folder_ / name;
    std::ofstream(path) << "#!/bin/sh\n" << body << "\n";
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    return path;
  }
  testing::TemporaryFolder folder_;
};

constexpr const char* kApply = "echo \"${1#--level=}\" > $2/value";
constexpr const char* kRead =
    "v=$(cat $1/value); echo \"{\\\"configuration\\\": $v, \\\"state\\\": "
    "$v}\"";

TEST_F(CommandActuatorTest, AppliesAndReadsBack) {
  const ActuatorConfig config = Commands(kApply, kRead);
  ActionTransaction<double> transaction(config, MakeActuator<double>(config));
  const ActionOutcome outcome = transaction.Set(2.5, 1);
  EXPECT_EQ(outcome.end, End::kCommitted) << outcome.reason;
}

TEST_F(CommandActuatorTest, TellsExitCodesAndLastWords) {
  const ActuatorConfig config =
      Commands("echo 'no such queue' >&2; exit 3", kRead);
  ActionTransaction<double> transaction(config, MakeActuator<double>(config));
  EXPECT_THAT(transaction.Set(2, 1).reason,
              HasSubstr("apply: exit code 3: no such queue"));
}

TEST_F(CommandActuatorTest, EndsWhatTakesTooLong) {
  ActuatorConfig config = Commands("sleep 60 & sleep 60", kRead);
  config.timeout = Milliseconds(50);
  ActionTransaction<double> transaction(config, MakeActuator<double>(config));
  EXPECT_THAT(transaction.Set(2, 1).reason,
              HasSubstr("apply: no end within 0.05 s"));
}

TEST_F(CommandActuatorTest, RefusesAReadingThatIsNone) {
  const ActuatorConfig config = Commands(kApply, "echo on");
  ActionTransaction<double> transaction(config, MakeActuator<double>(config));
  EXPECT_THAT(transaction.Set(2, 1).reason,
              HasSubstr("expected {\"configuration\": NUMBER, \"state\": "
                        "NUMBER}: not JSON"));
}

TEST_F(CommandActuatorTest, TellsAProgramThatIsNotThere) {
  ActuatorConfig config = Commands(kApply, kRead);
  config.apply[0] = folder_ / "nowhere";
  ActionTransaction<double> transaction(config, MakeActuator<double>(config));
  EXPECT_THAT(transaction.Set(2, 1).reason,
              HasSubstr("exit code 127: cannot start"));
}

TEST_F(CommandActuatorTest, TheStateMayFollowLater) {
  ActuatorConfig config = Commands(
      kApply,
      "n=$(cat $1/count 2>/dev/null || echo 0); echo $((n + 1)) > $1/count\n"
      "v=$(cat $1/value); s=0; [ $n -ge 2 ] && s=$v\n"
      "echo \"{\\\"configuration\\\": $v, \\\"state\\\": $s}\"");
  config.verify_within = Milliseconds(20000);
  ActionTransaction<double> transaction(config, MakeActuator<double>(config));
  EXPECT_EQ(transaction.Set(4, 1).end, End::kCommitted);
}

// --- Rules and heuristics
// -----------------------------------------------------

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(SettingsTest, RulesFollowTheirFormulas) {
  ActionConfig none;
  EXPECT_FALSE(SettingOf(none, 5).has_value());
  ActionConfig proportional;
  proportional.rule = "proportional";
  proportional.gain = 2;
  proportional.set_point = 10;
  proportional.offset = 1;
  proportional.maximum = 20;
  EXPECT_EQ(SettingOf(proportional, 12), 5);
  EXPECT_EQ(SettingOf(proportional, 1000), 20);
  EXPECT_FALSE(SettingOf(proportional, kNan).has_value());
  ActionConfig steps;
  steps.rule = "steps";
  steps.below = -1;
  steps.steps = {{10, 1}, {20, 2}};
  EXPECT_EQ(SettingOf(steps, 9.9), -1);
  EXPECT_EQ(SettingOf(steps, 10), 1);
  EXPECT_EQ(SettingOf(steps, 19.9), 1);
  EXPECT_EQ(SettingOf(steps, 1e9), 2);
}

TEST(SettingsTest, AnEndOfTheIntervalIsThatOfTheLevel) {
  ActionConfig action;
  action.rule = "proportional";
  action.gain = 1;
  action.of = "upper";
  action.level = 0.9;
  LiveForecast forecast;
  forecast.value = 5;
  forecast.intervals = {{4, 6}, {3, 8}};
  EXPECT_EQ(SettingOf(action, forecast, {0.8, 0.9}), 8);
  action.of = "lower";
  EXPECT_EQ(SettingOf(action, forecast, {0.8, 0.9}), 3);
  EXPECT_FALSE(SettingOf(action, forecast, {0.8, 0.95}).has_value());
}

TEST(SettingsTest, FallbacksNeedNoModel) {
  ActionConfig action;
  action.rule = "proportional";
  action.gain = 2;
  action.minimum = 0;
  action.maximum = 100;
  FallbackConfig fallback;
  const auto setting = [&](const FallbackView& view) {
    return *FallbackSetting(fallback, action, view);
  };
  fallback.kind = "fixed";
  fallback.setting = 7;
  EXPECT_EQ(setting({kNan, kNan, 3}), 7);
  fallback.kind = "hold-last";
  EXPECT_EQ(setting({kNan, kNan, 3}), 3);
  EXPECT_EQ(setting({kNan, kNan, std::nullopt}), 7);
  fallback.kind = "persistence";
  EXPECT_EQ(setting({20, kNan, 3}), 40);
  EXPECT_EQ(setting({kNan, kNan, 3}), 7);
  fallback.kind = "queue-target";
  fallback.target = 20;
  EXPECT_EQ(setting({kNan, 5, 10}), 20);   // sqrt(20 / 5) = 2
  EXPECT_EQ(setting({kNan, 1, 10}), 20);   // at most 2
  EXPECT_EQ(setting({kNan, 320, 10}), 5);  // at least 1/2
  EXPECT_EQ(setting({kNan, 0, 10}), 10);
  EXPECT_EQ(setting({kNan, kNan, 10}), 10);
  EXPECT_EQ(setting({kNan, 5, 90}), 100);
}

}  // namespace
}  // namespace airlock
