#include <sys/resource.h>

#include <fstream>
#include <limits>
#include <utility>

#include "sim/base/json.h"
#include "sim/base/version.h"
#include "twin/node/stream_node.h"

// What every kind of node says of itself.
namespace airlock {
namespace {

using nlohmann::json;

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

}  // namespace

json StreamNode::Health() const {
  std::string status = "ok";
  std::string reason = guard_.Reason();
  if (taken_ == 0 && guard_.model_acts()) {
    reason = "no sample has come since the node was started";
  }
  if (guard_.Has(Doubt::kLostSource) || taken_ == 0) {
    status = "lost";
  } else if (!guard_.model_acts()) {
    status = "fallback";
  }
  json health = {{"status", status},
                 {"reason", reason},
                 {"doubt", guard_.Name()},
                 {"node", file_.name},
                 {"samples", taken_},
                 {"last_sample_seconds", NumberOrNull(last_seconds_)},
                 {"clock", source_ ? source_->clock() : ""},
                 {"fallback", fallback()}};
  health.update(HealthFields());
  return health;
}

void StreamNode::AddStreamMetrics(MetricsPage* page) const {
  page->One("airlock_node_info", "gauge", "What runs: always 1.", 1,
            {{"node", file_.name},
             {"version", Version()},
             {"commit", GitCommit()},
             {"source", file_.source.kind},
             {"clock", source_ ? source_->clock() : ""}});
  AddGuardMetrics(guard_, page);
  page->One("airlock_node_samples_total", "counter",
            "Samples taken since the node was started.",
            static_cast<double>(taken_));
  page->One("airlock_node_last_sample_seconds", "gauge",
            "Time of the newest sample, by the source's clock.", last_seconds_);
  page->One("airlock_node_sample_age_seconds", "gauge",
            "Wall clock since the newest sample when this page was made.",
            SecondsSince(heard_at_));
  AddSourceMetrics(source_.get(), page);
  page->One("airlock_node_unsaved_total", "counter",
            "Samples and states that could not be written.",
            static_cast<double>(unsaved_));
  AddProcessMetrics(page);
}

void StreamNode::Publish() {
  published_at_ = Clock::now();
  if (!server_) return;
  const json health = Health();
  StatusPages pages;
  pages.metrics = MetricsText();
  pages.healthy = health.at("status") == "ok";
  pages.health =
      health.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
  server_->Publish(std::move(pages));
}

}  // namespace airlock
