#include "sim/packet/wlan_interferers.h"

#include <ns3/constant-position-mobility-model.h>
#include <ns3/double.h>
#include <ns3/net-device-container.h>
#include <ns3/node-container.h>
#include <ns3/non-communicating-net-device.h>
#include <ns3/nstime.h>
#include <ns3/packet.h>
#include <ns3/simulator.h>
#include <ns3/spectrum-value.h>
#include <ns3/waveform-generator-helper.h>
#include <ns3/wifi-phy.h>

#include <algorithm>
#include <cmath>

#include "sim/base/error.h"
#include "sim/packet/ns3_time.h"
#include "sim/scenario/wlan_channels.h"

namespace airlock {
namespace {

double MilliwattsOf(double dbm) { return std::pow(10, dbm / 10); }

// The whole power, evenly over one band.
ns3::Ptr<ns3::SpectrumValue> FlatSpectrum(PowerDbm power, double frequency,
                                          double bandwidth) {
  ns3::BandInfo band;
  band.fl = frequency - bandwidth / 2;
  band.fc = frequency;
  band.fh = frequency + bandwidth / 2;
  auto value = ns3::Create<ns3::SpectrumValue>(
      ns3::Create<ns3::SpectrumModel>(ns3::Bands{band}));
  (*value)[0] = MilliwattsOf(power.value()) * 1e-3 / bandwidth;
  return value;
}

ns3::Ptr<ns3::WaveformGenerator> MakeGenerator(
    const InterfererConfig& config, ns3::Ptr<ns3::SpectrumValue> spectrum,
    ns3::Ptr<ns3::SpectrumChannel> channel, ns3::Ptr<ns3::Node> node) {
  ns3::WaveformGeneratorHelper helper;
  helper.SetChannel(channel);
  helper.SetTxPowerSpectralDensity(spectrum);
  helper.SetPhyAttribute("Period", ns3::TimeValue(ToNs3(config.period)));
  helper.SetPhyAttribute("DutyCycle",
                         ns3::DoubleValue(config.duty_cycle.value()));
  const ns3::NetDeviceContainer devices = helper.Install(node);
  return devices.Get(0)
      ->GetObject<ns3::NonCommunicatingNetDevice>()
      ->GetPhy()
      ->GetObject<ns3::WaveformGenerator>();
}

}  // namespace

std::vector<WlanInterferers::Source::Emission> WlanInterferers::EmissionsOf(
    const InterfererConfig& config) {
  std::vector<Source::Emission> emissions;
  for (const int64_t channel : config.sweep) {
    emissions.push_back({ChannelFrequency(channel), 20e6, nullptr});
  }
  if (emissions.empty()) {
    emissions.push_back(
        {config.frequency.value(), config.bandwidth.value(), nullptr});
  }
  for (Source::Emission& emission : emissions) {
    emission.spectrum =
        FlatSpectrum(config.power, emission.frequency, emission.bandwidth);
  }
  return emissions;
}

WlanInterferers::WlanInterferers(const WlanConfig& config, WlanNetwork* network)
    : network_(network) {
  for (const InterfererConfig& interferer : config.interferers) {
    AIRLOCK_CHECK(network->radios().spectrum() != nullptr, "{}", config.phy);
    auto node = ns3::CreateObject<ns3::Node>();
    auto place = ns3::CreateObject<ns3::ConstantPositionMobilityModel>();
    place->SetPosition(ns3::Vector(interferer.position.x.value(),
                                   interferer.position.y.value(), 0));
    node->AggregateObject(place);
    WlanPlace known;
    known.name = "interferer/" + interferer.name;
    Source source;
    source.config = &interferer;
    source.emissions = EmissionsOf(interferer);
    known.in_24ghz_band = source.emissions[0].frequency < 3e9;
    network->medium().Add(place, known);
    source.generator = MakeGenerator(interferer, source.emissions[0].spectrum,
                                     network->radios().spectrum(), node);
    sources_.push_back(std::move(source));
  }
}

void WlanInterferers::Sweep(size_t index) {
  Source& source = sources_[index];
  source.now = (source.now + 1) % source.emissions.size();
  source.generator->Stop();
  source.generator->SetTxPowerSpectralDensity(
      source.emissions[source.now].spectrum);
  source.generator->Start();
  ns3::Simulator::Schedule(ToNs3(source.config->dwell), &WlanInterferers::Sweep,
                           this, index);
}

void WlanInterferers::Start(const RngTree& rng, Replication replication) {
  for (size_t i = 0; i < sources_.size(); ++i) {
    Source& source = sources_[i];
    RngStream stream =
        rng.Stream("wlan/interferer/" + source.config->name, replication);
    if (!source.config->sweep.empty()) {
      source.now = stream.UniformInt(source.emissions.size());
      ns3::Simulator::ScheduleNow(&WlanInterferers::Sweep, this, i);
      continue;
    }
    const SimTime begin =
        FromSeconds(stream.Uniform(0, Seconds(source.config->period)));
    ns3::Simulator::Schedule(ToNs3(begin), &ns3::WaveformGenerator::Start,
                             source.generator);
  }
}

void WlanInterferers::Watch(const std::function<void()>& begins) {
  using PacketPtr = ns3::Ptr<const ns3::Packet>;
  const std::function<void(PacketPtr)> call = [begins](PacketPtr) { begins(); };
  for (const Source& source : sources_) {
    source.generator->TraceConnectWithoutContext(
        "TxStart", ns3::Callback<void, PacketPtr>(call));
  }
}

double WlanInterferers::MeanNoiseMw(size_t cell) const {
  const ns3::Ptr<ns3::WifiNetDevice> device = network_->cells()[cell].device;
  const double centre =
      1e6 *
      device->GetPhy()->GetOperatingChannel().GetPrimaryChannelCenterFrequency(
          20);
  double sum = 0;
  for (const Source& source : sources_) {
    const Source::Emission& emission = source.emissions[source.now];
    const double half = emission.bandwidth / 2;
    const double from = std::max(centre - 10e6, emission.frequency - half);
    const double to = std::min(centre + 10e6, emission.frequency + half);
    if (from >= to) continue;
    const double loss = network_->medium().LossDb(
        source.generator->GetMobility(), PlaceOf(device));
    sum += MilliwattsOf(source.config->power.value() - loss) * (to - from) /
           emission.bandwidth * source.config->duty_cycle.value();
  }
  return sum;
}

}  // namespace airlock
