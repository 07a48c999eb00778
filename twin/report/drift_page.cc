#include <fmt/format.h>

#include "twin/report/page_parts.h"
#include "twin/report/pages.h"

namespace airlock {
namespace {

using nlohmann::json;

std::vector<double> SharesOf(const json& counts) {
  double total = 0;
  for (const json& count : counts) total += count.get<double>();
  std::vector<double> shares;
  for (const json& count : counts) {
    shares.push_back(total > 0 ? count.get<double>() / total : 0);
  }
  return shares;
}

// The first and last bin are open; they are drawn as wide as their neighbours.
HistogramPlot PlotOf(const json& moved) {
  const json& histogram = moved.at("histogram");
  std::vector<double> edges = histogram.at("edges").get<std::vector<double>>();
  HistogramPlot plot;
  plot.x_title = WithUnit(moved.at("feature"), moved.at("unit"));
  if (edges.empty()) return plot;
  const double first = edges.size() > 1 ? edges[1] - edges[0] : 1;
  const double last =
      edges.size() > 1 ? edges[edges.size() - 1] - edges[edges.size() - 2] : 1;
  edges.insert(edges.begin(), edges.front() - first);
  edges.push_back(edges.back() + last);
  plot.edges = std::move(edges);
  plot.reference = SharesOf(histogram.at("reference"));
  plot.current = SharesOf(histogram.at("current"));
  return plot;
}

void AddAlarm(size_t index, Page* page) {
  const std::string at = fmt::format("/alarms/{}", index);
  const json& alarm = page->summary().at(json::json_pointer(at));
  const json& explanation = alarm.at("explanation");
  page->Section(
      fmt::format("Alarm {}: {}", index + 1,
                  explanation.at("recommendation").get<std::string>()));
  page->Paragraph(explanation.at("reason").get<std::string>());
  AddFacts({{"sample", at + "/sample"},
            {"time, s", at + "/time_seconds"},
            {"since, s", at + "/explanation/since_seconds"},
            {"statistic", at + "/statistic"},
            {"threshold", at + "/threshold"}},
           page);
  PageTable table;
  table.header = {"moved",     "median before", "median after",
                  "shift, sd", "spread ratio",  "outside the reference"};
  for (size_t i = 0; i < explanation.at("moved").size(); ++i) {
    const std::string row = fmt::format("{}/explanation/moved/{}/", at, i);
    table.rows.push_back(
        {Cell::Text(explanation["moved"][i].at("feature")),
         Cell::Number(row + "before/median"),
         Cell::Number(row + "after/median"),
         Cell::Number(row + "shift_in_reference_sd", {"", 1, 3, true}),
         Cell::Number(row + "spread_ratio", {"", 1, 3}),
         Cell::Number(row + "outside_share", {"%", 100, 3})});
  }
  page->Table(table);
  for (const json& moved : explanation.at("moved")) {
    const HistogramPlot plot = PlotOf(moved);
    if (plot.edges.empty()) continue;
    const std::string name = moved.at("feature");
    page->Figure({name + ": reference, and since the change",
                  "histograms of " + name, ToVega(plot)});
  }
}

}  // namespace

std::string DriftPage(const json& summary, const StatisticSeries& statistic) {
  Page page("Drift watch", summary);
  const json& alarms = summary.at("alarms");
  page.Verdict(
      alarms.empty() ? "promote" : "reject",
      alarms.empty() ? "no drift"
                     : fmt::format("drift: {} alarm{}", alarms.size(),
                                   alarms.size() == 1 ? "" : "s"),
      alarms.empty()
          ? ""
          : alarms[0].at("explanation").at("reason").get<std::string>());
  page.Section("Statistic");
  LinePlot plot;
  plot.x_title = "time [s]";
  plot.y_title = "statistic";
  plot.series = {{"statistic", statistic.time_seconds, statistic.statistic}};
  plot.thresholds = {{statistic.threshold, "threshold"}};
  for (size_t i = 0; i < alarms.size(); ++i) {
    plot.events.push_back({alarms[i].at("time_seconds").get<double>(),
                           fmt::format("alarm {}", i + 1)});
  }
  page.Figure(
      {"The trigger's statistic; an alarm where it reaches the "
       "threshold",
       "drift statistic over time", ToVega(plot)});
  AddFacts({{"samples", "/samples"},
            {"samples in warning", "/warnings"},
            {"repeats of alarms whose change is not over", "/repeats"}},
           &page);
  // More alarms than people read follow in summary.json.
  constexpr size_t kMostAlarms = 5;
  for (size_t i = 0; i < std::min(alarms.size(), kMostAlarms); ++i) {
    AddAlarm(i, &page);
  }
  return page.Html();
}

}  // namespace airlock
