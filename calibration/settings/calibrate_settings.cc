#include "calibration/settings/calibrate_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "calibration/bayes/discrepancy_model.h"
#include "calibration/bayes/history_matching.h"
#include "calibration/bayes/rank_calibration.h"
#include "calibration/fit/predictive.h"
#include "calibration/settings/credibility.h"
#include "calibration/settings/held_out.h"
#include "calibration/settings/measured_points.h"
#include "calibration/settings/scenario_simulator.h"
#include "sim/base/error.h"
#include "sim/base/version.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kNoiseShare = 1.0 / 3;  // of the tolerance, where not known
constexpr double kKnownNoise = 3;        // rows a point
constexpr double kTold = 0.7;            // of the prior's width
constexpr int kEvidenceDraws = 4000;

// A fitted point's output: one of the m that are emulated.
struct Place {
  size_t output;
  size_t point;
};

class SettingsCalibration {
 public:
  SettingsCalibration(const ResolvedScenario& scenario, const TaskFile& file,
                      const Trace& trace, const SettingsOptions& options,
                      const CalibrationProgress& progress)
      : scenario_(scenario),
        file_(file),
        task_(file.task),
        trace_(trace),
        options_(options),
        progress_(progress),
        tree_(options.seed),
        simulator_(scenario.path(), scenario.overrides(), task_, options.jobs) {
  }

  std::optional<CalibrationResult> Run(Diagnostics* diagnostics) {
    Diagnostics found;
    points_ = CollectPoints(file_, trace_, &found);
    if (!found.has_errors()) simulator_.Check(file_, AllPoints(), &found);
    const bool bad = found.has_errors();
    diagnostics->Append(std::move(found));
    if (bad) return std::nullopt;
    total_ = (task_.waves + 1) * std::max<int64_t>(40, 10 * Count()) *
                 Size(points_.fit) +
             task_.draws * Size(points_.held_out) + options_.rank_simulations;
    simulator_.OnRun([this] { Tell(); });
    CollectTargets();
    match_ = MatchHistory(
        [this](const MatrixXd& points) { return Simulate(points); }, target_,
        static_cast<int>(Count()), HistoryOptionsOf(), tree_);
    FillProfile();
    Sample();
    Judge();
    result_.profile.credibility =
        AssessCredibility(result_.profile, EvidenceOf());
    if (progress_) progress_(total_, total_);
    return std::move(result_);
  }

 private:
  // One more run or simulation is done.
  void Tell() {
    if (progress_) progress_(std::min(++done_, total_ - 1), total_);
  }

  static int64_t Size(const std::vector<MeasuredPoint>& points) {
    return static_cast<int64_t>(points.size());
  }
  int64_t Count() const {
    return static_cast<int64_t>(task_.parameters.size());
  }
  HistoryOptions HistoryOptionsOf() const {
    HistoryOptions options;
    options.waves = static_cast<int>(task_.waves);
    return options;
  }

  std::vector<MeasuredPoint> AllPoints() const {
    std::vector<MeasuredPoint> all = points_.fit;
    all.insert(all.end(), points_.held_out.begin(), points_.held_out.end());
    return all;
  }

  // Squared differences of a point's rows from their mean, on the scale.
  double Squares(size_t output, const std::vector<double>& values) const {
    const double mean = MeanOnScale(output, values);
    double squares = 0;
    for (double value : values) {
      squares += std::pow(OnScale(task_.outputs[output], value) - mean, 2);
    }
    return squares;
  }

  // The variance of a row around its point's mean, over all points; NaN where
  // points were not repeated often enough to tell.
  double NoiseVariance(size_t output) const {
    double squares = 0, freedom = 0, rows = 0, points = 0;
    for (const MeasuredPoint& point : points_.fit) {
      const auto& values = point.values[output];
      if (values.empty()) continue;
      rows += static_cast<double>(values.size());
      ++points;
      squares += Squares(output, values);
      freedom += static_cast<double>(values.size() - 1);
    }
    if (points == 0 || rows / points < kKnownNoise || squares <= 0) return kNaN;
    return squares / freedom;
  }

  // Of the mean of a point's rows: by their own spread where that is greater.
  double MeanVariance(size_t output, double variance,
                      const std::vector<double>& values) const {
    const double rows = static_cast<double>(values.size());
    if (std::isnan(variance)) return kNaN;
    return std::max(variance, values.size() > 2
                                  ? Squares(output, values) / (rows - 1)
                                  : 0) /
           rows;
  }

  double MeanOnScale(size_t output, const std::vector<double>& values) const {
    double sum = 0;
    for (double value : values) sum += OnScale(task_.outputs[output], value);
    return sum / static_cast<double>(values.size());
  }

  // Every fitted point's outputs that were measured, by output.
  void CollectTargets() {
    std::vector<double> observed, noise, discrepancy;
    const MatrixXd inputs = ScaledInputs(task_, points_.fit, points_.fit);
    for (size_t k = 0; k < task_.outputs.size(); ++k) {
      const TaskOutput& output = task_.outputs[k];
      const double variance = NoiseVariance(k);
      row_noise_.push_back(variance);
      OutputGroup group;
      group.name = output.column;
      group.tolerance = output.tolerance;
      std::vector<double> values, variances;
      std::vector<Index> rows;
      for (size_t j = 0; j < points_.fit.size(); ++j) {
        const auto& measured = points_.fit[j].values[k];
        if (measured.empty()) continue;
        group.outputs.push_back(static_cast<Index>(places_.size()));
        places_.push_back({k, j});
        rows.push_back(static_cast<Index>(j));
        values.push_back(MeanOnScale(k, measured));
        variances.push_back(MeanVariance(k, variance, measured));
        observed.push_back(values.back());
        noise.push_back(std::isnan(variance)
                            ? std::pow(kNoiseShare * output.tolerance, 2)
                            : variances.back());
        discrepancy.push_back(output.tolerance * output.tolerance);
      }
      if (values.empty()) {
        throw InputError("calibration: no fitted row has a value of '" +
                         output.column + "'");
      }
      group.inputs = inputs(rows, Eigen::all);
      group.observed = ToVector(values);
      group.noise_variance = ToVector(variances);
      groups_.push_back(std::move(group));
    }
    target_ = {ToVector(observed), ToVector(noise), ToVector(discrepancy)};
  }

  static VectorXd ToVector(const std::vector<double>& values) {
    return Eigen::Map<const VectorXd>(values.data(),
                                      static_cast<Index>(values.size()));
  }

  // What was measured, on the outputs' scales, by the engine.
  MatrixXd Simulate(const MatrixXd& parameters) {
    const auto values = simulator_.Run(parameters, points_.fit, replication_);
    replication_ += parameters.rows();
    MatrixXd outputs(parameters.rows(), static_cast<Index>(places_.size()));
    for (size_t p = 0; p < places_.size(); ++p) {
      const TaskOutput& output = task_.outputs[places_[p].output];
      for (Index i = 0; i < parameters.rows(); ++i) {
        const double value =
            values[places_[p].output](i, static_cast<Index>(places_[p].point));
        // A logarithm of nothing is no number that could be emulated.
        outputs(i, static_cast<Index>(p)) =
            output.scale == "logarithm" && !(value > 0)
                ? kNaN
                : OnScale(output, value);
      }
    }
    return outputs;
  }

  // From the box that history matching left to the unit cube of the prior.
  VectorXd ToPrior(const VectorXd& boxed) const {
    return match_.low + (match_.high - match_.low).cwiseProduct(boxed);
  }

  DiscrepancyModel Model(Discrepancy discrepancy) const {
    return DiscrepancyModel(
        [this](const VectorXd& boxed, VectorXd* mean, VectorXd* variance) {
          match_.emulator->Predict(ToPrior(boxed), mean, variance);
        },
        static_cast<int>(Count()), groups_, discrepancy);
  }

  void FillProfile() {
    CalibrationProfile& profile = result_.profile;
    profile.airlock_version = Version();
    profile.scenario_name = scenario_.scenario().name;
    profile.scenario_sha256 = scenario_.sha256();
    profile.trace_digest = trace_.Digest();
    profile.fit_samples = points_.fit_rows;
    profile.held_out_samples = points_.held_out_rows;
    profile.limits = options_.limits;
    SamplingRecord& sampling = profile.sampling.emplace();
    sampling.method = "history-matching";
    for (size_t w = 0; w + 1 < match_.waves.size(); ++w) {
      const Wave& wave = match_.waves[w];
      sampling.plausible_shares.push_back(std::min(wave.plausible_share, 1.0));
    }
    sampling.emulator_coverage = match_.waves.back().check.coverage;
    sampling.emulator_error = match_.waves.back().check.error;
  }

  void Sample() {
    const DiscrepancyModel with = Model(Discrepancy::kGaussianProcess);
    const DiscrepancyModel without = Model(Discrepancy::kNone);
    const PosteriorSample sample = with.Sample({}, tree_, "calibration/with");
    if (!sample.converged) throw Error("calibration: " + sample.reason);
    MetropolisOptions once;
    once.doublings = 2;  // for comparison only: its failure is no failure
    const PosteriorSample bare =
        without.Sample(once, tree_, "calibration/without");
    draws_ = sample.Pooled();
    SamplingRecord& sampling = *result_.profile.sampling;
    sampling.log_evidence = EvidenceOf(with, draws_, &evidence_error_);
    sampling.log_evidence_without_discrepancy =
        bare.converged
            ? EvidenceOf(without, bare.Pooled(), &evidence_error_without_)
            : kNaN;
    if (!bare.converged) {
      result_.notes.push_back("without the discrepancy term: " + bare.reason);
    }
    AddSettings(sample);
    shift_ = bare.converged ? ShiftTo(bare.Pooled()) : kNaN;
    if (options_.rank_simulations == 0) return;
    RankOptions options;
    options.simulations = static_cast<int>(options_.rank_simulations);
    const RankHistogram ranks =
        CheckRanks(with, with, options, tree_, [this](int64_t) { Tell(); });
    sampling.rank_simulations = options_.rank_simulations;
    sampling.rank_chi_square = ranks.greatest();
    sampling.rank_limit = ranks.limit;
  }

  double EvidenceOf(const DiscrepancyModel& model, const MatrixXd& draws,
                    double* error) const {
    return LogEvidence(
        [&](const VectorXd& point) { return model.LogDensity(point); }, draws,
        kEvidenceDraws, tree_.Stream("calibration/evidence", Replication(0)),
        error);
  }

  // The greatest distance of a parameter's mean from that of other draws, in
  // standard deviations.
  double ShiftTo(const MatrixXd& bare) const {
    double shift = 0;
    for (Index j = 0; j < Count(); ++j) {
      const double mean = draws_.col(j).mean();
      const double sd =
          std::sqrt((draws_.col(j).array() - mean).square().mean());
      shift = std::max(shift, std::abs(bare.col(j).mean() - mean) / sd);
    }
    return shift;
  }

  void AddSettings(const PosteriorSample& sample) {
    for (Index j = 0; j < Count(); ++j) {
      const TaskParameter& parameter = task_.parameters[static_cast<size_t>(j)];
      std::vector<double> unit, values;
      for (double boxed : draws_.col(j)) {
        unit.push_back(match_.low(j) +
                       boxed * (match_.high(j) - match_.low(j)));
        values.push_back(parameter.ValueOf(unit.back()));
      }
      FittedSetting setting;
      setting.name = parameter.name;
      setting.keys = parameter.keys;
      setting.unit = parameter.unit;
      setting.value =
          ToStep(std::accumulate(values.begin(), values.end(), 0.0) /
                     static_cast<double>(values.size()),
                 parameter.step);
      setting.low = Quantile(values, 0.05);
      setting.high = Quantile(values, 0.95);
      setting.r_hat = sample.r_hat(j);
      setting.effective_samples = sample.effective(j);
      result_.profile.settings.push_back(std::move(setting));
      told_ += Quantile(unit, 0.95) - Quantile(unit, 0.05) < kTold * 0.9;
    }
  }

  void Judge() {
    HeldOutRuns runs;
    runs.inputs = ScaledInputs(task_, points_.held_out, points_.fit);
    const DiscrepancyModel model = Model(Discrepancy::kGaussianProcess);
    for (int64_t d = 0; d < task_.draws; ++d) {
      // The pooled draws are exchangeable: spread over them all.
      const VectorXd draw =
          draws_.row((2 * d + 1) * draws_.rows() / (2 * task_.draws))
              .transpose();
      const MatrixXd parameters = ToPrior(draw.head(Count())).transpose();
      runs.values.push_back(
          simulator_.Run(parameters, points_.held_out, replication_++));
      std::vector<HeldOutRuns::Spread> spreads;
      for (size_t k = 0; k < groups_.size(); ++k) {
        HeldOutRuns::Spread spread;
        model.Foretell(draw, k, runs.inputs, &spread.mean, &spread.variance);
        const double noise = model.NoiseSd(draw, k);
        spread.variance.array() +=
            std::isnan(noise) ? row_noise_[k] : noise * noise;
        spreads.push_back(std::move(spread));
      }
      runs.discrepancy.push_back(std::move(spreads));
    }
    result_.profile.sampling->engine_runs = simulator_.runs();
    for (size_t k = 0; k < task_.outputs.size(); ++k) {
      JudgeHeldOut(task_, k, points_, runs, trace_, options_.limits, &result_);
      AddBaselines(task_, k, points_, groups_[k], runs, trace_, tree_,
                   &result_);
    }
  }

  CredibilityEvidence EvidenceOf() const {
    CredibilityEvidence evidence;
    evidence.fit_points = Size(points_.fit);
    int64_t rows = 0;
    for (const MeasuredPoint& point : points_.fit) {
      size_t most = 0;
      for (const auto& values : point.values) {
        most = std::max(most, values.size());
      }
      rows += static_cast<int64_t>(most);
    }
    evidence.fit_rows = rows;
    evidence.repeats =
        static_cast<double>(rows) / static_cast<double>(points_.fit.size());
    evidence.all_rows = task_.rows.empty() &&
                        Size(points_.fit) < task_.fit_points &&
                        Size(points_.held_out) < task_.judge_points;
    const MatrixXd held = ScaledInputs(task_, points_.held_out, points_.fit);
    evidence.beyond = held.minCoeff() < -1e-9 || held.maxCoeff() > 1 + 1e-9;
    evidence.told = told_;
    evidence.parameters = Count();
    evidence.shift = shift_;
    evidence.log_evidence_error = evidence_error_;
    evidence.log_evidence_error_without = evidence_error_without_;
    evidence.repeatable_runs = simulator_.runs();
    return evidence;
  }

  const ResolvedScenario& scenario_;
  const TaskFile& file_;
  const CalibrationTask& task_;
  const Trace& trace_;
  const SettingsOptions& options_;
  const CalibrationProgress& progress_;
  const RngTree tree_;
  ScenarioSimulator simulator_;
  int64_t done_ = 0, total_ = 1;
  MeasuredPoints points_;
  int64_t replication_ = 0;  // of the next run
  std::vector<Place> places_;
  std::vector<OutputGroup> groups_;
  std::vector<double> row_noise_;  // variance of a row, of each output
  MatchTarget target_;
  HistoryMatch match_;
  MatrixXd draws_;
  int64_t told_ = 0;
  double shift_ = 0;
  double evidence_error_ = 0, evidence_error_without_ = 0;
  CalibrationResult result_;
};

}  // namespace

std::optional<CalibrationResult> CalibrateSettings(
    const ResolvedScenario& scenario, const TaskFile& task, const Trace& trace,
    const SettingsOptions& options, const CalibrationProgress& progress,
    Diagnostics* diagnostics) {
  return SettingsCalibration(scenario, task, trace, options, progress)
      .Run(diagnostics);
}

}  // namespace airlock
