#pragma once

#include <memory>
#include <vector>

#include "sim/packet/datacentre_network.h"

namespace airlock {

// Counters of every port: queue, drops, marks, utilisation. Not a source of
// traffic, but counted and reported like one.
class PortMeters : public TrafficPart {
 public:
  // Keeps a reference to `network`.
  explicit PortMeters(const Ns3Datacentre& network);
  ~PortMeters() override;

  void Install(DatacentreNetwork& network) override;
  void Start(const RngTree& rng, Replication replication) override;
  void Declare(std::vector<Column>* columns) const override;
  void Sample(Reader reader, SimTime interval,
              std::vector<double>* values) override;
  std::vector<std::string> WarmupColumns() const override { return {}; }
  // The queue of the port whose mean is longest, and sums over the ports, of
  // the switches if there are any.
  void AddMetrics(const SeriesRecorder& series, SimTime warmup,
                  std::vector<Metric>* metrics) const override;

 private:
  struct Meter;

  // The meters that the metrics are about.
  std::vector<const Meter*> Reported() const;

  void AddLosses(size_t first, std::vector<Metric>* metrics) const;

  const Ns3Datacentre& network_;
  std::vector<std::unique_ptr<Meter>> meters_;  // by port
  // Packets without a way, in each sample of the series.
  std::vector<double> sample_unrouted_;
  double unrouted_before_ = 0;
};

}  // namespace airlock
