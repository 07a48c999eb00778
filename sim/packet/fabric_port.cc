#include "sim/packet/fabric_port.h"

#include <ns3/boolean.h>
#include <ns3/double.h>
#include <ns3/fifo-queue-disc.h>
#include <ns3/red-queue-disc.h>
#include <ns3/uinteger.h>

#include <algorithm>

namespace airlock {
namespace {

ns3::QueueSize DisciplineLimit(const QueueConfig& config) {
  // The rest waits in the device.
  const int64_t packets =
      std::max<int64_t>(config.limit - config.device_limit, 1);
  return ns3::QueueSize(ns3::QueueSizeUnit::PACKETS,
                        static_cast<uint32_t>(packets));
}

// RED's threshold for K packets in all, of which the device holds some. A
// packet that cannot carry a mark is dropped where it would be marked.
double RedThreshold(const QueueConfig& config, int64_t packets) {
  return static_cast<double>(
      std::max<int64_t>(packets - config.device_limit, 1));
}

// RED whose threshold can change. ns-3's SetTh() leaves the slope above it,
// which Gentle follows, as it was.
class ThresholdRed : public ns3::RedQueueDisc {
 public:
  void SetThreshold(double packets) {
    SetTh(packets, packets);
    DoInitialize();  // what is computed from the threshold; no packet moves
  }
};

// RED as ns-3's own DCTCP examples set it: the instantaneous length decides
// (QW = 1), and the threshold is both minimum and maximum. Gentle (Floyd,
// "Recommendation on using the gentle variant of RED", 2000): the share of
// marks grows from 2 % at the threshold to 1 at twice that.
ns3::Ptr<ns3::QueueDisc> CreateRedEcn(const QueueConfig& config) {
  const double threshold = RedThreshold(config, config.ecn_threshold);
  auto red = ns3::CreateObject<ThresholdRed>();
  red->SetAttribute("UseEcn", ns3::BooleanValue(true));
  red->SetAttribute("UseHardDrop", ns3::BooleanValue(false));
  red->SetAttribute("QW", ns3::DoubleValue(1));
  red->SetAttribute("MinTh", ns3::DoubleValue(threshold));
  red->SetAttribute("MaxTh", ns3::DoubleValue(threshold));
  red->SetAttribute("MeanPktSize", ns3::UintegerValue(1500));
  red->SetAttribute("MaxSize", ns3::QueueSizeValue(DisciplineLimit(config)));
  return red;
}

// The step of Alizadeh et al., "Data center TCP (DCTCP)", SIGCOMM'10, section
// 3.1: at the threshold every packet is marked.
ns3::Ptr<ns3::QueueDisc> CreateStepEcn(const QueueConfig& config) {
  ns3::Ptr<ns3::QueueDisc> red = CreateRedEcn(config);
  red->SetAttribute("Gentle", ns3::BooleanValue(false));
  return red;
}

ns3::Ptr<ns3::QueueDisc> CreateDropTail(const QueueConfig& config) {
  auto fifo = ns3::CreateObject<ns3::FifoQueueDisc>();
  fifo->SetAttribute("MaxSize", ns3::QueueSizeValue(DisciplineLimit(config)));
  return fifo;
}

}  // namespace

NS_OBJECT_ENSURE_REGISTERED(LinkGate);

ns3::TypeId LinkGate::GetTypeId() {
  static ns3::TypeId type = ns3::TypeId("airlock::LinkGate")
                                .SetParent<ns3::ErrorModel>()
                                .SetGroupName("Network")
                                .AddConstructor<LinkGate>();
  return type;
}

bool LinkGate::DoCorrupt(ns3::Ptr<ns3::Packet> /*packet*/) {
  if (!up_) ++lost_;
  return !up_;
}

const std::vector<Framing>& Framings() {
  static const std::vector<Framing> kTable = {{"ppp", 0, 0},
                                              {"ethernet", 24, 12}};
  return kTable;
}

const std::vector<QueueDiscipline>& QueueDisciplines() {
  static const std::vector<QueueDiscipline> kTable = {
      {"red-ecn", CreateRedEcn,
       "marks ever more from ecn_threshold packets on, all from twice that"},
      {"step-ecn", CreateStepEcn,
       "marks every packet that finds ecn_threshold packets or more"},
      {"drop-tail", CreateDropTail, "drops what finds the queue full"},
  };
  return kTable;
}

bool SetEcnThreshold(const Port& port, int64_t packets) {
  auto red = ns3::DynamicCast<ThresholdRed>(port.discipline);
  if (red == nullptr) return false;
  red->SetThreshold(RedThreshold(port.queue, packets));
  return true;
}

}  // namespace airlock
