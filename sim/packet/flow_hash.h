#pragma once

#include <cstdint>
#include <vector>

namespace airlock {

// What a switch hashes: the 5-tuple. Ports are 0 where the packet has none
// (not TCP or UDP, or a fragment).
struct FlowKey {
  uint32_t source = 0;
  uint32_t destination = 0;
  uint16_t source_port = 0;
  uint16_t destination_port = 0;
  uint8_t protocol = 0;
};

// A hash whose bits all depend on all bits of the key and the salt (the
// finaliser of SplitMix64; Steele, Lea and Flood, OOPSLA'14, applied to each
// word in turn). Switches differ in their salt: with one salt for all, every
// stage would choose alike and leave paths unused.
uint64_t FlowHash(const FlowKey& key, uint64_t salt);

// One of `choices` (> 0) from a hash, each equally likely.
uint32_t ChooseByHash(uint64_t hash, uint32_t choices);
// The same, each as likely as its weight (> 0) has it; with equal weights the
// same choice. Where weights change, only hashes near the borders between
// choices move to another.
uint32_t ChooseByHash(uint64_t hash, const std::vector<double>& weights);

}  // namespace airlock
