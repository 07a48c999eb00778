#include "twin/report/page_parts.h"

#include <fmt/format.h>

namespace airlock {
namespace {

using nlohmann::json;

constexpr size_t kMostKpis = 6;

}  // namespace

std::string WithUnit(const std::string& name, const std::string& unit) {
  return unit.empty() || unit == "1" ? name
                                     : fmt::format("{} [{}]", name, unit);
}

void AddFacts(const std::vector<std::pair<std::string, std::string>>& rows,
              Page* page) {
  PageTable table;
  table.header = {"what", "value"};
  for (const auto& [label, pointer] : rows) {
    const json::json_pointer at(pointer);
    if (!page->summary().contains(at)) continue;
    const json& value = page->summary()[at];
    if (value.is_number()) {
      table.rows.push_back(
          {Cell::Text(label), Cell::Number(pointer, {"", 1, 15})});
    } else if (!value.is_null() && value != "") {
      table.rows.push_back(
          {Cell::Text(label),
           Cell::Text(value.is_string() ? value.get<std::string>()
                                        : value.dump())});
    }
  }
  if (!table.rows.empty()) page->Table(table);
}

void AddKpiFigures(const Trace& series, const std::string& of, Page* page) {
  size_t shown = 0;
  for (const Column& column : series.columns) {
    if (column.role != Role::kKpi || shown == kMostKpis) continue;
    if (column.CountMissing() == series.samples()) continue;
    ++shown;
    LinePlot lines;
    lines.x_title = "time [s]";
    lines.y_title = WithUnit(column.name, column.unit);
    lines.series = {{column.name, series.time_seconds, column.values}};
    page->Figure({fmt::format("{} over time, {}", column.name, of),
                  fmt::format("{} over time", column.name), ToVega(lines)});
    page->Figure(
        {fmt::format("Distribution of {} over samples, {}", column.name, of),
         fmt::format("cumulative distribution of {}", column.name),
         ToVega(CdfPlot{lines.y_title, {{column.name, column.values}}})});
  }
}

void AddProfileTables(const std::string& at, Page* page) {
  const json& profile = page->summary().at(json::json_pointer(at));
  PageTable kpis;
  kpis.header = {"KPI",       "credible", "W1 / sd", "p50 error",
                 "p99 error", "coverage", "reason"};
  const NumberFormat percent = {"%", 100, 3};
  for (size_t i = 0; i < profile.at("kpis").size(); ++i) {
    const json& kpi = profile["kpis"][i];
    const std::string row = fmt::format("{}/kpis/{}/", at, i);
    kpis.rows.push_back({Cell::Text(kpi.at("kpi")),
                         Cell::Badge(kpi.at("credible") ? "yes" : "no"),
                         Cell::Number(row + "w1_over_sd"),
                         Cell::Number(row + "p50_error", percent),
                         Cell::Number(row + "p99_error", percent),
                         Cell::Number(row + "coverage", percent),
                         Cell::Text(kpi.at("reason"))});
  }
  page->Table(kpis);
  PageTable parameters;
  parameters.header = {"parameter", "value", "low", "high", "unit", "origin"};
  bool notes = false;
  for (const json& p : profile.at("parameters")) {
    notes = notes || !p.value("note", "").empty();
  }
  if (notes) parameters.header.push_back("note");
  for (size_t i = 0; i < profile.at("parameters").size(); ++i) {
    const json& p = profile["parameters"][i];
    const std::string row = fmt::format("{}/parameters/{}/", at, i);
    parameters.rows.push_back(
        {Cell::Text(p.at("name")), Cell::Number(row + "value"),
         Cell::Number(row + "low"), Cell::Number(row + "high"),
         Cell::Text(p.at("unit")), Cell::Text(p.at("origin"))});
    if (notes) {
      parameters.rows.back().push_back(Cell::Text(p.value("note", "")));
    }
  }
  page->Table(parameters);
}

}  // namespace airlock
