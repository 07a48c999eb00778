#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/rng.h"
#include "sim/surrogate/chain_workload.h"

namespace airlock {

// What RngStream::Gamma draws of a stream while no normal number is cut off: a
// standard normal and a uniform number a proposal, whatever the shape (>= 1).
// Remembered, so that shapes can be compared on the same numbers without making
// them again; grows as it is read.
class GammaTape {
 public:
  struct Proposal {
    double normal;
    double uniform;  // on (0, 1]
  };

  explicit GammaTape(RngStream stream) : origin_(stream), end_(stream) {}

  const Proposal& At(size_t index);
  // The stream after the normal number of proposal `index`, where a cut-off
  // one leaves it.
  RngStream AfterNormal(size_t index) const;

 private:
  RngStream origin_;
  RngStream end_;  // after all proposals
  std::vector<Proposal> proposals_;
};

// All random numbers of a chain that do not depend on its functions' service
// times: the source's packets, and the proposals of gamma-distributed service
// times. Runs of ChainRecursion on one tape give the same results as without
// it, bit by bit. Owns its course; some 24 + 16 bytes a packet and function.
class ChainTape {
 public:
  // The seed, replication, workload and functions are those of the runs.
  ChainTape(const ChainConfig& chain, const Trace* trace, const RngTree& tree,
            Replication replication);
  ChainTape(const ChainTape&) = delete;
  ChainTape& operator=(const ChainTape&) = delete;

  ChainCourse* course() { return &course_; }
  // Packet `index` of the source, valid until the next call; nullptr behind
  // the last.
  const ChainPacket* Packet(size_t index);
  GammaTape* service(size_t function) { return &services_[function]; }

 private:
  ChainCourse course_;
  PacketSource source_;
  std::vector<ChainPacket> packets_;
  std::vector<GammaTape> services_;
};

}  // namespace airlock
