#include "agents/noise/noisy_env.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;
using Rows = std::deque<std::vector<double>>;

bool IsPower(const EnvField& field) { return field.unit == "dBm"; }

}  // namespace

NoisyEnv::NoisyEnv(std::unique_ptr<Env> env, const NoiseOptions& noise)
    : env_(std::move(env)), noise_(noise) {
  CheckNoise(noise);
  if (noise.forecast_error > 0) {
    throw InputError(
        fmt::format("noise 'forecast_error': {} has no forecast; planners have",
                    env_->spec().name));
  }
}

void NoisyEnv::Reset(RngStream random) {
  env_->Reset(random);
  RngStream copy = random;
  static constexpr const char* kNames[kKinds] = {
      "rssi", "counter", "lost", "staleness", "failure", "reward"};
  const RngTree tree(noise_.seed ^ copy.Next64());
  streams_.clear();
  for (const char* name : kNames) {
    streams_.push_back(
        tree.Stream(std::string("noise/") + name, Replication(0)));
  }
  last_.clear();
  for (const EnvField& field : spec().observation) {
    last_.push_back(std::isfinite(field.low) ? field.low : 0);
  }
  on_their_way_.clear();
  actions_to_come_.clear();
  done_.clear();
  See();
  on_their_way_.assign(noise_.delay + 1, on_their_way_.back());
  shown_ = on_their_way_.front();
}

double NoisyEnv::Measured(size_t f, double value) {
  const EnvField& field = spec().observation[f];
  if (field.configured) return value;
  if (IsPower(field)) {
    value += noise_.rssi_bias_db;
    if (noise_.rssi_noise_db > 0) {
      value += streams_[kRssi].Normal(0, noise_.rssi_noise_db);
    }
  } else if (noise_.counter_noise > 0) {
    value *= 1 + streams_[kCounter].Normal(0, noise_.counter_noise);
  }
  if (noise_.staleness > 0 && streams_[kStale].Uniform() < noise_.staleness) {
    value = last_[f];
  }
  // Lost to either: one draw a field, so that both may be in use.
  const double missing = IsPower(field) ? noise_.missing_neighbours : 0;
  const double lost = 1 - (1 - noise_.dropout) * (1 - missing);
  if (lost > 0 && streams_[kLost].Uniform() < lost) value = last_[f];
  return value;
}

void NoisyEnv::See() {
  std::vector<double> now(spec().observation.size());
  env_->Observe(now.data());
  for (size_t f = 0; f < now.size(); ++f) {
    now[f] = Measured(f, now[f]);
    last_[f] = now[f];
  }
  on_their_way_.push_back(std::move(now));
}

void NoisyEnv::Observe(double* observation) const {
  std::copy(shown_.begin(), shown_.end(), observation);
}

void NoisyEnv::KeepToMask(std::vector<double>* action) const {
  if (!spec().action.masked) return;
  std::vector<uint8_t> allowed(spec().action.all_choices());
  env_->Allow(allowed.data());
  const uint8_t* head = allowed.data();
  for (size_t h = 0; h < action->size(); ++h) {
    const int64_t choices = spec().action.choices[h];
    if (head[static_cast<size_t>((*action)[h])] == 0) {
      (*action)[h] = static_cast<double>(
          std::find(head, head + choices, uint8_t{1}) - head);
    }
    head += choices;
  }
}

std::vector<double> NoisyEnv::CarriedOut(const double* action) {
  const auto width = static_cast<size_t>(spec().action.width());
  std::vector<double> idle = env_->Staying();
  if (idle.empty()) idle = done_;
  if (idle.empty()) {
    idle.assign(width, 0);
    for (size_t k = 0; k < spec().action.fields.size(); ++k) {
      const EnvField& field = spec().action.fields[k];
      idle[k] = (field.low + field.high) / 2;
    }
  }
  actions_to_come_.emplace_back(action, action + width);
  std::vector<double> out = idle;
  if (static_cast<int64_t>(actions_to_come_.size()) > noise_.action_delay) {
    out = actions_to_come_.front();
    actions_to_come_.pop_front();
    for (size_t k = 0; k < width && noise_.action_failure > 0; ++k) {
      if (streams_[kFailure].Uniform() < noise_.action_failure)
        out[k] = idle[k];
    }
  }
  KeepToMask(&out);
  done_ = out;
  return out;
}

Env::Outcome NoisyEnv::Step(const double* action, double* costs) {
  const std::vector<double> out = CarriedOut(action);
  Outcome outcome = env_->Step(out.data(), costs);
  if (noise_.reward_noise > 0) {
    outcome.reward += streams_[kReward].Normal(0, noise_.reward_noise);
  }
  on_their_way_.pop_front();
  See();
  shown_ = on_their_way_.front();
  return outcome;
}

json NoisyEnv::Save() const {
  json positions = json::array();
  for (const RngStream& stream : streams_) {
    positions.push_back(stream.position());
  }
  return {{"env", env_->Save()}, {"drawn", positions},
          {"last", last_},       {"on_their_way", on_their_way_},
          {"shown", shown_},     {"actions", actions_to_come_},
          {"done", done_}};
}

void NoisyEnv::Load(const json& state) {
  try {
    const json& drawn = state.at("drawn");
    const Rows on_their_way = state.at("on_their_way").get<Rows>();
    const size_t width = spec().observation.size();
    if (drawn.size() != streams_.size() || state.at("last").size() != width ||
        state.at("shown").size() != width ||
        static_cast<int64_t>(on_their_way.size()) != noise_.delay + 1) {
      throw InputError(spec().name + ": saved with other noise");
    }
    env_->Load(state.at("env"));
    for (size_t k = 0; k < streams_.size(); ++k) {
      streams_[k].MoveTo(drawn[k].get<uint64_t>());
    }
    last_ = state.at("last").get<std::vector<double>>();
    on_their_way_ = on_their_way;
    shown_ = state.at("shown").get<std::vector<double>>();
    actions_to_come_ = state.at("actions").get<Rows>();
    done_ = state.at("done").get<std::vector<double>>();
  } catch (const json::exception& error) {
    throw InputError(
        fmt::format("{}: not a saved state: {}", spec().name, error.what()));
  }
}

}  // namespace airlock
