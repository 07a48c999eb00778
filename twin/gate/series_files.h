#pragma once

#include <map>
#include <string>

#include "twin/drift/watch.h"
#include "twin/gate/predictor.h"

// What a gate saw over time, as trace files beside its verdict: for people and
// the page, not for criteria.
namespace airlock {

// Columns `measured` and one for each of `answers`; `low` and `high` of the
// candidate where it gives intervals. A row for each origin of the candidate.
void WriteHeldOut(const Trace& trace, const std::string& target,
                  const std::map<std::string, Answers>& answers,
                  const std::string& path);

// Feeds `stream` to the trigger and writes its statistic and threshold at each
// sample. Returns what `trigger->Watch(stream)` would.
DriftWatch WatchAndWrite(const Trace& stream, DriftTrigger* trigger,
                         const std::string& path);

}  // namespace airlock
