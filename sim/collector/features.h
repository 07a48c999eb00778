#pragma once

#include <array>
#include <cstddef>
#include <string>
#include <vector>

#include "sim/collector/reservoir.h"
#include "sim/telemetry/trace.h"

// What is observed of each server of a pool, as its load balancer sees it in
// the packets from clients to servers: the counters and features of Yao et al.,
// "Aquarius", IEEE TNSM 2022. One table of each, from which columns, the layout
// of shared frames and their description are made. A column is named
// server.NAME.COUNTER or server.NAME.FEATURE_SUMMARY, "server.web2.fct_p90".
namespace airlock {

struct FeatureRow {
  const char* name;
  const char* unit;
  const char* description;
};

// In the order of ServerCounterRows().
enum class ServerCounter {
  kFlowsOn,
  kFlows,
  kCompleted,
  kPackets,
  kNormalAcks,
  kRetransmissions,
  kDuplicates,
  kOutOfOrder,
  kUnknown,
};
inline constexpr size_t kServerCounters = 9;

// In the order of ServerFeatureRows().
enum class ServerFeature {
  kFlowBytes,
  kPacketBytes,
  kWindow,
  kWindowChange,
  kCompletionTime,
  kFlowDuration,
  kFlowGap,
  kPacketGap,
  kPacketGapOfFlow,
  kProcessingFirst,
  kProcessingLater,
  kHandshake,
};
inline constexpr size_t kServerFeatures = 12;
inline constexpr size_t kSummaries = 5;

constexpr size_t Index(ServerCounter counter) {
  return static_cast<size_t>(counter);
}
constexpr size_t Index(ServerFeature feature) {
  return static_cast<size_t>(feature);
}

const std::array<FeatureRow, kServerCounters>& ServerCounterRows();
const std::array<FeatureRow, kServerFeatures>& ServerFeatureRows();
// Of a reservoir, in the order of SummaryValues(); no units of their own.
const std::array<FeatureRow, kSummaries>& SummaryRows();
// Between new flows of all servers: the balancer's own reservoir.
const FeatureRow& BalancerFeatureRow();

std::array<double, kSummaries> SummaryValues(const ReservoirSummary& summary);

// Columns without values.
Column ServerCounterColumn(const std::string& server, ServerCounter counter);
// One a summary, in the order of SummaryRows().
std::vector<Column> ServerFeatureColumns(const std::string& server,
                                         ServerFeature feature);
std::vector<Column> BalancerFeatureColumns();
// Of everything that a collector observes: all of each server, counters first,
// then the balancer's.
std::vector<Column> CollectorColumns(const std::vector<std::string>& servers);

}  // namespace airlock
