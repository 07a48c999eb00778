#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "twin/node/actuator.h"
#include "twin/node/drift_triggers.h"
#include "twin/node/guard.h"
#include "twin/node/live_model.h"
#include "twin/node/node_file.h"
#include "twin/node/recent_samples.h"
#include "twin/node/registry_follower.h"
#include "twin/node/retraining_requests.h"
#include "twin/node/settings.h"
#include "twin/node/state_folder.h"
#include "twin/node/status_server.h"
#include "twin/node/supervised_source.h"

namespace airlock {

// The node itself: takes samples one after the other, and for each
//   looks whether the registry has another model (swapped in here, between two
//   samples), keeps the sample, predicts with the acting model and the one in
//   shadow, asks the drift triggers, decides who acts, and acts.
// One thread; the status pages and the pcm-sensor-server have theirs. Owns all
// parts. What it does depends on the samples alone: a recording gives the same
// decisions at any speed, in one go or with kills between, unless a program
// takes too long or fails.
class LiveNode {
 public:
  // Takes the state folder, listens for scrapers, and goes on where an earlier
  // run was. Throws InputError for what the node file names and is wrong, Error
  // where another node has the folder or the port.
  explicit LiveNode(const NodeFile& file);

  // Until the recording ends or a signal comes; then the state is saved. Throws
  // InputError if the source lacks counters that the node file, its triggers or
  // its first model name, by name.
  void Run();

 private:
  using Clock = std::chrono::steady_clock;
  struct Counts {
    int64_t swaps = 0;
    int64_t refused_acting = 0;
    int64_t refused_shadow = 0;
    std::vector<int64_t> actions = std::vector<int64_t>(4, 0);  // by End
    int64_t unsaved = 0;  // times that the state could not be saved
  };

  // --- Registry
  void FollowRegistry();
  void SwapIn(const FollowedModel& followed);
  void SwapInShadow(const FollowedModel& followed);
  std::unique_ptr<LiveModel> Prepare(const FollowedModel& followed) const;
  void CheckUsable(const LiveModel& model) const;

  // --- Samples (live_node.cc)
  void TakeColumns(const Trace& samples);
  void TakeSamples(const Trace& samples);
  // `live` false: a sample of an earlier run once more, whose action was taken.
  void TakeSample(const Trace& samples, int64_t index, int64_t number,
                  bool live);
  void JudgeSample(const Trace& samples, int64_t index);
  void JudgeForecast(const LiveForecast& forecast);
  void WatchDrift(const Trace& sample, int64_t number, bool live);
  void Act(const LiveForecast* forecast, double queue, bool live);
  void Decide(const LiveForecast& acting, const LiveForecast& shadow,
              double seconds, int64_t number);
  void BeQuiet();
  void NoteMode();

  // --- State
  void Restore();
  std::optional<nlohmann::json> ReadState();
  void RestoreStream(const nlohmann::json& body);
  bool RestoreModels(const nlohmann::json& body);
  void CatchUp();
  void Save();

  // --- Status (node_status.cc)
  void Publish();
  std::string MetricsText() const;
  std::string HealthText(bool* healthy) const;

  NodeFile file_;
  StateFolder folder_;
  RegistryFollower registry_;
  DriftTriggers triggers_;
  RetrainingRequests requests_;
  std::unique_ptr<RecentSamples> recent_;
  ActionTransaction transaction_;
  Guard guard_;
  std::unique_ptr<StatusServer> server_;
  std::unique_ptr<SupervisedSource> source_;

  std::unique_ptr<LiveModel> acting_;
  std::unique_ptr<LiveModel> shadow_;
  std::string acting_receipt_;
  LiveForecast last_acting_;
  LiveForecast last_shadow_;

  std::optional<Trace> columns_;  // of the stream, without samples
  int64_t queue_column_ = -1;     // of `queue-target`
  bool restoring_ = false;
  int64_t next_ = 0;                 // number of the next sample to be taken
  int64_t segment_first_ = 0;        // number of the first sample since a hole
  double last_seconds_;              // of the newest sample
  std::vector<double> last_values_;  // of the newest sample
  int64_t repeated_ = 0;  // samples in a row that equal the one before
  double newest_target_;
  int64_t last_alarm_ = -1;      // sample
  bool drift_may_pass_ = false;  // the last alarm's advice was to hold
  int64_t since_save_ = 0;
  int64_t taken_ = 0;  // samples, by this run

  Counts counts_;
  std::string mode_;  // as logged last
  std::string last_unsaved_;
  Clock::time_point heard_at_ = Clock::now();
  Clock::time_point tried_at_ = Clock::now();
  Clock::time_point published_at_;
  double slowest_seconds_ = 0;
};

}  // namespace airlock
