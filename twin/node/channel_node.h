#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "sim/results/explained_decision.h"
#include "twin/node/channel_actuation.h"
#include "twin/node/channel_input.h"
#include "twin/node/channel_site.h"
#include "twin/node/stream_node.h"

namespace airlock {

// The node of a file with `channels`: takes the samples of a WLAN's counters
// one after the other and, every so many, has the planner decide, the same
// controller as in a simulation (channel_site.h), and carries each change out.
// While there is a doubt (guard.h) the fallback plans; without samples nothing
// is decided, and what is in force stays.
//
// One thread; the status pages have theirs. Owns all parts. What it decides
// depends on the samples alone: a recording gives the same decisions in one go
// or with kills between, unless a decision takes too long or an actuator
// fails.
class ChannelNode : public StreamNode {
 public:
  // Throws NodeFileError for what the node file names and is wrong, Error where
  // another node has the folder or the port.
  explicit ChannelNode(const NodeFile& file);

 private:
  // --- Registry
  void SwapIn(const FollowedModel& followed) override;
  void SwapInShadow(const FollowedModel& followed) override;
  void DropShadow() override { shadow_.reset(); }
  bool follows_shadow() const override { return !file_.channels->shadow; }
  nlohmann::json Acting() const override;
  std::string fallback() const override { return site_.fallback(); }
  std::string DoubtText() const;

  // --- Samples
  // Throws NodeFileError if source and scenario are not of the same network.
  void TakeColumns(const Trace& samples) override;
  void TakeSample(const Trace& samples, int64_t index, int64_t number,
                  bool live) override;
  void Decide(double seconds, int64_t number, bool live);
  void CarryOut(const std::vector<ExplainedDecision>& decisions);
  void Record(const std::vector<ExplainedDecision>& decisions, const char* role,
              int64_t number, bool live);

  // --- State
  nlohmann::json StartFacts() const override;
  void Restore();
  void LoadControllers(const nlohmann::json& body);
  void Save();
  void SaveAtEnd() override;

  // --- Status (channel_status.cc)
  std::string MetricsText() const override;
  nlohmann::json HealthFields() const override;
  void AddDecisionMetrics(MetricsPage* page) const;

  const ChannelSite site_;
  ChannelInput input_;
  ChannelActuation actuation_;

  std::unique_ptr<Controller> acting_;
  std::unique_ptr<Controller> shadow_;  // may be null
  std::string acting_name_;             // "net2seq"
  std::string acting_digest_;           // of the registry's version; or empty
  std::string shadow_name_;
  std::string shadow_digest_;

  int64_t decisions_since_save_ = 0;

  // Decisions about access points, of all runs, by who decided.
  std::map<std::string, int64_t> decided_;
  int64_t decisions_ = 0;
  std::vector<int64_t> ends_ = std::vector<int64_t>(4, 0);     // of settings
  std::map<std::string, std::pair<double, double>> in_force_;  // channel, width
  double mean_before_;  // of the last decision
  double mean_after_;
  int64_t shadow_differs_ = 0;  // decisions that were not the acting planner's
  double decision_seconds_ = 0;
  double slowest_seconds_ = 0;
};

}  // namespace airlock
