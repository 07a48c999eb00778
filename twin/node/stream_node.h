#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "twin/node/guard.h"
#include "twin/node/metrics.h"
#include "twin/node/node_file.h"
#include "twin/node/recent_samples.h"
#include "twin/node/registry_follower.h"
#include "twin/node/state_folder.h"
#include "twin/node/status_server.h"
#include "twin/node/supervised_source.h"

namespace airlock {

// What every kind of node does: takes the samples of its source one after the
// other, looks before each whether the registry has something else to run,
// keeps the sample, judges whether the stream can be relied on, and says of
// itself how it is. What is made of a sample is for the kinds (live_node.h,
// channel_node.h). One thread; the status pages have theirs.
class StreamNode {
 public:
  virtual ~StreamNode() = default;
  StreamNode(const StreamNode&) = delete;
  StreamNode& operator=(const StreamNode&) = delete;

  // Until the recording ends or a signal comes; then the state is saved. Throws
  // InputError if the source is not what the node file says, by name.
  void Run();

 protected:
  using Clock = std::chrono::steady_clock;

  // `promoted`: what the registry holds for it, "model" in texts.
  StreamNode(const NodeFile& file, const char* promoted);

  // In a kind's constructor, with Restore() of its own between the two: takes
  // the state folder and listens for scrapers (throws Error where another node
  // has the folder or the port); starts the source.
  void Open();
  void Start();

  // --- Registry
  void FollowRegistry();
  // Throw InputError for what this node cannot run.
  virtual void SwapIn(const FollowedModel& followed) = 0;
  virtual void SwapInShadow(const FollowedModel& followed) = 0;
  virtual void DropShadow() = 0;
  // False where the node file says who is in shadow.
  virtual bool follows_shadow() const { return true; }
  virtual void AfterSwap() {}
  // Who acts, for logs; null: nobody yet.
  virtual nlohmann::json Acting() const = 0;
  virtual std::string fallback() const = 0;

  // --- Samples
  // Before the first samples of a run.
  virtual void TakeColumns(const Trace& samples) = 0;
  // Before each batch of them.
  virtual void BeginBatch(const Trace&) {}
  // `live` false: a sample of an earlier run once more, nothing is carried out.
  virtual void TakeSample(const Trace& samples, int64_t index, int64_t number,
                          bool live) = 0;
  virtual void EndSample() {}
  // Nothing comes any more, or nothing still (`begins` false).
  virtual void WhenLost(bool /*begins*/) {}
  // False where the samples that were kept have others: they are dropped.
  bool KeepColumns(Trace columns);
  // Whether the stream is stale or frozen.
  void JudgeStream(const Trace& samples, int64_t index);
  void Judge(Doubt doubt, bool doubtful, const std::string& why);

  // --- State
  virtual nlohmann::json StartFacts() const { return nlohmann::json::object(); }
  virtual void SaveAtEnd() = 0;
  // `body` makes what is to be saved; what cannot be is logged and counted.
  void SaveState(const std::function<nlohmann::json()>& body);
  // The fields of every kind's state.
  nlohmann::json StreamState() const;
  // The state, of which `restore` takes what does not depend on who acts; where
  // it cannot be read, which is no reason not to run, `forget` makes a new
  // beginning.
  std::optional<nlohmann::json> ReadState(
      int64_t history,
      const std::function<void(const nlohmann::json&)>& restore,
      const std::function<void()>& forget);
  void RestoreColumns();
  // Samples that came after the state was saved: taken once more, but for the
  // actions.
  void CatchUp();

  // --- Status
  void Publish();
  virtual std::string MetricsText() const = 0;
  // The fields of every kind: "status" is "ok", "lost" or "fallback".
  nlohmann::json Health() const;
  virtual nlohmann::json HealthFields() const = 0;
  // Of the node and its stream.
  void AddStreamMetrics(MetricsPage* page) const;

  const NodeFile file_;
  std::unique_ptr<StateFolder> folder_;
  std::unique_ptr<RegistryFollower> registry_;  // null: none is followed
  Guard guard_;
  std::unique_ptr<RecentSamples> recent_;
  std::unique_ptr<SupervisedSource> source_;

  std::optional<Trace> columns_;  // of the stream, without samples
  int64_t next_ = 0;              // number of the next sample to be taken
  double last_seconds_;           // of the newest sample
  int64_t taken_ = 0;             // samples, by this run
  bool restoring_ = false;
  int64_t swaps_ = 0;
  int64_t refused_acting_ = 0;
  int64_t refused_shadow_ = 0;
  int64_t unsaved_ = 0;  // samples and states that could not be saved

 private:
  void TakeSamples(const Trace& samples);
  void BeQuiet();
  void NoteMode();
  void NoteUnsaved(const char* event, const std::string& why);
  void Refuse(const std::string& what, bool acting);

  const std::string promoted_;
  std::unique_ptr<StatusServer> server_;
  std::vector<double> last_values_;  // of the newest sample
  int64_t repeated_ = 0;  // samples in a row that equal the one before
  std::string mode_;      // as logged last
  std::string last_unsaved_;
  Clock::time_point heard_at_ = Clock::now();
  Clock::time_point published_at_;
};

// Seconds of wall clock since then.
double SecondsSince(std::chrono::steady_clock::time_point begin);

}  // namespace airlock
