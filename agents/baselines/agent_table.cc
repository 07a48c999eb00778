#include "agents/baselines/agent_table.h"

#include "agents/baselines/queue_target.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

// Leaves the scenario's configuration as it is.
class StaticController : public Controller {
 public:
  Action Decide(const Observation&) override { return {}; }
};

template <typename C>
std::unique_ptr<Controller> Create() {
  return std::make_unique<C>();
}

}  // namespace

const std::vector<AgentRow>& Agents() {
  static const std::vector<AgentRow> rows = {
      {"static", "keeps the scenario's configuration",
       Create<StaticController>},
      {"queue-target",
       "datacentre: moves ecn_threshold so that the mean queue stays near 20 "
       "packets",
       Create<QueueTargetController>},
  };
  return rows;
}

std::unique_ptr<Controller> CreateAgent(const std::string& name) {
  std::string known;
  for (const AgentRow& row : Agents()) {
    if (name == row.name) return row.create();
    known += (known.empty() ? "" : ", ") + std::string(row.name);
  }
  throw InputError(
      fmt::format("no such agent: '{}'; known agents: {}", name, known));
}

}  // namespace airlock
