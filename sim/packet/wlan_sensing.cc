#include "sim/packet/wlan_sensing.h"

#include <ns3/mobility-model.h>
#include <ns3/net-device-container.h>
#include <ns3/non-communicating-net-device.h>
#include <ns3/nstime.h>
#include <ns3/spectrum-analyzer-helper.h>
#include <ns3/spectrum-analyzer.h>

#include <cmath>

#include "sim/base/error.h"
#include "sim/scenario/wlan_channels.h"

namespace airlock {
namespace {

const ns3::Time kResolution = ns3::MilliSeconds(1);
constexpr double kThresholdDbm = -62;
constexpr double kBandwidth = 20e6;

// One band a channel.
ns3::Ptr<ns3::SpectrumModel> BandsOf(const std::vector<int64_t>& channels) {
  ns3::Bands bands;
  for (const int64_t channel : channels) {
    ns3::BandInfo band;
    band.fc = ChannelFrequency(channel);
    band.fl = band.fc - kBandwidth / 2;
    band.fh = band.fc + kBandwidth / 2;
    bands.push_back(band);
  }
  return ns3::Create<ns3::SpectrumModel>(bands);
}

}  // namespace

WlanSensing::WlanSensing(WlanNetwork* network)
    : counts_(network->cells().size()) {
  for (size_t cell = 0; cell < counts_.size(); ++cell) {
    const WlanCell& bss = network->cells()[cell];
    const std::vector<int64_t>& channels = bss.config.sensed_channels;
    counts_[cell].occupied.resize(channels.size());
    if (channels.empty()) continue;
    AIRLOCK_CHECK(network->radios().spectrum() != nullptr, "{}",
                  bss.config.name);
    ns3::SpectrumAnalyzerHelper helper;
    helper.SetChannel(network->radios().spectrum());
    helper.SetRxSpectrumModel(BandsOf(channels));
    helper.SetPhyAttribute("Resolution", ns3::TimeValue(kResolution));
    helper.SetPhyAttribute("NoisePowerSpectralDensity", ns3::DoubleValue(0));
    const ns3::NetDeviceContainer devices =
        helper.Install(bss.device->GetNode());
    const auto analyzer = devices.Get(0)
                              ->GetObject<ns3::NonCommunicatingNetDevice>()
                              ->GetPhy()
                              ->GetObject<ns3::SpectrumAnalyzer>();
    // Installed, it begins by itself.
    using Report = ns3::Ptr<const ns3::SpectrumValue>;
    const std::function<void(Report)> take = [this, cell](Report report) {
      OnReport(cell, *report);
    };
    analyzer->TraceConnectWithoutContext("AveragePowerSpectralDensityReport",
                                         ns3::Callback<void, Report>(take));
    analyzer->Stop();
    starts_.emplace_back([analyzer] { analyzer->Start(); });
  }
}

void WlanSensing::Start() {
  for (const auto& start : starts_) start();
}

void WlanSensing::OnReport(size_t cell, const ns3::SpectrumValue& mean) {
  Counts& counts = counts_[cell];
  ++counts.reports;
  const double threshold = std::pow(10, kThresholdDbm / 10) * 1e-3 / kBandwidth;
  for (size_t i = 0; i < counts.occupied.size(); ++i) {
    if (mean[static_cast<uint32_t>(i)] >= threshold) ++counts.occupied[i];
  }
}

}  // namespace airlock
