#include "calibration/fit/calibrate_wlan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "calibration/fit/link_predictor.h"
#include "calibration/fit/predictive.h"
#include "sim/base/error.h"
#include "sim/base/version.h"
#include "sim/stats/bootstrap.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr size_t kFewestFitSamples = 60;  // of a link
constexpr double kLeastDistanceRatio = 1.25;
constexpr int kBlocks = 5;          // of the fit part
constexpr int64_t kGap = 5;         // samples left out beside a block
constexpr double kRunSeconds = 30;  // of a block bootstrap
constexpr int64_t kResamples = 400;
constexpr int64_t kCurveResamples = 60;
constexpr int64_t kDraws = 600;
constexpr size_t kNeighbours = 120;
constexpr double kLowestLoss24Ghz = 3e9;  // Hz: the band below

struct JudgedKpi {
  const char* name;
  LinkMethod method;
};
constexpr JudgedKpi kKpis[] = {{"rssi", kRssiLine},
                               {"rssi_at_site", kRssiSite},
                               {"goodput", kGoodputChannel},
                               {"goodput_at_site", kGoodputSite}};

using Predictions = std::vector<std::vector<std::vector<double>>>;

double MeasuredOf(const LinkSample& s, LinkMethod method) {
  if (!IsGoodput(method)) return s.rssi;
  return s.offered ? s.goodput : std::nan("");
}

FittedParameter Row(const std::string& function, const std::string& key,
                    const std::string& unit, const std::vector<double>& draws) {
  FittedParameter row;
  row.function = function;
  row.key = key;
  row.unit = unit;
  for (const double draw : draws) row.value += draw;
  row.value /= static_cast<double>(draws.size());
  row.low = Quantile(draws, 0.05);
  row.high = Quantile(draws, 0.95);
  return row;
}

class WlanCalibration {
 public:
  WlanCalibration(const WlanConfig& wlan, const Trace& trace,
                  const CalibrationOptions& options,
                  const CalibrationProgress& progress)
      : wlan_(wlan), trace_(trace), options_(options), progress_(progress) {
    links_ = ReadLinks(trace, &silent_);
    pairs_ = static_cast<int64_t>(links_.size());
    CheckAccessPoints();
    Split();
  }

  CalibrationResult Run();

 private:
  void CheckAccessPoints() const;
  const AccessPointConfig& ApOf(const Link& link) const;
  void Split();
  std::string WhyNot(const Link& link, const Selection& fit) const;
  void Done(int64_t steps) {
    if (progress_) progress_(steps, kBlocks + 4);
  }

  void PredictBlocks();
  void FillParameters(const PropagationPosterior& posterior);
  void AddReferenceLoss(const PropagationPosterior& posterior, bool in_24ghz);
  void AddLinkRows(const PropagationPosterior& posterior, size_t link);
  void AddRateRows(size_t link);

  std::vector<double> Features(const Link& link, LinkMethod method,
                               const LinkSample& sample,
                               double predicted) const;
  ResidualPool PoolOf(size_t link, LinkMethod method, int without_block) const;
  void Judge(const JudgedKpi& kpi);
  void AddErrors();
  double ErrorInFit(LinkMethod method) const;

  const WlanConfig& wlan_;
  const Trace& trace_;
  const CalibrationOptions& options_;
  const CalibrationProgress& progress_;
  std::vector<Link> links_;
  int64_t pairs_ = 0;
  int64_t silent_ = 0;
  std::vector<Selection> fit_;
  std::vector<Selection> held_;
  std::vector<std::vector<int>> block_;  // of each sample of fit_
  LinkScales scales_;
  Predictions out_of_block_;  // at fit_, each from the other blocks
  Predictions held_out_;      // at held_
  CalibrationResult result_;
};

// --- what there is ----------------------------------------------------------

const AccessPointConfig& WlanCalibration::ApOf(const Link& link) const {
  for (const AccessPointConfig& ap : wlan_.access_points) {
    if (ap.name == link.ap) return ap;
  }
  AIRLOCK_CHECK(false, "{}", link.ap);
  return wlan_.access_points.front();
}

void WlanCalibration::CheckAccessPoints() const {
  std::vector<std::string> known;
  for (const AccessPointConfig& ap : wlan_.access_points) {
    known.push_back(ap.name);
  }
  for (const Link& link : links_) {
    if (std::find(known.begin(), known.end(), link.ap) != known.end()) continue;
    throw InputError(fmt::format(
        "calibration: the trace has a link of access point '{}', which the "
        "scenario has not; it has {}",
        link.ap, fmt::join(known, ", ")));
  }
}

std::string WlanCalibration::WhyNot(const Link& link,
                                    const Selection& fit) const {
  if (fit.size() < kFewestFitSamples) {
    return fmt::format("{} samples with a frame in the fit part, fewer than {}",
                       fit.size(), kFewestFitSamples);
  }
  std::vector<double> distances;
  for (const size_t i : fit) distances.push_back(link.samples[i].distance);
  if (Quantile(distances, 0.95) <
      kLeastDistanceRatio * Quantile(distances, 0.05)) {
    return "the distance hardly varies in the fit part";
  }
  return "";
}

void WlanCalibration::Split() {
  if (!(options_.fit_share > 0 && options_.fit_share < 1)) {
    throw InputError("calibration: the fit's share is not between 0 and 1");
  }
  int64_t first = trace_.samples(), last = -1;
  for (const Link& link : links_) {
    if (link.samples.empty()) continue;
    first = std::min(first, link.samples.front().sample);
    last = std::max(last, link.samples.back().sample);
  }
  const int64_t span = last - first + 1;
  const int64_t cut =
      first + static_cast<int64_t>(
                  std::floor(options_.fit_share * static_cast<double>(span)));
  std::vector<Link> kept;
  std::set<int64_t> fit_samples, held_samples;
  std::string reasons;
  for (const Link& link : links_) {
    Selection fit, held;
    std::vector<int> blocks;
    for (size_t i = 0; i < link.samples.size(); ++i) {
      const int64_t sample = link.samples[i].sample;
      (sample < cut ? fit : held).push_back(i);
      if (sample >= cut) continue;
      blocks.push_back(
          static_cast<int>((sample - first) * kBlocks / (cut - first)));
    }
    const std::string reason = WhyNot(link, fit);
    if (!reason.empty()) {
      const std::string text = fmt::format("link {} to {} is left out: {}",
                                           link.ap, link.station, reason);
      result_.notes.push_back(text);
      reasons += "; " + text;
      continue;
    }
    for (const size_t i : fit) fit_samples.insert(link.samples[i].sample);
    for (const size_t i : held) held_samples.insert(link.samples[i].sample);
    kept.push_back(link);
    fit_.push_back(std::move(fit));
    held_.push_back(std::move(held));
    block_.push_back(std::move(blocks));
  }
  links_ = std::move(kept);
  if (links_.empty()) {
    throw InputError("calibration: no link of the trace can be fitted" +
                     reasons);
  }
  result_.profile.fit_samples = static_cast<int64_t>(fit_samples.size());
  result_.profile.held_out_samples = static_cast<int64_t>(held_samples.size());
  const double interval = trace_.samples() > 1
                              ? trace_.time_seconds[1] - trace_.time_seconds[0]
                              : 1;
  const auto at = [&](int64_t sample) {
    return trace_.time_seconds[static_cast<size_t>(sample)];
  };
  result_.notes.push_back(
      fmt::format("fitted to {:.0f} to {:.0f} s, judged on {:.0f} to {:.0f} s; "
                  "{} of {} pair-samples had no frame and tell nothing",
                  at(first), at(cut - 1), at(cut - 1) + interval, at(last),
                  silent_, trace_.samples() * pairs_));
}

// --- the fit ----------------------------------------------------------------

void WlanCalibration::PredictBlocks() {
  out_of_block_.assign(kLinkMethods, {});
  for (auto& method : out_of_block_) {
    for (const Selection& fit : fit_) {
      method.emplace_back(fit.size(), std::nan(""));
    }
  }
  for (int block = 0; block < kBlocks; ++block) {
    std::vector<Selection> train(links_.size()), at(links_.size());
    std::vector<Selection> places(links_.size());  // of `at` in fit_
    for (size_t i = 0; i < links_.size(); ++i) {
      std::vector<int64_t> inside;
      for (size_t k = 0; k < fit_[i].size(); ++k) {
        if (block_[i][k] != block) continue;
        at[i].push_back(fit_[i][k]);
        places[i].push_back(k);
        inside.push_back(links_[i].samples[fit_[i][k]].sample);
      }
      for (size_t k = 0; k < fit_[i].size(); ++k) {
        if (block_[i][k] == block) continue;
        const int64_t sample = links_[i].samples[fit_[i][k]].sample;
        if (!inside.empty() && sample > inside.front() - kGap &&
            sample < inside.back() + kGap) {
          continue;
        }
        train[i].push_back(fit_[i][k]);
      }
      // A link that was heard in this block alone cannot be predicted there.
      if (train[i].size() < kFewestFitSamples / 2) {
        train[i] = fit_[i];
        at[i].clear();
        places[i].clear();
      }
    }
    const Predictions predicted = PredictLinks(links_, train, at, scales_);
    for (size_t method = 0; method < kLinkMethods; ++method) {
      for (size_t i = 0; i < links_.size(); ++i) {
        for (size_t k = 0; k < places[i].size(); ++k) {
          out_of_block_[method][i][places[i][k]] = predicted[method][i][k];
        }
      }
    }
    Done(2 + block);
  }
}

CalibrationResult WlanCalibration::Run() {
  RngStream rng =
      RngTree(options_.seed).Stream("calibration/wlan", Replication(0));
  const PropagationPosterior posterior =
      FitPropagation(links_, fit_, kDraws, &rng);
  Done(1);
  scales_ = FitGoodputScales(links_, fit_, posterior.scales);
  PredictBlocks();
  held_out_ = PredictLinks(links_, fit_, held_, scales_);
  Done(kBlocks + 2);
  result_.profile.airlock_version = Version();
  result_.profile.trace_digest = trace_.Digest();
  result_.profile.limits = options_.limits;
  FillParameters(posterior);
  Done(kBlocks + 3);
  for (const JudgedKpi& kpi : kKpis) Judge(kpi);
  AddErrors();
  Done(kBlocks + 4);
  return std::move(result_);
}

// --- parameters -------------------------------------------------------------

void WlanCalibration::FillParameters(const PropagationPosterior& posterior) {
  std::vector<FittedParameter>* const rows = &result_.profile.parameters;
  std::vector<double> exponents, shadowing, place, heading;
  for (const PropagationDraw& draw : posterior.draws) {
    exponents.push_back(draw.exponent);
    double square = 0;
    for (const double sd : draw.shadowing) square += sd * sd;
    shadowing.push_back(
        std::sqrt(square / static_cast<double>(draw.shadowing.size())));
    place.push_back(draw.scales.length[kPlaceAxis]);
    heading.push_back(draw.scales.length[kHeadingAxis]);
  }
  rows->push_back(Row("wlan", "path_loss_exponent", "1", exponents));
  AddReferenceLoss(posterior, false);
  AddReferenceLoss(posterior, true);
  rows->push_back(Row("wlan", "shadowing_db", "dB", shadowing));
  rows->push_back(Row("wlan", "shadowing_distance", "m", place));
  rows->back().note = "over which the correlation falls to 1/e";
  rows->push_back(Row("wlan", "shadowing_heading", "1", heading));
  rows->back().note =
      "the same, distance between unit vectors of the direction of travel";
  for (size_t i = 0; i < links_.size(); ++i) {
    AddLinkRows(posterior, i);
    AddRateRows(i);
  }
}

void WlanCalibration::AddReferenceLoss(const PropagationPosterior& posterior,
                                       bool in_24ghz) {
  std::vector<double> losses, spreads;
  std::string names;
  for (size_t i = 0; i < links_.size(); ++i) {
    if ((links_[i].frequency < kLowestLoss24Ghz) != in_24ghz) continue;
    names += (names.empty() ? "" : ", ") + links_[i].ap;
  }
  if (names.empty()) return;
  for (const PropagationDraw& draw : posterior.draws) {
    double sum = 0, square = 0, count = 0;
    for (size_t i = 0; i < links_.size(); ++i) {
      if ((links_[i].frequency < kLowestLoss24Ghz) != in_24ghz) continue;
      const double power =
          ApOf(links_[i]).transmit_power.value_or(wlan_.transmit_power).value();
      const double loss =
          power - draw.at_1m_mean[i] +
          10 * draw.exponent * std::log10(wlan_.reference_distance.value());
      sum += loss;
      square += loss * loss;
      ++count;
    }
    losses.push_back(sum / count);
    if (count < 2) continue;
    spreads.push_back(
        std::sqrt(std::max((square - sum * sum / count) / (count - 1), 0.0)));
  }
  FittedParameter row =
      Row("wlan", in_24ghz ? "reference_loss_24ghz_db" : "reference_loss_db",
          "dB", losses);
  row.note = "of " + names +
             ", for the scenario's transmit power; antenna gains are in it";
  if (!spreads.empty()) {
    row.note += fmt::format(
        "; between them the standard deviation is {:.1f} "
        "dB",
        Median(spreads));
  }
  result_.profile.parameters.push_back(std::move(row));
}

void WlanCalibration::AddLinkRows(const PropagationPosterior& posterior,
                                  size_t link) {
  std::vector<double> exponent, at_1m, shadowing, rest;
  for (const PropagationDraw& draw : posterior.draws) {
    exponent.push_back(draw.link_exponents[link]);
    at_1m.push_back(draw.at_1m[link]);
    shadowing.push_back(draw.shadowing[link]);
    rest.push_back(draw.rest[link]);
  }
  const std::string name = links_[link].ap + "-" + links_[link].station;
  std::vector<FittedParameter>* const rows = &result_.profile.parameters;
  rows->push_back(Row(name, "path_loss_exponent", "1", exponent));
  rows->push_back(Row(name, "rssi_at_1m", "dBm", at_1m));
  rows->push_back(Row(name, "shadowing_db", "dB", shadowing));
  rows->push_back(Row(name, "variation_in_place", "dB", rest));
}

void WlanCalibration::AddRateRows(size_t link) {
  const Selection& fit = fit_[link];
  const GoodputModel model = FitGoodput(links_[link], fit, nullptr);
  if (model.share <= 0) return;
  RngStream rng = RngTree(options_.seed)
                      .Stream("calibration/rate/" + links_[link].ap + "." +
                                  links_[link].station,
                              Replication(0));
  std::vector<double> attenuation, floor, top, share;
  for (int64_t k = 0; k < kCurveResamples; ++k) {
    Selection resample;
    for (const int64_t at :
         BlockResample(static_cast<int64_t>(fit.size()),
                       BlockScheme::kStationary, kRunSeconds, &rng)) {
      resample.push_back(fit[static_cast<size_t>(at)]);
    }
    const GoodputModel again = FitGoodput(links_[link], resample, &model);
    if (again.share <= 0) continue;
    attenuation.push_back(again.curve.attenuation * again.curve.width * 1e-6);
    floor.push_back(again.curve.floor_dbm);
    top.push_back(again.curve.top * 1e-6);
    share.push_back(again.share);
  }
  if (share.size() < 20) return;
  const std::string name = links_[link].ap + "-" + links_[link].station;
  const auto add = [&](const char* key, const char* unit, double value,
                       const std::vector<double>& draws) {
    FittedParameter row = Row(name, key, unit, draws);
    row.value = value;
    row.low = std::min(row.low, value);
    row.high = std::max(row.high, value);
    result_.profile.parameters.push_back(std::move(row));
  };
  add("rate.slope", "Mbit/s",
      model.curve.attenuation * model.curve.width * 1e-6, attenuation);
  add("rate.floor", "dBm", model.curve.floor_dbm, floor);
  add("rate.top", "Mbit/s", model.curve.top * 1e-6, top);
  add("goodput_share", "1", model.share, share);
}

// --- the judgement ----------------------------------------------------------

// What the differences of a method may depend on.
std::vector<double> WlanCalibration::Features(const Link& link,
                                              LinkMethod method,
                                              const LinkSample& sample,
                                              double predicted) const {
  (void)link;
  if (!IsGoodput(method)) return {std::log10(sample.distance)};
  const double utilisation =
      std::isnan(sample.utilisation) ? 0 : sample.utilisation;
  return {predicted * 1e-6, sample.rssi, utilisation * 100};
}

// The differences that `method` left at the link in all blocks of the fit part
// but one.
ResidualPool WlanCalibration::PoolOf(size_t link, LinkMethod method,
                                     int without_block) const {
  ResidualPool pool(DifferenceKind::kSum, false, kNeighbours);
  for (size_t k = 0; k < fit_[link].size(); ++k) {
    if (block_[link][k] == without_block) continue;
    const LinkSample& sample = links_[link].samples[fit_[link][k]];
    const double predicted = out_of_block_[method][link][k];
    const double measured = MeasuredOf(sample, method);
    if (std::isnan(predicted) || std::isnan(measured)) continue;
    pool.Add(Features(links_[link], method, sample, predicted), {predicted},
             predicted, measured);
  }
  pool.Close();
  return pool;
}

void WlanCalibration::Judge(const JudgedKpi& kpi) {
  const bool goodput = IsGoodput(kpi.method);
  std::vector<double> measured, pooled, central;
  double width = 0;
  for (size_t i = 0; i < links_.size(); ++i) {
    const ResidualPool pool = PoolOf(i, kpi.method, -1);
    if (pool.size() < 30) continue;
    HeldOutKpi held;
    held.kpi =
        fmt::format("{} {}-{}", kpi.name, links_[i].ap, links_[i].station);
    held.unit = goodput ? "bit/s" : "dBm";
    for (size_t k = 0; k < held_[i].size(); ++k) {
      const LinkSample& sample = links_[i].samples[held_[i][k]];
      double* const predicted = &held_out_[kpi.method][i][k];
      const double value = MeasuredOf(sample, kpi.method);
      if (std::isnan(value) || std::isnan(*predicted)) continue;
      std::vector<double> draws = pool.Draws(
          Features(links_[i], kpi.method, sample, *predicted), *predicted);
      for (double& draw : draws) draw = goodput ? std::max(draw, 0.0) : draw;
      pooled.insert(pooled.end(), draws.begin(), draws.end());
      central.push_back(CentralPart(draws, value));
      measured.push_back(value);
      *predicted = QuantileOfSorted(draws, 0.5);
      held.time_seconds.push_back(
          trace_.time_seconds[static_cast<size_t>(sample.sample)]);
      held.measured.push_back(value);
      held.predicted.push_back(*predicted);
      held.low.push_back(QuantileOfSorted(draws, 0.05));
      held.high.push_back(QuantileOfSorted(draws, 0.95));
      width += held.high.back() - held.low.back();
    }
    if (!held.measured.empty()) result_.held_out.push_back(std::move(held));
  }
  bool any = false;
  for (const auto& of_link : out_of_block_[kpi.method]) {
    for (const double value : of_link) any = any || !std::isnan(value);
  }
  if (!any) return;  // the trace does not have it
  KpiFidelity fidelity =
      JudgeKpi(kpi.name, measured, pooled, central, options_.limits);
  if (!measured.empty() && fidelity.sd > 0) {
    fidelity.interval_width =
        width / static_cast<double>(measured.size()) / fidelity.sd;
  }
  result_.profile.kpis.push_back(std::move(fidelity));
}

// The median absolute error in the fit part, each block predicted from the
// others.
double WlanCalibration::ErrorInFit(LinkMethod method) const {
  const auto* judged =
      std::find_if(std::begin(kKpis), std::end(kKpis),
                   [&](const JudgedKpi& kpi) { return kpi.method == method; });
  std::vector<double> errors;
  for (size_t i = 0; i < links_.size(); ++i) {
    std::vector<ResidualPool> pools;
    for (int block = 0; judged != std::end(kKpis) && block < kBlocks; ++block) {
      pools.push_back(PoolOf(i, method, block));
    }
    for (size_t k = 0; k < fit_[i].size(); ++k) {
      const LinkSample& sample = links_[i].samples[fit_[i][k]];
      const double measured = MeasuredOf(sample, method);
      double predicted = out_of_block_[method][i][k];
      if (std::isnan(measured) || std::isnan(predicted)) continue;
      if (!pools.empty()) {
        const ResidualPool& pool = pools[static_cast<size_t>(block_[i][k])];
        if (pool.size() < 30) continue;
        predicted = QuantileOfSorted(
            pool.Draws(Features(links_[i], method, sample, predicted),
                       predicted),
            0.5);
      }
      errors.push_back(std::abs(measured - predicted));
    }
  }
  return Median(errors);
}

void WlanCalibration::AddErrors() {
  for (size_t m = 0; m < kLinkMethods; ++m) {
    const LinkMethod method = static_cast<LinkMethod>(m);
    std::vector<std::pair<int64_t, double>> timed;
    for (size_t i = 0; i < links_.size(); ++i) {
      for (size_t k = 0; k < held_[i].size(); ++k) {
        const LinkSample& sample = links_[i].samples[held_[i][k]];
        const double error =
            std::abs(MeasuredOf(sample, method) - held_out_[m][i][k]);
        if (!std::isnan(error)) timed.emplace_back(sample.sample, error);
      }
    }
    if (timed.size() < 20) continue;
    std::stable_sort(
        timed.begin(), timed.end(),
        [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<double> errors;
    for (const auto& [sample, error] : timed) errors.push_back(error);
    RngStream rng =
        RngTree(options_.seed)
            .Stream(fmt::format("calibration/error/{}", m), Replication(0));
    BlockBootstrapOptions bootstrap;
    bootstrap.confidence = 0.9;
    bootstrap.resamples = kResamples;
    // Links interleave, so that a run of seconds is that of all of them.
    bootstrap.block_length =
        std::min(kRunSeconds * static_cast<double>(links_.size()),
                 static_cast<double>(errors.size()) / 4);
    PredictionError row;
    row.quantity = IsGoodput(method) ? "goodput" : "rssi";
    row.unit = IsGoodput(method) ? "bit/s" : "dB";
    row.method = NameOf(method);
    row.samples = static_cast<int64_t>(errors.size());
    row.median_in_fit = ErrorInFit(method);
    row.median = BlockBootstrapInterval(
        errors, [](const std::vector<double>& e) { return Median(e); },
        bootstrap, &rng);
    row.mean = BlockBootstrapInterval(
        errors,
        [](const std::vector<double>& e) {
          double sum = 0;
          for (const double value : e) sum += value;
          return sum / static_cast<double>(e.size());
        },
        bootstrap, &rng);
    result_.errors.push_back(std::move(row));
  }
}

}  // namespace

CalibrationResult CalibrateWlan(const WlanConfig& wlan, const Trace& trace,
                                const CalibrationOptions& options,
                                const CalibrationProgress& progress) {
  return WlanCalibration(wlan, trace, options, progress).Run();
}

}  // namespace airlock
