#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/signature.h"
#include "twin/forecast/model.h"
#include "twin/node/node_file.h"
#include "twin/registry/registry.h"

namespace airlock {

// What an alias stands for: its files checked, its receipt signed with a key
// that registry and node file trust. A forecast model, or of a node with
// `channels` an agent.
struct FollowedModel {
  std::string name;
  std::string digest;
  std::string receipt;
  std::string key_id;
  std::shared_ptr<const ForecastModel> model;
  std::string trigger_path;  // promoted with it; empty: none
  std::string agent;
  std::string policy_path;  // of a trained agent; else empty
};

// What is new in the registry.
struct RegistryNews {
  // Set where the alias now stands for another model than was taken; empty
  // where it stands for none any more.
  std::optional<FollowedModel> acting;
  bool acting_gone = false;
  std::string acting_doubt;  // the taken one may no longer be trusted, and why
  std::optional<FollowedModel> shadow;
  bool shadow_gone = false;
  // Models that were refused, for logs: what and why.
  std::vector<std::string> refused_acting;
  std::vector<std::string> refused_shadow;
  std::string trouble;  // the registry itself: unreadable, older than it was
};

// Reads a registry, never writes: says which models its aliases stand for, once
// they are verified. Owns nothing of the registry.
class RegistryFollower {
 public:
  // Throws InputError if a trusted key of the file cannot be read.
  explicit RegistryFollower(const NodeFile& file);

  // Looks whether something changed; one stat(2) while nothing does. A model
  // that could not be loaded is tried again every ten seconds. Throws nothing:
  // what goes wrong is news.
  RegistryNews Poll();
  // The node runs this one now, or (empty) none.
  void TakeActing(const std::string& digest) { acting_ = digest; }
  void TakeShadow(const std::string& digest) { shadow_ = digest; }
  // The node cannot run it (a counter is missing): not to be tried before the
  // registry changes.
  void RefuseActing(const std::string& digest) { refused_acting_ = digest; }
  void RefuseShadow(const std::string& digest) { refused_shadow_ = digest; }

  Pause pause() const { return state_ ? state_->pause : Pause::kNo; }
  int64_t sequence() const { return sequence_; }
  // The greatest that an earlier run saw.
  void set_sequence(int64_t sequence) { sequence_ = sequence; }

 private:
  using Clock = std::chrono::steady_clock;

  FollowedModel Load(const AliasTarget& target, bool must_pass) const;
  void LoadForecast(const ModelVersion& version, FollowedModel* model) const;
  void LoadAgent(const ModelVersion& version, FollowedModel* model) const;
  void LookAtActing(bool trust_changed, RegistryNews* news);
  void LookAtShadow(RegistryNews* news);
  const AliasTarget& TargetOf(const std::string& alias) const;

  std::string folder_;
  bool agents_;  // are followed, not forecast models
  std::string acting_alias_;
  std::string shadow_alias_;
  std::vector<std::string> trusted_;  // key ids; empty: those of the registry
  RegistryWatch watch_;
  std::optional<RegistryState> state_;
  int64_t sequence_ = 0;
  std::string acting_;  // digests that the node runs
  std::string shadow_;
  std::string refused_acting_;  // digests that it cannot
  std::string refused_shadow_;
  std::string last_trouble_;
  bool retry_ = false;
  Clock::time_point tried_;
};

}  // namespace airlock
