#include "twin/gate/evidence.h"

#include "sim/stats/group_sequential.h"

namespace airlock {
namespace {

constexpr int64_t kFirstLook = 3;  // fewer values have no test

}  // namespace

const char* ToString(KpiSource source) {
  switch (source) {
    case KpiSource::kHeldOut:
      return "held-out";
    case KpiSource::kTwin:
      return "twin";
    case KpiSource::kMeasured:
      return "measured";
  }
  return "measured";
}

void Looks::PlanFor(double alpha) {
  if (level.count(alpha) > 0 || most < kFirstLook) return;
  level[alpha] =
      PlannedTLevels(kFirstLook, most, alpha, Spending::kObrienFleming);
}

std::optional<double> Looks::LevelAt(double alpha, int64_t n) const {
  const auto found = level.find(alpha);
  if (found == level.end() || n < 1) return std::nullopt;
  const std::vector<double>& levels = found->second;
  // Beyond the plan nothing is left to spend.
  if (n > static_cast<int64_t>(levels.size())) return 0;
  return levels[static_cast<size_t>(n) - 1];
}

const KpiSamples* Evidence::Find(const std::string& kpi,
                                 KpiSource source) const {
  for (const KpiSamples& samples : kpis) {
    if (samples.kpi == kpi && samples.source == source) return &samples;
  }
  return nullptr;
}

KpiSamples& Evidence::Samples(const std::string& kpi, KpiSource source) {
  for (KpiSamples& samples : kpis) {
    if (samples.kpi == kpi && samples.source == source) return samples;
  }
  KpiSamples& samples = kpis.emplace_back();
  samples.kpi = kpi;
  samples.source = source;
  return samples;
}

}  // namespace airlock
