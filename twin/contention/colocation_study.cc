#include "twin/contention/colocation_study.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/interrupt.h"
#include "sim/base/parallel.h"
#include "sim/base/rng.h"
#include "sim/stats/bootstrap.h"
#include "sim/stats/moments.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

// The grid of the reference's profiling (spec of its synthetic competitor), in
// bytes, and reads a second in the place of its read counts.
constexpr int64_t kMegabyte = 1000000;
constexpr int64_t kWorkingSets[] = {2, 4, 6, 8, 10, 15, 20};
constexpr double kReads[] = {1e6, 5e6, 2e7, 0};
constexpr double kContended = 0.1;  // of the solo rate

bool IsContended(const MixPrediction& mix) {
  return 1 - mix.measured / mix.solo >= kContended;
}

// The mean of all values with its percentile interval where whole groups are
// drawn, each of which may depend on itself. Unknown below two groups.
Interval MeanOverGroups(const std::vector<std::vector<double>>& groups,
                        RngStream* random) {
  std::vector<double> sums, counts;
  for (const std::vector<double>& group : groups) {
    if (group.empty()) continue;
    sums.push_back(Mean(group) * static_cast<double>(group.size()));
    counts.push_back(static_cast<double>(group.size()));
  }
  if (sums.size() < 2) return {};
  constexpr int kResamples = 2000;
  const auto n = static_cast<int64_t>(sums.size());
  std::vector<double> means;
  for (int i = 0; i < kResamples; ++i) {
    double sum = 0, count = 0;
    for (const int64_t at : BlockResample(n, BlockScheme::kMoving, 1, random)) {
      sum += sums[static_cast<size_t>(at)];
      count += counts[static_cast<size_t>(at)];
    }
    means.push_back(sum / count);
  }
  const double estimate = std::accumulate(sums.begin(), sums.end(), 0.0) /
                          std::accumulate(counts.begin(), counts.end(), 0.0);
  return {estimate, Quantile(means, 0.025), Quantile(means, 0.975)};
}

using Pair = std::pair<size_t, size_t>;  // chains of target and competitor

class Study {
 public:
  Study(const ColocationBench& bench, const ColocationOptions& options,
        const std::function<void(int64_t, int64_t)>& progress)
      : bench_(bench), options_(options), progress_(progress) {
    for (size_t chain = 0; chain < bench.functions().size(); ++chain) {
      for (const double bytes : options.packet_bytes) {
        for (const double flows : options.flows) {
          workloads_.push_back({chain, {bytes, flows}});
        }
      }
    }
    if (options.most_competitors + 1 > bench.cores()) {
      throw InputError(fmt::format(
          "{} competitors and a target need {} cores; the socket has {}",
          options.most_competitors, options.most_competitors + 1,
          bench.cores()));
    }
  }

  ColocationStudy Run() {
    DrawPlan();
    MeasureSolo();
    MeasureContentiousness();
    MeasureSynthetic();
    MeasureMixes();
    Learn();
    Predict();
    Judge();
    return std::move(study_);
  }

 private:
  // A drawn co-location of a target with functions or synthetic competitors.
  struct Planned {
    size_t target = 0;  // of workloads_
    std::vector<size_t> competitors;
    SyntheticLoad synthetic;
    double packets_per_second = 0;
    ContentionVector measured{};  // of the competitors, without the target
  };

  void DrawPlan() {
    RngStream random =
        RngTree(options_.seed).Stream("contention/study", Replication(0));
    const size_t chains = bench_.functions().size();
    for (size_t a = 0; a < chains; ++a) {
      for (size_t b = 0; b < chains; ++b) {
        if (random.Uniform() < options_.held_out_pairs)
          held_out_.insert({a, b});
      }
    }
    const auto most = static_cast<uint64_t>(options_.most_competitors);
    for (size_t w = 0; w < workloads_.size(); ++w) {
      for (int64_t i = 0; i < options_.synthetic; ++i) {
        Planned planned;
        planned.target = w;
        planned.synthetic = {
            kMegabyte *
                kWorkingSets[random.UniformInt(std::size(kWorkingSets))],
            kReads[random.UniformInt(std::size(kReads))],
            static_cast<int64_t>(1 + random.UniformInt(most))};
        synthetic_.push_back(planned);
      }
    }
    for (int64_t i = 0; i < options_.mixes; ++i) {
      Planned planned;
      planned.target = random.UniformInt(workloads_.size());
      const uint64_t number = 1 + random.UniformInt(most);
      for (uint64_t k = 0; k < number; ++k) {
        planned.competitors.push_back(random.UniformInt(workloads_.size()));
      }
      mixes_.push_back(planned);
    }
    total_ = static_cast<int64_t>(workloads_.size() * (1 + most) +
                                  2 * synthetic_.size() + 2 * mixes_.size());
  }

  void MeasureSolo() {
    rates_.resize(workloads_.size());
    Each(workloads_.size(), [this](size_t w) {
      rates_[w] = bench_.SaturatingRate(workloads_[w]);
    });
    solo_.resize(workloads_.size());
    Each(workloads_.size(), [this](size_t w) {
      solo_[w] = Measure({w, {}, {}, 0, {}}, true).target_packets_per_second;
    });
  }

  // Each workload among 1 ... most_competitors of its like.
  void MeasureContentiousness() {
    const auto most = static_cast<size_t>(options_.most_competitors);
    std::vector<std::vector<ContentionVector>> vectors(workloads_.size() *
                                                       most);
    Each(vectors.size(), [&](size_t i) {
      Planned planned;
      planned.competitors.assign(i % most + 1, i / most);
      vectors[i] = Measure(planned, false).competitors;
    });
    for (size_t i = 0; i < vectors.size(); ++i) {
      for (const ContentionVector& vector : vectors[i]) {
        contentiousness_.Add(bench_.AsCompetitor(workloads_[i / most]),
                             static_cast<int64_t>(i % most + 1), vector);
      }
    }
  }

  void MeasureSynthetic() {
    Each(2 * synthetic_.size(),
         [this](size_t i) { MeasurePlanned(&synthetic_[i / 2], i % 2 == 0); });
  }

  void MeasureMixes() {
    Each(2 * mixes_.size(),
         [this](size_t i) { MeasurePlanned(&mixes_[i / 2], i % 2 == 0); });
  }

  void MeasurePlanned(Planned* planned, bool with_target) const {
    const ColocationMeasurement measured = Measure(*planned, with_target);
    if (with_target) {
      planned->packets_per_second = measured.target_packets_per_second;
    } else {
      planned->measured = Compose(measured.competitors, bench_.cores());
    }
  }

  ColocationMeasurement Measure(const Planned& planned,
                                bool with_target) const {
    Colocation colocation;
    std::vector<double> offered = {0};
    if (with_target) {
      colocation.target = workloads_[planned.target];
      offered.front() = rates_[planned.target];
    }
    for (const size_t w : planned.competitors) {
      colocation.competitors.push_back(workloads_[w]);
      offered.push_back(rates_[w]);
    }
    colocation.synthetic = planned.synthetic;
    return bench_.Run(colocation, offered);
  }

  std::vector<Competitor> CompetitorsOf(const Planned& mix) const {
    std::vector<Competitor> competitors;
    for (const size_t w : mix.competitors) {
      competitors.push_back(bench_.AsCompetitor(workloads_[w]));
    }
    return competitors;
  }

  bool IsHeldOut(const Planned& mix) const {
    const size_t target = workloads_[mix.target].chain;
    return std::any_of(
        mix.competitors.begin(), mix.competitors.end(), [&](size_t w) {
          return held_out_.count({target, workloads_[w].chain}) > 0;
        });
  }

  void Learn() {
    std::map<size_t, std::vector<SensitivitySample>> samples;  // by chain
    const auto add = [&](size_t w, const ContentionVector& vector,
                         double packets_per_second) {
      samples[workloads_[w].chain].push_back(
          {vector, workloads_[w].traffic, packets_per_second});
    };
    for (size_t w = 0; w < workloads_.size(); ++w) add(w, {}, solo_[w]);
    for (const Planned& one : synthetic_) {
      add(one.target, one.measured, one.packets_per_second);
    }
    for (const Planned& mix : mixes_) {
      if (IsHeldOut(mix)) continue;
      add(mix.target,
          contentiousness_.Composed(CompetitorsOf(mix), bench_.cores()),
          mix.packets_per_second);
    }
    for (const auto& [chain, of_chain] : samples) {
      study_.profiled += static_cast<int64_t>(of_chain.size());
      for (const SensitivityLearner learner :
           {SensitivityLearner::kBoosting, SensitivityLearner::kCacheReferences,
            SensitivityLearner::kCacheOccupancy, SensitivityLearner::kSolo}) {
        models_.emplace(
            std::make_pair(chain, learner),
            SensitivityModel(bench_.functions()[chain], of_chain, learner));
      }
    }
  }

  void Predict() {
    study_.methods = {"boosting",         "measured vector", "solo vectors",
                      "cache references", "cache occupancy", "solo"};
    for (const Planned& mix : mixes_) {
      const Workload& target = workloads_[mix.target];
      const std::vector<Competitor> competitors = CompetitorsOf(mix);
      const ContentionVector composed =
          contentiousness_.Composed(competitors, bench_.cores());
      const auto answer = [&](SensitivityLearner learner,
                              const ContentionVector& vector) {
        return models_.at({target.chain, learner})
            .Predict(vector, target.traffic);
      };
      const auto predict = [&](SensitivityLearner learner,
                               const ContentionVector& vector) {
        return answer(learner, vector).packets_per_second;
      };
      MixPrediction prediction;
      prediction.target = bench_.AsCompetitor(target);
      prediction.competitors = competitors;
      prediction.held_out = IsHeldOut(mix);
      prediction.solo = solo_[mix.target];
      prediction.measured = mix.packets_per_second;
      prediction.predicted = {
          predict(SensitivityLearner::kBoosting, composed),
          predict(SensitivityLearner::kBoosting, mix.measured),
          predict(
              SensitivityLearner::kBoosting,
              contentiousness_.ComposedFromSolo(competitors, bench_.cores())),
          predict(SensitivityLearner::kCacheReferences, composed),
          predict(SensitivityLearner::kCacheOccupancy, composed),
          predict(SensitivityLearner::kSolo, composed)};
      prediction.outside =
          answer(SensitivityLearner::kBoosting, composed).outside;
      study_.mixes.push_back(std::move(prediction));
    }
  }

  void Judge() {
    // Of each target with its traffic, its held-out mixes.
    std::map<std::pair<std::string, TrafficAttributes>,
             std::vector<const MixPrediction*>>
        targets;
    for (const MixPrediction& mix : study_.mixes) {
      if (!mix.held_out) continue;
      targets[{mix.target.function, mix.target.traffic}].push_back(&mix);
      ++study_.held_out;
      study_.contended += IsContended(mix) ? 1 : 0;
      study_.outside += mix.outside.empty() ? 0 : 1;
      study_.largest_drop =
          std::max(study_.largest_drop, 1 - mix.measured / mix.solo);
    }
    if (targets.size() < 2) {
      throw InputError("too few mixes with a held-out pair to judge by");
    }
    RngStream random =
        RngTree(options_.seed).Stream("contention/bootstrap", Replication(0));
    for (size_t m = 0; m < study_.methods.size(); ++m) {
      std::vector<std::vector<double>> all, contended;  // by target
      std::vector<double> pooled;
      for (const auto& [target, mixes] : targets) {
        all.emplace_back();
        contended.emplace_back();
        for (const MixPrediction* mix : mixes) {
          const double error = std::abs(mix->predicted[m] / mix->measured - 1);
          pooled.push_back(error);
          all.back().push_back(error);
          if (IsContended(*mix)) contended.back().push_back(error);
        }
      }
      study_.errors.push_back({study_.methods[m], MeanOverGroups(all, &random),
                               Quantile(pooled, 0.5), Quantile(pooled, 0.95),
                               MeanOverGroups(contended, &random)});
    }
  }

  void Each(size_t count, const std::function<void(size_t)>& work) {
    InParallel(
        static_cast<int64_t>(count), options_.jobs,
        [&](int64_t i) {
          ThrowIfInterrupted();
          work(static_cast<size_t>(i));
        },
        [this] {
          ++study_.runs;
          if (progress_) progress_(std::min(study_.runs, total_), total_);
        });
  }

  const ColocationBench& bench_;
  const ColocationOptions options_;
  const std::function<void(int64_t, int64_t)>& progress_;
  int64_t total_ = 1;
  std::vector<Workload> workloads_;
  std::set<Pair> held_out_;
  std::vector<double> rates_;  // that saturate, by workload
  std::vector<double> solo_;   // packets/s, by workload
  std::vector<Planned> synthetic_;
  std::vector<Planned> mixes_;
  Contentiousness contentiousness_;
  std::map<std::pair<size_t, SensitivityLearner>, SensitivityModel> models_;
  ColocationStudy study_;
};

}  // namespace

ColocationStudy StudyColocations(
    const ColocationBench& bench, const ColocationOptions& options,
    const std::function<void(int64_t, int64_t)>& progress) {
  return Study(bench, options, progress).Run();
}

}  // namespace airlock
