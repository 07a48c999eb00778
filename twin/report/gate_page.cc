#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/json.h"
#include "sim/results/hdf5_file.h"
#include "twin/report/page_parts.h"
#include "twin/report/pages.h"

namespace airlock {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

json ReadSummary(const std::string& folder) {
  const std::string path = folder + "/summary.json";
  try {
    return json::parse(ReadFile(path));
  } catch (const json::exception& error) {
    throw InputError(fmt::format("{}: {}", path, CauseOf(error)));
  }
}

double NumberAt(const json& object, const char* key) {
  const auto at = object.find(key);
  return at != object.end() && at->is_number()
             ? at->get<double>()
             : std::numeric_limits<double>::quiet_NaN();
}

// The first reason of those that decide.
std::string DecidingReason(const json& summary) {
  const std::string verdict = summary.at("verdict");
  for (const json& criterion : summary.at("criteria")) {
    if (verdict != "promote" && criterion.at("outcome") == verdict) {
      return fmt::format("{}: {}", criterion.at("label").get<std::string>(),
                         criterion.at("reason").get<std::string>());
    }
  }
  return fmt::format("all {} criteria hold", summary.at("criteria").size());
}

void AddCriteria(Page* page) {
  const json& criteria = page->summary().at("criteria");
  PageTable table;
  table.header = {"criterion", "outcome", "estimate", "low",    "high",
                  "limit",     "unit",    "n",        "p or e", "reason"};
  IntervalPlot plot;
  for (size_t i = 0; i < criteria.size(); ++i) {
    const json& c = criteria[i];
    const std::string at = fmt::format("/criteria/{}/", i);
    const char* evidence = c.contains("e_value") && c["e_value"].is_number()
                               ? "e_value"
                               : "p_value";
    table.rows.push_back(
        {Cell::Text(c.at("label")), Cell::Badge(c.at("outcome")),
         Cell::Number(at + "estimate"), Cell::Number(at + "low"),
         Cell::Number(at + "high"), Cell::Number(at + "limit"),
         Cell::Text(c.at("unit") == "1" ? "" : c.at("unit")),
         Cell::Number(at + "n"), Cell::Number(at + evidence, {"", 1, 2}),
         Cell::Text(c.at("reason"))});
    const Interval interval = {NumberAt(c, "estimate"), NumberAt(c, "low"),
                               NumberAt(c, "high")};
    if (!interval.known()) continue;
    plot.rows.push_back({c.at("label"), c.at("outcome"), interval,
                         NumberAt(c, "limit"), c.at("unit")});
  }
  page->Section("Criteria");
  if (!plot.rows.empty()) {
    page->Figure(
        {"Each estimate (dot) with its interval (bar) against its "
         "limit (upright line)",
         "intervals of the criteria against their limits", ToVega(plot)});
  }
  page->Table(table);
}

// Every column of a trace file over time, in one plot; nothing without the
// file.
void AddSeries(const std::string& path, const std::string& title,
               const std::string& caption, Page* page) {
  if (!fs::exists(path)) return;
  const Trace trace = ReadTrace(path);
  LinePlot plot;
  plot.x_title = "time [s]";
  PlottedBand band{"interval", trace.time_seconds, {}, {}};
  for (const Column& column : trace.columns) {
    if (column.name == "low") {
      band.low = column.values;
    } else if (column.name == "high") {
      band.high = column.values;
    } else if (column.name == "threshold") {
      plot.thresholds = {{column.values.front(), "threshold"}};
    } else {
      plot.series.push_back({column.name, trace.time_seconds, column.values});
      plot.y_title = WithUnit(title, column.unit);
    }
  }
  if (!band.low.empty() && !band.high.empty()) plot.band = std::move(band);
  page->Section(title);
  page->Figure({caption, title + " over time", ToVega(plot)});
}

// A row a replication of what the models had in the twin, one table a KPI.
void AddReplications(const json& kpi, const std::string& at, Page* page) {
  PageTable table;
  table.header = {"replication"};
  std::vector<std::string> models;
  size_t rows = 0;
  const json& all = kpi.at("models");
  for (auto model = all.begin(); model != all.end(); ++model) {
    models.push_back(model.key());
    table.header.push_back(model.key());
    rows = std::max(rows, model.value().at("values").size());
  }
  for (size_t i = 0; i < rows; ++i) {
    std::vector<Cell> row = {Cell::Text(std::to_string(i))};
    for (const std::string& model : models) {
      row.push_back(all.at(model).at("values").size() > i
                        ? Cell::Number(fmt::format("{}/models/{}/values/{}", at,
                                                   model, i))
                        : Cell::Text(""));
    }
    table.rows.push_back(std::move(row));
  }
  page->Paragraph(fmt::format("{} of each model, by replication.",
                              kpi.at("kpi").get<std::string>()));
  page->Table(table);
}

void AddRehearsals(const std::string& folder, Page* page) {
  const json& kpis = page->summary().at("kpis");
  bool any = false;
  for (size_t i = 0; i < kpis.size(); ++i) {
    if (kpis[i].at("source") != "twin") continue;
    if (!any) page->Section("Rehearsal in the twin");
    any = true;
    AddReplications(kpis[i], fmt::format("/kpis/{}", i), page);
  }
  if (!any) return;
  if (!fs::exists(folder + "/result.h5")) return;
  const RunRecord record = ReadRunRecord(folder + "/result.h5");
  if (record.replications.empty()) return;
  AddKpiFigures(record.replications.front().series, "first replication", page);
}

void AddScenario(const std::string& folder, Page* page) {
  const std::string path = folder + "/scenario.resolved.yaml";
  if (!fs::exists(path)) return;
  Diagnostics diagnostics;
  const std::optional<ResolvedScenario> scenario =
      LoadScenario(path, {}, &diagnostics);
  if (scenario) page->Figure(TopologyFigure(scenario->scenario()));
  page->Listing("Scenario", ReadFile(path));
}

}  // namespace

std::string GatePage(const std::string& folder) {
  const json summary = ReadSummary(folder);
  Page page(fmt::format("Gate {}: {}", summary.at("gate").get<std::string>(),
                        summary.at("candidate").at("name").get<std::string>()),
            summary);
  const std::string verdict = summary.at("verdict");
  page.Verdict(verdict, verdict, DecidingReason(summary));
  AddCriteria(&page);
  AddSeries(folder + "/held_out.h5", "Held-out forecasts",
            "What was measured and what the models said, on samples that "
            "neither was fitted on",
            &page);
  AddSeries(folder + "/drift_statistic.h5", "Drift trigger",
            "The trigger's statistic on the trace with a known change", &page);
  if (summary.contains("calibration")) {
    page.Section("Credibility of the twin");
    AddProfileTables("/calibration", &page);
  }
  AddRehearsals(folder, &page);
  page.Section("Provenance");
  AddScenario(folder, &page);
  PageTable inputs;
  inputs.header = {"input", "file", "SHA-256"};
  for (const json& input : summary.at("inputs")) {
    inputs.rows.push_back({Cell::Text(input.at("what")),
                           Cell::Text(input.at("path")),
                           Cell::Text(input.at("sha256"))});
  }
  page.Table(inputs);
  AddFacts({{"digest of the verdict", "/digest"}}, &page);
  const std::string gate_file = folder + "/gate.resolved.yaml";
  if (fs::exists(gate_file)) page.Listing("Gate file", ReadFile(gate_file));
  return page.Html();
}

std::string PageOfFolder(const std::string& folder) {
  const json summary = ReadSummary(folder);
  const std::string filetype = summary.value("filetype", "");
  if (filetype == "gate-verdict") return GatePage(folder);
  if (filetype != "run-summary") {
    throw InputError(fmt::format(
        "{}/summary.json: filetype '{}' has no page; known: run-summary, "
        "gate-verdict",
        folder, filetype));
  }
  const std::string scenario_path = folder + "/scenario.resolved.yaml";
  Diagnostics diagnostics;
  std::optional<ResolvedScenario> scenario;
  if (fs::exists(scenario_path)) {
    scenario = LoadScenario(scenario_path, {}, &diagnostics);
  }
  return RunPage(summary, ReadRunRecord(folder + "/result.h5"),
                 scenario ? &*scenario : nullptr);
}

}  // namespace airlock
