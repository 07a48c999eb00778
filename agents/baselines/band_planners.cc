#include "agents/baselines/band_planners.h"

#include <utility>

#include "sim/base/error.h"

namespace airlock {

BandPlanners::BandPlanners(std::vector<std::unique_ptr<Controller>> bands)
    : bands_(std::move(bands)) {
  AIRLOCK_CHECK(!bands_.empty());
}

Action BandPlanners::Decide(const Observation& observation) {
  Action all;
  for (const auto& band : bands_) {
    for (const auto& [name, value] : band->Decide(observation).settings) {
      AIRLOCK_CHECK(all.settings.emplace(name, value).second, "{}", name);
    }
  }
  return all;
}

std::vector<Metric> BandPlanners::Metrics() const {
  std::vector<Metric> sums = bands_.front()->Metrics();
  for (size_t b = 1; b < bands_.size(); ++b) {
    const std::vector<Metric> more = bands_[b]->Metrics();
    AIRLOCK_CHECK(more.size() == sums.size());
    for (size_t i = 0; i < sums.size(); ++i) sums[i].value += more[i].value;
  }
  return sums;
}

std::vector<ExplainedDecision> BandPlanners::TakeDecisions() {
  std::vector<ExplainedDecision> all;
  for (const auto& band : bands_) {
    for (ExplainedDecision& one : band->TakeDecisions()) {
      all.push_back(std::move(one));
    }
  }
  return all;
}

nlohmann::json BandPlanners::Save() const {
  nlohmann::json saved = nlohmann::json::array();
  for (const auto& band : bands_) saved.push_back(band->Save());
  return saved;
}

void BandPlanners::Load(const nlohmann::json& saved) {
  if (saved.size() != bands_.size()) {
    throw InputError(fmt::format("a saved state of {} bands; there are {}",
                                 saved.size(), bands_.size()));
  }
  for (size_t b = 0; b < bands_.size(); ++b) bands_[b]->Load(saved[b]);
}

}  // namespace airlock
