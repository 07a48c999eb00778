#include <algorithm>
#include <map>
#include <set>

#include "calibration/traces/capture_file.h"
#include "calibration/traces/importers.h"
#include "calibration/traces/schema.h"
#include "calibration/traces/text_file.h"
#include "sim/base/error.h"
#include "sim/collector/collector.h"

namespace airlock {
namespace {

// More would be a broken clock, or an interval that is no use.
constexpr int64_t kMostValues = 50000000;
// That are taken for servers unasked; more would be a scan of the network.
constexpr size_t kMostServers = 64;

std::string AddressText(uint32_t address) {
  return fmt::format("{}.{}.{}.{}", address >> 24, address >> 16 & 0xff,
                     address >> 8 & 0xff, address & 0xff);
}

// What a first reading finds.
struct CaptureSurvey {
  SimTime first;
  SimTime last;
  int64_t backward = 0;  // packets older than one before
  std::map<FrameKind, int64_t> kinds;
  std::set<uint32_t> asked;  // destinations of SYN packets
};

CaptureSurvey Survey(const std::string& path) {
  CaptureFile file(path);
  CaptureSurvey survey;
  CapturedPacket packet;
  while (file.Next(&packet)) {
    if (file.packets() == 1) survey.first = survey.last = packet.time;
    if (packet.time < survey.last) ++survey.backward;
    survey.last = std::max(survey.last, packet.time);
    TcpSegment segment;
    const FrameKind kind =
        ParseFrame(file.link(), packet.bytes, packet.captured, &segment);
    ++survey.kinds[kind];
    if (kind == FrameKind::kTcp && segment.Has(TcpSegment::kSyn) &&
        !segment.Has(TcpSegment::kAck)) {
      survey.asked.insert(segment.destination);
    }
  }
  if (file.packets() == 0) FailAt(path, 0, 0, "there is no packet in it");
  return survey;
}

std::vector<PcapServer> ServersOf(const std::string& path,
                                  const PcapOptions& options,
                                  const CaptureSurvey& survey) {
  if (!options.servers.empty()) return options.servers;
  std::vector<PcapServer> servers;
  if (survey.asked.size() > kMostServers) {
    FailAt(path, 0, 0,
           fmt::format("connections to {} addresses begin in it; name the "
                       "servers (--server NAME=ADDRESS)",
                       survey.asked.size()));
  }
  for (const uint32_t address : survey.asked) {
    servers.push_back({AddressText(address), address});
  }
  if (servers.empty()) {
    FailAt(path, 0, 0,
           "no TCP connection over IPv4 begins in it: there are no servers");
  }
  return servers;
}

void CheckLength(const std::string& path, const CaptureSurvey& survey,
                 SimTime interval, size_t servers) {
  const SimTime length = survey.last - survey.first;
  const int64_t samples = length.value() / interval.value() + 1;
  const auto columns =
      static_cast<int64_t>(CollectorColumns({"a"}).size() * servers);
  if (samples <= kMostValues / columns) return;
  FailAt(path, 0, 0,
         fmt::format("its {:.0f} s are {} intervals of {}; write a longer "
                     "interval",
                     Seconds(length), samples, ToString(interval)));
}

// One value a column and interval, from a collector over the whole file.
class PcapSampler {
 public:
  PcapSampler(const std::vector<PcapServer>& servers, SimTime first,
              SimTime interval)
      : collector_(ConfigOf(servers),
                   RngTree(0).Stream("pcap/collector", Replication(0))),
        interval_(interval),
        end_(first + interval) {
    trace_.columns = CollectorColumns(collector_.config().servers);
    for (size_t s = 0; s < servers.size(); ++s) {
      indices_[servers[s].address] = s;
    }
  }

  // Whether the packet goes to a server.
  bool Add(SimTime now, const TcpSegment& segment) {
    const auto server = indices_.find(segment.destination);
    if (server == indices_.end()) return false;
    while (end_ < now) Sample();
    collector_.Add(now, server->second, segment);
    return true;
  }
  // Everything up to the last packet's time; once, at the end.
  Trace Finish(SimTime last) {
    do Sample();
    while (end_ - interval_ < last);
    return std::move(trace_);
  }

 private:
  static CollectorConfig ConfigOf(const std::vector<PcapServer>& servers) {
    CollectorConfig config;
    for (const PcapServer& server : servers) {
      config.servers.push_back(server.name);
    }
    return config;
  }

  void Sample() {
    std::vector<double> values;
    collector_.Expire(end_);
    reader_.Read(collector_, end_, &values);
    for (size_t c = 0; c < values.size(); ++c) {
      trace_.columns[c].values.push_back(values[c]);
    }
    trace_.time_seconds.push_back(Seconds(interval_ * (trace_.samples() + 1)));
    end_ = end_ + interval_;
  }

  Collector collector_;
  CollectorReader reader_;
  const SimTime interval_;
  SimTime end_;  // of the interval at hand
  std::map<uint32_t, size_t> indices_;
  Trace trace_;
};

void DescribeCapture(const CaptureSurvey& survey, int64_t counted,
                     Trace* trace) {
  const auto count = [&](FrameKind kind) {
    const auto found = survey.kinds.find(kind);
    return found == survey.kinds.end() ? 0 : found->second;
  };
  AddAttribute(trace, "time_zero", Seconds(survey.first));
  AddAttribute(trace, "packets_to_servers", std::to_string(counted));
  AddAttribute(trace, "packets_other",
               std::to_string(count(FrameKind::kTcp) +
                              count(FrameKind::kOther) - counted));
  const auto warn = [&](int64_t packets, const char* what) {
    if (packets == 0) return;
    AddWarning(trace,
               fmt::format("{} packets are not counted: {}", packets, what));
  };
  warn(count(FrameKind::kCut), "captured less than the TCP header");
  warn(count(FrameKind::kFragment), "fragments of IP packets");
  warn(count(FrameKind::kMalformed), "lengths that contradict each other");
  if (survey.backward > 0) {
    AddWarning(trace, fmt::format("{} packets are older than one before; they "
                                  "were taken at that one's time",
                                  survey.backward));
  }
}

}  // namespace

Trace ImportPcap(const std::string& path, const PcapOptions& options) {
  const CaptureSurvey survey = Survey(path);
  const auto servers = ServersOf(path, options, survey);
  CheckLength(path, survey, options.interval, servers.size());
  CaptureFile file(path);
  PcapSampler sampler(servers, survey.first, options.interval);
  CapturedPacket packet;
  SimTime now = survey.first;
  int64_t counted = 0;
  while (file.Next(&packet)) {
    now = std::max(now, packet.time);
    TcpSegment segment;
    if (ParseFrame(file.link(), packet.bytes, packet.captured, &segment) ==
            FrameKind::kTcp &&
        sampler.Add(now, segment)) {
      ++counted;
    }
  }
  if (counted == 0) {
    FailAt(
        path, 0, 0,
        fmt::format("no TCP packet over IPv4 goes to a server; there are "
                    "connections to {}",
                    survey.asked.empty() ? "none"
                                         : AddressText(*survey.asked.begin())));
  }
  Trace trace = sampler.Finish(survey.last);
  DescribeCapture(survey, counted, &trace);
  return trace;
}

}  // namespace airlock
