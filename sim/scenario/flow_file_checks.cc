#include "sim/scenario/flow_file_checks.h"

#include <fmt/format.h>

#include "sim/scenario/checks.h"
#include "sim/topology/topology.h"
#include "sim/workload/flow_files.h"

namespace airlock {
namespace {

constexpr char kSizes[] = "datacentre.traffic.sizes_file";
constexpr char kMatrix[] = "datacentre.traffic.matrix";
constexpr char kTrace[] = "datacentre.traffic.trace";

int64_t CountRacks(const TopologyConfig& topology) {
  if (topology.kind == "back-to-back") return 2;
  return topology.kind == "fat-tree"
             ? topology.switch_ports * topology.switch_ports / 2
             : topology.leaves;
}

void CheckMatrix(const DatacentreConfig& datacentre, const RackMatrix& matrix,
                 const Reporter& report) {
  if (datacentre.traffic.kind != "rack-matrix") return;
  const int64_t racks = CountRacks(datacentre.topology);
  if (static_cast<int64_t>(matrix.racks) != racks) {
    report.Error(kMatrix,
                 fmt::format("the matrix has {} racks, the topology {}",
                             matrix.racks, racks));
    return;
  }
  if (CountHosts(datacentre.topology) > racks) return;
  for (size_t rack = 0; rack < matrix.racks; ++rack) {
    if (matrix.At(rack, rack) == 0) continue;
    report.Warning(kMatrix,
                   "a rack of one host cannot send to itself: the matrix's "
                   "diagonal is left out");
    return;
  }
}

}  // namespace

void CheckFlowFiles(const DatacentreConfig& datacentre, const Reporter& report,
                    Diagnostics* diagnostics) {
  const FabricWorkload& traffic = datacentre.traffic;
  if (!traffic.sizes_file.empty() &&
      !ReadFlowSizes(traffic.sizes_file, diagnostics)) {
    report.Error(kSizes, "the flow sizes cannot be used");
  }
  if (!traffic.matrix.empty()) {
    const auto matrix = ReadRackMatrix(traffic.matrix, diagnostics);
    if (!matrix) {
      report.Error(kMatrix, "the matrix cannot be used");
    } else {
      CheckMatrix(datacentre, *matrix, report);
    }
  }
  if (!traffic.trace.empty() &&
      !ReadFlowList(traffic.trace, CountHosts(datacentre.topology),
                    diagnostics)) {
    report.Error(kTrace, "the flows cannot be used");
  }
}

}  // namespace airlock
