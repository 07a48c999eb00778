#include "sim/packet/ns3_time.h"

#include <ns3/rng-seed-manager.h>

namespace airlock {

void SeedNs3(const RngTree& rng, Replication replication) {
  // The six words of ns-3's MRG32k3a all start from the seed, which must be
  // below 4294944443 and not 0.
  constexpr uint64_t kLargestSeed = 4294944442;
  RngStream stream = rng.Stream("ns3", Replication(0));
  ns3::RngSeedManager::SetSeed(
      static_cast<uint32_t>(1 + stream.UniformInt(kLargestSeed)));
  ns3::RngSeedManager::SetRun(static_cast<uint64_t>(replication.value()) + 1);
}

}  // namespace airlock
