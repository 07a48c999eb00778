#include "data/testbed/sampler.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "data/testbed/host_counters.h"
#include "data/testbed/perf_counters.h"
#include "data/testbed/plan.h"
#include "data/testbed/process.h"
#include "data/testbed/shared_state.h"

namespace airlock::testbed {

namespace {

constexpr char kNamespacePrefix[] = "airlock-testbed-";
constexpr int64_t kSettleNs = 5000000000;  // for the sink's last interval
constexpr int64_t kSettlePollNs = 20000000;

// Counters the functions keep themselves, in shared memory.
class FunctionSource : public CounterSource {
 public:
  FunctionSource(SharedState* state, CounterTable* table) : state_(state) {
    AddGenerator(table);
    AddInspector(table);
    AddSink(table);
  }

  void Read(double* raw) override {
    for (const auto& [slot, counter] : counters_) {
      raw[slot] = static_cast<double>(counter->Get());
    }
  }

 private:
  int Rate(CounterTable* table, const Subject& subject, const char* metric,
           const char* unit, const char* description, const Counter& counter,
           double scale = 1) {
    const int slot = table->AddRate(subject, metric, unit, description, scale);
    counters_.push_back({slot, &counter});
    return slot;
  }

  void AddGenerator(CounterTable* table) {
    const Subject subject{"function", "generate"};
    const GeneratorCounters& c = state_->generator;
    const int packets =
        Rate(table, subject, "packets", "packet/s", "packets sent", c.packets);
    Rate(table, subject, "send_errors", "packet/s",
         "packets the kernel refused", c.send_errors);
    Rate(table, subject, "sleeps", "1/s", "waits for the next departure",
         c.sleeps);
    Rate(table, subject, "flows", "1/s", "flows started", c.flows);
    const int send = Rate(table, subject, "send_busy", "1",
                          "fraction of time inside the send call, where the "
                          "bridge and the firewall run",
                          c.send_ns, 1e-9);
    table->AddRatio(subject, "send_time", "s", "mean duration of the send call",
                    send, packets, 1e-9);
    const int late = table->AddRaw();
    counters_.push_back({late, &c.lateness_ns});
    table->AddRatio(subject, "lateness", "s",
                    "mean delay of a departure behind its schedule", late,
                    packets, 1e-9);
  }

  void AddInspector(CounterTable* table) {
    const Subject subject{"function", "inspect"};
    const InspectorCounters& c = state_->inspector;
    const int packets = Rate(table, subject, "packets", "packet/s",
                             "packets inspected", c.packets);
    Rate(table, subject, "bytes", "B/s", "frame bytes inspected", c.bytes);
    Rate(table, subject, "payload_bytes", "B/s", "payload bytes searched",
         c.payload_bytes);
    Rate(table, subject, "ring_packets", "packet/s",
         "packets that reached the ring, dropped ones included",
         c.ring_packets);
    Rate(table, subject, "ring_drops", "packet/s",
         "packets that found the ring full", c.ring_drops);
    Rate(table, subject, "wakeups", "1/s", "wakeups with packets waiting",
         c.wakeups);
    const int batches = Rate(
        table, subject, "batches", "1/s",
        "runs of at most 64 packets without a look at the clock", c.batches);
    table->AddRatio(subject, "batch_size", "packet", "mean packets in a batch",
                    packets, batches);
    Rate(table, subject, "full_batches", "1/s", "batches of 64 packets",
         c.full_batches);
    const int busy = Rate(table, subject, "busy", "1",
                          "fraction of time inside a batch", c.busy_ns, 1e-9);
    table->AddRatio(subject, "service_time", "s",
                    "mean wall time a packet takes in a batch", busy, packets,
                    1e-9);
    Rate(table, subject, "detection_packets", "packet/s",
         "packets given to protocol detection", c.dpi_packets);
    Rate(table, subject, "detection_busy", "1",
         "fraction of time in protocol detection", c.dpi_ns, 1e-9);
    Rate(table, subject, "flows", "1/s", "flows entered in the flow table",
         c.flows);
    Rate(table, subject, "evictions", "1/s", "flows that made room",
         c.evictions);
    Rate(table, subject, "matches", "1/s", "signatures found", c.matches);
    Rate(table, subject, "send_errors", "packet/s",
         "packets the kernel refused", c.send_errors);
    const int signatures =
        table->AddLevel(subject, "signatures", "1", "signatures searched for");
    counters_.push_back({signatures, &c.signatures});
  }

  void AddSink(CounterTable* table) {
    const Subject subject{"function", "sink"};
    const SinkCounters& c = state_->sink;
    Rate(table, subject, "packets", "packet/s", "probes read", c.packets);
    Rate(table, subject, "polls", "1/s", "reads of the socket", c.polls);
    Rate(table, subject, "reordered", "packet/s",
         "probes behind a later one (0: the chain keeps order)", c.reordered);
    Rate(table, subject, "foreign", "packet/s", "datagrams that are no probes",
         c.foreign);
  }

  SharedState* const state_;
  std::vector<std::pair<int, const Counter*>> counters_;
};

// Cost and punctuality of the sampler itself.
struct SelfColumns {
  int lateness;
  int cost;
};

Column MakeColumn(const char* name, const char* role, const char* unit,
                  const Subject& subject, const char* description) {
  Column column;
  column.name = name;
  column.role = role;
  column.unit = unit;
  column.subject = subject;
  column.description = description;
  return column;
}

std::vector<Column> KpiAndInputColumns() {
  const Subject system{"system", ""};
  const auto kpi = [&](const char* name, const char* unit, const char* what) {
    return MakeColumn(name, "kpi", unit, system, what);
  };
  const auto input = [&](const char* name, const char* unit, const char* what) {
    return MakeColumn(name, "input", unit, system, what);
  };
  return {
      kpi("offered_rate", "bit/s", "frame bits sent by the generator"),
      kpi("delivered_rate", "bit/s", "frame bits that reached the sink"),
      kpi("offered_packet_rate", "packet/s", "packets sent by the generator"),
      kpi("delivered_packet_rate", "packet/s", "packets that reached the sink"),
      kpi("lost_packet_rate", "packet/s",
          "sequence numbers the sink found missing"),
      kpi("loss_ratio", "1", "lost / (lost + delivered)"),
      kpi("latency_mean", "s", "one-way latency, mean over packets"),
      kpi("latency_p50", "s", "one-way latency, median"),
      kpi("latency_p95", "s", "one-way latency, 95th percentile"),
      kpi("latency_p99", "s", "one-way latency, 99th percentile"),
      input("load_target_rate", "bit/s", "frame bits the plan asks for"),
      input("packet_size", "B", "mean frame size sent"),
      input("contention_cpu", "1",
            "processor stress on the inspector's core, in workers"),
      input("contention_cache", "1", "cache stress, in workers"),
      input("contention_memory", "1", "memory bandwidth stress, in workers"),
      input("contention_io", "1", "disk stress, in workers"),
  };
}

class Sampler {
 public:
  Sampler(const SamplerOptions& options, SharedState* state)
      : options_(options), state_(state), plan_(ReadPlan(options.plan_path)) {
    if (plan_.steps.size() >= kMaxIntervals) {
      throw InputError(options.plan_path + ": more than 131071 steps");
    }
    interval_ns_ = static_cast<int64_t>(plan_.step_seconds * 1e9 + 0.5);
    MakeSources();
    self_.lateness = table_.AddLevel({"system", ""}, "sampler_lateness", "s",
                                     "delay of this sample behind schedule");
    self_.cost = table_.AddLevel({"system", ""}, "sampler_cost", "s",
                                 "time it took to read this sample");
    readings_.assign(plan_.steps.size() + 1,
                     std::vector<double>(table_.raw_count(), std::nan("")));
    read_at_ns_.resize(plan_.steps.size() + 1);
  }

  // Writes the columns and the table's header.
  void Prepare() {
    WriteColumns();
    OpenCsv();
  }

  bool Run() {
    state_->interval_ns.store(interval_ns_);
    state_->start_ns.store(options_.start_ns, std::memory_order_release);
    for (size_t k = 0; k < readings_.size(); ++k) {
      const int64_t due =
          options_.start_ns + static_cast<int64_t>(k) * interval_ns_;
      while (MonotonicNs() < due && !StopRequested()) SleepUntilNs(due);
      if (StopRequested()) return false;
      read_at_ns_[k] = MonotonicNs();
      for (const auto& source : sources_) source->Read(readings_[k].data());
      readings_[k][self_.lateness] =
          static_cast<double>(read_at_ns_[k] - due) * 1e-9;
      readings_[k][self_.cost] =
          static_cast<double>(MonotonicNs() - read_at_ns_[k]) * 1e-9;
      if (options_.live) WriteClosedRows(k);
    }
    WaitForSink();
    WriteRows(plan_.steps.size());
    CloseCsv();
    return true;
  }

 private:
  void MakeSources() {
    const int inspector = static_cast<int>(state_->inspector.pid.Get());
    sources_.push_back(std::make_unique<FunctionSource>(state_, &table_));
    for (const auto& [function, pid] :
         {std::pair<const char*, int>{"generate",
                                      int(state_->generator.pid.Get())},
          {"inspect", inspector},
          {"sink", int(state_->sink.pid.Get())}}) {
      if (pid == 0) {
        throw std::runtime_error(std::string("the ") + function +
                                 " process is not running");
      }
      sources_.push_back(MakeProcessSource(function, pid, &table_));
    }
    for (auto& source : MakeHostSources(&table_, &missing_)) {
      sources_.push_back(std::move(source));
    }
    sources_.push_back(
        MakePerfSource("inspect", inspector, &table_, &missing_));
    MakeNamespaceSources();
  }

  void MakeNamespaceSources() {
    FileDescriptor home(open("/proc/thread-self/ns/net", O_RDONLY));
    constexpr Direction kIn = Direction::kReceive;
    constexpr Direction kOut = Direction::kSend;
    MakeInterfaces("gen", {{"gen-out", kOut, "", ""}}, {"gen-out"});
    MakeInterfaces("bridge",
                   {{"br-in", kIn, "bridge", "received_packets"},
                    {"br-out", kOut, "bridge", "forwarded_packets"}},
                   {"br-out"});
    MakeInterfaces("fw",
                   {{"fw-in", kIn, "", ""},
                    {"fw-out", kOut, "firewall", "forwarded_packets"}},
                   {"fw-out"});
    sources_.push_back(MakeFirewallSource(options_.checkpoints, &table_));
    sources_.push_back(MakeSnmpSource("firewall",
                                      {{"Ip", "InReceives", "ip_received"},
                                       {"Ip", "ForwDatagrams", "ip_forwarded"},
                                       {"Ip", "InDiscards", "ip_in_discards"},
                                       {"Ip", "OutDiscards", "ip_out_discards"},
                                       {"Ip", "OutNoRoutes", "ip_no_routes"}},
                                      &table_));
    MakeInterfaces("inspect",
                   {{"insp-in", kIn, "", ""}, {"insp-out", kOut, "", ""}},
                   {"insp-out"});
    MakeInterfaces("sink", {{"sink-in", kIn, "", ""}}, {});
    sources_.push_back(
        MakeSnmpSource("sink",
                       {{"Udp", "InDatagrams", "udp_received"},
                        {"Udp", "InErrors", "udp_errors"},
                        {"Udp", "RcvbufErrors", "udp_buffer_errors"},
                        {"Udp", "NoPorts", "udp_no_port"}},
                       &table_));
    if (setns(home.get(), 0) != 0) {
      throw SystemError("returning to the first namespace");
    }
  }

  // Enters the namespace of a function and reads its interfaces from there.
  void MakeInterfaces(const char* space,
                      const std::vector<WatchedInterface>& interfaces,
                      const std::vector<std::string>& qdiscs) {
    EnterNamespace(std::string(kNamespacePrefix) + space);
    sources_.push_back(MakeInterfaceSource(interfaces, &table_));
    if (!qdiscs.empty()) sources_.push_back(MakeQdiscSource(qdiscs, &table_));
  }

  // Until the sink has closed the last interval, or gave up.
  void WaitForSink() const {
    const DeliveredInterval& last = state_->delivered[plan_.steps.size() - 1];
    const int64_t give_up = MonotonicNs() + kSettleNs;
    while (last.closed.load(std::memory_order_acquire) == 0 &&
           MonotonicNs() < give_up) {
      SleepUntilNs(MonotonicNs() + kSettlePollNs);
    }
  }

  // KPIs and inputs of interval k, in the order of KpiAndInputColumns.
  std::vector<double> KpisAndInputs(size_t k) const {
    const OfferedInterval& offered = state_->offered[k];
    const DeliveredInterval& delivered = state_->delivered[k];
    const double seconds = static_cast<double>(interval_ns_) * 1e-9;
    const double missing = std::nan("");
    const auto sent = static_cast<double>(offered.packets.Get());
    const auto sent_bytes = static_cast<double>(offered.bytes.Get());
    const PlanStep& step = plan_.steps[k];
    const bool closed = delivered.closed.load(std::memory_order_acquire) != 0;
    const auto arrived = static_cast<double>(delivered.packets);
    const auto lost = static_cast<double>(delivered.lost);
    const bool timed = closed && arrived > 0;
    return {
        8 * sent_bytes / seconds,
        closed ? 8 * static_cast<double>(delivered.bytes) / seconds : missing,
        sent / seconds,
        closed ? arrived / seconds : missing,
        closed ? lost / seconds : missing,
        timed ? lost / (lost + arrived) : missing,
        timed ? delivered.latency_mean : missing,
        timed ? delivered.latency_p50 : missing,
        timed ? delivered.latency_p95 : missing,
        timed ? delivered.latency_p99 : missing,
        8 * step.packet_rate * plan_.MeanFrameBytes(k),
        sent > 0 ? sent_bytes / sent : plan_.MeanFrameBytes(k),
        step.cpu,
        step.cache,
        step.memory,
        step.io,
    };
  }

  void OpenCsv() {
    csv_.reset(std::fopen(options_.csv_path.c_str(), "w"));
    if (csv_ == nullptr) throw SystemError("writing " + options_.csv_path);
    std::fputs("time", csv_.get());
    for (const Column& column : KpiAndInputColumns()) {
      std::fprintf(csv_.get(), ",%s", column.name.c_str());
    }
    for (const Column& column : table_.columns()) {
      std::fprintf(csv_.get(), ",%s", column.name.c_str());
    }
    std::fputc('\n', csv_.get());
    if (options_.live) std::fflush(csv_.get());
  }

  // Rows whose end was sampled and whose packets have all arrived.
  void WriteClosedRows(size_t sampled) {
    size_t end = rows_written_;
    while (end < sampled &&
           state_->delivered[end].closed.load(std::memory_order_acquire) != 0) {
      ++end;
    }
    WriteRows(end);
    std::fflush(csv_.get());
  }

  void WriteRows(size_t end) {
    for (; rows_written_ < end; ++rows_written_) {
      WriteRow(rows_written_, csv_.get());
    }
  }

  void CloseCsv() {
    std::FILE* const file = csv_.release();
    const bool failed = std::ferror(file) != 0;
    if (std::fclose(file) != 0 || failed) {
      throw SystemError("writing " + options_.csv_path);
    }
  }

  void WriteRow(size_t k, std::FILE* file) const {
    const auto at = [&](size_t i) {
      return static_cast<double>(read_at_ns_[i] - options_.start_ns) * 1e-9;
    };
    std::fprintf(file, "%.6f", at(k + 1));
    for (const double value : KpisAndInputs(k)) WriteCell(value, file);
    for (const Column& column : table_.columns()) {
      WriteCell(CounterTable::Value(column, readings_[k], readings_[k + 1],
                                    at(k + 1) - at(k)),
                file);
    }
    std::fputc('\n', file);
  }

  static void WriteCell(double value, std::FILE* file) {
    if (std::isnan(value)) {
      std::fputc(',', file);
    } else {
      std::fprintf(file, ",%.7g", value);
    }
  }

  void WriteColumns() const {
    std::FILE* file = std::fopen(options_.columns_path.c_str(), "w");
    if (file == nullptr) throw SystemError("writing " + options_.columns_path);
    std::fputs("{\"missing\": [", file);
    for (size_t i = 0; i < missing_.size(); ++i) {
      std::fprintf(file, "%s\"%s\"", i > 0 ? ", " : "", missing_[i].c_str());
    }
    std::fputs("],\n\"columns\": [", file);
    const char* separator = "\n";
    const auto write = [&](const Column& column) {
      // Names and texts are ours and hold nothing that needs an escape.
      std::fprintf(file,
                   "%s{\"name\": \"%s\", \"role\": \"%s\", \"unit\": \"%s\", "
                   "\"scope\": \"%s\", \"scope_id\": \"%s\", "
                   "\"description\": \"%s\"}",
                   separator, column.name.c_str(), column.role.c_str(),
                   column.unit.c_str(), column.subject.scope.c_str(),
                   column.subject.id.c_str(), column.description.c_str());
      separator = ",\n";
    };
    for (const Column& column : KpiAndInputColumns()) write(column);
    for (const Column& column : table_.columns()) write(column);
    std::fputs("\n]}\n", file);
    if (std::fclose(file) != 0) {
      throw SystemError("writing " + options_.columns_path);
    }
  }

  const SamplerOptions options_;
  SharedState* const state_;
  const Plan plan_;
  int64_t interval_ns_;
  CounterTable table_;
  std::vector<std::unique_ptr<CounterSource>> sources_;
  std::vector<std::string> missing_;
  SelfColumns self_{};
  std::vector<std::vector<double>> readings_;  // one a sample, raw
  std::vector<int64_t> read_at_ns_;
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> csv_{nullptr, std::fclose};
  size_t rows_written_ = 0;
};

}  // namespace

bool RunSampler(const SamplerOptions& options, SharedState* state) {
  Sampler sampler(options, state);
  sampler.Prepare();
  std::puts("ready");
  std::fflush(stdout);
  return sampler.Run();
}

}  // namespace airlock::testbed
