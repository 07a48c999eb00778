#pragma once

#include "twin/node/guard.h"
#include "twin/node/metrics.h"
#include "twin/node/supervised_source.h"

// What every kind of node says of itself.
namespace airlock {

// Who acts, and the doubts.
void AddGuardMetrics(const Guard& guard, MetricsPage* page);
// `source` may be null: not started yet.
void AddSourceMetrics(const SupervisedSource* source, MetricsPage* page);
// Processor time and memory.
void AddProcessMetrics(MetricsPage* page);

}  // namespace airlock
