#include "sim/results/summary.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "sim/base/diagnostics.h"
#include "sim/base/error.h"
#include "sim/stats/moments.h"
#include "sim/stats/t_test.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
using Outcome = MetricDifference::Outcome;

const std::vector<Metric>& MetricsOf(const RunRecord& record) {
  static const std::vector<Metric> kNone;
  return record.replications.empty() ? kNone
                                     : record.replications.front().metrics;
}

const Metric* FindMetric(const std::vector<Metric>& metrics,
                         const std::string& name) {
  for (const Metric& metric : metrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

// Bit for bit, but any NaN equals any other.
bool Identical(const std::vector<double>& a, const std::vector<double>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](double x, double y) {
                      return (std::isnan(x) && std::isnan(y)) ||
                             std::memcmp(&x, &y, sizeof x) == 0;
                    });
}

// Drops the pairs of which either side is undefined.
void KeepDefinedPairs(std::vector<double>* a, std::vector<double>* b) {
  std::vector<double> kept_a, kept_b;
  for (size_t i = 0; i < a->size(); ++i) {
    if (std::isnan((*a)[i]) || std::isnan((*b)[i])) continue;
    kept_a.push_back((*a)[i]);
    kept_b.push_back((*b)[i]);
  }
  *a = std::move(kept_a);
  *b = std::move(kept_b);
}

bool SameReplications(const RunRecord& a, const RunRecord& b) {
  return std::equal(a.replications.begin(), a.replications.end(),
                    b.replications.begin(), b.replications.end(),
                    [](const ReplicationRecord& x, const ReplicationRecord& y) {
                      return x.replication == y.replication;
                    });
}

MetricDifference CompareMetric(const RunRecord& a, const RunRecord& b,
                               const Metric& metric, bool paired,
                               double confidence) {
  MetricDifference row;
  row.name = metric.name;
  row.unit = metric.unit;
  std::vector<double> values_a = MetricValues(a, metric.name);
  std::vector<double> values_b = MetricValues(b, metric.name);
  const bool identical = Identical(values_a, values_b);
  if (paired) {
    KeepDefinedPairs(&values_a, &values_b);
  } else {
    values_a = DropMissing(values_a);
    values_b = DropMissing(values_b);
  }
  row.n_a = static_cast<int64_t>(values_a.size());
  row.n_b = static_cast<int64_t>(values_b.size());
  row.mean_a = Mean(values_a);
  row.mean_b = Mean(values_b);
  const MeanDifference test = paired
                                  ? PairedTest(values_a, values_b, confidence)
                                  : WelchTest(values_a, values_b, confidence);
  row.difference = test.difference;
  row.p_value = test.p_value;
  row.outcome = identical                  ? Outcome::kIdentical
                : std::isnan(test.p_value) ? Outcome::kUnknown
                                           : Outcome::kNotShown;
  return row;
}

MetricDifference OneSided(const RunRecord& record, const Metric& metric,
                          Outcome outcome) {
  const std::vector<double> values =
      DropMissing(MetricValues(record, metric.name));
  const bool in_a = outcome == Outcome::kOnlyInA;
  MetricDifference row;
  row.name = metric.name;
  row.unit = metric.unit;
  row.n_a = in_a ? static_cast<int64_t>(values.size()) : 0;
  row.n_b = in_a ? 0 : static_cast<int64_t>(values.size());
  row.mean_a = in_a ? Mean(values) : kNaN;
  row.mean_b = in_a ? kNaN : Mean(values);
  row.p_value = row.p_adjusted = kNaN;
  row.outcome = outcome;
  return row;
}

// Holm over the metrics that are in both runs and not identical.
void DecideJointly(double confidence, std::vector<MetricDifference>* rows) {
  std::vector<double> p_values;
  for (const MetricDifference& row : *rows) {
    if (row.outcome == Outcome::kNotShown) p_values.push_back(row.p_value);
  }
  const std::vector<double> adjusted = HolmAdjusted(p_values);
  size_t next = 0;
  for (MetricDifference& row : *rows) {
    if (row.outcome == Outcome::kUnknown) row.p_adjusted = kNaN;
    if (row.outcome != Outcome::kNotShown) continue;
    row.p_adjusted = adjusted[next++];
    if (row.p_adjusted < 1 - confidence) row.outcome = Outcome::kDiffers;
  }
}

}  // namespace

const char* ToString(MetricDifference::Outcome outcome) {
  switch (outcome) {
    case Outcome::kIdentical:
      return "identical";
    case Outcome::kNotShown:
      return "no difference shown";
    case Outcome::kDiffers:
      return "differs";
    case Outcome::kUnknown:
      return "too few replications";
    case Outcome::kOnlyInA:
      return "only in A";
    case Outcome::kOnlyInB:
      return "only in B";
  }
  return "";
}

std::vector<double> MetricValues(const RunRecord& record,
                                 const std::string& name) {
  const std::vector<Metric>& metrics = MetricsOf(record);
  if (FindMetric(metrics, name) == nullptr) {
    std::vector<std::string> names;
    for (const Metric& metric : metrics) names.push_back(metric.name);
    const std::string nearest = NearestName(name, names);
    throw InputError(fmt::format(
        "the result of '{}' has no metric '{}'{}", record.scenario_name, name,
        nearest.empty() ? "" : fmt::format("; did you mean '{}'?", nearest)));
  }
  std::vector<double> values;
  for (const ReplicationRecord& replication : record.replications) {
    const Metric* const metric = FindMetric(replication.metrics, name);
    values.push_back(metric == nullptr ? kNaN : metric->value);
  }
  return values;
}

std::vector<MetricSummary> Summarize(const RunRecord& record,
                                     double confidence) {
  std::vector<MetricSummary> rows;
  for (const Metric& metric : MetricsOf(record)) {
    const std::vector<double> all = MetricValues(record, metric.name);
    const std::vector<double> values = DropMissing(all);
    MetricSummary row;
    row.name = metric.name;
    row.unit = metric.unit;
    row.description = metric.description;
    row.n = static_cast<int64_t>(values.size());
    row.missing = static_cast<int64_t>(all.size() - values.size());
    row.standard_deviation = StandardDeviation(values);
    const auto ends = std::minmax_element(values.begin(), values.end());
    row.least = values.empty() ? kNaN : *ends.first;
    row.greatest = values.empty() ? kNaN : *ends.second;
    row.mean = MeanInterval(values, confidence);
    rows.push_back(row);
  }
  return rows;
}

bool RunComparison::AnyChange() const {
  return std::any_of(metrics.begin(), metrics.end(),
                     [](const MetricDifference& row) {
                       return row.outcome != Outcome::kIdentical;
                     });
}

bool RunComparison::AnyDifference() const {
  return std::any_of(metrics.begin(), metrics.end(),
                     [](const MetricDifference& row) {
                       return row.outcome == Outcome::kDiffers ||
                              row.outcome == Outcome::kOnlyInA ||
                              row.outcome == Outcome::kOnlyInB;
                     });
}

RunComparison CompareRuns(const RunRecord& a, const RunRecord& b,
                          double confidence) {
  RunComparison comparison;
  comparison.equal_digests = a.Digest() == b.Digest();
  comparison.paired =
      a.provenance.seed == b.provenance.seed && SameReplications(a, b);
  for (const Metric& metric : MetricsOf(a)) {
    const Metric* const other = FindMetric(MetricsOf(b), metric.name);
    comparison.metrics.push_back(
        other == nullptr
            ? OneSided(a, metric, Outcome::kOnlyInA)
            : CompareMetric(a, b, metric, comparison.paired, confidence));
  }
  for (const Metric& metric : MetricsOf(b)) {
    if (FindMetric(MetricsOf(a), metric.name) != nullptr) continue;
    comparison.metrics.push_back(OneSided(b, metric, Outcome::kOnlyInB));
  }
  DecideJointly(confidence, &comparison.metrics);
  return comparison;
}

}  // namespace airlock
