#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/stats/interval.h"
#include "twin/report/page.h"

// The kinds of plot on our pages, each as a Vega specification that holds its
// own data. Missing values (NaN) are gaps; nothing is drawn for them. Series
// that are too long to be seen are thinned, keeping each stretch's least and
// greatest value.
namespace airlock {

struct PlottedSeries {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;  // as many
};

struct PlottedBand {
  std::string name;
  std::vector<double> x;
  std::vector<double> low;
  std::vector<double> high;
};

// A line across the plot, with its label.
struct PlottedRule {
  double at = 0;
  std::string label;
};

struct LinePlot {
  std::string x_title;  // with the unit
  std::string y_title;
  std::vector<PlottedSeries> series;  // up to 4 with the dots
  std::optional<PlottedBand> band;
  std::vector<PlottedSeries> dots = {};  // points that no line joins
  std::vector<PlottedRule> events;       // upright, at x
  std::vector<PlottedRule> thresholds;   // level, at y
};
nlohmann::json ToVega(const LinePlot& plot);

// Empirical distribution functions of samples.
struct CdfPlot {
  std::string x_title;
  struct Sample {
    std::string name;
    std::vector<double> values;
  };
  std::vector<Sample> samples;  // up to 4
};
nlohmann::json ToVega(const CdfPlot& plot);

// Two histograms over the same bins, side by side: shares of `reference` and
// `current`; edges are one more than shares.
struct HistogramPlot {
  std::string x_title;
  std::vector<double> edges;
  std::vector<double> reference;
  std::vector<double> current;
};
nlohmann::json ToVega(const HistogramPlot& plot);

// Intervals against their limits, a row each with an axis of its own. A bound
// that is infinite ends at the edge.
struct IntervalPlot {
  struct Row {
    std::string label;
    std::string outcome;  // "promote", "reject", "inconclusive": its colour
    Interval interval;
    double limit = 0;  // NaN: none
    std::string unit;
  };
  std::vector<Row> rows;
};
nlohmann::json ToVega(const IntervalPlot& plot);

// Nodes at places in the unit square (y downwards) and links between them.
struct GraphPlot {
  struct Node {
    std::string name;
    std::string kind;  // one colour a kind
    double x = 0;
    double y = 0;
  };
  struct Link {
    size_t from = 0;
    size_t to = 0;
    std::string label;
  };
  std::vector<Node> nodes;
  std::vector<Link> links;
  int64_t height = 260;  // pixels
};
nlohmann::json ToVega(const GraphPlot& plot);

}  // namespace airlock
