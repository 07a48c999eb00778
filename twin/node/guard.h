#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace airlock {

// Why the model may not act.
enum class Doubt {
  kNoModel,     // none is promoted, or none that may be trusted
  kPaused,      // the registry says so
  kWarmingUp,   // the model lacks its past
  kLostSource,  // no source
  kStale,       // no new sample for too long
  kFrozen,      // samples that repeat
  kMissing,     // features without a value
  kOutOfRange,  // features beyond the training range
  kSlow,        // the prediction took too long
  kDrift,       // a trigger fired
  kActuator,    // a setting was not verified
};
inline constexpr int kDoubts = static_cast<int>(Doubt::kActuator) + 1;
const char* ToString(Doubt doubt);  // "no-model", "lost-source", ...

// Says whether the model acts or the fallback: the fallback from the first
// doubt on, the model again once there was none for a number of samples.
class Guard {
 public:
  explicit Guard(int64_t recover_after) : recover_after_(recover_after) {}

  // At this moment there is this doubt, for this reason (for people).
  void Raise(Doubt doubt, const std::string& reason);
  void Clear(Doubt doubt);
  // A sample was taken: counts towards the recovery if there is no doubt.
  void EndSample();

  bool model_acts() const { return doubts_.empty() && good_ >= recover_after_; }
  bool Has(Doubt doubt) const { return doubts_.count(doubt) > 0; }
  // Of the doubts there are, or that the recovery is from.
  std::string Reason() const;
  // Name of the first doubt, also during the recovery; empty while the model
  // acts.
  std::string Name() const;
  // Moments at which a doubt arose that was not there before, by doubt.
  const std::vector<int64_t>& raised() const { return raised_; }

  nlohmann::json Save() const;
  void Load(const nlohmann::json& saved);

 private:
  int64_t recover_after_;
  int64_t good_ = 0;  // samples in a row; at most recover_after_
  std::map<Doubt, std::string> doubts_;
  std::string last_name_ = "warming-up";
  std::string last_reason_ = "the node has just begun";
  std::vector<int64_t> raised_ = std::vector<int64_t>(kDoubts, 0);
};

}  // namespace airlock
