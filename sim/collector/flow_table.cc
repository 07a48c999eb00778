#include "sim/collector/flow_table.h"

#include "sim/base/error.h"

namespace airlock {
namespace {

// The finaliser of SplitMix64 (Steele, Lea and Flood, OOPSLA'14).
uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

size_t SlotsFor(uint32_t flows) {
  size_t slots = 2;
  while (slots < 2 * static_cast<size_t>(flows)) slots *= 2;
  return slots;
}

}  // namespace

FlowTable::FlowTable(uint32_t flows)
    : flows_(flows), slots_(SlotsFor(flows), kNone), free_(0) {
  AIRLOCK_CHECK(flows > 0 && flows < kNone, "{} flows", flows);
  for (uint32_t at = 0; at < flows; ++at) {
    flows_[at].newer = at + 1 < flows ? at + 1 : kNone;
  }
}

size_t FlowTable::bytes() const {
  return flows_.size() * sizeof(FlowState) + slots_.size() * sizeof(uint32_t);
}

size_t FlowTable::Slot(uint64_t key) const {
  const size_t mask = slots_.size() - 1;
  size_t slot = Mix(key) & mask;
  while (slots_[slot] != kNone && flows_[slots_[slot]].key != key) {
    slot = (slot + 1) & mask;
  }
  return slot;
}

uint32_t FlowTable::Find(uint64_t key) const { return slots_[Slot(key)]; }

uint32_t FlowTable::Insert(uint64_t key, SimTime now) {
  const size_t slot = Slot(key);
  AIRLOCK_CHECK(!full() && slots_[slot] == kNone, "{:x}", key);
  const uint32_t at = free_;
  free_ = flows_[at].newer;
  flows_[at] = FlowState();
  flows_[at].key = key;
  flows_[at].last = now;
  slots_[slot] = at;
  ++size_;
  Append(at);
  return at;
}

void FlowTable::Remove(uint32_t at) {
  Unlink(at);
  // Knuth, "The Art of Computer Programming" 3, 6.4, algorithm R: what stands
  // behind the gap moves into it where its own place allows.
  const size_t mask = slots_.size() - 1;
  size_t gap = Slot(flows_[at].key);
  for (size_t next = (gap + 1) & mask; slots_[next] != kNone;
       next = (next + 1) & mask) {
    const size_t home = Mix(flows_[slots_[next]].key) & mask;
    if (((next - home) & mask) < ((next - gap) & mask)) continue;
    slots_[gap] = slots_[next];
    gap = next;
  }
  slots_[gap] = kNone;
  flows_[at].newer = free_;
  free_ = at;
  --size_;
}

void FlowTable::Touch(uint32_t at, SimTime now) {
  flows_[at].last = now;
  if (flows_[at].newer == kNone) return;
  Unlink(at);
  Append(at);
}

void FlowTable::Close(uint32_t at) {
  Unlink(at);
  flows_[at].closed = true;
  Append(at);
}

void FlowTable::Append(uint32_t at) {
  List& list = lists_[flows_[at].closed];
  flows_[at].older = list.newest;
  flows_[at].newer = kNone;
  if (list.newest == kNone) {
    list.oldest = at;
  } else {
    flows_[list.newest].newer = at;
  }
  list.newest = at;
}

void FlowTable::Unlink(uint32_t at) {
  FlowState& flow = flows_[at];
  List& list = lists_[flow.closed];
  if (flow.older == kNone) {
    list.oldest = flow.newer;
  } else {
    flows_[flow.older].newer = flow.newer;
  }
  if (flow.newer == kNone) {
    list.newest = flow.older;
  } else {
    flows_[flow.newer].older = flow.older;
  }
}

}  // namespace airlock
