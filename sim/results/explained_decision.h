#pragma once

#include <string>
#include <vector>

namespace airlock {

// What a controller of channels did with one access point at one decision, and
// why. Of every decision there is at least one: where it moves nobody and
// nobody was held, one without an access point.
//
// Utilisations are u+ of the airtime model, what an access point hears of
// others on the busiest of its channels of 20 MHz, with the loads that the plan
// is for: estimates, not measured.
struct ExplainedDecision {
  double time_seconds = 0;
  std::string access_point;
  // IEEE number of the primary channel, and width; NaN without access point.
  double channel_before = 0;
  double width_before_hz = 0;
  double channel_after = 0;
  double width_after_hz = 0;
  // If nobody moved, and under the new plan; NaN without access point.
  double utilisation_before = 0;
  double utilisation_after = 0;
  // Means over all access points of the band.
  double mean_before = 0;
  double mean_after = 0;
  // "planner", "fallback", "shield", "what-if"; "network": refused; "nobody":
  // did not arrive.
  std::string decided_by;
  std::string reason;

  bool moves() const {
    return !access_point.empty() && (channel_before != channel_after ||
                                     width_before_hz != width_after_hz);
  }
  // Leaves the access point, after all, where it was: `reason` is put before
  // the channel that it was to have.
  void TakeBack(const std::string& decided_by, const std::string& reason);
};

// The columns of decisions.csv but the first, with units in brackets, and the
// cells of one line: numbers as short as reads back bit by bit, empty for NaN,
// texts in quotes where they need them. Without line ends.
std::string DecisionHeader();
std::string DecisionCells(const ExplainedDecision& decision);

// "ap-157: channel 36 -> 48, estimated utilisation 37.8 -> 21.8 %"; with widths
// where these change.
std::string ToString(const ExplainedDecision& decision);

}  // namespace airlock
