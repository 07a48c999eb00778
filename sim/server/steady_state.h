#pragma once

#include <cstdint>
#include <vector>

#include "sim/scenario/server_placement.h"
#include "sim/scenario/servers_config.h"
#include "sim/server/contention.h"
#include "sim/server/server_layout.h"

// What an interval of constant load comes to, without following packets: for
// training, and for managers that look ahead.
//
// Service times are those of SolveContention(). A station's ring is a queue of
//   one server an instance. Packets come to the first station as a Poisson
//   process, to the others in groups, what a poll handed on at once. Times
//   between packets and between groups have the squared coefficients of
//   variation c of Whitt's Queueing Network Analyzer (BSTJ 62(9), 1983):
//   through a station c becomes rho^2 cv^2 + (1 - rho^2) c, one of k parts of a
//   stream has 1 + (c - 1) / k. The mean wait, of a packet that comes with g,
//   itself included, is Kingman's, and the same of groups,
//     W = s / 2 (rho / (1 - rho) (c + cv^2) + (g - 1) (1 + c_g rho / (1 -
//     rho)))
//   (for c = c_g = 1 that of M^X/G/1: Chaudhry and Templeton 1983), but no
//   longer than a full ring takes; what a core cannot do is lost.
// A poll hands on all that it took when the last is done. The ring is empty
//   then but for what came meanwhile, so W is the rest r of the poll under way
//   and the work that came in it before, r (1 + rho); what came after waits for
//   rho r more, W rho / (1 + rho), and 2 rho r / s leave together.
// Waits are 0 or exponential; the sum over a chain's stations is taken as gamma
//   distributed, with the mean and variance of independent stages.
// A function that rests keeps what its ring holds and loses the rest; what
//   comes until its queue is gone again is late by up to the whole rest.
// Not modelled: devices that lose packets, and few flows that spread unevenly.
namespace airlock {

// An interval in which functions may rest, because they move or their cores
// change.
struct SteadyInterval {
  double seconds = 1;
  std::vector<double> rest_seconds;  // of each function; empty: nobody rests
};

struct SteadyFunction {
  double packets_per_second = 0;  // that come
  double seconds_per_packet = 0;  // of a core
  double busy = 0;                // of all its cores' time; 1: overloaded
  double loss_ratio = 0;          // of what comes
};

struct SteadyChain {
  double offered = 0;    // packets a second
  double delivered = 0;  // packets a second
  double latency_p99_seconds = 0;
};

struct SteadyState {
  std::vector<SteadyFunction> functions;
  std::vector<SteadyChain> chains;
};

// Whether a chain had what it was promised; true of one without agreement.
bool KeepsAgreement(const ServiceChainConfig& chain, const SteadyChain& state);

class SteadyModel {
 public:
  explicit SteadyModel(const ServersConfig& servers);

  // `placed`: of all functions, then all competitors, as PlacePrograms() has
  // them. `offered`: packets a second by chain.
  SteadyState Solve(const std::vector<Placement>& placed,
                    const std::vector<double>& offered,
                    const SteadyInterval& interval = {}) const;
  // Seconds of a core for a packet of each function while it is alone on
  // `machine`, has a core there, and is offered little.
  std::vector<double> SoloSeconds(size_t machine) const;

  const ServersConfig& servers() const { return servers_; }

 private:
  struct Traffic {
    double packets = 0;  // a second
    double bytes = 0;    // a second
  };

  std::vector<Traffic> TrafficOf(const std::vector<double>& offered,
                                 const std::vector<double>& loss) const;
  std::vector<Task> TasksOf(size_t machine,
                            const std::vector<Placement>& placed,
                            const std::vector<Traffic>& traffic,
                            std::vector<size_t>* functions) const;
  DeviceLoad DevicesOf(size_t machine, const std::vector<Placement>& placed,
                       const std::vector<Traffic>& traffic) const;
  void SolveMachines(const std::vector<Placement>& placed,
                     const std::vector<Traffic>& traffic,
                     std::vector<SteadyFunction>* functions) const;
  SteadyChain ChainOf(size_t c, double offered,
                      const std::vector<Placement>& placed,
                      const SteadyInterval& interval,
                      const std::vector<SteadyFunction>& functions) const;

  const ServersConfig servers_;
  const ServerLayout layout_;
  std::vector<double> flows_;        // of each function
  std::vector<double> chain_bytes_;  // mean frame of each chain
};

}  // namespace airlock
