#include <fmt/format.h>

#include "twin/report/page_parts.h"
#include "twin/report/pages.h"

namespace airlock {
namespace {

using nlohmann::json;

void AddScores(Page* page) {
  PageTable table;
  table.header = {"model", "R2",          "RMSE", "MAE",
                  "MAPE",  "within 10 %", "MASE", "p against persistence"};
  const json& rows = page->summary().at("scores").at("rows");
  const NumberFormat percent = {"%", 100, 3};
  for (size_t i = 0; i < rows.size(); ++i) {
    const std::string at = fmt::format("/scores/rows/{}/", i);
    table.rows.push_back(
        {Cell::Text(rows[i].at("model")), Cell::Number(at + "r2"),
         Cell::Number(at + "rmse"), Cell::Number(at + "mae"),
         Cell::Number(at + "mape", percent),
         Cell::Number(at + "accuracy_10", percent), Cell::Number(at + "mase"),
         Cell::Number(at + "p_persistence", {"", 1, 2})});
  }
  page->Table(table);
}

LinePlot PredictionPlot(const std::string& target, const Trace& trace,
                        const Predictions& predictions,
                        const IntervalPredictions& intervals) {
  LinePlot plot;
  PlottedSeries measured{"measured", {}, {}};
  PlottedSeries predicted{"predicted", {}, {}};
  PlottedBand band;
  const bool banded = !intervals.levels.empty();
  for (size_t i = 0; i < predictions.origin.size(); ++i) {
    const double time =
        trace.time_seconds[static_cast<size_t>(predictions.origin[i])];
    measured.x.push_back(time);
    predicted.x.push_back(time);
    measured.y.push_back(predictions.observed[i]);
    predicted.y.push_back(predictions.value[i]);
    if (!banded) continue;
    const PredictionInterval& widest = intervals.intervals.back()[i];
    band.x.push_back(time);
    band.low.push_back(widest.low);
    band.high.push_back(widest.high);
  }
  plot.x_title = "time of the prediction's origin [s]";
  plot.y_title = target;
  plot.series = {std::move(measured), std::move(predicted)};
  if (banded) plot.band = std::move(band);
  return plot;
}

}  // namespace

std::string ForecastPage(const json& summary, const Trace& trace,
                         const Predictions& predictions,
                         const IntervalPredictions& intervals) {
  const std::string target = summary.at("target");
  Page page(fmt::format("Forecast of {}", target), summary);
  const json& remarks = summary.at("scores").at("remarks");
  std::string reason;
  for (const json& remark : remarks) {
    reason += (reason.empty() ? "" : " ") + remark.get<std::string>();
  }
  page.Verdict("", summary.at("chosen").get<std::string>(), reason);
  page.Section("Scores on the held-out part");
  page.Paragraph(
      "All models on the same samples, none of which was learnt from. p: "
      "Diebold and Mariano, H0 \"not better than persistence\".");
  AddScores(&page);
  page.Section("Held-out part");
  const std::string titled =
      WithUnit(target, summary.at("unit").get<std::string>());
  page.Figure(
      {intervals.levels.empty()
           ? target + ", measured and predicted"
           : fmt::format(
                 "{}, measured and predicted with its {:.0f} % interval",
                 target, 100 * intervals.levels.back()),
       target + " over time, measured and predicted",
       ToVega(PredictionPlot(titled, trace, predictions, intervals))});
  page.Section("Model");
  std::string features;
  for (const json& feature : summary.at("features")) {
    features += feature.get<std::string>() + "\n";
  }
  page.Listing("Features", features);
  page.Section("Provenance");
  AddFacts({{"pipeline", "/pipeline"},
            {"horizon, samples", "/horizon"},
            {"season, samples", "/season"},
            {"held-out samples", "/held_out"},
            {"share of samples outside the training range", "/outside_share"},
            {"bytes of the model file", "/bytes"},
            {"trace", "/record/trace"},
            {"trace, SHA-256", "/record/trace_digest"},
            {"samples", "/record/samples"}},
           &page);
  return page.Html();
}

}  // namespace airlock
