#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/packet/datacentre_network.h"
#include "sim/packet/tcp_defaults.h"
#include "sim/packet/workload.h"
#include "sim/scenario/scenario_fields.h"
#include "sim/topology/topology.h"
#include "sim/workload/flow_sizes.h"

namespace airlock {
namespace {

// What a scenario file may write at `keys`, from the root.
std::vector<std::string> Choices(const std::vector<std::string>& keys) {
  TypeDescription type = FieldsOf<Scenario>().Describe();
  for (const std::string& key : keys) {
    bool found = false;
    for (const FieldDescription& field : type.fields) {
      if (field.name != key) continue;
      found = true;
      type = TypeDescription(field.type);
      break;
    }
    if (!found) throw Error("no key " + key);
  }
  return type.choices;
}

template <typename Entry>
std::vector<std::string> Names(const std::vector<Entry>& table) {
  std::vector<std::string> names;
  for (const Entry& entry : table) names.push_back(entry.name);
  return names;
}

// The reader of scenarios knows its choices without ns-3; they must be those
// that the scene can build, in the same order.
TEST(Choices, AreTheTablesOfTheScene) {
  EXPECT_EQ(Choices({"datacentre", "topology", "kind"}),
            Names(TopologyBuilders()));
  EXPECT_EQ(Choices({"datacentre", "topology", "framing"}), Names(Framings()));
  EXPECT_EQ(Choices({"datacentre", "topology", "queue", "discipline"}),
            Names(QueueDisciplines()));
  EXPECT_EQ(Choices({"datacentre", "routing", "kind"}), Names(RoutingKinds()));
  EXPECT_EQ(Choices({"datacentre", "transport", "kind"}),
            Names(TransportKinds()));
  EXPECT_EQ(Choices({"datacentre", "traffic", "kind"}), Names(WorkloadKinds()));
  EXPECT_EQ(Choices({"datacentre", "traffic", "sizes"}),
            Names(FlowSizeTable()));
}

TEST(Choices, DisciplinesWithAThresholdAreThoseThatMark) {
  for (const QueueDiscipline& discipline : QueueDisciplines()) {
    QueueConfig config;
    config.discipline = discipline.name;
    Port port;
    port.queue = config;
    port.discipline = discipline.create(config);
    EXPECT_EQ(SetEcnThreshold(port, 20), MarksEcn(config)) << discipline.name;
  }
}

}  // namespace
}  // namespace airlock
