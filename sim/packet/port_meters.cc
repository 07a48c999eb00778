#include "sim/packet/port_meters.h"

#include <ns3/point-to-point-net-device.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kBitsPerByte = 8;

struct QueueSummary {
  double mean = std::numeric_limits<double>::quiet_NaN();
  double p99 = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
};

// Over time: `seconds_at` level 0, 1, ...
QueueSummary Summarise(const std::vector<double>& seconds_at) {
  QueueSummary summary;
  double total = 0;
  double weighted = 0;
  for (size_t level = 0; level < seconds_at.size(); ++level) {
    total += seconds_at[level];
    weighted += seconds_at[level] * static_cast<double>(level);
  }
  if (total == 0) return summary;
  summary.mean = weighted / total;
  summary.max = static_cast<double>(seconds_at.size() - 1);
  double below = 0;
  for (size_t level = 0; level < seconds_at.size(); ++level) {
    below += seconds_at[level];
    if (below < 0.99 * total) continue;
    summary.p99 = static_cast<double>(level);
    break;
  }
  return summary;
}

}  // namespace

// Connected to the traces of one port; never moves.
struct PortMeters::Meter {
  const Port* port = nullptr;
  const Ns3Datacentre* network = nullptr;
  uint32_t in_discipline = 0;
  uint32_t in_device = 0;
  LevelMeter queue;
  CountMeter drops;
  CountMeter marks;
  CountMeter bytes;
  CountMeter lost;
  // Of each sample of the series.
  std::vector<std::vector<double>> seconds_at;
  std::vector<double> sample_drops;
  std::vector<double> sample_marks;
  std::vector<double> sample_utilisation;
  std::vector<double> sample_lost;

  void Connect();
  void UpdateQueue() {
    queue.Set(network->Now(), int64_t{in_discipline} + in_device);
  }
  void OnDiscipline(uint32_t /*old_packets*/, uint32_t packets) {
    in_discipline = packets;
    UpdateQueue();
  }
  void OnDevice(uint32_t /*old_packets*/, uint32_t packets) {
    in_device = packets;
    UpdateQueue();
  }
  void OnDrop(ns3::Ptr<const ns3::QueueDiscItem>) { drops.Add(1); }
  // The link's gate counts by itself.
  void UpdateLost() {
    if (port->gate == nullptr) return;
    lost.Add(static_cast<double>(port->gate->lost()) - lost.total());
  }
  void OnMark(ns3::Ptr<const ns3::QueueDiscItem>, const char*) { marks.Add(1); }
  void OnSent(ns3::Ptr<const ns3::Packet> packet) {
    bytes.Add(static_cast<double>(packet->GetSize() + port->frame_overhead));
  }
};

void PortMeters::Meter::Connect() {
  const auto connect = [](ns3::Ptr<ns3::Object> object, const char* trace,
                          const ns3::CallbackBase& callback) {
    const bool connected = object->TraceConnectWithoutContext(trace, callback);
    AIRLOCK_CHECK(connected, "no trace {}", trace);
  };
  connect(port->discipline, "PacketsInQueue",
          ns3::MakeCallback(&Meter::OnDiscipline, this));
  connect(port->discipline, "Drop", ns3::MakeCallback(&Meter::OnDrop, this));
  connect(port->discipline, "Mark", ns3::MakeCallback(&Meter::OnMark, this));
  connect(port->device_queue, "PacketsInQueue",
          ns3::MakeCallback(&Meter::OnDevice, this));
  connect(port->device, "PhyTxEnd", ns3::MakeCallback(&Meter::OnSent, this));
}

PortMeters::PortMeters(const Ns3Datacentre& network) : network_(network) {}
PortMeters::~PortMeters() = default;

void PortMeters::Install(DatacentreNetwork& /*network*/) {
  for (const Port& port : network_.ports()) {
    meters_.push_back(std::make_unique<Meter>());
    meters_.back()->port = &port;
    meters_.back()->network = &network_;
  }
}

void PortMeters::Start(const RngTree& /*rng*/, Replication /*replication*/) {
  for (const auto& meter : meters_) meter->Connect();
}

void PortMeters::Declare(std::vector<Column>* columns) const {
  const auto declare = [&](const Port& port, const char* metric,
                           const char* unit, const char* description) {
    columns->push_back(
        CounterColumn(Scope::kInterface, port.name, metric, unit, description));
  };
  for (const Port& port : network_.ports()) {
    declare(port, "queue_mean", "packet", "packets waiting, mean over time");
    declare(port, "queue_max", "packet", "packets waiting, most");
    declare(port, "drop_rate", "packet/s", "packets dropped");
    declare(port, "mark_rate", "packet/s", "packets marked by ECN");
    declare(port, "utilisation", "1", "share of the link's rate in use");
    if (port.gate == nullptr) continue;
    declare(port, "loss_rate", "packet/s", "packets lost on the failed link");
  }
}

void PortMeters::Sample(Reader reader, SimTime interval,
                        std::vector<double>* values) {
  const double seconds = Seconds(interval);
  for (const auto& meter : meters_) {
    LevelMeter::Summary queue = meter->queue.Take(reader, network_.Now());
    const double drops = meter->drops.Take(reader);
    const double marks = meter->marks.Take(reader);
    const double utilisation =
        kBitsPerByte * meter->bytes.Take(reader) /
        (seconds * static_cast<double>(meter->port->rate.value()));
    values->insert(values->end(), {queue.mean, queue.max, drops / seconds,
                                   marks / seconds, utilisation});
    meter->UpdateLost();
    const double lost = meter->lost.Take(reader);
    if (meter->port->gate != nullptr) values->push_back(lost / seconds);
    if (reader != Reader::kSeries) continue;
    meter->seconds_at.push_back(std::move(queue.seconds_at));
    meter->sample_drops.push_back(drops);
    meter->sample_marks.push_back(marks);
    meter->sample_utilisation.push_back(utilisation);
    meter->sample_lost.push_back(lost);
  }
  if (reader == Reader::kSeries) {
    const double unrouted = static_cast<double>(network_.unrouted());
    sample_unrouted_.push_back(unrouted - unrouted_before_);
    unrouted_before_ = unrouted;
  }
}

std::vector<const PortMeters::Meter*> PortMeters::Reported() const {
  std::vector<const Meter*> reported;
  for (const auto& meter : meters_) {
    if (meter->port->on_switch) reported.push_back(meter.get());
  }
  if (reported.empty()) {
    for (const auto& meter : meters_) reported.push_back(meter.get());
  }
  return reported;
}

void PortMeters::AddMetrics(const SeriesRecorder& series, SimTime warmup,
                            std::vector<Metric>* metrics) const {
  const size_t first = static_cast<size_t>(series.FirstAfter(warmup));
  QueueSummary longest;
  double drops = 0;
  double marks = 0;
  double utilisation = 0;
  for (const Meter* meter : Reported()) {
    std::vector<double> seconds_at;
    double utilisation_sum = 0;
    const size_t samples = meter->seconds_at.size();
    for (size_t i = first; i < samples; ++i) {
      const std::vector<double>& of_sample = meter->seconds_at[i];
      seconds_at.resize(std::max(seconds_at.size(), of_sample.size()));
      for (size_t level = 0; level < of_sample.size(); ++level) {
        seconds_at[level] += of_sample[level];
      }
      drops += meter->sample_drops[i];
      marks += meter->sample_marks[i];
      utilisation_sum += meter->sample_utilisation[i];
    }
    if (first < samples) {
      utilisation = std::max(
          utilisation, utilisation_sum / static_cast<double>(samples - first));
    }
    const QueueSummary queue = Summarise(seconds_at);
    if (std::isnan(longest.mean) || queue.mean > longest.mean) longest = queue;
  }
  const std::string of_port = " at the port with the longest mean queue";
  metrics->push_back({"queue_mean", "packet",
                      "packets waiting, mean over time" + of_port,
                      longest.mean});
  metrics->push_back({"queue_p99", "packet",
                      "packets waiting for 99 % of the time at most" + of_port,
                      longest.p99});
  metrics->push_back(
      {"queue_max", "packet", "packets waiting, most" + of_port, longest.max});
  metrics->push_back(
      {"drops", "packet", "packets dropped at all ports", drops});
  metrics->push_back(
      {"marks", "packet", "packets marked by ECN at all ports", marks});
  metrics->push_back({"utilisation_max", "1",
                      "share of the rate in use on the busiest link",
                      utilisation});
  if (network_.has_failures()) AddLosses(first, metrics);
}

void PortMeters::AddLosses(size_t first, std::vector<Metric>* metrics) const {
  const auto sum = [first](const std::vector<double>& samples) {
    const size_t begin = std::min(first, samples.size());
    return std::accumulate(samples.begin() + static_cast<ptrdiff_t>(begin),
                           samples.end(), 0.0);
  };
  double lost = 0;
  for (const auto& meter : meters_) lost += sum(meter->sample_lost);
  metrics->push_back({"link_losses", "packet",
                      "packets lost on failed links, until switches routed "
                      "around them",
                      lost});
  metrics->push_back({"route_losses", "packet",
                      "packets lost at switches that had no way on",
                      sum(sample_unrouted_)});
}

}  // namespace airlock
