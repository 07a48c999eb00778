#include "twin/registry/transition.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {
namespace {

bool Trusts(const RegistryState& state, const PublicKey& key) {
  return std::find(state.trusted.begin(), state.trusted.end(), key) !=
         state.trusted.end();
}

void Require(bool condition, const char* what) {
  if (!condition) throw InputError(what);
}

void Promote(const HistoryEntry& entry, RegistryState* state) {
  const AliasTarget target = entry.target();
  Require(!target.empty() && !target.receipt.empty(),
          "a promotion needs a model and a receipt");
  Require(!state->trusted.empty(), "a promotion while nobody is trusted");
  Require(state->pause == Pause::kNo, "a promotion while paused");
  // A new receipt for the champion leaves the way back as it is.
  if (state->champion.model != target.model) state->previous = state->champion;
  state->champion = target;
  if (state->candidate.model == target.model) state->candidate = {};
}

void Rollback(const HistoryEntry& entry, RegistryState* state) {
  Require(!state->previous.empty() && entry.target() == state->previous,
          "a rollback to something else than the previous champion");
  state->champion = state->previous;
  state->previous = {};
}

void Trust(const HistoryEntry& entry, RegistryState* state) {
  Require(!entry.keys.empty(), "a change of trust without a key");
  for (const PublicKey& key : entry.keys) {
    Require(!Trusts(*state, key), "a key is trusted already");
    state->trusted.push_back(key);
  }
  std::sort(
      state->trusted.begin(), state->trusted.end(),
      [](const PublicKey& a, const PublicKey& b) { return a.id() < b.id(); });
}

void Distrust(const HistoryEntry& entry, RegistryState* state) {
  Require(!entry.keys.empty(), "a change of trust without a key");
  for (const PublicKey& key : entry.keys) {
    Require(Trusts(*state, key), "a key is not trusted");
    state->trusted.erase(
        std::find(state->trusted.begin(), state->trusted.end(), key));
  }
}

}  // namespace

RegistryState After(RegistryState state, const HistoryEntry& entry) {
  Require(entry.number == state.sequence + 1 &&
              entry.previous_hash == state.history_tail,
          "does not follow the entry before it; the history was changed");
  if (entry.action == "promote") {
    Promote(entry, &state);
  } else if (entry.action == "rollback") {
    Rollback(entry, &state);
  } else if (entry.action == "candidate") {
    state.candidate = entry.target();
  } else if (entry.action == "pause") {
    Require(entry.pause != Pause::kNo, "a pause that does not pause");
    state.pause = entry.pause;
  } else if (entry.action == "resume") {
    Require(entry.pause == Pause::kNo, "a resume that pauses");
    state.pause = Pause::kNo;
  } else if (entry.action == "trust") {
    Trust(entry, &state);
  } else if (entry.action == "distrust") {
    Distrust(entry, &state);
  } else {
    throw InputError(fmt::format("'{}' is not an action", entry.action));
  }
  state.sequence = entry.number;
  state.history_tail = entry.hash;
  return state;
}

}  // namespace airlock
