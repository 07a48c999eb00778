#include "calibration/traces/pcm_columns.h"

#include <regex>

#include "sim/base/error.h"

namespace airlock {
namespace {

struct MetricRow {
  const char* metric;  // as in the file
  const char* name;    // ours
  UnitConversion conversion;
  const char* description;
};

constexpr double kMillion = 1e6;

// The meaning and scale of pcm's CSV columns: counts of instructions, cycles,
// ticks and cache misses are printed in millions, memory traffic in 1e9 bytes,
// L3 occupancy in KiB, local and remote bandwidth in MiB, shares in percent
// (intel/pcm, src/pcm.cpp: print_csv and its legend).
const MetricRow kPcmMetrics[] = {
    {"EXEC", "exec", {"1", 1, 1}, "instructions per nominal cycle"},
    {"IPC", "ipc", {"1", 1, 1}, "instructions per cycle"},
    {"FREQ", "freq", {"1", 1, 1}, "frequency over nominal, idle included"},
    {"AFREQ", "afreq", {"1", 1, 1}, "frequency over nominal when active"},
    {"CFREQ", "cfreq", {"Hz", 1e9, 1}, "frequency when active"},
    {"L3MISS", "l3miss", {"1", kMillion, 1}, "L3 line misses"},
    {"L2MISS", "l2miss", {"1", kMillion, 1}, "L2 line misses"},
    {"L3HIT", "l3hit", {"1", 1, 1}, "L3 hit ratio"},
    {"L2HIT", "l2hit", {"1", 1, 1}, "L2 hit ratio"},
    {"L3MPI", "l3mpi", {"1", 1, 1}, "L3 misses per instruction"},
    {"L2MPI", "l2mpi", {"1", 1, 1}, "L2 misses per instruction"},
    {"L3OCC", "l3occ", {"B", 1024, 1}, "L3 occupancy"},
    {"LMB", "lmb", {"B", 1048576, 1}, "traffic to local memory"},
    {"RMB", "rmb", {"B", 1048576, 1}, "traffic to remote memory"},
    {"READ", "read", {"B", 1e9, 1}, "read from memory"},
    {"WRITE", "write", {"B", 1e9, 1}, "written to memory"},
    {"LOCAL", "local", {"1", 1, 100}, "share of local memory requests"},
    {"PMM_RD", "pmm_read", {"B", 1e9, 1}, "read from persistent memory"},
    {"PMM_WR", "pmm_write", {"B", 1e9, 1}, "written to persistent memory"},
    {"HBM_READ", "hbm_read", {"B", 1e9, 1}, "read from HBM"},
    {"HBM_WRITE", "hbm_write", {"B", 1e9, 1}, "written to HBM"},
    {"IO", "io", {"B", 1e9, 1}, "memory traffic of devices"},
    {"IA", "ia", {"B", 1e9, 1}, "memory traffic of cores"},
    {"GT", "gt", {"B", 1e9, 1}, "memory traffic of graphics"},
    {"TEMP", "temp", {"degC", 1, 1}, "degrees below the throttling point"},
    {"INST", "inst", {"1", kMillion, 1}, "instructions retired"},
    {"ACYC", "acyc", {"1", kMillion, 1}, "active cycles"},
    {"TIME(ticks)", "time_ticks", {"1", kMillion, 1}, "time stamp counter"},
    {"PhysIPC", "physipc", {"1", 1, 1}, "instructions per physical cycle"},
    {"PhysIPC%", "physipc_share", {"1", 1, 100}, "PhysIPC of its maximum"},
    {"INSTnom", "instnom", {"1", 1, 1}, "instructions per nominal cycle"},
    {"INSTnom%", "instnom_share", {"1", 1, 100}, "INSTnom of its maximum"},
    {"TotalQPIin", "qpi_in", {"B", kMillion, 1}, "incoming QPI traffic"},
    {"TotalUPIin", "upi_in", {"B", kMillion, 1}, "incoming UPI traffic"},
    {"TotalQPIout", "qpi_out", {"B", kMillion, 1}, "outgoing QPI traffic"},
    {"TotalUPIout", "upi_out", {"B", kMillion, 1}, "outgoing UPI traffic"},
    {"QPItoMC", "qpi_to_mc", {"1", 1, 1}, "QPI over memory traffic"},
    {"UPItoMC", "upi_to_mc", {"1", 1, 1}, "UPI over memory traffic"},
};

// Units that pcm writes behind a name: "Mem Read (MB/s)", "UncFREQ (Ghz)".
struct NameUnit {
  const char* unit;
  UnitConversion conversion;
};
const NameUnit kNameUnits[] = {
    {"MB/s", {"B/s", 1e6, 1}},  {"T/s", {"1/s", 1, 1}},
    {"M/s", {"1/s", 1e6, 1}},   {"ns", {"s", 1, 1e9}},
    {"Ghz", {"Hz", 1e9, 1}},    {"GHz", {"Hz", 1e9, 1}},
    {"Joules", {"J", 1, 1}},    {"%", {"1", 1, 100}},
    {"percent", {"1", 1, 100}}, {"B", {"B", 1, 1}},
};

// The scope that a group cell names, and what its metrics are prefixed with.
struct Group {
  Scope scope = Scope::kSystem;
  std::string id;
  std::string prefix;       // "package_", "data_in_", ""
  bool c_states = false;    // its metrics are C-state residencies
  bool link_bytes = false;  // its metrics are QPI/UPI links, millions of bytes
  bool link_share = false;  // its metrics are QPI/UPI links, percent
  bool known = true;
};

Group ParseGroup(const std::string& text) {
  static const std::regex kSocket(R"((?:Socket|SKT) ?(\d+))");
  static const std::regex kCore(R"(Core ?(\d+)(?: \(Socket *\d+\))?)");
  static const std::regex kDie(R"(SKT(\d+)\.(\d+))");
  static const std::regex kStates(
      R"((?:SKT(\d+)|System) (Core|Pack|Package) C-States?)");
  static const std::regex kLink(
      R"(SKT(\d+)(dataIn|trafficOut)( \(percent\))?)");
  std::smatch match;
  Group group;
  if (text == "System" || text.empty()) return group;
  if (std::regex_match(text, match, kSocket)) {
    group.scope = Scope::kSocket;
    group.id = match[1];
  } else if (std::regex_match(text, match, kCore)) {
    group.scope = Scope::kCore;
    group.id = match[1];
  } else if (std::regex_match(text, match, kDie)) {
    group.scope = Scope::kSocket;
    group.id = match[1].str() + "-die" + match[2].str();
  } else if (std::regex_match(text, match, kStates)) {
    group.scope = match[1].matched ? Scope::kSocket : Scope::kSystem;
    group.id = match[1];
    group.prefix = match[2] == "Core" ? "core_" : "package_";
    group.c_states = true;
  } else if (std::regex_match(text, match, kLink)) {
    group.scope = Scope::kSocket;
    group.id = match[1];
    group.prefix = match[2] == "dataIn" ? "data_in_" : "traffic_out_";
    group.link_share = match[3].matched;
    group.link_bytes = !group.link_share;
    if (group.link_share) group.prefix += "share_";
  } else {
    group.known = false;
  }
  return group;
}

// Splits "Mem Read (MB/s)" and sets the conversion; false if there is no unit
// that we know behind the name.
bool SplitNameUnit(const std::string& text, std::string* name,
                   UnitConversion* conversion) {
  const size_t open = text.rfind('(');
  if (open == std::string::npos || text.back() != ')') return false;
  const std::string unit = text.substr(open + 1, text.size() - open - 2);
  for (const NameUnit& row : kNameUnits) {
    if (unit != row.unit) continue;
    *name = text.substr(0, open);
    *conversion = row.conversion;
    return true;
  }
  return false;
}

bool IsCState(const std::string& metric) {
  static const std::regex kState(R"(C\d+res%)");
  return std::regex_match(metric, kState);
}

void DescribeMetric(const Group& group, const std::string& metric,
                    bool memory_tool, PcmColumn* column) {
  static const std::regex kMemoryMetric(
      R"((?:EDC_)?Ch\d+(?:PMM_)?(?:Read|Write)|Read|Write|Memory|)"
      R"(DRAMRead|DRAMWrite|PMMREAD|PMMWrite|CXLRead|CXL\..*)");
  std::string name;
  column->column.description = metric;
  if (IsCState(metric)) {
    column->column.name =
        group.prefix + MetricName(metric.substr(0, metric.size() - 1));
    column->column.description = "share of time in this C-state";
    column->conversion = {"1", 1, 100};
    return;
  }
  const std::string prefix = group.c_states ? "" : group.prefix;
  if (group.link_bytes || group.link_share) {
    column->column.name = prefix + MetricName(metric);
    column->conversion = group.link_bytes ? UnitConversion{"B", kMillion, 1}
                                          : UnitConversion{"1", 1, 100};
    return;
  }
  for (const MetricRow& row : kPcmMetrics) {
    if (memory_tool || metric != row.metric) continue;
    column->column.name = prefix + row.name;
    column->column.description = row.description;
    column->conversion = row.conversion;
    return;
  }
  if (SplitNameUnit(metric, &name, &column->conversion)) {
    column->column.name = prefix + MetricName(name);
    return;
  }
  column->column.name = prefix + MetricName(metric);
  column->known_unit = memory_tool && std::regex_match(metric, kMemoryMetric);
  column->conversion = column->known_unit ? UnitConversion{"B/s", 1e6, 1}
                                          : UnitConversion{"1", 1, 1};
}

void FinishName(const Group& group, PcmColumn* column) {
  Column& c = column->column;
  c.role = Role::kCounter;
  c.scope = group.scope;
  c.scope_id = group.id;
  c.unit = column->conversion.unit;
  c.name =
      group.id.empty()
          ? fmt::format("{}.{}", ToString(group.scope), c.name)
          : fmt::format("{}.{}.{}", ToString(group.scope), group.id, c.name);
}

}  // namespace

PcmColumn DescribePcmColumn(const std::string& group_text,
                            const std::string& metric, bool memory_tool) {
  PcmColumn column;
  Group group = ParseGroup(group_text);
  if (group.known) {
    DescribeMetric(group, metric, memory_tool, &column);
  } else {
    // "DRAM Energy (Joules)" + "SKT1": the group is the metric.
    const Group owner = ParseGroup(metric);
    if (owner.known && owner.scope == Scope::kSocket) {
      group = owner;
      DescribeMetric(group, group_text, memory_tool, &column);
    } else {
      group = Group();
      DescribeMetric(group, group_text + " " + metric, memory_tool, &column);
      column.known_unit = false;
    }
  }
  FinishName(group, &column);
  return column;
}

PcmColumn DescribePciColumn(const std::string& socket, const std::string& event,
                            const std::string& filter) {
  PcmColumn column;
  Group group;
  if (socket != "*") {
    group.scope = Scope::kSocket;
    group.id = socket;
  }
  std::string name = event;
  column.conversion = {"1", 1, 1};
  const bool bytes = SplitNameUnit(event, &name, &column.conversion);
  column.column.name = "pcie_" + MetricName(name);
  if (!filter.empty()) column.column.name += "_" + MetricName(filter);
  column.column.description =
      bytes ? event : event + filter + ", cache lines of PCIe traffic";
  FinishName(group, &column);
  return column;
}

}  // namespace airlock
