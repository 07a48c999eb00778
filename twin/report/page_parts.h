#pragma once

#include <string>

#include "sim/scenario/resolve.h"
#include "sim/telemetry/trace.h"
#include "twin/report/figure.h"
#include "twin/report/page.h"

// What several pages have in common. Private to twin/report.
namespace airlock {

// "latency_p99 [s]"; no unit for "1".
std::string WithUnit(const std::string& name, const std::string& unit);

// A table of the summary's members that `rows` names (label, JSON pointer);
// texts are shown as they are, what is missing is left out.
void AddFacts(const std::vector<std::pair<std::string, std::string>>& rows,
              Page* page);

// Series over time and distributions of the columns that users feel.
void AddKpiFigures(const Trace& series, const std::string& of, Page* page);

// The scenario's network as a plot.
PageFigure TopologyFigure(const Scenario& scenario);

// Parameters and credibility of a profile; `at` is where the summary has it.
void AddProfileTables(const std::string& at, Page* page);

}  // namespace airlock
