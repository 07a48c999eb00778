#include <fmt/format.h>

#include "sim/results/summary.h"
#include "twin/report/page_parts.h"
#include "twin/report/pages.h"

namespace airlock {
namespace {

using nlohmann::json;

void AddMetrics(Page* page) {
  PageTable table;
  table.header = {"metric", "mean",     "low", "high", "sd",
                  "least",  "greatest", "n",   "unit"};
  const json& metrics = page->summary().at("metrics");
  for (size_t i = 0; i < metrics.size(); ++i) {
    const std::string row = fmt::format("/metrics/{}/", i);
    std::vector<Cell> cells = {Cell::Text(metrics[i].at("name"))};
    for (const char* key :
         {"mean", "low", "high", "sd", "least", "greatest", "n"}) {
      cells.push_back(Cell::Number(row + key));
    }
    cells.push_back(Cell::Text(metrics[i].at("unit")));
    table.rows.push_back(std::move(cells));
  }
  page->Table(table);
}

}  // namespace

std::string RunPage(const json& summary, const RunRecord& record,
                    const ResolvedScenario* scenario) {
  Page page(record.scenario_name, summary);
  page.Verdict(
      "",
      fmt::format("{} replications, engine {}", record.replications.size(),
                  record.provenance.engine),
      scenario != nullptr ? scenario->scenario().description : "");
  page.Section("Metrics over replications");
  page.Paragraph(fmt::format(
      "Warm-up removed. low and high bound the mean with {:.0f} % confidence "
      "(Student's t over replications).",
      100 * summary.at("confidence").get<double>()));
  AddMetrics(&page);
  if (scenario != nullptr) {
    page.Section("Network");
    page.Figure(TopologyFigure(scenario->scenario()));
  }
  if (!record.replications.empty()) {
    const ReplicationRecord& first = record.replications.front();
    page.Section("Over time");
    AddKpiFigures(first.series,
                  fmt::format("replication {}", first.replication.value()),
                  &page);
  }
  page.Section("Provenance");
  AddFacts({{"scenario", "/scenario"},
            {"engine", "/engine"},
            {"seed", "/seed"},
            {"replications", "/replications"},
            {"events", "/events"},
            {"digest of the result", "/digest"}},
           &page);
  page.Paragraph(
      fmt::format("Airlock {} ({}), {}.", record.provenance.airlock_version,
                  record.provenance.git_sha1, record.provenance.date_and_time));
  if (scenario != nullptr) page.Listing("Scenario", scenario->FileText());
  return page.Html();
}

}  // namespace airlock
