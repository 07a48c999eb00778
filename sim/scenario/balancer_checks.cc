#include "sim/scenario/balancer_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "sim/scenario/checks.h"

namespace airlock {
namespace {

bool HasServer(const BalancerConfig& balancer, const std::string& name) {
  return std::any_of(
      balancer.servers.begin(), balancer.servers.end(),
      [&](const PoolServer& server) { return server.name == name; });
}

double Sum(const std::vector<RequestClass>& requests) {
  double sum = 0;
  for (const RequestClass& request : requests) sum += request.share.value();
  return sum;
}

}  // namespace

double CapacityOf(const PoolServer& server) {
  return static_cast<double>(server.cores) * server.speed;
}

double MeanWorkSeconds(const std::vector<RequestClass>& requests) {
  double work = 0;
  for (const RequestClass& request : requests) {
    work += request.share.value() * Seconds(request.mean);
  }
  return work / Sum(requests);
}

void CheckPoolLoad(const PoolLoad& load, const Reporter& report) {
  if (load.kind == "trace" && load.trace.empty()) {
    report.Error("trace", "kind 'trace' needs the file of a trace");
  } else if (load.kind != "trace" && !load.trace.empty()) {
    report.Error("kind", "'" + load.kind + "' does not use the given trace",
                 "write trace");
  }
  const bool varies = load.kind != "trace" && load.kind != "constant";
  if (varies && load.peak < load.share) {
    report.Error("peak",
                 fmt::format("{} is below the share of {}", ToString(load.peak),
                             ToString(load.share)));
  }
  if (load.kind == "trace") return;
  const Ratio most = varies ? load.peak : load.share;
  if (most.value() < 1) return;
  report.Warning(varies ? "peak" : "share",
                 fmt::format("{} of what the servers can do cannot be served; "
                             "flows pile up while it lasts",
                             ToString(most)));
}

void CheckRequestClass(const RequestClass& request, const Reporter& report) {
  if (request.work == "lognormal" && request.cv <= 0) {
    report.Error("cv", "must be more than 0 for lognormal",
                 "for no variation write work: constant");
  }
}

void CheckPoolWeights(const BalancerConfig& balancer, const Reporter& report) {
  const bool all_zero =
      std::all_of(balancer.servers.begin(), balancer.servers.end(),
                  [](const PoolServer& server) { return server.weight == 0; });
  if (!all_zero) return;
  report.Error("servers", "all weights are 0: no server gets a flow",
               "write a weight of more than 0");
}

void CheckPoolEvents(const BalancerConfig& balancer, const Reporter& report) {
  std::string known;
  for (const PoolServer& server : balancer.servers) {
    known += (known.empty() ? "" : ", ") + server.name;
  }
  for (size_t i = 0; i < balancer.events.size(); ++i) {
    const PoolEvent& event = balancer.events[i];
    const std::string key = fmt::format("events.{}", i);
    if (!HasServer(balancer, event.server)) {
      report.Error(key + ".server",
                   fmt::format("there is no server '{}'", event.server),
                   "write one of " + known);
    }
    if (event.until <= event.from) {
      report.Error(key + ".until",
                   fmt::format("{} is not after from, {}",
                               ToString(event.until), ToString(event.from)));
    }
  }
}

void CheckRequests(const BalancerConfig& balancer, const Reporter& report) {
  if (Sum(balancer.requests) > 0) return;
  report.Error("requests", "all shares are 0%",
               "write a share of more than 0%");
}

std::vector<int64_t> PoolHosts(const BalancerConfig& balancer) {
  std::set<int64_t> taken(balancer.client_hosts.begin(),
                          balancer.client_hosts.end());
  taken.insert(balancer.balancer_host);
  for (const PoolServer& server : balancer.servers) {
    if (server.host) taken.insert(*server.host);
  }
  std::vector<int64_t> hosts;
  int64_t next = 0;
  for (const PoolServer& server : balancer.servers) {
    if (!server.host) {
      while (taken.count(next) > 0) ++next;
      taken.insert(next);
    }
    hosts.push_back(server.host.value_or(next));
  }
  return hosts;
}

void CheckPoolHosts(const DatacentreConfig& datacentre,
                    const Reporter& report) {
  if (!datacentre.balancer) return;
  const BalancerConfig& balancer = *datacentre.balancer;
  const int64_t hosts = CountHosts(datacentre.topology);
  std::map<int64_t, std::string> roles;  // by host
  const auto check = [&](int64_t host, const std::string& role,
                         const std::string& key) {
    if (host >= hosts) {
      report.Error(
          "balancer." + key, fmt::format("there is no host {}", host),
          fmt::format("the topology has the hosts 0 to {}", hosts - 1));
      return;
    }
    const auto [other, is_new] = roles.emplace(host, role);
    if (is_new) return;
    report.Error("balancer." + key,
                 fmt::format("host {} is that of {} too", host, other->second),
                 "write another host");
  };
  check(balancer.balancer_host, "the balancer", "balancer_host");
  for (size_t i = 0; i < balancer.client_hosts.size(); ++i) {
    check(balancer.client_hosts[i], "a client",
          fmt::format("client_hosts.{}", i));
  }
  for (size_t i = 0; i < balancer.servers.size(); ++i) {
    const PoolServer& server = balancer.servers[i];
    if (!server.host) continue;
    check(*server.host, "server '" + server.name + "'",
          fmt::format("servers.{}.host", i));
  }
}

}  // namespace airlock
