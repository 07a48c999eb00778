#include <fmt/format.h>

#include <cmath>

#include "sim/base/json.h"
#include "sim/stats/quantile.h"
#include "twin/report/page_parts.h"
#include "twin/report/pages.h"

namespace airlock {

using nlohmann::json;

namespace {

json ErrorsOf(const CalibrationResult& result) {
  json errors = json::array();
  for (const PredictionError& row : result.errors) {
    const auto interval = [](const Interval& i) {
      return json{{"estimate", NumberOrNull(i.estimate)},
                  {"low", NumberOrNull(i.low)},
                  {"high", NumberOrNull(i.high)}};
    };
    errors.push_back({{"quantity", row.quantity},
                      {"unit", row.unit},
                      {"method", row.method},
                      {"samples", row.samples},
                      {"median_in_fit", NumberOrNull(row.median_in_fit)},
                      {"median", interval(row.median)},
                      {"mean", interval(row.mean)}});
  }
  return errors;
}

// Measured dots of both parts, and what was fitted.
void AddCurves(const std::vector<FittedCurve>& curves, Page* page) {
  if (curves.empty()) return;
  page->Section("What was fitted");
  for (const FittedCurve& curve : curves) {
    LinePlot plot;
    plot.x_title = curve.x_title;
    plot.y_title = curve.y_title;
    plot.series = {{"fitted", curve.x, curve.y}};
    plot.dots = {{"measured, fit part", curve.fit_x, curve.fit_y},
                 {"measured, held out", curve.held_x, curve.held_y}};
    page->Figure(
        {curve.name, curve.name + ", measured and fitted", ToVega(plot)});
  }
}

// The KPI with a missing value wherever it was not measured for more than a
// few samples, so that no line crosses the gap.
HeldOutKpi WithGaps(const HeldOutKpi& kpi) {
  std::vector<double> steps;
  for (size_t i = 1; i < kpi.time_seconds.size(); ++i) {
    steps.push_back(kpi.time_seconds[i] - kpi.time_seconds[i - 1]);
  }
  if (steps.empty()) return kpi;
  const double longest = 3 * Median(steps);
  HeldOutKpi gapped;
  gapped.kpi = kpi.kpi;
  gapped.unit = kpi.unit;
  const auto add = [&](double time, double measured, double predicted,
                       double low, double high) {
    gapped.time_seconds.push_back(time);
    gapped.measured.push_back(measured);
    gapped.predicted.push_back(predicted);
    gapped.low.push_back(low);
    gapped.high.push_back(high);
  };
  for (size_t i = 0; i < kpi.time_seconds.size(); ++i) {
    const double gap = std::nan("");
    if (i > 0 && steps[i - 1] > longest) {
      add(kpi.time_seconds[i - 1] + longest / 3, gap, gap, gap, gap);
    }
    add(kpi.time_seconds[i], kpi.measured[i], kpi.predicted[i], kpi.low[i],
        kpi.high[i]);
  }
  return gapped;
}

// Absolute errors of baselines and fit, goodput in Mbit/s.
void AddErrorTable(Page* page) {
  const json& errors = page->summary().at("errors");
  if (errors.empty()) return;
  PageTable table;
  table.header = {
      "prediction", "in the fit part", "median", "low", "high", "mean", "unit"};
  for (size_t i = 0; i < errors.size(); ++i) {
    const json& error = errors[i];
    const std::string row = fmt::format("/errors/{}/", i);
    const bool rate = error.at("unit") == "bit/s";
    const NumberFormat format = {"", rate ? 1e-6 : 1, 3};
    table.rows.push_back(
        {Cell::Text(error.at("quantity").get<std::string>() + ", " +
                    error.at("method").get<std::string>()),
         Cell::Number(row + "median_in_fit", format),
         Cell::Number(row + "median/estimate", format),
         Cell::Number(row + "median/low", format),
         Cell::Number(row + "median/high", format),
         Cell::Number(row + "mean/estimate", format),
         Cell::Text(rate ? "Mbit/s" : error.at("unit").get<std::string>())});
  }
  page->Section("Absolute error beside the baselines, held-out part");
  page->Paragraph(
      "Median with its 90 % interval by block bootstrap, and mean. In the fit "
      "part: the median where each sixth is predicted from those before.");
  page->Table(table);
}

// Parameters, sampling and credibility of a calibration by sampling.
json SamplingSummary(const CalibrationProfile& profile) {
  json settings = json::array();
  for (const FittedSetting& s : profile.settings) {
    settings.push_back(
        {{"name", s.name},
         {"keys", s.keys},
         {"unit", s.unit},
         {"value", NumberOrNull(s.value)},
         {"low", NumberOrNull(s.low)},
         {"high", NumberOrNull(s.high)},
         {"r_hat", NumberOrNull(s.r_hat)},
         {"effective_samples", NumberOrNull(s.effective_samples)}});
  }
  json factors = json::array();
  for (const CredibilityFactor& factor : profile.credibility) {
    factors.push_back({{"factor", factor.factor},
                       {"level", factor.level},
                       {"evidence", factor.evidence}});
  }
  const SamplingRecord& s = *profile.sampling;
  return {{"method", s.method},
          {"engine_runs", s.engine_runs},
          {"plausible_shares", s.plausible_shares},
          {"emulator_coverage", NumberOrNull(s.emulator_coverage)},
          {"emulator_error", NumberOrNull(s.emulator_error)},
          {"log_evidence", NumberOrNull(s.log_evidence)},
          {"log_evidence_without_discrepancy",
           NumberOrNull(s.log_evidence_without_discrepancy)},
          {"rank_simulations", s.rank_simulations},
          {"rank_chi_square", NumberOrNull(s.rank_chi_square)},
          {"rank_limit", NumberOrNull(s.rank_limit)},
          {"settings", std::move(settings)},
          {"credibility", std::move(factors)}};
}

void AddSampling(Page* page) {
  if (!page->summary().contains("sampling")) return;
  const json& sampling = page->summary().at("sampling");
  PageTable settings;
  settings.header = {
      "parameter",        "value", "low", "high", "unit", "R-hat",
      "effective samples"};
  for (size_t i = 0; i < sampling.at("settings").size(); ++i) {
    const json& one = sampling.at("settings")[i];
    const std::string row = fmt::format("/sampling/settings/{}/", i);
    const NumberFormat plain = {"", 1, 3};
    settings.rows.push_back(
        {Cell::Text(one.at("name")), Cell::Number(row + "value", plain),
         Cell::Number(row + "low", plain), Cell::Number(row + "high", plain),
         Cell::Text(one.at("unit")), Cell::Number(row + "r_hat", plain),
         Cell::Number(row + "effective_samples", {"", 1, 0})});
  }
  page->Section("Posterior and credibility");
  page->Paragraph(
      "By history matching and sampling with a discrepancy term; intervals: 90 "
      "%. Credibility in the manner of NASA-STD-7009, levels 0 to 4.");
  page->Table(settings);
  PageTable factors;
  factors.header = {"factor", "level", "evidence"};
  for (size_t i = 0; i < sampling.at("credibility").size(); ++i) {
    const json& one = sampling.at("credibility")[i];
    factors.rows.push_back(
        {Cell::Text(one.at("factor")),
         Cell::Number(fmt::format("/sampling/credibility/{}/level", i),
                      {"", 1, 0}),
         Cell::Text(one.at("evidence"))});
  }
  page->Table(factors);
}

}  // namespace

json CalibrationSummary(const CalibrationResult& result) {
  const CalibrationProfile& profile = result.profile;
  json parameters = json::array();
  for (const FittedParameter& p : profile.parameters) {
    parameters.push_back({{"name", p.function + "." + p.key},
                          {"unit", p.unit},
                          {"value", NumberOrNull(p.value)},
                          {"low", NumberOrNull(p.low)},
                          {"high", NumberOrNull(p.high)},
                          {"origin", p.origin},
                          {"note", p.note}});
  }
  json kpis = json::array();
  for (const KpiFidelity& k : profile.kpis) {
    kpis.push_back({{"kpi", k.kpi},
                    {"samples", k.samples},
                    {"w1_over_sd", NumberOrNull(k.w1_over_sd)},
                    {"p50_error", NumberOrNull(k.p50_error)},
                    {"p99_error", NumberOrNull(k.p99_error)},
                    {"coverage", NumberOrNull(k.coverage)},
                    {"credible", k.credible},
                    {"reason", k.reason}});
  }
  json summary = {{"filetype", "calibration-summary"},
                  {"version", {1, 0}},
                  {"airlock_version", profile.airlock_version},
                  {"scenario", profile.scenario_name},
                  {"scenario_sha256", profile.scenario_sha256},
                  {"trace", profile.trace},
                  {"trace_digest", profile.trace_digest},
                  {"fit_samples", profile.fit_samples},
                  {"held_out_samples", profile.held_out_samples},
                  {"parameters", std::move(parameters)},
                  {"kpis", std::move(kpis)},
                  {"errors", ErrorsOf(result)},
                  {"notes", result.notes}};
  if (profile.sampling) summary["sampling"] = SamplingSummary(profile);
  return summary;
}

std::string CalibrationPage(const json& summary,
                            const CalibrationResult& result) {
  const CalibrationProfile& profile = result.profile;
  Page page("Calibration of " + profile.scenario_name, summary);
  std::string credible;
  for (const KpiFidelity& kpi : profile.kpis) {
    if (kpi.credible) credible += (credible.empty() ? "" : ", ") + kpi.kpi;
  }
  page.Verdict(
      credible.empty() ? "reject" : "promote",
      credible.empty() ? "credible for no KPI" : "credible for " + credible,
      fmt::format("Judged on {} samples that the fit has not seen.",
                  profile.held_out_samples));
  page.Section("Credibility and parameters");
  page.Paragraph(
      "W1 / sd: Wasserstein-1 distance of the distributions over the measured "
      "standard deviation. Coverage: held-out samples inside the 90 % "
      "predictive interval. Intervals of parameters: 90 %.");
  AddProfileTables("", &page);
  AddSampling(&page);
  if (!result.curves.empty()) {
    page.Paragraph(
        "rssi: from the distance alone, as a scenario's keys say it; "
        "rssi_at_site: with the shadowing of the place; goodput: from RSSI, "
        "its last 10 s and utilisation; goodput_at_site: with the place; "
        "goodput_at_rate: from measured PHY rate, RSSI and utilisation.");
  }
  AddErrorTable(&page);
  for (const std::string& note : result.notes) page.Paragraph(note);
  AddCurves(result.curves, &page);
  page.Section("Measured against twin, held-out part");
  for (const HeldOutKpi& kpi : result.held_out) {
    LinePlot plot;
    plot.x_title = "time [s]";
    plot.y_title = WithUnit(kpi.kpi, kpi.unit);
    const HeldOutKpi shown = WithGaps(kpi);
    plot.series = {{"measured", shown.time_seconds, shown.measured},
                   {"twin", shown.time_seconds, shown.predicted}};
    plot.band = {"90 %", shown.time_seconds, shown.low, shown.high};
    page.Figure({kpi.kpi + ": measured, and the twin with its 90 % interval",
                 kpi.kpi + " over time, measured and twin", ToVega(plot)});
    page.Figure({kpi.kpi + ": distribution over held-out samples",
                 "cumulative distributions of " + kpi.kpi,
                 ToVega(CdfPlot{
                     plot.y_title,
                     {{"measured", kpi.measured}, {"twin", kpi.predicted}}})});
  }
  page.Section("Provenance");
  AddFacts({{"scenario", "/scenario"},
            {"scenario, SHA-256", "/scenario_sha256"},
            {"trace", "/trace"},
            {"trace, SHA-256", "/trace_digest"},
            {"samples fitted to", "/fit_samples"},
            {"samples held out", "/held_out_samples"},
            {"Airlock", "/airlock_version"}},
           &page);
  return page.Html();
}

}  // namespace airlock
