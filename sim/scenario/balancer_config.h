#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sim/base/units.h"

// What a scenario says of a pool of servers behind a load balancer, as plain
// structs with defaults; declared in balancer_fields.cc.
namespace airlock {

// A machine of the pool. A request that is alone takes work / speed seconds;
// more than `cores` of them share the cores equally (processor sharing). Its
// capacity is cores * speed.
struct PoolServer {
  std::string name;
  int64_t cores = 1;  // requests that run at full speed at once
  double speed = 1;   // of a core, relative to the one that work is told for
  double weight = 1;  // at the start, 0 to 2
  // Of the topology (packet engine); absent: the next that is free.
  std::optional<int64_t> host;
};

// Something that happens to a server for a while.
struct PoolEvent {
  std::string server;
  std::string kind = "slow-down";  // slow-down failure
  SimTime from;
  SimTime until;
  Ratio pace{0.5};  // slow-down: what is left of its speed
};

// Offered work as a share of what all servers together can do, over time.
struct PoolLoad {
  std::string kind = "constant";  // constant steps flash-crowd diurnal trace
  Ratio share{0.7};               // constant; the lowest of the other kinds
  Ratio peak{0.9};                // the highest of the other kinds
  SimTime period = Milliseconds(60000);  // of a step, between crowds, of a day
  std::string trace;  // trace: file whose column `load` is the share
};

// A kind of request: so much work, so many bytes.
struct RequestClass {
  std::string name;
  Ratio share{1.0};                  // of the requests; normalised
  std::string work = "exponential";  // constant exponential lognormal pareto
  SimTime mean = Milliseconds(20);   // of the work: seconds of a core
  double cv = 1;                     // lognormal
  double tail = 2.5;                 // pareto: exponent, more than 1
  DataSize request_size{400};        // payload (packet engine)
  DataSize response_size{20000};
};

// What the balancer remembers of each server's flows: a reservoir of `slots`
// samples, each kept with probability `keep` in place of a random one; decayed
// summaries weigh a sample of age t by decay^(t / 1 s).
struct ReservoirConfig {
  int64_t slots = 128;
  Ratio keep{1.0};
  double decay = 0.9;
};

// Where who sets the weights is held back, and when weights by capacity take
// their place (agents/safety/weight_shield.h).
struct WeightShieldConfig {
  Ratio least_share{0.05};     // of what is fair by capacity, for a live server
  double most_change = 0.5;    // of a weight, each decision
  int64_t fallback_after = 1;  // decisions in a row whose observation is
                               // missing or cannot be
};

// Time beyond which a flow counts as a violation; absent: none.
struct FlowAgreement {
  SimTime completion = Milliseconds(200);
  Ratio allowed{0.05};  // of the flows: may take longer, or fail
};

// What the fast engine has in place of packets; fitted to them.
struct PoolModelConfig {
  SimTime round_trips;  // added to every completion time
  SimTime overhead;     // work added to every request
};

// A pool of servers behind a virtual address. A balancer assigns each flow (one
// request and its response) to a server at its first packet; there it stays.
struct BalancerConfig {
  std::vector<PoolServer> servers;
  // weighted-hash: a draw in proportion to the weights. least-connections: the
  // smallest (flows + 1) / weight. round-robin: in turns, by weight.
  std::string assignment = "weighted-hash";
  PoolLoad load;
  std::vector<RequestClass> requests = {RequestClass{"request"}};
  std::vector<PoolEvent> events;
  // Until the balancer gives a failed server no more flows, and one that came
  // back some again. Flows of a failed server are lost.
  SimTime health_check = Milliseconds(500);
  ReservoirConfig reservoir;
  std::optional<FlowAgreement> agreement;
  std::optional<WeightShieldConfig> shield;
  PoolModelConfig model;
  int64_t balancer_host = 0;                // of the topology (packet engine)
  std::vector<int64_t> client_hosts = {1};  // of the topology (packet engine)
};

}  // namespace airlock
