// What a what-if shield makes of an explorer on the packet engine: three
// saturated access points side by side, which start on channels of their own,
// and a move of one of them, drawn, to one of four channels twice a second.
// The same run (seed, replication, moves) without the shield and with it, by
// margin; vetoes are all judged again over a second.
//   what_if_table [REPLICATIONS]
// Processor time is of all processes; it does not depend on what else runs.
#include <fmt/format.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/error.h"
#include "sim/scenario/resolve.h"
#include "sim/stats/interval.h"
#include "twin/worker/run_batch.h"

namespace airlock {
namespace {

ResolvedScenario Explored(std::optional<Ratio> margin) {
  Scenario scenario;
  scenario.name = "explored";
  scenario.run.duration = Milliseconds(4000);
  scenario.run.sample_interval = Milliseconds(500);
  scenario.controller.agent = "schedule";
  scenario.controller.interval = Milliseconds(500);
  if (margin) {
    scenario.controller.what_if.emplace();
    scenario.controller.what_if->horizon = Milliseconds(300);
    scenario.controller.what_if->margin = *margin;
    scenario.controller.what_if->audit = Ratio(1);
    scenario.controller.what_if->audit_horizon = Milliseconds(1000);
  }
  scenario.wlan.emplace();
  WlanConfig& wlan = *scenario.wlan;
  wlan.standard = "802.11a";
  wlan.rate_control = "constant";
  wlan.channel_switch.announcement_beacons = 0;
  wlan.traffic.saturated = true;
  for (int i = 0; i < 3; ++i) {
    AccessPointConfig ap;
    ap.name = fmt::format("ap{}", i);
    ap.position = {Length(10.0 * i), Length(0)};
    ap.channel = 36 + 4 * i;
    ap.stations = 1;
    ap.station_distance = Length(2);
    wlan.access_points.push_back(ap);
  }
  RngStream moves(5);
  for (int k = 1; k < 8; ++k) {
    ScheduledChange change;
    change.time = Milliseconds(500 * k);
    change.access_point = fmt::format("ap{}", moves.UniformInt(3));
    change.channel = 36 + 4 * static_cast<int64_t>(moves.UniformInt(4));
    wlan.schedule.push_back(change);
  }
  Diagnostics diagnostics;
  const auto resolved = Resolve(scenario, &diagnostics);
  if (!resolved) throw InputError(diagnostics.Format());
  return *resolved;
}

double CpuOfChildren() {
  rusage usage;
  getrusage(RUSAGE_CHILDREN, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         1e-6 * static_cast<double>(usage.ru_utime.tv_usec +
                                    usage.ru_stime.tv_usec);
}

std::vector<double> Of(const RunRecord& record, const std::string& metric) {
  std::vector<double> values;
  for (const ReplicationRecord& r : record.replications) {
    for (const Metric& m : r.metrics) {
      if (m.name == metric) values.push_back(m.value);
    }
  }
  return values;
}

double Sum(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += value;
  return sum;
}

std::string Mean(const std::vector<double>& values, double factor) {
  const Interval interval = MeanInterval(values, 0.95);
  return fmt::format("{:.1f} [{:.1f}, {:.1f}]",
                     factor * Sum(values) / static_cast<double>(values.size()),
                     factor * interval.low, factor * interval.high);
}

void Row(const std::string& name, std::optional<Ratio> margin,
         int64_t replications, double* plain_cpu) {
  const ResolvedScenario scenario = Explored(margin);
  BatchOptions options;
  options.replications = replications;
  const double before = CpuOfChildren();
  const RunRecord record = RunBatch(scenario, options, nullptr);
  const double cpu = CpuOfChildren() - before;
  if (!margin) *plain_cpu = cpu;
  fmt::print(
      "| {} | {} | {} | {:.0f} of {:.0f} | {:.0f} of {:.0f} | {:.1f} |\n", name,
      Mean(Of(record, "delivered_rate"), 1e-6),
      Mean(Of(record, "latency_p95"), 1e3), Sum(Of(record, "what_if_vetoed")),
      Sum(Of(record, "what_if_tried")), Sum(Of(record, "what_if_regretted")),
      Sum(Of(record, "what_if_audited")), cpu / *plain_cpu);
  std::fflush(stdout);
}

}  // namespace
}  // namespace airlock

int main(int argc, char** argv) {
  using namespace airlock;
  const int64_t replications = argc > 1 ? std::atoll(argv[1]) : 5;
  try {
    fmt::print(
        "| what-if | delivered, Mbit/s | p95 delay, ms | vetoed | regretted | "
        "processor time x |\n|---|---|---|---|---|---|\n");
    double cpu = 1;
    Row("none", std::nullopt, replications, &cpu);
    Row("margin 5 %", Ratio(0.05), replications, &cpu);
    Row("margin 20 %", Ratio(0.2), replications, &cpu);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "what_if_table: %s\n", e.what());
    return 1;
  }
  return 0;
}
