#include "twin/node/guard.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr const char* kNames[kDoubts] = {
    "no-model",       "paused",       "warming-up",    "lost-source",
    "stale-input",    "frozen-input", "missing-input", "out-of-range",
    "slow-inference", "drift",        "actuator"};

}  // namespace

const char* ToString(Doubt doubt) { return kNames[static_cast<int>(doubt)]; }

void Guard::Raise(Doubt doubt, const std::string& reason) {
  if (doubts_.count(doubt) == 0) ++raised_[static_cast<size_t>(doubt)];
  doubts_[doubt] = reason;
  last_name_ = ToString(doubts_.begin()->first);
  last_reason_ = doubts_.begin()->second;
  good_ = 0;
}

void Guard::Clear(Doubt doubt) { doubts_.erase(doubt); }

void Guard::EndSample() {
  if (doubts_.empty()) good_ = std::min(good_ + 1, recover_after_);
}

std::string Guard::Reason() const {
  if (model_acts()) return "";
  if (doubts_.empty()) {
    return fmt::format("recovering, {} of {} good samples; it was: {}", good_,
                       recover_after_, last_reason_);
  }
  std::string text;
  for (const auto& [doubt, reason] : doubts_) {
    text += fmt::format("{}{}: {}", text.empty() ? "" : "; ", ToString(doubt),
                        reason);
  }
  return text;
}

std::string Guard::Name() const {
  if (model_acts()) return "";
  return doubts_.empty() ? last_name_ : ToString(doubts_.begin()->first);
}

nlohmann::json Guard::Save() const {
  nlohmann::json doubts = nlohmann::json::object();
  for (const auto& [doubt, reason] : doubts_) {
    doubts[ToString(doubt)] = reason;
  }
  return {{"good", good_},
          {"doubts", doubts},
          {"last_name", last_name_},
          {"last_reason", last_reason_},
          {"raised", raised_}};
}

void Guard::Load(const nlohmann::json& saved) {
  good_ = std::min(saved.at("good").get<int64_t>(), recover_after_);
  last_name_ = saved.at("last_name").get<std::string>();
  last_reason_ = saved.at("last_reason").get<std::string>();
  raised_ = saved.at("raised").get<std::vector<int64_t>>();
  raised_.resize(kDoubts, 0);
  doubts_.clear();
  for (int i = 0; i < kDoubts; ++i) {
    const auto found = saved.at("doubts").find(kNames[i]);
    if (found == saved.at("doubts").end()) continue;
    doubts_[static_cast<Doubt>(i)] = found->get<std::string>();
  }
}

}  // namespace airlock
