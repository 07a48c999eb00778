#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "twin/node/actuator.h"
#include "twin/node/drift_triggers.h"
#include "twin/node/live_model.h"
#include "twin/node/retraining_requests.h"
#include "twin/node/settings.h"
#include "twin/node/stream_node.h"

namespace airlock {

// The node of a model: for each sample it predicts with the acting model and
// the one in shadow, asks the drift triggers, decides who acts, and acts. Owns
// all parts. What it does depends on the samples alone: a recording gives the
// same decisions at any speed, in one go or with kills between, unless a
// program takes too long or fails.
class LiveNode : public StreamNode {
 public:
  // Throws InputError for what the node file names and is wrong, Error where
  // another node has the folder or the port.
  explicit LiveNode(const NodeFile& file);

 private:
  // --- Registry
  void SwapIn(const FollowedModel& followed) override;
  void SwapInShadow(const FollowedModel& followed) override;
  void DropShadow() override { shadow_.reset(); }
  void AfterSwap() override { Save(); }
  nlohmann::json Acting() const override;
  std::string fallback() const override { return file_.fallback.kind; }
  std::unique_ptr<LiveModel> Prepare(const FollowedModel& followed) const;
  void CheckUsable(const LiveModel& model) const;

  // --- Samples
  void TakeColumns(const Trace& samples) override;
  void BeginBatch(const Trace& samples) override;
  void TakeSample(const Trace& samples, int64_t index, int64_t number,
                  bool live) override;
  void EndSample() override;
  void WhenLost(bool begins) override;
  void Break(int64_t number);
  void JudgeForecast(const LiveForecast& forecast);
  void WatchDrift(const Trace& sample, int64_t number, bool live);
  void Act(const LiveForecast* forecast, double queue, bool live);
  void Decide(const LiveForecast& acting, const LiveForecast& shadow,
              double seconds, int64_t number);

  // --- State
  void Restore();
  bool RestoreModels(const nlohmann::json& body);
  void Save();
  void SaveAtEnd() override { Save(); }

  // --- Status (live_status.cc)
  std::string MetricsText() const override;
  nlohmann::json HealthFields() const override;

  DriftTriggers triggers_;
  RetrainingRequests requests_;
  ActionTransaction<double> transaction_;

  std::unique_ptr<LiveModel> acting_;
  std::unique_ptr<LiveModel> shadow_;
  std::string acting_receipt_;
  LiveForecast last_acting_;
  LiveForecast last_shadow_;

  int64_t queue_column_ = -1;  // of `queue-target`
  std::set<int64_t> starts_;   // samples of the batch that begin a segment
  int64_t segment_first_ = 0;  // number of the first sample since a hole
  double newest_target_;
  int64_t last_alarm_ = -1;      // sample
  bool drift_may_pass_ = false;  // the last alarm's advice was to hold
  int64_t since_save_ = 0;
  std::vector<int64_t> actions_ = std::vector<int64_t>(4, 0);  // by End
  Clock::time_point tried_at_ = Clock::now();
  double slowest_seconds_ = 0;
};

}  // namespace airlock
