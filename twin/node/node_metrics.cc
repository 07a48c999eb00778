#include "twin/node/node_metrics.h"

#include <sys/resource.h>

#include <fstream>
#include <limits>
#include <string>

namespace airlock {
namespace {

constexpr double kUnknown = std::numeric_limits<double>::quiet_NaN();

double SecondsOf(const timeval& time) {
  return static_cast<double>(time.tv_sec) +
         1e-6 * static_cast<double>(time.tv_usec);
}

// A line of /proc/self/status. getrusage() would count what the program was
// that became this one.
double MemoryBytes(const std::string& line) {
  std::ifstream file("/proc/self/status");
  for (std::string word; file >> word;) {
    double kilobytes = 0;
    if (word == line && file >> kilobytes) return 1024 * kilobytes;
  }
  return kUnknown;
}

}  // namespace

void AddGuardMetrics(const Guard& guard, MetricsPage* page) {
  page->One("airlock_node_model_acts", "gauge",
            "1 if the model acts, 0 if the fallback does.",
            guard.model_acts() ? 1 : 0);
  page->Begin("airlock_node_doubt", "gauge",
              "1 for each reason why the model may not act.");
  for (int d = 0; d < kDoubts; ++d) {
    const auto doubt = static_cast<Doubt>(d);
    page->Add(guard.Has(doubt) ? 1 : 0, {{"doubt", ToString(doubt)}});
  }
  page->Begin("airlock_node_doubts_total", "counter",
              "How often each reason arose.");
  for (int d = 0; d < kDoubts; ++d) {
    page->Add(static_cast<double>(guard.raised()[static_cast<size_t>(d)]),
              {{"doubt", ToString(static_cast<Doubt>(d))}});
  }
}

void AddSourceMetrics(const SupervisedSource* source, MetricsPage* page) {
  page->One("airlock_node_source_running", "gauge",
            "1 while the source runs, 0 while it is lost.",
            source && source->running() ? 1 : 0);
  page->One("airlock_node_source_losses_total", "counter",
            "How often the source was lost.",
            source ? static_cast<double>(source->losses()) : 0);
}

void AddProcessMetrics(MetricsPage* page) {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  page->One("process_cpu_seconds_total", "counter",
            "Processor time of the node, without its child processes.",
            SecondsOf(usage.ru_utime) + SecondsOf(usage.ru_stime));
  page->One("process_resident_memory_bytes", "gauge",
            "Memory that is resident.", MemoryBytes("VmRSS:"));
  page->One("airlock_node_peak_resident_bytes", "gauge",
            "The most memory that was resident.", MemoryBytes("VmHWM:"));
}

}  // namespace airlock
