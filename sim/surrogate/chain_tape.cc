#include "sim/surrogate/chain_tape.h"

#include "sim/surrogate/chain_model.h"

namespace airlock {

const GammaTape::Proposal& GammaTape::At(size_t index) {
  while (index >= proposals_.size()) {
    const double normal = end_.Normal(0, 1);
    proposals_.push_back({normal, 1 - end_.Uniform()});
  }
  return proposals_[index];
}

RngStream GammaTape::AfterNormal(size_t index) const {
  // Two uniform numbers make a normal one.
  RngStream stream = origin_;
  for (size_t i = 0; i < 3 * index + 2; ++i) stream.Next64();
  return stream;
}

ChainTape::ChainTape(const ChainConfig& chain, const Trace* trace,
                     const RngTree& tree, Replication replication)
    : course_(chain.workload, trace, tree, replication),
      source_(chain.workload, &course_, tree, replication) {
  for (const ChainFunction& function : chain.functions) {
    services_.emplace_back(ServiceStream(function, tree, replication));
  }
}

const ChainPacket* ChainTape::Packet(size_t index) {
  while (index >= packets_.size()) {
    if (source_.next_ns() == kNever) return nullptr;
    packets_.push_back(source_.Take());
  }
  return &packets_[index];
}

}  // namespace airlock
