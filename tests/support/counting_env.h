#pragma once

#include <unistd.h>

#include <csignal>
#include <limits>
#include <string>
#include <utility>

#include "agents/env/env.h"

namespace airlock::testing {

// Walks on the whole numbers from a random start in 0 ... 9, by an action of 0
// to 2 and a random 0 or 1; shows where it is and ends at 20 or beyond. The
// reward is the walk's length, the cost 1 where it is odd. Of two heads; the
// second may not be 1 where the place is odd.
class CountingEnv : public Env {
 public:
  const EnvSpec& spec() const override {
    static const EnvSpec kSpec = [] {
      EnvSpec spec;
      spec.name = "counting";
      spec.observation = {{"place", "1", 0, 30}};
      spec.action.choices = {3, 2};
      spec.action.masked = true;
      spec.costs = {"odd"};
      spec.time_limit = 12;
      return spec;
    }();
    return kSpec;
  }
  void Reset(RngStream random) override {
    random_ = random;
    place_ = static_cast<double>(random_.UniformInt(10));
  }
  Outcome Step(const double* action, double* costs) override {
    place_ += action[0] + static_cast<double>(random_.UniformInt(2));
    costs[0] = odd();
    Outcome outcome;
    outcome.reward = place_ == bad_place ? broken : action[0];
    outcome.terminated = place_ >= 20;
    return outcome;
  }
  void Observe(double* observation) const override { *observation = place_; }
  void Allow(uint8_t* allowed) const override {
    for (int i = 0; i < 5; ++i) allowed[i] = 1;
    allowed[4] = !odd();
  }
  nlohmann::json Save() const override {
    return {{"place", place_}, {"drawn", random_.position()}};
  }
  void Load(const nlohmann::json& state) override {
    place_ = state.at("place");
    random_.MoveTo(state.at("drawn"));
  }

  double bad_place = -1;  // where the reward is `broken`
  double broken = std::numeric_limits<double>::quiet_NaN();

 private:
  bool odd() const { return static_cast<int64_t>(place_) % 2 == 1; }

  double place_ = 0;
  RngStream random_{0};
};

// Ends its process the first time that any reaches a place, which a file notes.
class FatalOnce : public CountingEnv {
 public:
  explicit FatalOnce(std::string note) : note_(std::move(note)) {}
  Outcome Step(const double* action, double* costs) override {
    const Outcome outcome = CountingEnv::Step(action, costs);
    double place = 0;
    Observe(&place);
    if (place == 15 && unlink(note_.c_str()) == 0) raise(SIGKILL);
    return outcome;
  }

 private:
  std::string note_;
};

}  // namespace airlock::testing
