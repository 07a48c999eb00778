#include "twin/pipeline/clock_offset.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "twin/forecast/samples.h"

namespace airlock {
namespace {

constexpr int64_t kFewestSamples = 50;
// Blocks that a resample draws from; a trace of one segment is cut into as
// many.
constexpr int64_t kBlocks = 20;
constexpr double kMissing = std::numeric_limits<double>::quiet_NaN();

// A segment, [begin, end) of the trace.
struct Segment {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t length() const { return end - begin; }
};

std::vector<Segment> SegmentsOf(const Trace& trace) {
  const std::vector<int64_t> starts = SegmentStarts(trace);
  std::vector<Segment> segments;
  for (size_t s = 0; s < starts.size(); ++s) {
    const int64_t end = s + 1 < starts.size() ? starts[s + 1] : trace.samples();
    segments.push_back({starts[s], end});
  }
  return segments;
}

// Change since the sample before, of the same segment; NaN where unknown.
std::vector<double> Differences(const std::vector<double>& values,
                                const std::vector<Segment>& segments) {
  std::vector<double> changes(values.size(), kMissing);
  for (const Segment& segment : segments) {
    for (int64_t t = segment.begin + 1; t < segment.end; ++t) {
      const size_t i = static_cast<size_t>(t);
      const double change = values[i] - values[i - 1];
      if (std::isfinite(change)) changes[i] = change;
    }
  }
  return changes;
}

// Mean 0, standard deviation 1, and 0 where unknown, so that an unknown value
// adds nothing to a sum of products. False if the values do not vary.
bool StandardiseKnown(std::vector<double>* values) {
  double sum = 0, count = 0;
  for (const double value : *values) {
    if (std::isnan(value)) continue;
    sum += value;
    ++count;
  }
  if (count < 2) return false;
  const double mean = sum / count;
  double squares = 0;
  for (double& value : *values) {
    value = std::isnan(value) ? 0 : value - mean;
    squares += value * value;
  }
  if (!(squares > 0) || !std::isfinite(squares)) return false;
  const double deviation = std::sqrt(squares / count);
  for (double& value : *values) value /= deviation;
  return true;
}

// The standardised changes of at most `most` counters that vary, evenly taken.
std::vector<std::vector<double>> CounterChanges(
    const Trace& trace, const std::vector<Segment>& segments, int64_t most) {
  std::vector<std::vector<double>> varying;
  for (const Column& column : trace.columns) {
    if (column.role != Role::kCounter) continue;
    std::vector<double> changes = Differences(column.values, segments);
    if (StandardiseKnown(&changes)) varying.push_back(std::move(changes));
  }
  const int64_t found = static_cast<int64_t>(varying.size());
  if (found <= most) return varying;
  std::vector<std::vector<double>> kept;
  for (int64_t i = 0; i < most; ++i) {
    kept.push_back(std::move(varying[static_cast<size_t>(i * found / most)]));
  }
  return kept;
}

// Sums over [begin, end) of KPI samples t of products with the counter's sample
// t + offset of the same segment.
double SumOfProducts(const std::vector<double>& counter,
                     const std::vector<double>& kpi, const Segment& segment,
                     int64_t begin, int64_t end, int64_t offset) {
  begin = std::max(begin, segment.begin - std::min<int64_t>(offset, 0));
  end = std::min(end, segment.end - std::max<int64_t>(offset, 0));
  double sum = 0;
  for (int64_t t = begin; t < end; ++t) {
    sum +=
        counter[static_cast<size_t>(t + offset)] * kpi[static_cast<size_t>(t)];
  }
  return sum;
}

// The search: counters' and KPI's standardised changes, and the score of
// ClockOffset::scores as a function of the offset.
class OffsetSearch {
 public:
  OffsetSearch(std::vector<std::vector<double>> counters,
               std::vector<double> kpi, std::vector<Segment> segments,
               int64_t maximum)
      : counters_(std::move(counters)),
        kpi_(std::move(kpi)),
        segments_(std::move(segments)),
        maximum_(maximum) {}

  int64_t offsets() const { return 2 * maximum_ + 1; }

  std::vector<double> Scores() const { return Scores(kpi_); }

  // The highest score when every segment of the KPI is turned around.
  double HighestByChance(RngStream* rng) const {
    std::vector<double> turned = kpi_;
    for (const Segment& segment : segments_) {
      // Beyond the reach of all offsets, from either side.
      const int64_t room = segment.length() - 4 * maximum_ - 1;
      if (room < 1) continue;
      const int64_t turn =
          2 * maximum_ + 1 +
          static_cast<int64_t>(rng->UniformInt(static_cast<uint64_t>(room)));
      const auto begin = turned.begin() + segment.begin;
      std::rotate(begin, begin + turn, turned.begin() + segment.end);
    }
    const std::vector<double> scores = Scores(turned);
    return *std::max_element(scores.begin(), scores.end());
  }

  // The blocks that are resampled: segments, or pieces of long ones.
  std::vector<std::pair<Segment, Segment>> Blocks() const {
    const int64_t longest = std::max<int64_t>(
        static_cast<int64_t>(kpi_.size()) / kBlocks, 2 * maximum_ + 2);
    std::vector<std::pair<Segment, Segment>> blocks;
    for (const Segment& segment : segments_) {
      const int64_t pieces =
          std::max<int64_t>(1, (segment.length() + longest / 2) / longest);
      for (int64_t p = 0; p < pieces; ++p) {
        blocks.push_back(
            {segment,
             {segment.begin + segment.length() * p / pieces,
              segment.begin + segment.length() * (p + 1) / pieces}});
      }
    }
    return blocks;
  }

  // The share of resamples of the blocks in which an offset other than the one
  // with index `best` scores highest.
  double ShareOfRivals(size_t best, int64_t resamples, RngStream* rng) const {
    const auto blocks = Blocks();
    const std::vector<double> sums = SumsByBlock(blocks);
    const size_t width = counters_.size() * static_cast<size_t>(offsets());
    int64_t rivals = 0;
    std::vector<double> total(width);
    for (int64_t i = 0; i < resamples; ++i) {
      std::fill(total.begin(), total.end(), 0);
      for (size_t b = 0; b < blocks.size(); ++b) {
        const double* block =
            sums.data() + width * rng->UniformInt(blocks.size());
        for (size_t k = 0; k < width; ++k) total[k] += block[k];
      }
      const std::vector<double> scores = ScoresOfSums(total);
      const auto highest = std::max_element(scores.begin(), scores.end());
      rivals += static_cast<size_t>(highest - scores.begin()) != best;
    }
    return static_cast<double>(rivals) / static_cast<double>(resamples);
  }

 private:
  std::vector<double> Scores(const std::vector<double>& kpi) const {
    std::vector<double> sums(counters_.size() * static_cast<size_t>(offsets()));
    size_t at = 0;
    for (const std::vector<double>& counter : counters_) {
      for (int64_t o = -maximum_; o <= maximum_; ++o, ++at) {
        for (const Segment& segment : segments_) {
          sums[at] += SumOfProducts(counter, kpi, segment, segment.begin,
                                    segment.end, o);
        }
      }
    }
    return ScoresOfSums(sums);
  }

  // sums: [counter][offset].
  std::vector<double> ScoresOfSums(const std::vector<double>& sums) const {
    const size_t width = static_cast<size_t>(offsets());
    const double n = static_cast<double>(kpi_.size());
    std::vector<double> scores(width, 0);
    for (size_t k = 0; k < sums.size(); ++k) {
      const double correlation = sums[k] / n;
      scores[k % width] += correlation * correlation;
    }
    for (double& score : scores) score /= static_cast<double>(counters_.size());
    return scores;
  }

  // [block][counter][offset].
  std::vector<double> SumsByBlock(
      const std::vector<std::pair<Segment, Segment>>& blocks) const {
    std::vector<double> sums;
    for (const auto& [segment, block] : blocks) {
      for (const std::vector<double>& counter : counters_) {
        for (int64_t o = -maximum_; o <= maximum_; ++o) {
          sums.push_back(
              SumOfProducts(counter, kpi_, segment, block.begin, block.end, o));
        }
      }
    }
    return sums;
  }

  std::vector<std::vector<double>> counters_;
  std::vector<double> kpi_;
  std::vector<Segment> segments_;
  int64_t maximum_;
};

void CheckSearch(const Trace& trace, const ClockOffsetOptions& options) {
  if (options.maximum < 0 || options.maximum > kMaximumClockOffset) {
    throw InputError(fmt::format(
        "clock offset: {} samples to search either way must lie within 0 and "
        "{}",
        options.maximum, kMaximumClockOffset));
  }
  if (trace.samples() < kFewestSamples) {
    throw InputError(
        fmt::format("clock offset: {} samples are too few to search for it; {} "
                    "are needed (preparation.clock_offset=0 does without)",
                    trace.samples(), kFewestSamples));
  }
}

}  // namespace

std::string ClockOffset::ToText() const {
  if (scores.empty() || counters == 0) {
    return "clock offset 0: nothing to compare";
  }
  double highest = 0, second = 0;
  for (const OffsetScore& each : scores) {
    if (each.offset == best) {
      highest = each.score;
    } else {
      second = std::max(second, each.score);
    }
  }
  const std::string evidence = fmt::format(
      "mean squared correlation of changes {:.4f} at {:+d}, at most {:.4f} "
      "elsewhere, {} counters; by chance p = {:.2g}; another is best in "
      "{:.1f}% of resamples of {} blocks",
      highest, best, second, counters, chance, 100 * rivals, blocks);
  return fmt::format("clock offset {:+d}{}: {}", samples,
                     significant ? "" : " (none is certain)", evidence);
}

ClockOffset FindClockOffset(const Trace& trace, const std::string& kpi,
                            const ClockOffsetOptions& options) {
  CheckSearch(trace, options);
  const Column& column = trace.Get(kpi);
  ClockOffset found;
  const std::vector<Segment> segments = SegmentsOf(trace);
  std::vector<double> changes = Differences(column.values, segments);
  if (options.maximum == 0 || !StandardiseKnown(&changes)) return found;
  auto counters = CounterChanges(trace, segments, options.counters);
  found.counters = static_cast<int64_t>(counters.size());
  if (counters.empty()) return found;
  const OffsetSearch search(std::move(counters), std::move(changes), segments,
                            options.maximum);
  const std::vector<double> scores = search.Scores();
  const size_t best = static_cast<size_t>(
      std::max_element(scores.begin(), scores.end()) - scores.begin());
  for (size_t k = 0; k < scores.size(); ++k) {
    found.scores.push_back(
        {static_cast<int64_t>(k) - options.maximum, scores[k]});
  }
  found.best = found.scores[best].offset;
  found.blocks = static_cast<int64_t>(search.Blocks().size());
  const RngTree tree(options.seed);
  RngStream turns = tree.Stream("pipeline/clock-offset/chance", Replication(0));
  int64_t as_high = 1;
  for (int64_t i = 0; i < options.shuffles; ++i) {
    as_high += search.HighestByChance(&turns) >= scores[best];
  }
  found.chance =
      static_cast<double>(as_high) / static_cast<double>(options.shuffles + 1);
  RngStream draws = tree.Stream("pipeline/clock-offset/rivals", Replication(0));
  found.rivals = search.ShareOfRivals(best, options.resamples, &draws);
  found.significant = found.chance <= options.significance &&
                      found.rivals <= options.significance;
  found.samples = found.significant ? found.best : 0;
  return found;
}

}  // namespace airlock
