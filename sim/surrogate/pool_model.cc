#include "sim/surrogate/pool_model.h"

#include <algorithm>

#include "sim/base/error.h"

namespace airlock {

Pool::Pool(const BalancerConfig& balancer, const Trace* trace,
           const RngTree& rng, Replication replication, PoolMonitor* monitor)
    : round_trips_(Seconds(balancer.model.round_trips)),
      keep_(balancer.reservoir.keep.value()),
      agreed_(balancer.agreement ? Seconds(balancer.agreement->completion)
                                 : std::numeric_limits<double>::infinity()),
      workload_(balancer, trace, rng, replication),
      assignment_(balancer),
      monitor_(monitor),
      draws_(rng.Stream("pool/reservoirs", replication)),
      changes_(PlanPoolChanges(balancer)) {
  for (const PoolServer& server : balancer.servers) {
    servers_.emplace_back(server.cores, server.speed);
    reservoirs_.emplace_back(static_cast<size_t>(balancer.reservoir.slots));
  }
  failed_.resize(servers_.size());
  counts_.resize(servers_.size());
  next_ = workload_.Next();
}

void Pool::AdvanceTo(double seconds) {
  AIRLOCK_CHECK(seconds >= now_);
  while (true) {
    size_t ending = 0;
    for (size_t s = 1; s < servers_.size(); ++s) {
      if (servers_[s].NextEnd() < servers_[ending].NextEnd()) ending = s;
    }
    const double end = servers_[ending].NextEnd();
    const double change = next_change_ < changes_.size()
                              ? changes_[next_change_].at
                              : std::numeric_limits<double>::infinity();
    const double next = std::min({end, change, next_.at});
    if (next > seconds) break;
    now_ = next;
    ++events_;
    if (end == next) {
      End(ending);
    } else if (change == next) {
      Make(changes_[next_change_++]);
    } else {
      Begin();
    }
  }
  now_ = seconds;
}

void Pool::SetWeight(size_t server, double weight) {
  assignment_.SetWeight(server, weight);
}

void Pool::Begin() {
  const auto server = assignment_.Begin(next_.ticket);
  if (monitor_ != nullptr) monitor_->Begin(server);
  if (server) {
    ++counts_[*server].begun;
    if (failed_[*server]) {
      Fail(*server);
    } else {
      servers_[*server].Join(now_, next_.work, flows_);
    }
  } else {
    ++refused_;
    if (monitor_ != nullptr) monitor_->Fail();
  }
  ++flows_;
  next_ = workload_.Next();
}

void Pool::Fail(size_t server) {
  ++counts_[server].failed;
  ++counts_[server].late;
  assignment_.End(server);
  if (monitor_ != nullptr) monitor_->Fail();
}

void Pool::End(size_t server) {
  const ProcessorSharing::Job job = servers_[server].End();
  const double took = now_ - job.begin + round_trips_;
  ++counts_[server].completed;
  if (took > agreed_) ++counts_[server].late;
  assignment_.End(server);
  Reservoir& reservoir = reservoirs_[server];
  reservoir.Offer(Reservoir::Draw(reservoir.slots(), keep_, &draws_),
                  FromSeconds(now_), took);
  if (monitor_ != nullptr) monitor_->Complete(took);
}

void Pool::Make(const PoolChange& change) {
  if (change.kind == PoolChange::Kind::kHealth) {
    assignment_.SetUp(change.server, change.up);
    return;
  }
  servers_[change.server].SetPace(now_, change.pace);
  failed_[change.server] = change.pace == 0;
  if (!failed_[change.server]) return;
  const auto lost = servers_[change.server].Abandon(now_);
  for (size_t i = 0; i < lost.size(); ++i) Fail(change.server);
}

}  // namespace airlock
