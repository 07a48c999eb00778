#pragma once

#include <ns3/spectrum-value.h>
#include <ns3/waveform-generator.h>

#include <functional>
#include <vector>

#include "sim/base/rng.h"
#include "sim/packet/wlan_network.h"
#include "sim/scenario/scenario.h"

// Private to sim/packet.
namespace airlock {

// The interferers of a WLAN: each sends a flat spectrum for its duty cycle of
// each period and hears nothing. Some sweep over channels: they stay on each
// for a while.
//
// Never holds outside: ns-3 refers to them, so they live until the simulator is
// destroyed.
class WlanInterferers {
 public:
  // `config` and `network` must outlive it.
  WlanInterferers(const WlanConfig& config, WlanNetwork* network);

  // They begin, each within its first period, or at once with one of the
  // channels that it sweeps over: drawn from the stream "wlan/interferer/NAME".
  void Start(const RngTree& rng, Replication replication);

  // Calls `begins` whenever one of them begins to send.
  void Watch(const std::function<void()>& begins);

  // What they add to the noise of the access point of `cell` over its primary
  // 20 MHz channel, averaged over time, in mW; one that sweeps counts as it is
  // now.
  double MeanNoiseMw(size_t cell) const;

 private:
  struct Source {
    const InterfererConfig* config;
    ns3::Ptr<ns3::WaveformGenerator> generator;
    // What it sends, in turn.
    struct Emission {
      double frequency = 0;  // Hz, in the middle
      double bandwidth = 0;  // Hz
      ns3::Ptr<ns3::SpectrumValue> spectrum;
    };
    std::vector<Emission> emissions;
    size_t now = 0;  // of these
  };

  static std::vector<Source::Emission> EmissionsOf(
      const InterfererConfig& config);
  // Turns to the next emission, now and after each dwell.
  void Sweep(size_t source);

  WlanNetwork* network_;
  std::vector<Source> sources_;
};

}  // namespace airlock
