#include "sim/results/explained_decision.h"

#include <fmt/format.h>

#include <cmath>

#include "sim/results/decision_cells.h"

namespace airlock {
namespace {

std::string ChannelText(double channel, double width_hz, bool with_width) {
  return with_width ? fmt::format("{} ({} MHz)", channel, width_hz / 1e6)
                    : fmt::format("{}", channel);
}

}  // namespace

std::string NumberCell(double value) {
  return std::isnan(value) ? "" : fmt::format("{}", value);
}

std::string TextCell(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c == '\n' || c == '\r' ? ' ' : c;
  }
  return quoted + '"';
}

void ExplainedDecision::TakeBack(const std::string& by,
                                 const std::string& why) {
  if (!moves()) return;
  decided_by = by;
  reason = fmt::format("{}: channel {}", why,
                       ChannelText(channel_after, width_after_hz,
                                   width_before_hz != width_after_hz));
  channel_after = channel_before;
  width_after_hz = width_before_hz;
  utilisation_after = utilisation_before;
  mean_after = mean_before;
}

std::string DecisionHeader() {
  return "time [s],access_point,channel_before,width_before [Hz],"
         "channel_after,width_after [Hz],utilisation_before,"
         "utilisation_after,mean_before,mean_after,decided_by,reason";
}

std::string DecisionCells(const ExplainedDecision& decision) {
  return fmt::format(
      "{},{},{},{},{},{},{},{},{},{},{},{}", NumberCell(decision.time_seconds),
      TextCell(decision.access_point), NumberCell(decision.channel_before),
      NumberCell(decision.width_before_hz), NumberCell(decision.channel_after),
      NumberCell(decision.width_after_hz),
      NumberCell(decision.utilisation_before),
      NumberCell(decision.utilisation_after), NumberCell(decision.mean_before),
      NumberCell(decision.mean_after), decision.decided_by,
      TextCell(decision.reason));
}

std::string ToString(const ExplainedDecision& decision) {
  const bool widths = decision.width_before_hz != decision.width_after_hz;
  return fmt::format(
      "{}: channel {} -> {}, estimated utilisation {:.1f} -> {:.1f} %",
      decision.access_point,
      ChannelText(decision.channel_before, decision.width_before_hz, widths),
      ChannelText(decision.channel_after, decision.width_after_hz, widths),
      100 * decision.utilisation_before, 100 * decision.utilisation_after);
}

}  // namespace airlock
