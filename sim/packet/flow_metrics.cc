#include "sim/packet/flow_metrics.h"

#include <limits>

#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

// Those that ended, and how many did not.
struct Completions {
  std::vector<double> seconds;
  std::vector<double> slowdowns;
  double unfinished = 0;

  void Add(const FlowOutcome& flow) {
    if (!flow.seconds) {
      ++unfinished;
      return;
    }
    seconds.push_back(*flow.seconds);
    slowdowns.push_back(flow.slowdown);
  }
  double UnfinishedShare() const {
    const double all = unfinished + static_cast<double>(seconds.size());
    return all > 0 ? unfinished / all
                   : std::numeric_limits<double>::quiet_NaN();
  }
};

double MeanOrNan(const std::vector<double>& values) {
  return values.empty() ? std::numeric_limits<double>::quiet_NaN()
                        : Mean(values);
}

void AddQuantiles(const std::string& name, const std::string& suffix,
                  const std::string& unit, const std::string& description,
                  const std::vector<double>& values,
                  std::vector<Metric>* metrics) {
  const std::vector<double> found = Quantiles(values, {0.5, 0.95, 0.99});
  metrics->push_back(
      {name + "_p50" + suffix, unit, description + ", median", found[0]});
  metrics->push_back({name + "_p95" + suffix, unit,
                      description + ", 95th percentile", found[1]});
  metrics->push_back({name + "_p99" + suffix, unit,
                      description + ", 99th percentile", found[2]});
}

constexpr char kTime[] = "flow completion time, SYN to last byte";
constexpr char kRatio[] = "completion time over that on an idle network";

void AddBucket(const SizeBucket& bucket, const Completions& flows,
               std::vector<Metric>* metrics) {
  const std::string suffix = std::string(".") + bucket.name;
  const std::string of = std::string(", flows ") + bucket.description;
  AddQuantiles("fct", suffix, "s", kTime + of, flows.seconds, metrics);
  AddQuantiles("slowdown", suffix, "1", kRatio + of, flows.slowdowns, metrics);
  metrics->push_back({"flows_finished" + suffix, "1",
                      "flows in the completion times" + of,
                      static_cast<double>(flows.seconds.size())});
  metrics->push_back({"flows_unfinished_share" + suffix, "1",
                      "share of flows that did not end" + of,
                      flows.UnfinishedShare()});
}

}  // namespace

const std::vector<SizeBucket>& SizeBuckets() {
  static const std::vector<SizeBucket> kBuckets = {
      {"under_10kB", "under 10 kB", 0},
      {"10kB_to_100kB", "of 10 to 100 kB", 10000},
      {"100kB_to_1MB", "of 100 kB to 1 MB", 100000},
      {"1MB_to_10MB", "of 1 to 10 MB", 1000000},
      {"over_10MB", "of 10 MB and more", 10000000},
  };
  return kBuckets;
}

void AddCompletionMetrics(const std::vector<FlowOutcome>& flows,
                          std::vector<Metric>* metrics) {
  const std::vector<SizeBucket>& buckets = SizeBuckets();
  Completions all;
  std::vector<Completions> by_size(buckets.size());
  for (const FlowOutcome& flow : flows) {
    all.Add(flow);
    size_t bucket = buckets.size() - 1;
    while (flow.size.value() < buckets[bucket].least) --bucket;
    by_size[bucket].Add(flow);
  }
  metrics->push_back(
      {"fct_mean", "s", std::string(kTime) + ", mean", MeanOrNan(all.seconds)});
  AddQuantiles("fct", "", "s", kTime, all.seconds, metrics);
  metrics->push_back({"slowdown_mean", "1", std::string(kRatio) + ", mean",
                      MeanOrNan(all.slowdowns)});
  AddQuantiles("slowdown", "", "1", kRatio, all.slowdowns, metrics);
  metrics->push_back({"flows_finished", "1", "flows in the completion times",
                      static_cast<double>(all.seconds.size())});
  metrics->push_back({"flows_unfinished", "1",
                      "flows that began after the warm-up and did not end, "
                      "which the completion times leave out",
                      all.unfinished});
  metrics->push_back({"flows_unfinished_share", "1",
                      "their share of the flows that began after the warm-up",
                      all.UnfinishedShare()});
  for (size_t i = 0; i < buckets.size(); ++i) {
    AddBucket(buckets[i], by_size[i], metrics);
  }
}

}  // namespace airlock
