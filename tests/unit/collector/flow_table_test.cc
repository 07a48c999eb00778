#include "sim/collector/flow_table.h"

#include <gtest/gtest.h>

#include <list>
#include <map>

#include "sim/base/rng.h"

namespace airlock {
namespace {

// The same table, written down plainly.
struct Plain {
  std::map<uint64_t, bool> closed;
  std::list<uint64_t> order[2];  // oldest first

  void MoveToEnd(uint64_t key) {
    order[closed[key]].remove(key);
    order[closed[key]].push_back(key);
  }
};

TEST(FlowTable, DoesWhatAPlainMapDoes) {
  constexpr uint32_t kFlows = 40;
  RngStream stream(5);
  FlowTable table(kFlows);
  Plain plain;
  for (int step = 0; step < 100000; ++step) {
    // Keys that collide often: few, and close to each other.
    const uint64_t key = stream.UniformInt(90);
    const uint32_t at = table.Find(key);
    ASSERT_EQ(at != FlowTable::kNone, plain.closed.count(key) == 1);
    const uint64_t what = stream.UniformInt(4);
    if (at == FlowTable::kNone) {
      if (table.full()) continue;
      ASSERT_EQ(table.flow(table.Insert(key, SimTime(step))).key, key);
      plain.closed[key] = false;
      plain.order[0].push_back(key);
    } else if (what == 0) {
      table.Remove(at);
      plain.order[plain.closed[key]].remove(key);
      plain.closed.erase(key);
    } else if (what == 1) {
      plain.order[plain.closed[key]].remove(key);
      plain.closed[key] = true;
      plain.order[1].push_back(key);
      table.Close(at);
    } else {
      table.Touch(at, SimTime(step));
      plain.MoveToEnd(key);
    }
    ASSERT_EQ(table.size(), plain.closed.size());
    ASSERT_EQ(table.full(), plain.closed.size() == kFlows);
    for (bool closed : {false, true}) {
      const uint32_t oldest = table.Oldest(closed);
      ASSERT_EQ(oldest == FlowTable::kNone, plain.order[closed].empty());
      if (oldest == FlowTable::kNone) continue;
      ASSERT_EQ(table.flow(oldest).key, plain.order[closed].front());
    }
  }
}

TEST(FlowTable, TakesTheMemoryItSays) {
  EXPECT_EQ(sizeof(FlowState), 72u);
  EXPECT_EQ(FlowTable(65536).bytes(), 65536u * (72 + 2 * 4));
}

}  // namespace
}  // namespace airlock
