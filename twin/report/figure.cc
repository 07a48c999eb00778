#include "twin/report/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/stats/ecdf.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr int64_t kMostBuckets = 600;
constexpr int64_t kMostSteps = 400;
constexpr int kPlotHeight = 240;
constexpr int kRowHeight = 74;

// Six digits are more than can be seen, and keep the page small.
json Short(double value) {
  if (!std::isfinite(value)) return nullptr;
  return std::stod(fmt::format("{:.6g}", value));
}

json Specification(int64_t height) {
  return {{"$schema", "https://vega.github.io/schema/vega/v5.json"},
          {"width", 600},
          {"height", height},
          {"padding", 5},
          {"autosize", {{"type", "fit-x"}, {"contains", "padding"}}},
          {"data", json::array()},
          {"scales", json::array()},
          {"axes", json::array()},
          {"marks", json::array()}};
}

json LinearScale(const char* name, const char* range, const json& domain) {
  return {{"name", name},     {"type", "linear"}, {"range", range},
          {"domain", domain}, {"nice", true},     {"zero", false}};
}

// `greatest`: magnitude on the axis, 0 if unknown. Labels of large numbers have
// SI prefixes: 180M.
json Axis(const char* scale, const char* orient, const std::string& title,
          double greatest = 0) {
  // "~g" has as many digits as ticks need: -4e+1 for -40.
  const bool plain = greatest >= 0.01 && greatest < 1e5;
  return {{"format", plain             ? "~f"
                     : greatest >= 1e5 ? "~s"
                                       : "~g"},
          {"scale", scale},
          {"orient", orient},
          {"title", title},
          {"grid", orient == std::string("left")},
          {"tickCount", 6},
          {"labelOverlap", true}};
}

void AddLegend(json* specification, const std::vector<std::string>& names) {
  (*specification)["scales"].push_back({{"name", "colour"},
                                        {"type", "ordinal"},
                                        {"domain", names},
                                        {"range", "category"}});
  if (names.size() < 2) return;
  (*specification)["legends"] = {{{"stroke", "colour"},
                                  {"symbolType", "stroke"},
                                  {"orient", "top"},
                                  {"direction", "horizontal"}}};
}

json Point(const std::string& series, double x, double y) {
  return {{"s", series}, {"x", Short(x)}, {"y", Short(y)}};
}

// Of the finite values' magnitudes; 0 without any.
double GreatestOf(const std::vector<double>& values) {
  double greatest = 0;
  for (const double value : values) {
    if (std::isfinite(value)) greatest = std::max(greatest, std::abs(value));
  }
  return greatest;
}

// The series with at most two points a bucket: its least and greatest value,
// in the order in which they come. A bucket with a gap keeps it.
void AppendThinned(const PlottedSeries& series, json* points) {
  AIRLOCK_CHECK(series.x.size() == series.y.size());
  const auto n = static_cast<int64_t>(series.x.size());
  const int64_t bucket = std::max<int64_t>(1, n / kMostBuckets);
  for (int64_t begin = 0; begin < n; begin += bucket) {
    const int64_t end = std::min(n, begin + bucket);
    int64_t least = -1;
    int64_t greatest = -1;
    int64_t gap = -1;
    for (int64_t i = begin; i < end; ++i) {
      const double y = series.y[static_cast<size_t>(i)];
      if (!std::isfinite(y)) {
        gap = i;
        continue;
      }
      if (least < 0 || y < series.y[static_cast<size_t>(least)]) least = i;
      if (greatest < 0 || y > series.y[static_cast<size_t>(greatest)]) {
        greatest = i;
      }
    }
    std::vector<int64_t> kept = {least, greatest, gap};
    std::sort(kept.begin(), kept.end());
    kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
    for (const int64_t i : kept) {
      if (i < 0) continue;
      const auto at = static_cast<size_t>(i);
      points->push_back(Point(series.name, series.x[at], series.y[at]));
    }
  }
}

json Lines(const char* interpolate) {
  json line = {{"type", "line"}, {"from", {{"data", "one"}}}};
  line["encode"]["update"] = {{"x", {{"scale", "x"}, {"field", "x"}}},
                              {"y", {{"scale", "y"}, {"field", "y"}}},
                              {"stroke", {{"scale", "colour"}, {"field", "s"}}},
                              {"strokeWidth", {{"value", 1.5}}},
                              {"interpolate", {{"value", interpolate}}},
                              {"defined", {{"signal", "isValid(datum.y)"}}}};
  return {{"type", "group"},
          {"from",
           {{"facet", {{"name", "one"}, {"data", "lines"}, {"groupby", "s"}}}}},
          {"marks", {line}}};
}

// Every n-th of a series that is too long.
void AppendDots(const PlottedSeries& series, json* dots) {
  AIRLOCK_CHECK(series.x.size() == series.y.size());
  const size_t n = series.x.size();
  const size_t step = std::max<size_t>(1, n / kMostBuckets);
  for (size_t i = 0; i < n; i += step) {
    if (!std::isfinite(series.x[i]) || !std::isfinite(series.y[i])) continue;
    dots->push_back(Point(series.name, series.x[i], series.y[i]));
  }
}

json Dots() {
  json symbol = {{"type", "symbol"}, {"from", {{"data", "dots"}}}};
  symbol["encode"]["update"] = {{"x", {{"scale", "x"}, {"field", "x"}}},
                                {"y", {{"scale", "y"}, {"field", "y"}}},
                                {"fill", {{"scale", "colour"}, {"field", "s"}}},
                                {"fillOpacity", {{"value", 0.35}}},
                                {"size", {{"value", 12}}}};
  return symbol;
}

json Band() {
  json area = {{"type", "area"}, {"from", {{"data", "band"}}}};
  area["style"] = "band-fill";
  area["encode"]["update"] = {
      {"x", {{"scale", "x"}, {"field", "x"}}},
      {"y", {{"scale", "y"}, {"field", "low"}}},
      {"y2", {{"scale", "y"}, {"field", "high"}}},
      {"fillOpacity", {{"value", 0.2}}},
      {"defined", {{"signal", "isValid(datum.low) && isValid(datum.high)"}}}};
  return area;
}

// Rules of data set `data` along `axis`, with their labels.
void AddRules(const char* data, bool upright,
              const std::vector<PlottedRule>& rules, json* specification) {
  if (rules.empty()) return;
  json values = json::array();
  for (const PlottedRule& rule : rules) {
    values.push_back({{"at", Short(rule.at)}, {"label", rule.label}});
  }
  (*specification)["data"].push_back({{"name", data}, {"values", values}});
  const json at = {{"scale", upright ? "x" : "y"}, {"field", "at"}};
  const json begin = {{"value", 0}};
  const json end = {{"signal", upright ? "height" : "width"}};
  json rule = {
      {"type", "rule"}, {"style", "limit"}, {"from", {{"data", data}}}};
  rule["encode"]["update"] = {{upright ? "x" : "y", at},
                              {upright ? "y" : "x", begin},
                              {upright ? "y2" : "x2", end},
                              {"strokeDash", {{"value", {4, 3}}}}};
  json text = {
      {"type", "text"}, {"style", "label"}, {"from", {{"data", data}}}};
  text["encode"]["update"] = {{"text", {{"field", "label"}}},
                              {"limit", {{"signal", "width"}}},
                              {"fontSize", {{"value", 11}}}};
  if (upright) {
    text["encode"]["update"]["x"] = at;
    text["encode"]["update"]["y"] = {{"value", 10}};
    text["encode"]["update"]["dx"] = {{"value", 4}};
  } else {
    text["encode"]["update"]["y"] = at;
    text["encode"]["update"]["x"] = end;
    text["encode"]["update"]["dy"] = {{"value", -4}};
    text["encode"]["update"]["align"] = {{"value", "right"}};
  }
  (*specification)["marks"].push_back(rule);
  (*specification)["marks"].push_back(text);
}

// A domain of numbers that holds all finite `values`, a little wider.
std::pair<double, double> DomainOf(const std::vector<double>& values) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double value : values) {
    if (!std::isfinite(value)) continue;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (!(low <= high)) return {0, 1};
  const double margin =
      high > low ? 0.08 * (high - low) : std::max(std::abs(low), 1.0) * 0.1;
  return {low - margin, high + margin};
}

json TextMark(const json& x, double y, const std::string& text,
              const char* align) {
  return {{"type", "text"},
          {"style", "label"},
          {"encode",
           {{"update",
             {{"x", x},
              {"y", {{"value", y}}},
              {"align", {{"value", align}}},
              {"limit", {{"signal", "width"}}},
              {"text", {{"value", text}}}}}}}};
}

json RuleMark(const std::string& style, const json& x, double y, const json& x2,
              double y2, double width) {
  return {{"type", "rule"},
          {"style", style},
          {"encode",
           {{"update",
             {{"x", x},
              {"x2", x2},
              {"y", {{"value", y}}},
              {"y2", {{"value", y2}}},
              {"strokeWidth", {{"value", width}}}}}}}};
}

json OnScale(double value) { return {{"scale", "x"}, {"value", Short(value)}}; }

json IntervalRow(const IntervalPlot::Row& row, size_t index) {
  constexpr double kLine = 30;
  const Interval& i = row.interval;
  const auto [low, high] = DomainOf({i.low, i.high, i.estimate, row.limit});
  json group = {{"type", "group"}};
  group["encode"]["update"] = {
      {"y", {{"value", kRowHeight * static_cast<double>(index)}}},
      {"width", {{"signal", "width"}}},
      {"height", {{"value", 44}}}};
  group["scales"] = {{{"name", "x"},
                      {"type", "linear"},
                      {"range", {0, {{"signal", "width"}}}},
                      {"domain", {Short(low), Short(high)}},
                      {"zero", false}}};
  group["axes"] = {{{"scale", "x"},
                    {"orient", "bottom"},
                    {"tickCount", 5},
                    {"labelOverlap", true}}};
  const std::string unit =
      row.unit.empty() || row.unit == "1" ? "" : " (" + row.unit + ")";
  json marks = {TextMark({{"value", 0}}, 10, row.label + unit, "left")};
  if (std::isfinite(row.limit)) {
    marks.push_back(
        RuleMark("limit", OnScale(row.limit), 16, OnScale(row.limit), 44, 2));
  }
  if (i.known()) {
    marks.push_back(RuleMark(row.outcome, OnScale(std::max(low, i.low)), kLine,
                             OnScale(std::min(high, i.high)), kLine, 4));
  }
  if (std::isfinite(i.estimate)) {
    marks.push_back({{"type", "symbol"},
                     {"style", row.outcome + "-fill"},
                     {"encode",
                      {{"update",
                        {{"x", OnScale(i.estimate)},
                         {"y", {{"value", kLine}}},
                         {"size", {{"value", 90}}}}}}}});
  }
  group["marks"] = std::move(marks);
  return group;
}

}  // namespace

json ToVega(const LinePlot& plot) {
  json specification = Specification(kPlotHeight);
  json points = json::array();
  std::vector<std::string> names;
  double greatest = 0, greatest_x = 0;
  for (const PlottedSeries& series : plot.series) {
    names.push_back(series.name);
    greatest = std::max(greatest, GreatestOf(series.y));
    greatest_x = std::max(greatest_x, GreatestOf(series.x));
    AppendThinned(series, &points);
  }
  specification["data"].push_back({{"name", "lines"}, {"values", points}});
  json x_fields = {{{"data", "lines"}, {"field", "x"}}};
  json y_fields = {{{"data", "lines"}, {"field", "y"}}};
  if (!plot.dots.empty()) {
    json dots = json::array();
    for (const PlottedSeries& series : plot.dots) {
      names.push_back(series.name);
      greatest = std::max(greatest, GreatestOf(series.y));
      greatest_x = std::max(greatest_x, GreatestOf(series.x));
      AppendDots(series, &dots);
    }
    specification["data"].push_back({{"name", "dots"}, {"values", dots}});
    x_fields.push_back({{"data", "dots"}, {"field", "x"}});
    y_fields.push_back({{"data", "dots"}, {"field", "y"}});
    specification["marks"].push_back(Dots());
  }
  json* const marks = &specification["marks"];
  if (plot.band) {
    json values = json::array();
    const size_t n = plot.band->x.size();
    const size_t step = std::max<size_t>(1, n / kMostBuckets);
    for (size_t i = 0; i < n; i += step) {
      values.push_back({{"x", Short(plot.band->x[i])},
                        {"low", Short(plot.band->low[i])},
                        {"high", Short(plot.band->high[i])}});
    }
    specification["data"].push_back({{"name", "band"}, {"values", values}});
    y_fields.push_back({{"data", "band"}, {"field", "low"}});
    y_fields.push_back({{"data", "band"}, {"field", "high"}});
    marks->push_back(Band());
  }
  AddRules("events", true, plot.events, &specification);
  AddRules("thresholds", false, plot.thresholds, &specification);
  if (!plot.thresholds.empty()) {
    y_fields.push_back({{"data", "thresholds"}, {"field", "at"}});
  }
  marks->push_back(Lines("linear"));
  specification["scales"] = {
      LinearScale("x", "width", {{"fields", x_fields}}),
      LinearScale("y", "height", {{"fields", y_fields}})};
  specification["scales"][0]["nice"] = false;
  specification["axes"] = {Axis("x", "bottom", plot.x_title, greatest_x),
                           Axis("y", "left", plot.y_title, greatest)};
  AddLegend(&specification, names);
  return specification;
}

json ToVega(const CdfPlot& plot) {
  json specification = Specification(kPlotHeight);
  json points = json::array();
  std::vector<std::string> names;
  double greatest = 0;
  for (const CdfPlot::Sample& sample : plot.samples) {
    names.push_back(sample.name);
    greatest = std::max(greatest, GreatestOf(sample.values));
    std::vector<double> sorted = Ecdf(sample.values).sorted();
    const auto n = static_cast<int64_t>(sorted.size());
    const int64_t steps = std::min(n, kMostSteps);
    for (int64_t k = 1; k <= steps; ++k) {
      const int64_t rank = k * n / steps;
      points.push_back(
          Point(sample.name, sorted[static_cast<size_t>(rank - 1)],
                static_cast<double>(rank) / static_cast<double>(n)));
    }
  }
  specification["data"].push_back({{"name", "lines"}, {"values", points}});
  specification["scales"] = {
      LinearScale("x", "width", {{"data", "lines"}, {"field", "x"}}),
      LinearScale("y", "height", json::array({0, 1}))};
  specification["axes"] = {Axis("x", "bottom", plot.x_title, greatest),
                           Axis("y", "left", "share of values at most x")};
  specification["marks"].push_back(Lines("step-after"));
  AddLegend(&specification, names);
  return specification;
}

json ToVega(const HistogramPlot& plot) {
  AIRLOCK_CHECK(plot.edges.size() == plot.reference.size() + 1 &&
                plot.reference.size() == plot.current.size());
  json specification = Specification(kPlotHeight);
  json bars = json::array();
  for (size_t i = 0; i + 1 < plot.edges.size(); ++i) {
    for (const bool current : {false, true}) {
      bars.push_back(
          {{"s", current ? "current" : "reference"},
           {"from", Short(plot.edges[i])},
           {"to", Short(plot.edges[i + 1])},
           {"y", Short(current ? plot.current[i] : plot.reference[i])}});
    }
  }
  specification["data"].push_back({{"name", "bars"}, {"values", bars}});
  specification["scales"] = {
      LinearScale(
          "x", "width",
          json::array({Short(plot.edges.front()), Short(plot.edges.back())})),
      LinearScale("y", "height", {{"data", "bars"}, {"field", "y"}})};
  specification["scales"][0]["nice"] = false;
  specification["scales"][1]["zero"] = true;
  specification["axes"] = {
      Axis("x", "bottom", plot.x_title, GreatestOf(plot.edges)),
      Axis("y", "left", "share of samples")};
  json bar = {{"type", "rect"}, {"from", {{"data", "bars"}}}};
  bar["encode"]["update"] = {{"x", {{"scale", "x"}, {"field", "from"}}},
                             {"x2", {{"scale", "x"}, {"field", "to"}}},
                             {"y", {{"scale", "y"}, {"field", "y"}}},
                             {"y2", {{"scale", "y"}, {"value", 0}}},
                             {"fill", {{"scale", "colour"}, {"field", "s"}}},
                             {"stroke", {{"scale", "colour"}, {"field", "s"}}},
                             {"fillOpacity", {{"value", 0.35}}}};
  specification["marks"].push_back(bar);
  AddLegend(&specification, {"reference", "current"});
  return specification;
}

json ToVega(const IntervalPlot& plot) {
  json specification =
      Specification(kRowHeight * static_cast<int64_t>(plot.rows.size()));
  for (size_t i = 0; i < plot.rows.size(); ++i) {
    specification["marks"].push_back(IntervalRow(plot.rows[i], i));
  }
  return specification;
}

json ToVega(const GraphPlot& plot) {
  json specification = Specification(plot.height);
  json nodes = json::array();
  std::vector<std::string> kinds;
  for (const GraphPlot::Node& node : plot.nodes) {
    nodes.push_back({{"name", node.name},
                     {"kind", node.kind},
                     {"x", Short(node.x)},
                     {"y", Short(node.y)}});
    if (std::find(kinds.begin(), kinds.end(), node.kind) == kinds.end()) {
      kinds.push_back(node.kind);
    }
  }
  json links = json::array();
  for (const GraphPlot::Link& link : plot.links) {
    const GraphPlot::Node& from = plot.nodes.at(link.from);
    const GraphPlot::Node& to = plot.nodes.at(link.to);
    links.push_back({{"x", Short(from.x)},
                     {"y", Short(from.y)},
                     {"x2", Short(to.x)},
                     {"y2", Short(to.y)},
                     {"label", link.label}});
  }
  specification["data"] = {{{"name", "nodes"}, {"values", nodes}},
                           {{"name", "links"}, {"values", links}}};
  specification["scales"] = {LinearScale("x", "width", json::array({0, 1})),
                             {{"name", "y"},
                              {"type", "linear"},
                              {"range", {20, {{"signal", "height - 30"}}}},
                              {"domain", {0, 1}},
                              {"zero", false}}};
  AddLegend(&specification, kinds);
  json line = {
      {"type", "rule"}, {"style", "muted"}, {"from", {{"data", "links"}}}};
  json dot = {{"type", "symbol"}, {"from", {{"data", "nodes"}}}};
  json name = {
      {"type", "text"}, {"style", "label"}, {"from", {{"data", "nodes"}}}};
  for (json* const mark : {&line, &dot, &name}) {
    (*mark)["encode"]["update"] = {{"x", {{"scale", "x"}, {"field", "x"}}},
                                   {"y", {{"scale", "y"}, {"field", "y"}}}};
  }
  line["encode"]["update"]["x2"] = {{"scale", "x"}, {"field", "x2"}};
  line["encode"]["update"]["y2"] = {{"scale", "y"}, {"field", "y2"}};
  line["encode"]["update"]["tooltip"] = {{"field", "label"}};
  dot["encode"]["update"]["size"] = {{"value", 140}};
  dot["encode"]["update"]["fill"] = {{"scale", "colour"}, {"field", "kind"}};
  dot["encode"]["update"]["stroke"] = {{"scale", "colour"}, {"field", "kind"}};
  dot["encode"]["update"]["tooltip"] = {{"field", "name"}};
  name["encode"]["update"]["text"] = {{"field", "name"}};
  name["encode"]["update"]["align"] = {{"value", "center"}};
  name["encode"]["update"]["dy"] = {{"value", 20}};
  specification["marks"] = {line, dot};
  // More names than fit would only hide each other; they stay as tooltips.
  if (plot.nodes.size() <= 40) specification["marks"].push_back(name);
  return specification;
}

}  // namespace airlock
