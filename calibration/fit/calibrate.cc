#include "calibration/fit/calibrate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "calibration/fit/calibrate_wlan.h"
#include "calibration/fit/posterior.h"
#include "calibration/fit/predictive.h"
#include "calibration/fit/replay.h"
#include "sim/base/error.h"
#include "sim/base/version.h"
#include "sim/stats/quantile.h"

namespace airlock {

namespace {

constexpr int64_t kBlock = 8;  // samples of a block of the fit
constexpr int64_t kFewestSamples = 100;
constexpr size_t kNeighbours = 120;

const char* const kContentionColumns[] = {"contention_cpu", "contention_cache",
                                          "contention_memory", "contention_io"};

// Blocks spread evenly over [0, samples), about `wanted` samples in all.
std::vector<Segment> SpreadBlocks(int64_t samples, int64_t wanted) {
  const int64_t slots = std::max<int64_t>(1, samples / kBlock);
  const int64_t count =
      std::clamp<int64_t>(wanted / kBlock, 1, (slots + 1) / 2);
  std::vector<Segment> blocks;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t begin = (2 * i + 1) * slots / (2 * count) * kBlock;
    blocks.push_back({begin, std::min(samples, begin + kBlock)});
  }
  return blocks;
}

// Counts replayed samples against a forecast of how many there will be.
class Progress {
 public:
  Progress(const CalibrationProgress& report, int64_t total)
      : report_(report), total_(total) {}

  void Done(int64_t samples) {
    done_ += samples;
    // The fit may end earlier or later than foreseen; the end is the end.
    if (report_) report_(std::min(done_, total_ - 1), total_);
  }
  void Finish() {
    if (report_) report_(total_, total_);
  }

 private:
  const CalibrationProgress& report_;
  int64_t total_;
  int64_t done_ = 0;
};

// A KPI over the whole trace: measured, and replayed with each posterior draw.
struct ReplayedKpi {
  std::string name;
  std::vector<double> measured;               // of each sample
  std::vector<std::vector<double>> replayed;  // [draw][sample]
  std::vector<double> mean;                   // over the draws
};

double MeanOverDraws(const std::vector<std::vector<double>>& replayed,
                     size_t sample) {
  double sum = 0;
  double count = 0;
  for (const auto& values : replayed) {
    if (std::isnan(values[sample])) continue;
    sum += values[sample];
    ++count;
  }
  return count > 0 ? sum / count : std::numeric_limits<double>::quiet_NaN();
}

// The replays of a sample, one a posterior draw.
std::vector<double> ValuesAt(const ReplayedKpi& kpi, size_t sample) {
  std::vector<double> values;
  for (const auto& replayed : kpi.replayed) values.push_back(replayed[sample]);
  return values;
}

class Calibration {
 public:
  Calibration(const ChainConfig& chain, const Trace& trace,
              const CalibrationOptions& options,
              const CalibrationProgress& progress)
      : chain_(chain),
        trace_(trace),
        options_(options),
        fit_samples_(static_cast<int64_t>(std::floor(
            options.fit_share * static_cast<double>(trace.samples())))),
        progress_(progress, Forecast()) {
    CheckInput();
  }

  CalibrationResult Run() {
    const Trace fit = trace_.Slice(0, fit_samples_);
    PosteriorOptions options;
    options.seed = options_.seed;
    options.lead = Lead();
    options.blocks = SpreadBlocks(fit_samples_, options_.fit_samples);
    options.search = SpreadBlocks(fit_samples_, options_.fit_samples / 3);
    const ReplayDone done = [this](int64_t n) { progress_.Done(n); };
    const Posterior posterior = FitPosterior(chain_, fit, options, done);

    MarkFitted(options.blocks);
    ReplayAll(posterior);
    CalibrationResult result;
    FillProfile(posterior, &result.profile);
    for (const ReplayedKpi& kpi : kpis_) Judge(kpi, &result);
    progress_.Finish();
    return result;
  }

 private:
  // Samples replayed before a block: two, or one period of a quota.
  int64_t Lead() const {
    double period = 0;
    for (const ChainFunction& function : chain_.functions) {
      if (function.quota.value() <= 0) continue;
      period = std::max(period, Seconds(function.quota_period));
    }
    const double interval = trace_.time_seconds[1] - trace_.time_seconds[0];
    return std::clamp<int64_t>(
        static_cast<int64_t>(std::ceil(period / interval)), 2, kBlock);
  }

  int64_t Forecast() const {
    constexpr int64_t kSearch = 49;
    constexpr int64_t kSteps = 70;  // derivatives and tries, about
    return kSearch * options_.fit_samples / 3 + kSteps * options_.fit_samples +
           options_.posterior_draws * trace_.samples();
  }

  void CheckInput() const {
    if (chain_.functions.empty()) {
      throw InputError("calibration: the scenario has no chain of functions");
    }
    if (!(options_.fit_share > 0 && options_.fit_share < 1)) {
      throw InputError("calibration: the fit's share is not between 0 and 1");
    }
    if (trace_.samples() < kFewestSamples) {
      throw InputError(fmt::format(
          "calibration: the trace has {} samples; at least {} are needed",
          trace_.samples(), kFewestSamples));
    }
    trace_.Get("offered_rate");
    bool any = false;
    for (const std::string& kpi : options_.kpis) {
      any = any || trace_.Find(kpi) != nullptr;
    }
    if (!any) {
      throw InputError("calibration: the trace has none of the KPIs to judge");
    }
  }

  // Samples that the parameters were fitted to give no residuals.
  void MarkFitted(const std::vector<Segment>& blocks) {
    fitted_.assign(static_cast<size_t>(fit_samples_), false);
    for (const Segment& block : blocks) {
      std::fill(fitted_.begin() + block.begin, fitted_.begin() + block.end,
                true);
    }
  }

  void ReplayAll(const Posterior& posterior) {
    std::vector<std::string> columns;
    for (const std::string& name : options_.kpis) {
      if (trace_.Find(name) == nullptr) continue;
      kpis_.push_back({name, trace_.Get(name).values, {}, {}});
      columns.push_back(name);
    }
    for (const ChainFunction& function : chain_.functions) {
      columns.push_back("function." + function.name + ".busy");
    }
    const Replay replay(trace_, {{0, trace_.samples()}}, columns, 0);
    const size_t n = static_cast<size_t>(trace_.samples());
    busiest_.assign(n, 0);
    for (int64_t draw = 0; draw < options_.posterior_draws; ++draw) {
      // The draws are exchangeable: spread over them all.
      const size_t pick = static_cast<size_t>(draw) * posterior.draws.size() /
                          static_cast<size_t>(options_.posterior_draws);
      auto values =
          replay.Run(WithParameters(posterior.chain, posterior.parameters,
                                    posterior.draws[pick]),
                     options_.seed + 1 + static_cast<uint64_t>(draw));
      progress_.Done(trace_.samples());
      for (size_t i = 0; i < n; ++i) {
        double busiest = 0;
        for (size_t k = kpis_.size(); k < columns.size(); ++k) {
          busiest = std::max(busiest, values[k][i]);
        }
        busiest_[i] += busiest / static_cast<double>(options_.posterior_draws);
      }
      for (size_t k = 0; k < kpis_.size(); ++k) {
        kpis_[k].replayed.push_back(std::move(values[k]));
      }
    }
    for (ReplayedKpi& kpi : kpis_) {
      for (size_t i = 0; i < n; ++i) {
        kpi.mean.push_back(MeanOverDraws(kpi.replayed, i));
      }
    }
  }

  // What the differences of a KPI may depend on.
  std::vector<double> Features(const ReplayedKpi& kpi, size_t sample) const {
    const double mean = kpi.mean[sample];
    std::vector<double> features = {
        busiest_[sample], DifferenceOf(kpi.name) == DifferenceKind::kFactor
                              ? std::log(std::max(mean, 1e-12))
                              : mean};
    for (const char* name : kContentionColumns) {
      const Column* column = trace_.Find(name);
      if (column == nullptr) continue;
      const double level = column->values[sample];
      features.push_back(std::isnan(level) ? 0 : level);
    }
    return features;
  }

  void FillProfile(const Posterior& posterior,
                   CalibrationProfile* profile) const {
    profile->airlock_version = Version();
    profile->trace_digest = trace_.Digest();
    profile->fit_samples = fit_samples_;
    profile->held_out_samples = trace_.samples() - fit_samples_;
    profile->limits = options_.limits;
    profile->parameters = posterior.rows;
    std::stable_sort(
        profile->parameters.begin(), profile->parameters.end(),
        [this](const FittedParameter& a, const FittedParameter& b) {
          return Order(a.function) < Order(b.function);
        });
  }

  size_t Order(const std::string& function) const {
    size_t i = 0;
    while (i < chain_.functions.size() &&
           chain_.functions[i].name != function) {
      ++i;
    }
    return i;
  }

  void Judge(const ReplayedKpi& kpi, CalibrationResult* result) const {
    ResidualPool pool(DifferenceOf(kpi.name), kpi.name == "loss_ratio",
                      kNeighbours);
    for (size_t i = 0; i < fitted_.size(); ++i) {
      if (fitted_[i]) continue;
      pool.Add(Features(kpi, i), ValuesAt(kpi, i), kpi.mean[i],
               kpi.measured[i]);
    }
    pool.Close();

    HeldOutKpi held;
    held.kpi = kpi.name;
    held.unit = trace_.Get(kpi.name).unit;
    std::vector<double> pooled;
    std::vector<double> central;
    for (size_t i = fitted_.size(); i < kpi.measured.size(); ++i) {
      if (std::isnan(kpi.measured[i]) || pool.size() == 0) continue;
      const std::vector<double> replayed = ValuesAt(kpi, i);
      held.time_seconds.push_back(trace_.time_seconds[i]);
      held.measured.push_back(kpi.measured[i]);
      held.predicted.push_back(kpi.mean[i]);
      if (std::isnan(kpi.mean[i])) {
        // The twin says that nothing got through; something did.
        central.push_back(0);
        held.low.push_back(std::nan(""));
        held.high.push_back(std::nan(""));
        continue;
      }
      for (const double value : replayed) {
        if (!std::isnan(value)) pooled.push_back(value);
      }
      const std::vector<double> draws =
          pool.Draws(Features(kpi, i), kpi.mean[i]);
      central.push_back(CentralPart(draws, kpi.measured[i]));
      held.low.push_back(QuantileOfSorted(draws, 0.05));
      held.high.push_back(QuantileOfSorted(draws, 0.95));
    }
    KpiFidelity fidelity =
        JudgeKpi(kpi.name, held.measured, pooled, central, options_.limits);
    double width = 0;
    double count = 0;
    for (size_t i = 0; i < held.low.size(); ++i) {
      if (std::isnan(held.low[i])) continue;
      width += held.high[i] - held.low[i];
      ++count;
    }
    if (count > 0 && fidelity.sd > 0) {
      fidelity.interval_width = width / count / fidelity.sd;
    }
    result->profile.kpis.push_back(std::move(fidelity));
    result->held_out.push_back(std::move(held));
  }

  const ChainConfig& chain_;
  const Trace& trace_;
  const CalibrationOptions& options_;
  const int64_t fit_samples_;
  Progress progress_;
  std::vector<bool> fitted_;  // of each sample of the fit part
  std::vector<ReplayedKpi> kpis_;
  std::vector<double> busiest_;  // busy fraction of the busiest function
};

}  // namespace

CalibrationResult CalibrateChain(const ChainConfig& chain, const Trace& trace,
                                 const CalibrationOptions& options,
                                 const CalibrationProgress& progress) {
  return Calibration(chain, trace, options, progress).Run();
}

CalibrationResult Calibrate(const ResolvedScenario& scenario,
                            const Trace& trace,
                            const CalibrationOptions& options,
                            const CalibrationProgress& progress) {
  const auto& datacentre = scenario.scenario().datacentre;
  const auto& wlan = scenario.scenario().wlan;
  if (!wlan && (!datacentre || !datacentre->chain)) {
    throw InputError(scenario.path() +
                     ": the scenario has neither a service chain nor a WLAN "
                     "to calibrate");
  }
  CalibrationResult result =
      wlan ? CalibrateWlan(*wlan, trace, options, progress)
           : CalibrateChain(*datacentre->chain, trace, options, progress);
  result.profile.scenario_name = scenario.scenario().name;
  result.profile.scenario_sha256 = scenario.sha256();
  return result;
}

}  // namespace airlock
