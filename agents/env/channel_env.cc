#include "agents/env/channel_env.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/error.h"
#include "sim/scenario/wlan_layout.h"
#include "sim/stats/interval.h"
#include "sim/surrogate/airtime_scenario.h"
#include "sim/surrogate/wlan_load.h"

namespace airlock {
namespace {

using nlohmann::json;

constexpr char kBelowFloor[] = "below_floor";
constexpr char kChurn[] = "churn";
constexpr double kTolerance = 1e-12;  // of served shares

void Require(bool good, const std::string& what) {
  if (!good) throw InputError("channel environment: " + what);
}

Eigen::ArrayXd ToArray(const std::vector<double>& values) {
  return Eigen::Map<const Eigen::ArrayXd>(
      values.data(), static_cast<Eigen::Index>(values.size()));
}

void Check(const ChannelEnvOptions& options) {
  Require(!options.wlan.access_points.empty(),
          "there are no access points (draw those of wlan.generated first)");
  Require(options.slots >= 1,
          fmt::format("{} slots; write 1 or more", options.slots));
  Require(
      options.history >= 0 && options.history <= 1000,
      fmt::format("a history of {} slots; allowed 0 to 1000", options.history));
  Require(options.served_floor >= 0 && options.served_floor <= 1,
          fmt::format("a served share of {} as floor; allowed 0 to 1",
                      options.served_floor));
  Require(options.wlan.load.profile != "trace",
          "a trace has one course of loads, which no agent can be trained on; "
          "write another wlan.load.profile");
  for (const std::string& cost : options.costs) {
    Require(cost == kBelowFloor || cost == kChurn,
            fmt::format("no such cost: '{}'; known costs: {}, {}", cost,
                        kBelowFloor, kChurn));
  }
}

EnvSpec SpecOf(const ChannelEnvOptions& options, const ChannelTable& table) {
  EnvSpec spec;
  spec.name = "airtime-plan";
  const auto add = [&](const std::string& name, double high,
                       bool configured = false) {
    spec.observation.push_back({name, "1", 0, high, configured});
  };
  const double inf = std::numeric_limits<double>::infinity();
  for (size_t i = 0; i < options.wlan.access_points.size(); ++i) {
    const std::string ap = fmt::format("ap{}.", i);
    for (int64_t h = 0; h <= options.history; ++h) {
      add(ap + fmt::format("load.{}", h), inf);
    }
    add(ap + "utilisation", inf);
    add(ap + "served", 1);
    for (const ChannelAssignment& one : table.assignments()) {
      add(ap + fmt::format("on.{}x{}", table.Number(one.channel),
                           1 << one.bonding),
          1, true);
    }
    spec.action.choices.push_back(
        static_cast<int64_t>(table.assignments().size()));
  }
  add("room_for_changes", 1, true);
  spec.action.masked = true;
  spec.costs = options.costs;
  spec.time_limit = options.slots;
  return spec;
}

// A stream whose numbers are its own, from the next number of `random`.
RngStream Branch(RngStream* random) { return RngStream(random->Next64()); }

}  // namespace

ChannelEnv::ChannelEnv(const ChannelEnvOptions& options)
    : options_((Check(options), options)),
      table_(AllowedChannels(options.wlan)),
      choices_(ChoicesOf(options.wlan.airtime)),
      access_points_(static_cast<int>(options.wlan.access_points.size())),
      spec_(SpecOf(options, table_)) {
  CheckLimits(options.shield, table_, access_points_);
  PlanOf(options.wlan, table_);
  Reset(RngStream(0));
}

PlanSituation ChannelEnv::Situation() const {
  return {static_cast<double>(slot_) * Seconds(wlan_.load.slot), plan_, rssi_,
          loads_.front()};
}

void ChannelEnv::NextLoads() {
  const Eigen::ArrayXd loads = course_->Next() * full_loads_;
  loads_.emplace_front(loads.data(), loads.data() + loads.size());
  while (static_cast<int64_t>(loads_.size()) > options_.history + 1) {
    loads_.pop_back();
  }
}

void ChannelEnv::Begin() {
  RngStream random = random_;
  RngStream radio = Branch(&random);
  wlan_ = options_.wlan;
  int64_t seed = options_.seed;
  if (options_.randomise) {
    wlan_ = options_.randomise(options_.wlan, &radio);
    Require(wlan_.access_points.size() == options_.wlan.access_points.size(),
            "randomising changed the number of access points");
    seed = static_cast<int64_t>(radio.Next64() >> 2);
  }
  choices_ = ChoicesOf(wlan_.airtime);
  rssi_ = RssiOf(wlan_, seed);
  full_loads_ = OfferedRates(wlan_) /
                static_cast<double>(wlan_.airtime.channel_rate.value());
  batch_ = std::make_unique<AirtimeBatch>(table_, choices_);
  batch_->Add(InterferenceMap(rssi_, choices_));
  network_ = std::make_unique<AirtimeNetwork>(table_, choices_, rssi_);
  shield_ = std::make_unique<ChannelShield>(table_, choices_, options_.shield,
                                            access_points_);
  audit_ = std::make_unique<PlanAudit>(table_, choices_, options_.shield,
                                       access_points_);
  course_ = CreateLoadCourse(wlan_, nullptr, Branch(&random));
  plan_ = PlanOf(wlan_, table_);
  slot_ = 0;
  loads_.clear();
  for (int64_t h = 0; h <= options_.history; ++h) NextLoads();
}

void ChannelEnv::Reset(RngStream random) {
  random_ = random;
  Begin();
  batch_->SetPlan(plan_);
  network_->Retune(plan_);
  network_->SetLoads(ToArray(loads_.front()));
}

void ChannelEnv::Count(const ShieldVerdict& verdict,
                       const std::vector<std::string>& broken) {
  if (options_.tally == nullptr) return;
  SafetyTally more;
  more.plans = 1;
  more.unsafe_plans = broken.empty() ? 0 : 1;
  more.rescued = static_cast<int64_t>(verdict.rescued.size());
  for (const ShieldRefusal& refusal : verdict.refused) {
    ++more.refused[static_cast<size_t>(refusal.rule)];
  }
  options_.tally->Add(more);
}

double ChannelEnv::CostOf(const std::string& name,
                          const ChannelPlan& before) const {
  int64_t counted = 0;
  for (int ap = 0; ap < access_points_; ++ap) {
    const bool below =
        network_->served()[ap] < options_.served_floor - kTolerance;
    counted += name == kChurn ? plan_[ap] != before[ap] : below;
  }
  return static_cast<double>(counted) / access_points_;
}

Env::Outcome ChannelEnv::Step(const double* action, double* costs) {
  ChannelPlan proposed;
  for (int ap = 0; ap < access_points_; ++ap) {
    proposed.push_back(table_.assignments()[static_cast<size_t>(action[ap])]);
  }
  const PlanSituation situation = Situation();
  const ShieldVerdict verdict = shield_->Admit(situation, proposed);
  Count(verdict, audit_->Judge(situation, verdict.plan));
  const ChannelPlan before = std::exchange(plan_, verdict.plan);
  const Eigen::ArrayXd loads_before = ToArray(loads_.front());
  NextLoads();
  ++slot_;
  std::vector<Regret> regrets;
  batch_->Step(plan_, loads_before, ToArray(loads_.front()), &regrets);
  network_->Retune(plan_);
  network_->SetLoads(ToArray(loads_.front()));
  for (size_t c = 0; c < options_.costs.size(); ++c) {
    costs[c] = CostOf(options_.costs[c], before);
  }
  return {-regrets.front().total / access_points_, false};
}

void ChannelEnv::Observe(double* observation) const {
  double* next = observation;
  for (int ap = 0; ap < access_points_; ++ap) {
    for (const std::vector<double>& loads : loads_) *next++ = loads[ap];
    *next++ = network_->heard()[ap];
    *next++ = network_->served()[ap];
    for (const ChannelAssignment& one : table_.assignments()) {
      *next++ = one == plan_[ap] ? 1 : 0;
    }
  }
  *next = shield_->RoomShare(Situation().seconds);
}

void ChannelEnv::Allow(uint8_t* allowed) const {
  const std::vector<uint8_t> flags = shield_->Allowed(Situation());
  std::copy(flags.begin(), flags.end(), allowed);
}

std::vector<double> ChannelEnv::Staying() const {
  const auto& all = table_.assignments();
  std::vector<double> choices;
  for (const ChannelAssignment& one : plan_) {
    choices.push_back(static_cast<double>(
        std::find(all.begin(), all.end(), one) - all.begin()));
  }
  return choices;
}

json ChannelEnv::Save() const {
  json plan = json::array();
  for (const ChannelAssignment& one : plan_) {
    plan.push_back({one.channel, one.bonding});
  }
  return {{"slot", slot_},
          {"plan", plan},
          {"shield", shield_->Save()},
          {"audit", audit_->Save()}};
}

void ChannelEnv::Load(const json& state) {
  try {
    const int64_t slot = state.at("slot");
    ChannelPlan plan;
    for (const json& one : state.at("plan")) {
      plan.push_back({one.at(0), one.at(1)});
      if (!table_.Has(plan.back())) {
        throw InputError("airtime-plan: a saved assignment is not allowed");
      }
    }
    if (slot < 0 || static_cast<int>(plan.size()) != access_points_) {
      throw InputError("airtime-plan: a saved state of another network");
    }
    // The loads follow from the episode's random numbers, which Reset() gave.
    Begin();
    for (int64_t s = 0; s < slot; ++s) NextLoads();
    slot_ = slot;
    plan_ = plan;
    shield_->Load(state.at("shield"));
    audit_->Load(state.at("audit"));
  } catch (const json::exception& error) {
    throw InputError(
        fmt::format("airtime-plan: not a saved state: {}", error.what()));
  }
  batch_->SetPlan(plan_);
  network_->Retune(plan_);
  network_->SetLoads(ToArray(loads_.front()));
}

// --- Whether limits can be kept ---------------------------------------------

namespace {

constexpr int64_t kMostPlans = 5000;
constexpr int64_t kSlotsTried = 64;

// The smallest share below the floor that any plan has with these loads.
class LeastBelowFloor {
 public:
  explicit LeastBelowFloor(const ChannelEnvOptions& options)
      : floor_(options.served_floor),
        table_(AllowedChannels(options.wlan)),
        choices_(ChoicesOf(options.wlan.airtime)),
        network_(table_, choices_, RssiOf(options.wlan, options.seed)),
        plan_(options.wlan.access_points.size(), table_.assignments()[0]) {
    double plans = 1;
    for (size_t i = 0; i < plan_.size(); ++i) {
      plans *= static_cast<double>(table_.assignments().size());
    }
    try_all_ = plans <= kMostPlans && !options.randomise;
  }

  double Of(const Eigen::ArrayXd& loads) {
    return try_all_ ? OfAllPlans(loads) : Alone(loads);
  }

 private:
  double Alone(const Eigen::ArrayXd& loads) const {
    const int widest = table_.bonding_levels() - 1;
    int64_t below = 0;
    for (const double load : loads) {
      const double served =
          ServedShare(choices_.law, std::ldexp(load, -widest), 0);
      below += served < floor_ - kTolerance;
    }
    return static_cast<double>(below) / static_cast<double>(loads.size());
  }

  double OfAllPlans(const Eigen::ArrayXd& loads) {
    network_.SetLoads(loads);
    const auto& all = table_.assignments();
    std::vector<size_t> at(plan_.size(), 0);
    Eigen::Index least = loads.size();
    while (true) {
      for (size_t i = 0; i < at.size(); ++i) plan_[i] = all[at[i]];
      network_.Retune(plan_);
      least =
          std::min(least, (network_.served() < floor_ - kTolerance).count());
      size_t digit = 0;
      while (digit < at.size() && ++at[digit] == all.size()) at[digit++] = 0;
      if (digit == at.size()) break;
    }
    return static_cast<double>(least) / static_cast<double>(loads.size());
  }

  const double floor_;
  const ChannelTable table_;
  const AirtimeChoices choices_;
  AirtimeNetwork network_;
  ChannelPlan plan_;
  bool try_all_ = false;
};

}  // namespace

void CheckReachable(const ChannelEnvOptions& options,
                    const std::vector<CostLimit>& limits) {
  Check(options);
  const Eigen::ArrayXd full =
      OfferedRates(options.wlan) /
      static_cast<double>(options.wlan.airtime.channel_rate.value());
  for (const CostLimit& limit : limits) {
    Require(std::find(options.costs.begin(), options.costs.end(), limit.cost) !=
                options.costs.end(),
            fmt::format("a limit of '{}', which is not among its costs",
                        limit.cost));
    Require(limit.limit >= 0,
            fmt::format("a limit of {} for '{}' can never be kept: costs are "
                        "not below 0",
                        limit.limit, limit.cost));
    if (limit.cost != kBelowFloor) continue;  // nobody has to change
    LeastBelowFloor least(options);
    std::vector<double> shares;
    for (int64_t k = 0; k < kSlotsTried; ++k) {
      auto course =
          CreateLoadCourse(options.wlan, nullptr,
                           RngTree(static_cast<uint64_t>(options.seed))
                               .Stream("env/reachable", Replication(k)));
      shares.push_back(least.Of(course->Next() * full));
    }
    constexpr double kConfidence = 0.99;
    const Interval mean = MeanInterval(shares, kConfidence);
    const auto slots = static_cast<double>(options.slots);
    Require(!(mean.low * slots > limit.limit),
            fmt::format("no actions can keep the limit of {} for '{}': even "
                        "the best plan of every slot costs {:.3f} an episode "
                        "of {} slots ({:.0f} %: at least {:.3f})",
                        limit.limit, limit.cost, mean.estimate * slots,
                        options.slots, 100 * kConfidence, mean.low * slots));
  }
}

}  // namespace airlock
