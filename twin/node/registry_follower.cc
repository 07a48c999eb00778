#include "twin/node/registry_follower.h"

#include <algorithm>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"

namespace airlock {
namespace {

constexpr auto kRetryAfter = std::chrono::seconds(10);

bool EndsWith(const std::string& text, const std::string& ending) {
  return text.size() >= ending.size() &&
         text.compare(text.size() - ending.size(), ending.size(), ending) == 0;
}

// The one file of a version whose name ends so; an empty path if there is none.
ModelFile FileWithEnding(const ModelVersion& version,
                         const std::string& ending) {
  ModelFile found;
  for (const ModelFile& file : version.files) {
    if (!EndsWith(file.path, ending)) continue;
    if (!found.path.empty()) {
      throw InputError(fmt::format("model {}: two files end in {}: {} and {}",
                                   version.name, ending, found.path,
                                   file.path));
    }
    found = file;
  }
  return found;
}

// The content that was checked, whatever happens to the file.
std::string CheckedText(const ModelVersion& version, const ModelFile& file) {
  const std::string path = version.folder + "/" + file.path;
  std::string text = ReadFile(path);
  if (Sha256(text) != file.sha256) {
    throw InputError(fmt::format("{}: changed since it was stored", path));
  }
  return text;
}

}  // namespace

RegistryFollower::RegistryFollower(const NodeFile& file)
    : folder_(file.registry),
      agents_(ControlOf(file).config != nullptr),
      acting_alias_(file.model),
      shadow_alias_(file.shadow),
      watch_(file.registry) {
  for (const std::string& path : file.trusted_keys) {
    trusted_.push_back(PublicKey::Read(path).id());
  }
}

const AliasTarget& RegistryFollower::TargetOf(const std::string& alias) const {
  static const AliasTarget kNone;
  if (alias == "champion") return state_->champion;
  if (alias == "previous") return state_->previous;
  if (alias == "candidate") return state_->candidate;
  return kNone;
}

FollowedModel RegistryFollower::Load(const AliasTarget& target,
                                     bool must_pass) const {
  const SignedModel loaded =
      LoadSignedModel(folder_, *state_, target, must_pass);
  const ModelVersion& version = loaded.version;
  if (!trusted_.empty() && std::find(trusted_.begin(), trusted_.end(),
                                     loaded.receipt.key_id) == trusted_.end()) {
    throw Error(fmt::format(
        "model {}: its receipt is signed with {:.16}, which the node file does "
        "not trust",
        version.name, loaded.receipt.key_id));
  }
  FollowedModel model;
  model.name = version.name;
  model.digest = version.digest;
  model.receipt = loaded.receipt.digest;
  model.key_id = loaded.receipt.key_id;
  if (agents_) {
    LoadAgent(version, &model);
  } else {
    LoadForecast(version, &model);
  }
  return model;
}

void RegistryFollower::LoadForecast(const ModelVersion& version,
                                    FollowedModel* model) const {
  const ModelFile file = FileWithEnding(version, ".model");
  if (file.path.empty()) {
    throw InputError(fmt::format(
        "model {}: none of its {} files is a forecast model (*.model)",
        version.name, version.files.size()));
  }
  const std::string path = version.folder + "/" + file.path;
  model->model = std::make_shared<const ForecastModel>(
      ForecastModel::FromText(CheckedText(version, file), path));
  const ModelFile trigger = FileWithEnding(version, ".trigger");
  if (!trigger.path.empty()) {
    model->trigger_path = version.folder + "/" + trigger.path;
  }
}

void RegistryFollower::LoadAgent(const ModelVersion& version,
                                 FollowedModel* model) const {
  const ModelFile file = FileWithEnding(version, ".controller");
  if (file.path.empty()) {
    throw InputError(
        fmt::format("model {}: none of its {} files is an agent (*.controller)",
                    version.name, version.files.size()));
  }
  const std::string path = version.folder + "/" + file.path;
  try {
    const auto controller = nlohmann::json::parse(CheckedText(version, file));
    model->agent = controller.value("agent", "");
    const std::string policy = controller.value("policy", "");
    if (model->agent.empty()) {
      throw InputError(
          fmt::format("{}: names no agent of `airlock list agents`", path));
    }
    if (policy.empty()) return;
    const auto stored = std::find_if(
        version.files.begin(), version.files.end(),
        [&](const ModelFile& each) { return each.path == policy; });
    if (stored == version.files.end()) {
      throw InputError(
          fmt::format("{}: its policy '{}' is not beside it", path, policy));
    }
    CheckedText(version, *stored);
    model->policy_path = version.folder + "/" + policy;
  } catch (const nlohmann::json::exception& error) {
    throw InputError(fmt::format("{}: {}", path, CauseOf(error)));
  }
}

void RegistryFollower::LookAtActing(bool trust_changed, RegistryNews* news) {
  // A paused registry's nodes keep what they run; one that runs nothing takes
  // what there is.
  if (state_->pause != Pause::kNo && !acting_.empty() && !trust_changed) {
    return;
  }
  const AliasTarget& target = TargetOf(acting_alias_);
  if (target.empty()) {
    news->acting_gone = !acting_.empty();
    return;
  }
  const bool same = target.model == acting_;
  if ((same && !trust_changed) || target.model == refused_acting_) return;
  if (state_->pause != Pause::kNo && !acting_.empty() && !same) return;
  try {
    FollowedModel model = Load(target, true);
    if (!same) news->acting = std::move(model);
  } catch (const std::exception& error) {
    const std::string what =
        fmt::format("{} {:.16}: {}", acting_alias_, target.model, error.what());
    if (same) {
      news->acting_doubt = what;
    } else {
      news->refused_acting.push_back(what);
    }
    retry_ = true;
  }
}

void RegistryFollower::LookAtShadow(RegistryNews* news) {
  const AliasTarget& target = TargetOf(shadow_alias_);
  if (target.empty()) {
    news->shadow_gone = !shadow_.empty();
    return;
  }
  if (target.model == shadow_ || target.model == refused_shadow_) return;
  try {
    news->shadow = Load(target, false);
  } catch (const std::exception& error) {
    news->refused_shadow.push_back(fmt::format("{} {:.16}: {}", shadow_alias_,
                                               target.model, error.what()));
    retry_ = true;
  }
}

RegistryNews RegistryFollower::Poll() {
  RegistryNews news;
  std::optional<RegistryState> changed;
  try {
    changed = watch_.Poll();
    if (changed && changed->sequence < sequence_) {
      throw Error(fmt::format(
          "{}: its last change is number {}; the node has seen {}: an old copy "
          "was put in its place, or it is another registry",
          folder_, changed->sequence, sequence_));
    }
    last_trouble_.clear();
  } catch (const std::exception& error) {
    if (error.what() != last_trouble_) news.trouble = error.what();
    last_trouble_ = error.what();
    return news;
  }
  const bool again = retry_ && Clock::now() - tried_ >= kRetryAfter;
  if (!changed && !again) return news;
  bool trust_changed = false;
  if (changed) {
    trust_changed = state_ && !(state_->trusted == changed->trusted);
    state_ = std::move(changed);
    sequence_ = state_->sequence;
    refused_acting_.clear();
    refused_shadow_.clear();
  }
  if (!state_) return news;
  retry_ = false;
  tried_ = Clock::now();
  LookAtActing(trust_changed, &news);
  LookAtShadow(&news);
  return news;
}

}  // namespace airlock
