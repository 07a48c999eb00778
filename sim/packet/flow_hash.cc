#include "sim/packet/flow_hash.h"

namespace airlock {
namespace {

uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace

uint64_t FlowHash(const FlowKey& key, uint64_t salt) {
  const uint64_t addresses =
      (static_cast<uint64_t>(key.source) << 32) | key.destination;
  const uint64_t rest = (static_cast<uint64_t>(key.protocol) << 32) |
                        (static_cast<uint64_t>(key.source_port) << 16) |
                        key.destination_port;
  return Mix(Mix(Mix(salt) ^ addresses) ^ rest);
}

uint32_t ChooseByHash(uint64_t hash, uint32_t choices) {
  return static_cast<uint32_t>(((hash >> 32) * choices) >> 32);
}

uint32_t ChooseByHash(uint64_t hash, const std::vector<double>& weights) {
  const uint32_t choices = static_cast<uint32_t>(weights.size());
  const double first = weights.front();
  double total = 0;
  bool equal = true;
  for (double weight : weights) {
    total += weight;
    equal = equal && weight == first;
  }
  if (equal) return ChooseByHash(hash, choices);
  // The upper half of the hash as a share of the total.
  double left = static_cast<double>(hash >> 32) * 0x1p-32 * total;
  for (uint32_t choice = 0; choice + 1 < choices; ++choice) {
    left -= weights[choice];
    if (left < 0) return choice;
  }
  return choices - 1;
}

}  // namespace airlock
