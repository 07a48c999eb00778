#pragma once

#include <array>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "agents/balancing/pool_view.h"
#include "sim/scenario/balancer_config.h"

namespace airlock {

enum class WeightRule {
  kNotANumber,  // not finite, or out of [0, 2]
  kChange,      // beyond most_change of the weight before
  kShare,       // a live server's share of the flows below least_share
  kFailed,      // a server that is down had a weight
  kNobody,      // all weights were 0
};
constexpr int kWeightRules = 5;
// "not_a_number", "change", "share", "failed", "nobody"
const char* ToString(WeightRule rule);

// What became of proposed weights.
struct WeightVerdict {
  std::vector<double> weights;
  // The rule that changed each server's weight last; empty: none did.
  std::vector<std::string> rules;
  std::array<int64_t, kWeightRules> broken = {};  // servers by rule
};

// Weights in force, and who was up when they were set; all, where nobody was.
struct WeightsBefore {
  std::vector<double> weights;
  std::vector<bool> up;
};

// What weights may never do, whoever proposes them. Executed weights
// - are finite, in [0, 2], and not all 0;
// - of servers that are down are 0;
// - of the others move by at most `most_change` a decision (but for a scale
//   that all share), unless a server came up or went down in between;
// - give each live server at least `least_share` of its share of the live
//   servers' capacity; this one goes before the largest change.
// Weights of another scale say the same, so where a floor would exceed 2 all
// are scaled down.
class WeightShield {
 public:
  WeightShield(const WeightShieldConfig& config, const PoolSetup& setup);

  // `weights`: proposed. `up`: by the health check. Remembers what it returns.
  WeightVerdict Limit(const std::vector<double>& weights,
                      const std::vector<bool>& up);
  // What Limit() returned last, and for whom.
  const WeightsBefore& before() const { return before_; }
  // What a rule would say of `executed` after `before`: each broken one, in
  // words; independent of how Limit() works. For audits.
  std::vector<std::string> Audit(const std::vector<double>& executed,
                                 const std::vector<bool>& up,
                                 const WeightsBefore& before) const;

  // What it remembers. Load() throws json::exception for what Save() did not
  // write.
  nlohmann::json Save() const;
  void Load(const nlohmann::json& saved);

 private:
  void LimitChange(const std::vector<bool>& up, WeightVerdict* verdict) const;
  void LimitShare(const std::vector<bool>& up, WeightVerdict* verdict) const;
  // Whether `executed`, at one scale for all, is within the largest change.
  bool ChangeIsSmall(const std::vector<double>& executed,
                     const std::vector<bool>& live,
                     const std::vector<double>& before) const;

  const WeightShieldConfig config_;
  const PoolSetup setup_;
  WeightsBefore before_;
};

}  // namespace airlock
