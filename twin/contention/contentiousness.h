#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "twin/contention/contention_vector.h"

namespace airlock {

// The traffic of a function: what its contentiousness and its sensitivity
// depend on beside its code (Manousis et al. 2020, section 6).
struct TrafficAttributes {
  double packet_bytes = 0;  // mean Ethernet frame
  double flows = 0;         // distinct ones at a time

  friend bool operator<(const TrafficAttributes& a,
                        const TrafficAttributes& b) {
    return a.packet_bytes != b.packet_bytes ? a.packet_bytes < b.packet_bytes
                                            : a.flows < b.flows;
  }
};

// A function with its traffic, as others feel it.
struct Competitor {
  std::string function;
  TrafficAttributes traffic;
};

// How contentious each function is, by its traffic and by how many competitors
// run together: measured before a target joins them, so that no mix has to be
// measured to be predicted. Owns the measured vectors.
class Contentiousness {
 public:
  // A measurement of `competitor` among `competitors` in all, itself included.
  void Add(const Competitor& competitor, int64_t competitors,
           const ContentionVector& vector);

  // The median of what was measured. Where it was not measured among so many,
  // that of the nearest number (the larger of two). Throws InputError that says
  // what was measured for a function or traffic that was not.
  ContentionVector Of(const Competitor& competitor, int64_t competitors) const;

  // What they make together: each as one of so many, composed.
  ContentionVector Composed(const std::vector<Competitor>& competitors,
                            int64_t cores_per_socket) const;
  // The same from how each is alone: what composition without the number of
  // competitors would say. A baseline.
  ContentionVector ComposedFromSolo(const std::vector<Competitor>& competitors,
                                    int64_t cores_per_socket) const;

 private:
  using ByNumber = std::map<int64_t, std::vector<ContentionVector>>;
  const ByNumber& Measured(const Competitor& competitor) const;

  std::map<std::string, std::map<TrafficAttributes, ByNumber>> measured_;
};

}  // namespace airlock
