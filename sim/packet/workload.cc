#include "sim/packet/workload.h"

#include "sim/packet/flow_arrivals.h"
#include "sim/packet/flow_rounds.h"
#include "sim/packet/named_table.h"

namespace airlock {

const std::vector<WorkloadKind>& WorkloadKinds() {
  static const std::vector<WorkloadKind> kTable = {
      {"none", nullptr, false, "no TCP traffic"},
      {"permutation", CreatePermutation, true,
       "every host sends to one host of another leaf"},
      {"incast", CreateIncast, true, "many hosts send to one receiver"},
      {"all-to-all", CreateAllToAll, true, "every host sends to every other"},
      {"poisson", CreatePoisson, false,
       "flows of random size arrive at every host for random others"},
      {"rack-matrix", CreateRackMatrix, false,
       "flows of random size between racks as a matrix has it"},
      {"trace", CreateTrace, false, "the flows that a file lists"},
  };
  return kTable;
}

const WorkloadKind& FindWorkload(const std::string& name) {
  return FindByName(WorkloadKinds(), "traffic.kind", name);
}

bool FlowsEnd(const WorkloadKind& kind, const FabricWorkload& config) {
  return !kind.in_rounds || config.request.has_value();
}

bool IsStationary(const WorkloadKind& kind, const DatacentreConfig& config) {
  for (const FailureConfig& failure : config.topology.failures) {
    if (failure.time > SimTime() || failure.repair) return false;
  }
  if (config.traffic.kind == "trace") return false;
  const bool one_round = kind.in_rounds && !config.traffic.interval;
  return !one_round || !FlowsEnd(kind, config.traffic);
}

}  // namespace airlock
