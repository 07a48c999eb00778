#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "twin/node/actuator.h"
#include "twin/node/control_input.h"
#include "twin/node/control_site.h"
#include "twin/node/stream_node.h"

namespace airlock {

// The node of a file with `channels` or `balancer`: takes the samples of the
// source one after the other and, every so many, has the agent decide, the same
// controller as in a simulation (control_site.h), and carries each change out.
// While there is a doubt (guard.h) the fallback decides; without samples
// nothing is decided, and what is in force stays. What is in force and how a
// change is carried out is for the kinds (channel_node.h, balancer_node.h).
//
// One thread; the status pages have theirs. Owns all parts. What it decides
// depends on the samples alone: a recording gives the same decisions in one go
// or with kills between, unless a decision takes too long or an actuator
// fails.
class ControlNode : public StreamNode {
 protected:
  // One line that an agent gave of a decision.
  struct DecisionLine {
    std::string cells;   // of decisions.csv
    std::string part;    // whom it is about; empty: it changes nothing
    std::string change;  // for the log; empty: it is not logged
    std::string decided_by;
    std::string reason;
  };

  // `site` outlives this object.
  ControlNode(const NodeFile& file, const ControlSite& site, InputRules rules);
  // At the end of a kind's constructor. Throws Error where another node has the
  // folder or the port.
  void Begin();

  // --- For the kinds
  // Names of the columns of a DecisionLine.
  virtual std::string LineColumns() const = 0;
  // What the agent has explained since it was asked last.
  virtual std::vector<DecisionLine> TakeLines(Controller* agent) const = 0;
  // What the acting agent has decided on `observation`: taken for in force, and
  // where the decision is live carried out.
  virtual std::vector<DecisionLine> TakeDecision(const Observation& observation,
                                                 const Action& action,
                                                 bool live) = 0;
  // The state of the settings; Restore(null): nothing is known of them.
  virtual nlohmann::json SaveSettings() const = 0;
  virtual void RestoreSettings(const nlohmann::json& saved) = 0;
  virtual nlohmann::json SettingFields() const = 0;  // of the health page
  virtual void AddSettingMetrics(MetricsPage* page) const = 0;

  Controller& acting() { return *acting_; }
  void NoteEnd(const std::string& name, const nlohmann::json& value,
               const ActionOutcome& outcome);

  const ControlSite& site_;

 private:
  // --- Registry
  void SwapIn(const FollowedModel& followed) override;
  void SwapInShadow(const FollowedModel& followed) override;
  void DropShadow() override { shadow_.reset(); }
  bool follows_shadow() const override {
    return !ControlOf(file_).config->shadow;
  }
  nlohmann::json Acting() const override;
  std::string fallback() const override { return site_.fallback(); }
  std::string DoubtText() const;

  // --- Samples
  // Throws NodeFileError if source and scenario are not of the same network.
  void TakeColumns(const Trace& samples) override;
  void TakeSample(const Trace& samples, int64_t index, int64_t number,
                  bool live) override;
  void Decide(double seconds, int64_t number, bool live);
  void AskShadow(const Observation& observation, const Action& action,
                 int64_t number, bool live);
  void Record(const std::vector<DecisionLine>& lines, const char* role,
              int64_t number, bool live);

  // --- State
  nlohmann::json StartFacts() const override;
  void Restore();
  void LoadControllers(const nlohmann::json& body);
  void Save();
  void SaveAtEnd() override;

  // --- Status (control_status.cc)
  std::string MetricsText() const override;
  nlohmann::json HealthFields() const override;
  void AddDecisionMetrics(MetricsPage* page) const;

  ControlInput input_;

  std::unique_ptr<Controller> acting_;
  std::unique_ptr<Controller> shadow_;  // may be null
  std::string acting_name_;             // "net2seq"
  std::string acting_digest_;           // of the registry's version; or empty
  std::string shadow_name_;
  std::string shadow_digest_;

  int64_t decisions_since_save_ = 0;

  // What was decided, of all runs, by who decided.
  std::map<std::string, int64_t> decided_;
  int64_t decisions_ = 0;
  std::vector<int64_t> ends_ = std::vector<int64_t>(4, 0);  // of settings
  int64_t shadow_differs_ = 0;  // decisions that were not the acting agent's
  double decision_seconds_ = 0;
  double slowest_seconds_ = 0;
};

// The node of a file with a section that controls; null of others. `site` is
// MakeControlSite()'s of the same file.
std::unique_ptr<ControlSite> MakeControlSite(const NodeFile& file);

}  // namespace airlock
