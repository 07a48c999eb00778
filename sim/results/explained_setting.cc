#include "sim/results/explained_setting.h"

#include <fmt/format.h>

#include "sim/results/decision_cells.h"

namespace airlock {

void ExplainedSetting::TakeBack(const std::string& by, const std::string& why) {
  if (!changes()) return;
  decided_by = by;
  reason = fmt::format("{}: {:g}", why, after);
  after = before;
}

std::string SettingHeader() {
  return "time [s],setting,before,proposed,after,decided_by,reason";
}

std::string SettingCells(const ExplainedSetting& one) {
  return fmt::format("{},{},{},{},{},{},{}", NumberCell(one.time_seconds),
                     TextCell(one.setting), NumberCell(one.before),
                     NumberCell(one.proposed), NumberCell(one.after),
                     one.decided_by, TextCell(one.reason));
}

std::string ToString(const ExplainedSetting& one) {
  return fmt::format("{}: {:.4g} -> {:.4g}", one.setting, one.before,
                     one.after);
}

}  // namespace airlock
