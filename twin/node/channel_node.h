#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/results/explained_decision.h"
#include "twin/node/channel_actuation.h"
#include "twin/node/channel_input.h"
#include "twin/node/channel_site.h"
#include "twin/node/guard.h"
#include "twin/node/metrics.h"
#include "twin/node/node_file.h"
#include "twin/node/recent_samples.h"
#include "twin/node/registry_follower.h"
#include "twin/node/state_folder.h"
#include "twin/node/status_server.h"
#include "twin/node/supervised_source.h"

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
class ChannelNode {
 public:
  // Takes the state folder, listens for scrapers, and goes on where an earlier
  // run was. Throws NodeFileError for what the node file names and is wrong,
  // Error where another node has the folder or the port.
  explicit ChannelNode(const NodeFile& file);

  // Until the recording ends or a signal comes; then the state is saved. Throws
  // NodeFileError if source and scenario are not of the same network.
  void Run();

 private:
  using Clock = std::chrono::steady_clock;

  // --- Registry
  void FollowRegistry();
  void SwapIn(const FollowedModel& followed);
  void SwapInShadow(const FollowedModel& followed);
  std::string DoubtText() const;

  // --- Samples
  void TakeColumns(const Trace& samples);
  void TakeSamples(const Trace& samples);
  // `live` false: a sample of an earlier run once more, nothing is carried out.
  void TakeSample(const Trace& samples, int64_t index, int64_t number,
                  bool live);
  void JudgeSample(const Trace& samples, int64_t index);
  void Decide(double seconds, int64_t number, bool live);
  void CarryOut(const std::vector<ExplainedDecision>& decisions);
  void Record(const std::vector<ExplainedDecision>& decisions, const char* role,
              int64_t number, bool live);
  void Judge(Doubt doubt, bool doubtful, const std::string& why);
  void BeQuiet();
  void NoteMode();

  // --- State
  void Restore();
  std::optional<nlohmann::json> ReadState();
  void LoadControllers(const nlohmann::json& body);
  void CatchUp();
  void Save();

  // --- Status (channel_status.cc)
  void Publish();
  std::string MetricsText() const;
  std::string HealthText(bool* healthy) const;
  void AddDecisionMetrics(MetricsPage* page) const;

  const NodeFile file_;
  const ChannelSite site_;
  StateFolder folder_;
  std::unique_ptr<RegistryFollower> registry_;  // null: none is followed
  ChannelInput input_;
  ChannelActuation actuation_;
  Guard guard_;
  std::unique_ptr<StatusServer> server_;
  std::unique_ptr<RecentSamples> recent_;
  std::unique_ptr<SupervisedSource> source_;

  std::unique_ptr<Controller> acting_;
  std::unique_ptr<Controller> shadow_;  // may be null
  std::string acting_name_;             // "net2seq"
  std::string acting_digest_;           // of the registry's version; or empty
  std::string shadow_name_;
  std::string shadow_digest_;

  std::optional<Trace> columns_;  // of the stream, without samples
  int64_t next_ = 0;              // number of the next sample to be taken
  double last_seconds_;           // of the newest sample
  std::vector<double> last_values_;
  int64_t repeated_ = 0;  // samples in a row that equal the one before
  int64_t taken_ = 0;     // samples, by this run
  int64_t decisions_since_save_ = 0;
  bool restoring_ = false;

  // Decisions about access points, of all runs, by who decided.
  std::map<std::string, int64_t> decided_;
  int64_t decisions_ = 0;
  int64_t swaps_ = 0;
  int64_t refused_ = 0;                                     // of the registry
  std::vector<int64_t> ends_ = std::vector<int64_t>(4, 0);  // of settings
  std::map<std::string, std::pair<double, double>> in_force_;  // channel, width
  double mean_before_;  // of the last decision
  double mean_after_;
  int64_t shadow_differs_ = 0;  // decisions that were not the acting planner's
  double decision_seconds_ = 0;
  double slowest_seconds_ = 0;
  int64_t unsaved_ = 0;
  std::string last_unsaved_;
  std::string mode_;
  Clock::time_point heard_at_ = Clock::now();
  Clock::time_point published_at_;
};

}  // namespace airlock
