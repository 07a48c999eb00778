#pragma once

#include <optional>
#include <vector>

#include "sim/base/units.h"
#include "sim/results/run_record.h"

namespace airlock {

// A flow of finite size, and how it went.
struct FlowOutcome {
  DataSize size;
  std::optional<double> seconds;  // from SYN to last byte; none: not ended
  double slowdown = 0;            // over the time on an idle network
};

// Classes of sizes by which completion times are told, as the field has them
// (Alizadeh et al., pFabric, SIGCOMM 2013, and its successors): from `least`
// bytes to less than the next one's.
struct SizeBucket {
  const char* name;  // in metrics
  const char* description;
  int64_t least;
};
const std::vector<SizeBucket>& SizeBuckets();

// Appends completion times and slowdowns, of all flows and by size
// ("slowdown_p99.1MB_to_10MB"), with the share of flows that did not end.
void AddCompletionMetrics(const std::vector<FlowOutcome>& flows,
                          std::vector<Metric>* metrics);

}  // namespace airlock
