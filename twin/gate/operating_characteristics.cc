#include "twin/gate/operating_characteristics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/base/rng.h"
#include "sim/stats/interval.h"
#include "twin/gate/amount.h"
#include "twin/gate/evidence.h"

namespace airlock {
namespace {

constexpr const char* kKpi = "latency";
constexpr int64_t kFirstLook = 3;

// Samples of one trial as a gate would have collected them, so far none.
Evidence NoEvidenceYet(const Looks& looks, LookPlan plan) {
  Evidence evidence;
  CalibrationProfile profile;
  KpiFidelity fidelity;
  fidelity.kpi = kKpi;
  fidelity.credible = true;
  profile.kpis.push_back(fidelity);
  evidence.profile = profile;
  const bool once = plan == LookPlan::kOnce;
  if (!once) evidence.looks = looks;
  KpiSamples& samples =
      evidence.Samples(kKpi, once ? KpiSource::kMeasured : KpiSource::kTwin);
  samples.paired = false;
  for (const char* model : {"candidate", "incumbent"}) {
    samples.models[model].unit = "s";
    samples.models[model].clock = "simulated";
  }
  return evidence;
}

void DrawOne(double mean, double cv, const char* model, RngStream* rng,
             Evidence* evidence) {
  evidence->kpis[0].models[model].values.push_back(rng->LogNormal(mean, cv));
}

// Draws until the criterion decides, or there is no more to draw.
void RunTrial(const OperatingGrid& grid, const Looks& looks, RngStream* rng,
              OperatingPoint* point) {
  const bool once = point->looks == LookPlan::kOnce;
  CriterionConfig config = grid.criterion;
  config.kpi = kKpi;
  config.on = once ? "measured" : "twin";
  const CriterionRow* const row = FindCriterion(config.kind);
  Evidence evidence = NoEvidenceYet(looks, point->looks);
  CriterionResult result;
  int64_t n = 0;
  while (n < point->n) {
    DrawOne(1, point->cv, "incumbent", rng, &evidence);
    DrawOne(1 + point->change, point->cv, "candidate", rng, &evidence);
    ++n;
    if (n < (once ? point->n : kFirstLook)) continue;
    result = row->judge(config, evidence);
    if (result.outcome != Outcome::kInconclusive || result.futile) break;
  }
  point->promoted += result.outcome == Outcome::kPromote ? 1 : 0;
  point->rejected += result.outcome == Outcome::kReject ? 1 : 0;
  point->mean_n += static_cast<double>(n) / static_cast<double>(grid.trials);
}

// The looks of LookPlan::kPlanned by the most values an arm: a boundary depends
// on nothing else of a cell.
std::map<int64_t, Looks> PlanBoundaries(const OperatingGrid& grid) {
  std::map<int64_t, Looks> planned;
  for (const int64_t n : grid.sizes) {
    const auto [at, added] = planned.try_emplace(n);
    if (!added) continue;
    at->second.most = n;
    at->second.futility = grid.futility;
    at->second.PlanFor(1 - grid.criterion.confidence.value());
  }
  return planned;
}

Interval RateOf(int64_t count, const OperatingPoint& point) {
  return ClopperPearson(count, point.trials, 0.95);
}

}  // namespace

const char* ToString(LookPlan plan) {
  switch (plan) {
    case LookPlan::kOnce:
      return "once";
    case LookPlan::kEvery:
      return "every";
    case LookPlan::kPlanned:
      return "planned";
  }
  return "once";
}

OperatingGrid::OperatingGrid() {
  criterion.kind = "non-inferiority";
  criterion.margin = "25%";
}

bool OperatingPoint::MustNotPass(const OperatingGrid& grid) const {
  return change >= ParseAmount(grid.criterion.margin)->value;
}

std::vector<OperatingPoint> SimulateOperatingCharacteristics(
    const OperatingGrid& grid, const Progress& progress) {
  const std::map<int64_t, Looks> planned = PlanBoundaries(grid);
  std::vector<OperatingPoint> points;
  for (const LookPlan plan :
       {LookPlan::kOnce, LookPlan::kEvery, LookPlan::kPlanned}) {
    for (const double cv : grid.cvs) {
      for (const int64_t n : grid.sizes) {
        for (const double change : grid.changes) {
          points.push_back({change, cv, n, plan, grid.trials, 0, 0, 0});
        }
      }
    }
  }
  const RngTree tree(grid.seed);
  for (size_t i = 0; i < points.size(); ++i) {
    OperatingPoint& point = points[i];
    const std::string stream =
        fmt::format("operating/{}/{}/{}/{}", point.change, point.cv, point.n,
                    ToString(point.looks));
    Looks looks;
    looks.most = point.n;
    looks.futility = grid.futility;
    if (point.looks == LookPlan::kPlanned) looks = planned.at(point.n);
    for (int64_t trial = 0; trial < grid.trials; ++trial) {
      if (trial % 50 == 0) ThrowIfInterrupted();
      RngStream rng = tree.Stream(stream, Replication(trial));
      RunTrial(grid, looks, &rng, &point);
    }
    if (progress) {
      progress(static_cast<int64_t>(i) + 1,
               static_cast<int64_t>(points.size()));
    }
  }
  return points;
}

std::string OperatingText(const OperatingGrid& grid,
                          const std::vector<OperatingPoint>& points) {
  std::string text = fmt::format(
      "{} with a margin of {} at {:.4g} % confidence; {} trials a row, "
      "lognormal, two independent arms\n\n"
      "  looks    cv    n   true change  promote (95 % interval)  reject  "
      "inconclusive  mean n\n",
      grid.criterion.kind, grid.criterion.margin,
      100 * grid.criterion.confidence.value(), grid.trials);
  double worst = 0;
  Interval worst_rate;
  for (const OperatingPoint& point : points) {
    const Interval promoted = RateOf(point.promoted, point);
    const auto trials = static_cast<double>(point.trials);
    text += fmt::format(
        "  {:7}  {:<4g}  {:<2}  {:>+10.0f} %  {:.4f} ({:.4f} to {:.4f})  "
        "{:.4f}  {:>12.4f}  {:>6.1f}{}\n",
        ToString(point.looks), point.cv, point.n, 100 * point.change,
        promoted.estimate, promoted.low, promoted.high,
        static_cast<double>(point.rejected) / trials,
        static_cast<double>(point.inconclusive()) / trials, point.mean_n,
        point.MustNotPass(grid) ? "  must not pass" : "");
    if (point.MustNotPass(grid) && promoted.estimate >= worst) {
      worst = promoted.estimate;
      worst_rate = promoted;
    }
  }
  text += fmt::format(
      "\nworst false promotion: {:.2f} % ({:.2f} to {:.2f} %), promised at "
      "most {:.2f} %\n",
      100 * worst_rate.estimate, 100 * worst_rate.low, 100 * worst_rate.high,
      100 * (1 - grid.criterion.confidence.value()));
  return text;
}

nlohmann::json OperatingJson(const OperatingGrid& grid,
                             const std::vector<OperatingPoint>& points) {
  nlohmann::json rows = nlohmann::json::array();
  for (const OperatingPoint& point : points) {
    const auto rate = [&point](int64_t count) {
      const Interval i = RateOf(count, point);
      return nlohmann::json{
          {"rate", i.estimate}, {"low", i.low}, {"high", i.high}};
    };
    rows.push_back({{"looks", ToString(point.looks)},
                    {"cv", point.cv},
                    {"n", point.n},
                    {"true_change", point.change},
                    {"trials", point.trials},
                    {"must_not_pass", point.MustNotPass(grid)},
                    {"promote", rate(point.promoted)},
                    {"reject", rate(point.rejected)},
                    {"inconclusive", rate(point.inconclusive())},
                    {"mean_n", point.mean_n}});
  }
  return {{"filetype", "gate-operating-characteristics"},
          {"version", {1, 0}},
          {"criterion", grid.criterion.kind},
          {"margin", grid.criterion.margin},
          {"confidence", grid.criterion.confidence.value()},
          {"futility", grid.futility},
          {"seed", grid.seed},
          {"rows", rows}};
}

}  // namespace airlock
