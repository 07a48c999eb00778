#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "agents/safety/shield_rules.h"

namespace airlock {

// What a shield did.
struct SafetyTally {
  int64_t plans = 0;
  int64_t unsafe_plans = 0;  // by PlanAudit
  ShieldCounts refused = {};
  int64_t rescued = 0;
};
SafetyTally operator+(SafetyTally a, const SafetyTally& b);
SafetyTally operator-(SafetyTally a, const SafetyTally& b);

// {plans, unsafe_plans, bound, refused: {RULE: count}, rescued}, `bound` that
// of UnsafeShareBound(); and back.
nlohmann::json ToJson(const SafetyTally& tally);
SafetyTally SafetyTallyFromJson(const nlohmann::json& json);
// What a shield did, of a JSON {training, evaluation} of such; "" of null:
//   training: 0 of 2995 plans unsafe; at most 0.1 % (95 %); refused: dwell 7
std::string SafetyLines(const nlohmann::json& safety);

// The tally of all environments that share it, in this process and in those
// that it forks. Owns a page of memory that they have in common.
class SharedTally {
 public:
  SharedTally();
  ~SharedTally();
  SharedTally(const SharedTally&) = delete;
  SharedTally& operator=(const SharedTally&) = delete;

  void Add(const SafetyTally& more);
  // Whole where nobody adds at the same time.
  SafetyTally Read() const;
  void Set(const SafetyTally& tally);

 private:
  struct Counters;
  Counters* counters_;
};

}  // namespace airlock
