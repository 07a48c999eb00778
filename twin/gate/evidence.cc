#include "twin/gate/evidence.h"

namespace airlock {

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
