#pragma once

#include <ndpi_api.h>
#include <string.h>

#include <array>
#include <cstdint>
#include <vector>

namespace airlock::testbed {

inline constexpr int kMaxSignatureGroups = 32;

struct FlowKey {
  uint32_t source;
  uint32_t destination;
  uint16_t source_port;
  uint16_t destination_port;

  bool operator==(const FlowKey& other) const {
    return source == other.source && destination == other.destination &&
           source_port == other.source_port &&
           destination_port == other.destination_port;
  }
};

struct Flow {
  FlowKey key{};
  bool used = false;
  bool detected = false;
  uint32_t packets = 0;
  uint64_t last_seen = 0;  // packet count of the inspector
  // Where each automaton stands, so signatures match across packets.
  std::array<uint16_t, kMaxSignatureGroups> automaton{};
  ndpi_flow_struct* detection = nullptr;
};

// Set-associative flow table with a fixed number of entries; the least
// recently seen entry of a set makes room. Owns the nDPI state of the flows.
class FlowTable {
 public:
  FlowTable() : flows_(kSets * kWays) {
    for (Flow& flow : flows_) {
      flow.detection =
          static_cast<ndpi_flow_struct*>(ndpi_flow_malloc(SIZEOF_FLOW_STRUCT));
      memset(flow.detection, 0, SIZEOF_FLOW_STRUCT);
    }
  }
  FlowTable(const FlowTable&) = delete;
  FlowTable& operator=(const FlowTable&) = delete;
  ~FlowTable() {
    for (Flow& flow : flows_) ndpi_free_flow(flow.detection);
  }

  // The flow's entry; *inserted and *evicted say what had to be done for it.
  Flow* Find(const FlowKey& key, uint64_t now, bool* inserted, bool* evicted) {
    Flow* set = &flows_[size_t{Hash(key) % kSets} * kWays];
    Flow* oldest = set;
    for (int way = 0; way < kWays; ++way) {
      if (set[way].used && set[way].key == key) {
        set[way].last_seen = now;
        return &set[way];
      }
      if (set[way].last_seen < oldest->last_seen) oldest = &set[way];
    }
    *inserted = true;
    *evicted = oldest->used;
    ndpi_free_flow_data(oldest->detection);
    ndpi_flow_struct* detection = oldest->detection;
    memset(detection, 0, SIZEOF_FLOW_STRUCT);
    *oldest = Flow{};
    oldest->key = key;
    oldest->used = true;
    oldest->last_seen = now;
    oldest->detection = detection;
    return oldest;
  }

 private:
  static constexpr uint32_t kSets = 1024;
  static constexpr int kWays = 4;

  static uint32_t Hash(const FlowKey& key) {
    uint64_t z = (uint64_t{key.source} << 32 | key.destination) ^
                 (uint64_t{key.source_port} << 16 | key.destination_port) *
                     0x9e3779b97f4a7c15ULL;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    return static_cast<uint32_t>(z >> 32);
  }

  std::vector<Flow> flows_;
};

}  // namespace airlock::testbed
