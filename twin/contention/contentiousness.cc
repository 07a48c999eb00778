#include "twin/contention/contentiousness.h"

#include <fmt/ranges.h>

#include <cstdlib>

#include "sim/base/error.h"

namespace airlock {

void Contentiousness::Add(const Competitor& competitor, int64_t competitors,
                          const ContentionVector& vector) {
  AIRLOCK_CHECK(competitors > 0, "{}", competitors);
  measured_[competitor.function][competitor.traffic][competitors].push_back(
      vector);
}

const Contentiousness::ByNumber& Contentiousness::Measured(
    const Competitor& competitor) const {
  const auto function = measured_.find(competitor.function);
  if (function == measured_.end()) {
    std::vector<std::string> known;
    for (const auto& [name, traffic] : measured_) known.push_back(name);
    throw InputError(
        fmt::format("contention: function '{}' was not profiled; known: {}",
                    competitor.function, fmt::join(known, ", ")));
  }
  const auto traffic = function->second.find(competitor.traffic);
  if (traffic == function->second.end()) {
    std::vector<std::string> known;
    for (const auto& [one, vectors] : function->second) {
      known.push_back(
          fmt::format("{} B and {} flows", one.packet_bytes, one.flows));
    }
    throw InputError(fmt::format(
        "contention: function '{}' was not profiled with packets of {} B and "
        "{} flows; with: {}",
        competitor.function, competitor.traffic.packet_bytes,
        competitor.traffic.flows, fmt::join(known, "; ")));
  }
  return traffic->second;
}

ContentionVector Contentiousness::Of(const Competitor& competitor,
                                     int64_t competitors) const {
  const ByNumber& measured = Measured(competitor);
  auto nearest = measured.begin();
  for (auto it = measured.begin(); it != measured.end(); ++it) {
    if (std::abs(it->first - competitors) <=
        std::abs(nearest->first - competitors)) {
      nearest = it;
    }
  }
  return MedianContention(nearest->second);
}

ContentionVector Contentiousness::Composed(
    const std::vector<Competitor>& competitors,
    int64_t cores_per_socket) const {
  std::vector<ContentionVector> vectors;
  for (const Competitor& one : competitors) {
    vectors.push_back(Of(one, static_cast<int64_t>(competitors.size())));
  }
  return Compose(vectors, cores_per_socket);
}

ContentionVector Contentiousness::ComposedFromSolo(
    const std::vector<Competitor>& competitors,
    int64_t cores_per_socket) const {
  std::vector<ContentionVector> vectors;
  for (const Competitor& one : competitors) vectors.push_back(Of(one, 1));
  return Compose(vectors, cores_per_socket);
}

}  // namespace airlock
