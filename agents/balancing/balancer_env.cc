#include "agents/balancing/balancer_env.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/error.h"
#include "sim/scenario/balancer_checks.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr char kLate[] = "late";
constexpr char kFairness[] = "fairness";
constexpr char kCompletion[] = "completion";
constexpr double kDecisionsOfFailed = 40;
constexpr double kLeastLoad = 0.05;
constexpr double kMostLoad = 0.95;  // of the capacity that is left

void Require(bool good, const std::string& what) {
  if (!good) throw InputError("balancer environment: " + what);
}

void Check(const BalancerEnvOptions& options) {
  Require(options.steps >= 1, "no steps");
  Require(options.reward == kFairness || options.reward == kCompletion,
          fmt::format("no such reward: '{}'; known: {}, {}", options.reward,
                      kFairness, kCompletion));
  Require(!options.randomise || options.balancer.load.kind != "trace",
          "a trace has one course of loads; another cannot be drawn");
}

EnvSpec SpecOf(const BalancerEnvOptions& options, const PoolSetup& setup) {
  EnvSpec spec;
  spec.name = "load-balancer";
  spec.observation = PoolFeatureFields(setup);
  spec.action.fields = WeightFields(setup);
  if (options.balancer.agreement) spec.costs = {kLate};
  spec.time_limit = options.steps;
  return spec;
}

// The least that is left of the pool's capacity if all events coincide.
double CapacityLeft(const BalancerConfig& balancer) {
  double all = 0;
  double left = 0;
  for (const PoolServer& server : balancer.servers) {
    double pace = 1;
    for (const PoolEvent& event : balancer.events) {
      if (event.server != server.name) continue;
      pace *= event.kind == "failure" ? 0 : event.pace.value();
    }
    all += CapacityOf(server);
    left += CapacityOf(server) * pace;
  }
  return left / all;
}

SimTime Part(SimTime whole, double share) {
  return FromSeconds(Seconds(whole) * share);
}

}  // namespace

BalancerEnv::BalancerEnv(const BalancerEnvOptions& options)
    : options_(options),
      setup_(PoolSetupOf(options.balancer)),
      spec_(SpecOf(options, setup_)) {
  Check(options);
  Reset(RngStream(0));
}

// Loads from a half to nearly all, in one of two episodes with crowds; in
// three of four something happens to a server, in one of four to another too:
// mostly it slows down, to between 20 and 90 %, else it fails for a while. What
// nobody could serve teaches nothing, so loads leave a little of what is left.
BalancerConfig BalancerEnv::Draw(RngStream* rng) const {
  BalancerConfig drawn = options_.balancer;
  const SimTime length = options_.interval * options_.steps;
  drawn.load = PoolLoad();
  drawn.load.kind = rng->Uniform() < 0.5 ? "constant" : "flash-crowd";
  drawn.load.share = Ratio(rng->Uniform(0.4, 0.9));
  drawn.load.peak = Ratio(rng->Uniform(drawn.load.share.value(), 1));
  drawn.load.period = Part(length, rng->Uniform(0.3, 1));
  drawn.events.clear();
  const auto servers = static_cast<uint64_t>(drawn.servers.size());
  const uint64_t first = rng->UniformInt(servers);
  for (const double chance : {0.75, 0.25}) {
    const uint64_t server = chance > 0.5 ? first : rng->UniformInt(servers);
    PoolEvent event;
    event.server = drawn.servers[server].name;
    event.kind = rng->Uniform() < 0.75 ? "slow-down" : "failure";
    event.pace = Ratio(rng->Uniform(0.2, 0.9));
    event.from = Part(length, rng->Uniform(0, 0.7));
    event.until = event.from + Part(length, rng->Uniform(0.1, 0.5));
    const bool happens = rng->Uniform() < chance;
    if (happens && servers > 1) drawn.events.push_back(event);
  }
  const Ratio most(std::max(kLeastLoad, kMostLoad * CapacityLeft(drawn)));
  drawn.load.share = std::min(drawn.load.share, most);
  drawn.load.peak = std::min(drawn.load.peak, most);
  return drawn;
}

void BalancerEnv::Reset(RngStream random) { Begin(random.Next64()); }

void BalancerEnv::Begin(uint64_t seed) {
  seed_ = seed;
  actions_.clear();
  const RngTree tree(seed);
  RngStream draws = tree.Stream("episode", Replication(0));
  const BalancerConfig balancer =
      options_.randomise ? Draw(&draws) : options_.balancer;
  pool_.emplace(balancer, options_.trace.get(), tree, Replication(0), nullptr);
  if (balancer.shield) shield_.emplace(*balancer.shield, setup_);
  counts_.assign(pool_->servers(), Pool::Counts());
  refused_ = 0;
  view_.weights = setup_.weights;
  pool_->AdvanceTo(Seconds(options_.interval));
  Look();
}

std::vector<bool> BalancerEnv::Up() const {
  std::vector<bool> up;
  for (size_t s = 0; s < pool_->servers(); ++s) up.push_back(pool_->up(s));
  return up;
}

void BalancerEnv::Look() {
  view_.servers.clear();
  double ended = 0;
  double late = 0;
  failed_ = 0;
  for (size_t s = 0; s < pool_->servers(); ++s) {
    const Pool::Counts& now = pool_->counts(s);
    const Pool::Counts before = std::exchange(counts_[s], now);
    ServerView server;
    server.flows_on = static_cast<double>(pool_->flows_on(s));
    server.begun = static_cast<double>(now.begun - before.begun);
    server.completed = static_cast<double>(now.completed - before.completed);
    server.duration = pool_->completion_times(s).DecayedMean(
        FromSeconds(pool_->now()), options_.balancer.reservoir.decay);
    server.up = pool_->up(s);
    view_.servers.push_back(server);
    failed_ += static_cast<double>(now.failed - before.failed);
    ended += server.completed;
    late += static_cast<double>(now.late - before.late);
  }
  const double refused = static_cast<double>(
      pool_->refused() - std::exchange(refused_, pool_->refused()));
  failed_ += refused;
  ended += failed_;
  late_ = ended > 0 ? (late + refused) / ended : 0;
}

std::vector<double> BalancerEnv::Executed(const double* action) {
  std::vector<double> proposed(action, action + pool_->servers());
  for (double& weight : proposed) weight = InWeightRange(weight);
  if (!shield_) return Normalised(proposed, setup_);
  const WeightsBefore before = shield_->before();
  const WeightVerdict verdict = shield_->Limit(proposed, Up());
  if (options_.tally != nullptr) {
    SafetyTally more;
    more.plans = 1;
    const auto broken = shield_->Audit(verdict.weights, Up(), before);
    more.unsafe_plans = broken.empty() ? 0 : 1;
    more.rescued =
        std::count_if(verdict.rules.begin(), verdict.rules.end(),
                      [](const auto& rule) { return !rule.empty(); });
    options_.tally->Add(more);
  }
  return verdict.weights;
}

double BalancerEnv::Reward() const {
  double on = 0;
  double capacity = 0;
  double longest = 0;
  double sum = 0;
  double count = 0;
  for (size_t s = 0; s < view_.servers.size(); ++s) {
    const ServerView& server = view_.servers[s];
    on += server.flows_on;
    capacity += setup_.capacities[s];
    if (!server.up || !std::isfinite(server.duration)) continue;
    longest = std::max(longest, server.duration);
    sum += server.duration;
    ++count;
  }
  if (options_.reward == kCompletion) {
    return -(on + kDecisionsOfFailed * failed_) / capacity;
  }
  return count > 0 ? 1 - longest / (sum / count) : 0;
}

Env::Outcome BalancerEnv::Step(const double* action, double* costs) {
  actions_.emplace_back(action, action + pool_->servers());
  view_.weights = Executed(action);
  for (size_t s = 0; s < view_.weights.size(); ++s) {
    pool_->SetWeight(s, view_.weights[s]);
  }
  pool_->AdvanceTo(pool_->now() + Seconds(options_.interval));
  Look();
  if (!spec_.costs.empty()) costs[0] = late_;
  return {Reward(), false};
}

void BalancerEnv::Observe(double* observation) const {
  WritePoolFeatures(view_, setup_, observation);
}

json BalancerEnv::Save() const {
  return {{"seed", seed_}, {"actions", actions_}};
}

void BalancerEnv::Load(const json& state) {
  try {
    const auto actions =
        state.at("actions").get<std::vector<std::vector<double>>>();
    Begin(state.at("seed").get<uint64_t>());
    std::vector<double> costs(spec_.costs.size());
    for (const std::vector<double>& action : actions) {
      Require(action.size() == pool_->servers(), "an action of another pool");
      Step(action.data(), costs.data());
    }
  } catch (const json::exception& error) {
    throw InputError(std::string("balancer environment: ") + error.what());
  }
}

}  // namespace airlock
