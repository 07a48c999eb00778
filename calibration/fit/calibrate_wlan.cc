#include "calibration/fit/calibrate_wlan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "calibration/fit/link_predictor.h"
#include "calibration/fit/predictive.h"
#include "sim/base/error.h"
#include "sim/base/version.h"
#include "sim/scenario/wlan_channels.h"
#include "sim/stats/bootstrap.h"
#include "sim/stats/quantile.h"

namespace airlock {
namespace {

constexpr size_t kFewestFitSamples = 60;  // of a link
constexpr double kLeastDistanceRatio = 1.25;
constexpr int kBlocks = 6;          // of the fit part
constexpr double kRunSeconds = 30;  // of a block bootstrap, of a mean
constexpr int64_t kResamples = 400;
constexpr int64_t kCurveResamples = 60;
constexpr int64_t kDraws = 600;
constexpr size_t kNeighbours = 120;
constexpr size_t kFewestDifferences = 30;
constexpr double kHighest24Ghz = 3e9;  // Hz: above that band, below the next

struct JudgedKpi {
  const char* name;
  LinkMethod method;
};
constexpr JudgedKpi kKpis[] = {{"rssi", kRssiLine},
                               {"rssi_at_site", kRssiSite},
                               {"goodput", kGoodputAdaptation},
                               {"goodput_at_site", kGoodputSite},
                               {"goodput_at_rate", kGoodputRate}};

double MeasuredOf(const LinkSample& s, LinkMethod method) {
  if (!IsGoodput(method)) return s.rssi;
  return s.offered ? s.goodput : std::nan("");
}

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

double MedianInterval(const Trace& trace) {
  std::vector<double> steps;
  for (size_t i = 1; i < trace.time_seconds.size(); ++i) {
    steps.push_back(trace.time_seconds[i] - trace.time_seconds[i - 1]);
  }
  return steps.empty() ? 1 : Median(steps);
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
    links_ = ReadLinks(trace, &left_out_);
    pairs_ = static_cast<int64_t>(links_.size());
    interval_ = MedianInterval(trace);
    CheckAccessPoints();
    Split();
  }

  CalibrationResult Run();

 private:
  void CheckAccessPoints() const;
  const AccessPointConfig& ApOf(const Link& link) const;
  void Split();
  std::string WhyNot(const Link& link, const Selection& fit) const;
  void SetFrequency(size_t link);
  void AddNotes(int64_t first, int64_t cut, int64_t last);
  // Samples left out beside a block: what the RSSI's memory reaches over.
  int64_t Gap() const {
    return static_cast<int64_t>(std::ceil(kRssiMemory / interval_));
  }
  bool In24Ghz(size_t link) const {
    return links_[link].frequency < kHighest24Ghz;
  }
  void Done(int64_t steps) {
    if (progress_) progress_(steps, 2 * kBlocks + 4);
  }

  // From what a block of the fit part is predicted.
  enum class From { kOthers, kEarlier };
  LinkPredictions PredictBlocks(From from);
  Selection TrainFor(size_t link, int block, From from) const;
  void FillParameters(const PropagationPosterior& posterior);
  void AddReferenceLoss(const PropagationPosterior& posterior, bool in_24ghz);
  void AddLinkRows(const PropagationPosterior& posterior, size_t link);
  void AddRateRows(size_t link);

  std::vector<double> Features(LinkMethod method, const LinkSample& sample,
                               double predicted) const;
  void AddDifferences(const LinkPredictions& predicted, size_t link,
                      LinkMethod method, int before_block,
                      ResidualPool* pool) const;
  ResidualPool PoolOfAll(size_t link, LinkMethod method) const;
  ResidualPool PoolOfEarlier(size_t link, LinkMethod method, int block) const;
  std::vector<double> Draws(const ResidualPool& pool, LinkMethod method,
                            const LinkSample& sample, double predicted,
                            double sd) const;
  void Judge(const JudgedKpi& kpi);
  void AddPathLossCurve(size_t link, double at_1m, double exponent);
  void AddRateCurve(size_t link, const RateCurve& curve);
  void AddErrors();
  void AddErrorRow(LinkMethod method, const std::string& quantity,
                   double in_fit, double block_length,
                   std::vector<std::pair<int64_t, double>> timed);
  std::vector<std::pair<int64_t, double>> ErrorsOfMeans(
      LinkMethod method) const;
  double ErrorInFit(LinkMethod method) const;

  const WlanConfig& wlan_;
  const Trace& trace_;
  const CalibrationOptions& options_;
  const CalibrationProgress& progress_;
  std::vector<Link> links_;
  int64_t pairs_ = 0;
  LeftOutSamples left_out_;
  double interval_ = 1;  // of samples, in seconds
  std::vector<Selection> fit_;
  std::vector<Selection> held_;
  std::vector<std::vector<int>> block_;  // of each sample of fit_
  LinkScales scales_;
  LinkPredictions out_of_block_;  // at fit_, each from the other blocks
  LinkPredictions forward_;       // at fit_, each from the blocks before
  LinkPredictions held_out_;      // at held_; of judged methods the medians
  // Of judged methods the means of the predictive distribution at held_.
  std::vector<std::vector<std::vector<double>>> means_;
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
  for (size_t i = 0; i < links_.size(); ++i) SetFrequency(i);
  AddNotes(first, cut, last);
}

// The link's frequency: the last known in the fit part, else that of the access
// point's channel.
void WlanCalibration::SetFrequency(size_t link) {
  Link* const of = &links_[link];
  for (const size_t i : fit_[link]) {
    const double frequency = of->samples[i].frequency;
    if (!std::isnan(frequency)) of->frequency = frequency;
  }
  if (of->frequency > 0) return;
  const int64_t channel = ApOf(*of).channel;
  of->frequency = ChannelFrequency(channel);
  result_.notes.push_back(
      fmt::format("link {} to {} has no frequency in the fit part: taken to be "
                  "on channel {} of the scenario",
                  of->ap, of->station, channel));
}

void WlanCalibration::AddNotes(int64_t first, int64_t cut, int64_t last) {
  const auto at = [&](int64_t sample) {
    return trace_.time_seconds[static_cast<size_t>(sample)];
  };
  result_.notes.push_back(
      fmt::format("fitted to {:.0f} to {:.0f} s, judged on {:.0f} to {:.0f} s; "
                  "{} of {} pair-samples had no frame and tell nothing",
                  at(first), at(cut - 1), at(cut - 1) + interval_, at(last),
                  left_out_.silent, trace_.samples() * pairs_));
  const auto add = [&](int64_t count, const char* what) {
    if (count == 0) return;
    result_.notes.push_back(
        fmt::format("{} pair-samples with a frame are left out: their {} is "
                    "missing",
                    count, what));
  };
  add(left_out_.without_distance, "distance");
  add(left_out_.without_place, "place");
}

// --- the fit ----------------------------------------------------------------

// Samples of the fit part that may tell about a block, with a gap beside it.
Selection WlanCalibration::TrainFor(size_t link, int block, From from) const {
  int64_t first = -1, last = -1;
  for (size_t k = 0; k < fit_[link].size(); ++k) {
    if (block_[link][k] != block) continue;
    last = links_[link].samples[fit_[link][k]].sample;
    if (first < 0) first = last;
  }
  const int64_t gap = Gap();
  Selection train;
  for (size_t k = 0; k < fit_[link].size(); ++k) {
    if (block_[link][k] == block) continue;
    if (from == From::kEarlier && block_[link][k] > block) continue;
    const int64_t sample = links_[link].samples[fit_[link][k]].sample;
    if (first >= 0 && sample >= first - gap && sample <= last + gap) continue;
    train.push_back(fit_[link][k]);
  }
  return train;
}

// Only the scales of the fields are those of the whole fit part; path loss,
// rate curve and fields are fitted to TrainFor alone.
LinkPredictions WlanCalibration::PredictBlocks(From from) {
  LinkPredictions all;
  all.values.resize(kLinkMethods);
  all.sd.resize(kLinkMethods);
  for (size_t method = 0; method < kLinkMethods; ++method) {
    for (const Selection& fit : fit_) {
      all.values[method].emplace_back(fit.size(), std::nan(""));
      all.sd[method].emplace_back(fit.size(), 1.0);
    }
  }
  for (int block = 0; block < kBlocks; ++block) {
    std::vector<Selection> train(links_.size()), at(links_.size());
    std::vector<Selection> places(links_.size());  // of `at` in fit_
    for (size_t i = 0; i < links_.size(); ++i) {
      train[i] = TrainFor(i, block, from);
      // Too little is known of the link for this block: it is not predicted,
      // and counts for no other link.
      if (train[i].size() < kFewestFitSamples / 2) {
        train[i].clear();
        continue;
      }
      for (size_t k = 0; k < fit_[i].size(); ++k) {
        if (block_[i][k] != block) continue;
        at[i].push_back(fit_[i][k]);
        places[i].push_back(k);
      }
    }
    const LinkPredictions predicted = PredictLinks(links_, train, at, scales_);
    for (size_t method = 0; method < kLinkMethods; ++method) {
      for (size_t i = 0; i < links_.size(); ++i) {
        for (size_t k = 0; k < places[i].size(); ++k) {
          all.values[method][i][places[i][k]] = predicted.values[method][i][k];
          all.sd[method][i][places[i][k]] = predicted.sd[method][i][k];
        }
      }
    }
    Done(2 + block + (from == From::kEarlier ? kBlocks : 0));
  }
  return all;
}

CalibrationResult WlanCalibration::Run() {
  RngStream rng =
      RngTree(options_.seed).Stream("calibration/wlan", Replication(0));
  const PropagationPosterior posterior =
      FitPropagation(links_, fit_, kDraws, &rng);
  Done(1);
  scales_ = FitGoodputScales(links_, fit_, posterior.scales);
  out_of_block_ = PredictBlocks(From::kOthers);
  forward_ = PredictBlocks(From::kEarlier);
  held_out_ = PredictLinks(links_, fit_, held_, scales_);
  means_ = held_out_.values;
  Done(2 * kBlocks + 2);
  result_.profile.airlock_version = Version();
  result_.profile.trace_digest = trace_.Digest();
  result_.profile.limits = options_.limits;
  FillParameters(posterior);
  Done(2 * kBlocks + 3);
  for (const JudgedKpi& kpi : kKpis) Judge(kpi);
  AddErrors();
  Done(2 * kBlocks + 4);
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
  // Both are drawn from grids, of whose values a mean is none.
  rows->push_back(Row("wlan", "shadowing_distance", "m", place));
  rows->back().value = Median(place);
  rows->back().note = "over which the correlation falls to 1/e; median";
  rows->push_back(Row("wlan", "shadowing_heading", "1", heading));
  rows->back().value = Median(heading);
  rows->back().note = fmt::format(
      "the same, distance between unit vectors of the direction of travel; "
      "median; {:g}: the direction does not matter",
      kAnyHeading);
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
    if (In24Ghz(i) != in_24ghz) continue;
    names += (names.empty() ? "" : ", ") + links_[i].ap;
  }
  if (names.empty()) return;
  for (const PropagationDraw& draw : posterior.draws) {
    double sum = 0, square = 0, count = 0;
    for (size_t i = 0; i < links_.size(); ++i) {
      if (In24Ghz(i) != in_24ghz) continue;
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
  std::vector<double> exponent, at_1m, shadowing, rest, at_1m_mean, common;
  for (const PropagationDraw& draw : posterior.draws) {
    exponent.push_back(draw.link_exponents[link]);
    at_1m.push_back(draw.at_1m[link]);
    shadowing.push_back(draw.shadowing[link]);
    rest.push_back(draw.rest[link]);
    at_1m_mean.push_back(draw.at_1m_mean[link]);
    common.push_back(draw.exponent);
  }
  const std::string name = links_[link].ap + "-" + links_[link].station;
  std::vector<FittedParameter>* const rows = &result_.profile.parameters;
  AddPathLossCurve(link, MeanOf(at_1m_mean), MeanOf(common));
  rows->push_back(Row(name, "path_loss_exponent", "1", exponent));
  rows->push_back(Row(name, "rssi_at_1m", "dBm", at_1m));
  rows->push_back(Row(name, "shadowing_db", "dB", shadowing));
  rows->push_back(Row(name, "variation_in_place", "dB", rest));
}

void WlanCalibration::AddRateRows(size_t link) {
  const Selection& fit = fit_[link];
  const GoodputModel model = FitGoodput(links_[link], fit, nullptr);
  if (model.share <= 0) return;
  if (model.rate_share > 0) AddRateCurve(link, model.curve);
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

// --- figures ----------------------------------------------------------------

// RSSI over distance, with the law that a scenario's keys say.
void WlanCalibration::AddPathLossCurve(size_t link, double at_1m,
                                       double exponent) {
  FittedCurve figure;
  figure.name = fmt::format("RSSI over distance, {} to {}", links_[link].ap,
                            links_[link].station);
  figure.x_title = "distance [m]";
  figure.y_title = "RSSI [dBm]";
  double farthest = 0;
  const auto add = [&](const Selection& selection, std::vector<double>* x,
                       std::vector<double>* y) {
    for (const size_t i : selection) {
      x->push_back(links_[link].samples[i].distance);
      y->push_back(links_[link].samples[i].rssi);
      farthest = std::max(farthest, x->back());
    }
  };
  add(fit_[link], &figure.fit_x, &figure.fit_y);
  add(held_[link], &figure.held_x, &figure.held_y);
  for (double d = kLeastDistance; d <= farthest; d *= 1.05) {
    figure.x.push_back(d);
    figure.y.push_back(at_1m - 10 * exponent * std::log10(d));
  }
  result_.curves.push_back(std::move(figure));
}

// PHY rate over the RSSI of the last seconds, with the rate curve.
void WlanCalibration::AddRateCurve(size_t link, const RateCurve& curve) {
  FittedCurve figure;
  figure.name = fmt::format("PHY rate over RSSI, {} to {}", links_[link].ap,
                            links_[link].station);
  figure.x_title = fmt::format("mean RSSI of {:.0f} s [dBm]", kRssiMemory);
  figure.y_title = "PHY rate [bit/s]";
  double least = 0, greatest = -200;
  const auto add = [&](const Selection& selection, std::vector<double>* x,
                       std::vector<double>* y) {
    for (const size_t i : selection) {
      const LinkSample& sample = links_[link].samples[i];
      if (std::isnan(sample.rate) || !sample.offered) continue;
      x->push_back(sample.recent_rssi);
      y->push_back(sample.rate);
      least = std::min(least, x->back());
      greatest = std::max(greatest, x->back());
    }
  };
  add(fit_[link], &figure.fit_x, &figure.fit_y);
  add(held_[link], &figure.held_x, &figure.held_y);
  for (double rssi = least; rssi <= greatest; rssi += 0.5) {
    figure.x.push_back(rssi);
    figure.y.push_back(curve.At(rssi));
  }
  result_.curves.push_back(std::move(figure));
}

// --- the judgement ----------------------------------------------------------

// What the differences of a method may depend on.
std::vector<double> WlanCalibration::Features(LinkMethod method,
                                              const LinkSample& sample,
                                              double predicted) const {
  if (!IsGoodput(method)) return {std::log10(sample.distance)};
  const double utilisation =
      std::isnan(sample.utilisation) ? 0 : sample.utilisation;
  return {predicted * 1e-6, sample.rssi, utilisation * 100};
}

void WlanCalibration::AddDifferences(const LinkPredictions& predictions,
                                     size_t link, LinkMethod method,
                                     int before_block,
                                     ResidualPool* pool) const {
  for (size_t k = 0; k < fit_[link].size(); ++k) {
    if (block_[link][k] >= before_block) continue;
    const LinkSample& sample = links_[link].samples[fit_[link][k]];
    const double predicted = predictions.values[method][link][k];
    const double measured = MeasuredOf(sample, method);
    if (std::isnan(predicted) || std::isnan(measured)) continue;
    pool->Add(Features(method, sample, predicted), {0}, 0,
              (measured - predicted) / predictions.sd[method][link][k]);
  }
}

// The differences that `method` left at the link in the fit part, over the
// standard deviation that it gave: each block predicted from the others (as
// much is known as for the held-out part) and from those before (as for the
// held-out part, it is the future).
ResidualPool WlanCalibration::PoolOfAll(size_t link, LinkMethod method) const {
  ResidualPool pool(DifferenceKind::kSum, false, kNeighbours);
  AddDifferences(out_of_block_, link, method, kBlocks, &pool);
  AddDifferences(forward_, link, method, kBlocks, &pool);
  pool.Close();
  return pool;
}

// What is known of them when `block` begins: those of the blocks before, each
// predicted from those before it.
ResidualPool WlanCalibration::PoolOfEarlier(size_t link, LinkMethod method,
                                            int block) const {
  ResidualPool pool(DifferenceKind::kSum, false, kNeighbours);
  AddDifferences(forward_, link, method, block, &pool);
  pool.Close();
  return pool;
}

// Of the predictive distribution, sorted.
std::vector<double> WlanCalibration::Draws(const ResidualPool& pool,
                                           LinkMethod method,
                                           const LinkSample& sample,
                                           double predicted, double sd) const {
  std::vector<double> draws =
      pool.Draws(Features(method, sample, predicted), 0);
  for (double& draw : draws) {
    draw = predicted + sd * draw;
    if (IsGoodput(method)) draw = std::max(draw, 0.0);
  }
  return draws;
}

void WlanCalibration::Judge(const JudgedKpi& kpi) {
  const bool goodput = IsGoodput(kpi.method);
  std::vector<double> measured, pooled, central;
  double width = 0;
  for (size_t i = 0; i < links_.size(); ++i) {
    const ResidualPool pool = PoolOfAll(i, kpi.method);
    if (pool.size() < kFewestDifferences) {
      if (goodput && pool.size() == 0) continue;  // the link has none
      result_.notes.push_back(
          fmt::format("{} is not judged on link {} to {}: {} predictions of "
                      "one part of the fit part from others, fewer than {}",
                      kpi.name, links_[i].ap, links_[i].station, pool.size(),
                      kFewestDifferences));
      continue;
    }
    HeldOutKpi held;
    held.kpi =
        fmt::format("{} {}-{}", kpi.name, links_[i].ap, links_[i].station);
    held.unit = goodput ? "bit/s" : "dBm";
    for (size_t k = 0; k < held_[i].size(); ++k) {
      const LinkSample& sample = links_[i].samples[held_[i][k]];
      double* const predicted = &held_out_.values[kpi.method][i][k];
      const double value = MeasuredOf(sample, kpi.method);
      if (std::isnan(value) || std::isnan(*predicted)) continue;
      const std::vector<double> draws = Draws(
          pool, kpi.method, sample, *predicted, held_out_.sd[kpi.method][i][k]);
      pooled.insert(pooled.end(), draws.begin(), draws.end());
      central.push_back(CentralPart(draws, value));
      measured.push_back(value);
      *predicted = QuantileOfSorted(draws, 0.5);
      means_[kpi.method][i][k] = MeanOf(draws);
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
  for (const auto& of_link : out_of_block_.values[kpi.method]) {
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

// The median absolute error in the fit part, each block predicted from those
// before; judged methods are corrected by what they missed there as far as that
// is known by then.
double WlanCalibration::ErrorInFit(LinkMethod method) const {
  const bool judged =
      std::any_of(std::begin(kKpis), std::end(kKpis),
                  [&](const JudgedKpi& kpi) { return kpi.method == method; });
  std::vector<double> errors;
  for (size_t i = 0; i < links_.size(); ++i) {
    std::vector<ResidualPool> pools;
    for (int block = 0; judged && block < kBlocks; ++block) {
      pools.push_back(PoolOfEarlier(i, method, block));
    }
    for (size_t k = 0; k < fit_[i].size(); ++k) {
      const LinkSample& sample = links_[i].samples[fit_[i][k]];
      const double measured = MeasuredOf(sample, method);
      double predicted = forward_.values[method][i][k];
      if (std::isnan(measured) || std::isnan(predicted)) continue;
      if (judged) {
        const ResidualPool& pool = pools[static_cast<size_t>(block_[i][k])];
        if (pool.size() >= kFewestDifferences) {
          predicted = QuantileOfSorted(
              Draws(pool, method, sample, predicted, forward_.sd[method][i][k]),
              0.5);
        }
      }
      errors.push_back(std::abs(measured - predicted));
    }
  }
  return errors.empty() ? std::nan("") : Median(errors);
}

// Errors of a link's mean goodput over runs of kRunSeconds in the held-out
// part, of which at least half had a frame: what a replay of an experiment is
// judged by.
std::vector<std::pair<int64_t, double>> WlanCalibration::ErrorsOfMeans(
    LinkMethod method) const {
  std::vector<std::pair<int64_t, double>> errors;
  for (size_t i = 0; i < links_.size(); ++i) {
    std::map<int64_t, std::array<double, 3>> runs;  // samples, sums
    for (size_t k = 0; k < held_[i].size(); ++k) {
      const LinkSample& sample = links_[i].samples[held_[i][k]];
      const double measured = MeasuredOf(sample, method);
      const double predicted = means_[method][i][k];
      if (std::isnan(measured) || std::isnan(predicted)) continue;
      const double time =
          trace_.time_seconds[static_cast<size_t>(sample.sample)];
      std::array<double, 3>& run =
          runs[static_cast<int64_t>(std::floor(time / kRunSeconds))];
      run[0] += 1;
      run[1] += measured;
      run[2] += predicted;
    }
    for (const auto& [run, sums] : runs) {
      if (sums[0] * interval_ < kRunSeconds / 2) continue;
      errors.emplace_back(run, std::abs(sums[1] - sums[2]) / sums[0]);
    }
  }
  return errors;
}

void WlanCalibration::AddErrorRow(
    LinkMethod method, const std::string& quantity, double in_fit,
    double block_length, std::vector<std::pair<int64_t, double>> timed) {
  if (timed.size() < 20) return;
  std::stable_sort(
      timed.begin(), timed.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<double> errors;
  for (const auto& [time, error] : timed) errors.push_back(error);
  RngStream rng = RngTree(options_.seed)
                      .Stream(fmt::format("calibration/error/{}/{}", quantity,
                                          static_cast<int>(method)),
                              Replication(0));
  BlockBootstrapOptions bootstrap;
  bootstrap.confidence = 0.9;
  bootstrap.resamples = kResamples;
  bootstrap.block_length =
      std::min(block_length, static_cast<double>(errors.size()) / 4);
  PredictionError row;
  row.quantity = quantity;
  row.unit = IsGoodput(method) ? "bit/s" : "dB";
  row.method = NameOf(method);
  row.samples = static_cast<int64_t>(errors.size());
  row.median_in_fit = in_fit;
  row.median = BlockBootstrapInterval(
      errors, [](const std::vector<double>& e) { return Median(e); }, bootstrap,
      &rng);
  row.mean = BlockBootstrapInterval(errors, MeanOf, bootstrap, &rng);
  result_.errors.push_back(std::move(row));
}

void WlanCalibration::AddErrors() {
  const double links = static_cast<double>(links_.size());
  for (size_t m = 0; m < kLinkMethods; ++m) {
    const LinkMethod method = static_cast<LinkMethod>(m);
    std::vector<std::pair<int64_t, double>> timed;
    for (size_t i = 0; i < links_.size(); ++i) {
      for (size_t k = 0; k < held_[i].size(); ++k) {
        const LinkSample& sample = links_[i].samples[held_[i][k]];
        const double error =
            std::abs(MeasuredOf(sample, method) - held_out_.values[m][i][k]);
        if (!std::isnan(error)) timed.emplace_back(sample.sample, error);
      }
    }
    // Links interleave, so that a run of seconds is that of all of them.
    AddErrorRow(method, IsGoodput(method) ? "goodput" : "rssi",
                ErrorInFit(method), kRunSeconds / interval_ * links,
                std::move(timed));
  }
  for (size_t m = 0; m < kLinkMethods; ++m) {
    const LinkMethod method = static_cast<LinkMethod>(m);
    if (!IsGoodput(method)) continue;
    AddErrorRow(method, fmt::format("mean goodput of {:.0f} s", kRunSeconds),
                std::nan(""), links, ErrorsOfMeans(method));
  }
}

}  // namespace

CalibrationResult CalibrateWlan(const WlanConfig& wlan, const Trace& trace,
                                const CalibrationOptions& options,
                                const CalibrationProgress& progress) {
  return WlanCalibration(wlan, trace, options, progress).Run();
}

}  // namespace airlock
