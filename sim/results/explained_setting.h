#pragma once

#include <string>

namespace airlock {

// What a controller of settings other than channels (explained_decision.h) did
// with one of them at one decision, and why: a server's weight, a function's
// cores. Of every decision there is at least one: where nothing changes and
// nothing was held, one without a setting.
struct ExplainedSetting {
  double time_seconds = 0;
  std::string setting;  // "server.web2.weight"
  // In the setting's unit; NaN without setting.
  double before = 0;
  double proposed = 0;  // by the agent, or the fallback in its place
  double after = 0;
  // "agent", "fallback", "shield", "what-if"; "network": refused; "nobody": did
  // not arrive.
  std::string decided_by;
  std::string reason;

  bool changes() const { return !setting.empty() && before != after; }
  // Leaves the setting, after all, as it was.
  void TakeBack(const std::string& decided_by, const std::string& reason);
};

// The columns of decisions.csv but the first, and the cells of one line, as
// DecisionHeader() and DecisionCells() give them for channels.
std::string SettingHeader();
std::string SettingCells(const ExplainedSetting& setting);

// "server.web2.weight: 1.2 -> 0.8".
std::string ToString(const ExplainedSetting& setting);

}  // namespace airlock
