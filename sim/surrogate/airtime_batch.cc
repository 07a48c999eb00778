#include "sim/surrogate/airtime_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "sim/base/error.h"

namespace airlock {
namespace {

constexpr double kLnTwo = 0.6931471805599453;

// What is busy, 0 to 1, of a slot whose free shares multiply to `free`.
double BusyOf(double free) { return 1 - free; }

// A share of more than the whole slot leaves nothing free.
double FreeOf(double share) { return std::max(0.0, 1 - share); }

}  // namespace

AirtimeBatch::AirtimeBatch(ChannelTable table, AirtimeChoices choices)
    : table_(std::move(table)), choices_(choices) {}

void AirtimeBatch::Add(const Eigen::MatrixXd& interference) {
  const Eigen::Index n = interference.rows();
  if (n == 0 || interference.cols() != n) {
    throw InputError(
        fmt::format("an interference map is square and not empty: {} x {}", n,
                    interference.cols()));
  }
  for (Eigen::Index i = 0; i < n; ++i) {
    for (Eigen::Index j = 0; j < n; ++j) {
      const double weight = interference(i, j);
      if (i == j) continue;
      if (!(weight >= 0 && weight <= 1)) {
        throw InputError(fmt::format(
            "interference of access point {} on {} is {}: 0 to 1 is allowed", j,
            i, weight));
      }
      if (weight == 0) continue;
      neighbour_.push_back(static_cast<int32_t>(j));
      weight_.push_back(weight);
    }
    first_neighbour_.push_back(static_cast<int32_t>(neighbour_.size()));
  }
  begin_.push_back(begin_.back() + n);
  const ChannelAssignment first = table_.assignments().front();
  plan_.resize(begin_.back(), first);
  ranges_.resize(begin_.back(), table_.Slots(first));
  share_.setZero(begin_.back());
  utilisation_.setZero(begin_.back());
  rho_.setZero(begin_.back());
}

void AirtimeBatch::SetPlan(const ChannelPlan& plan) {
  AIRLOCK_CHECK(plan.size() == plan_.size(), "{}", plan.size());
  for (size_t i = 0; i < plan.size(); ++i) {
    if (table_.Has(plan[i])) continue;
    throw InputError(fmt::format(
        "{}: channel index {} with bonding index {} is not in the table of {} "
        "channels and {} bonding levels",
        Place(i), plan[i].channel, plan[i].bonding, table_.channels(),
        table_.bonding_levels()));
  }
  for (size_t i = 0; i < plan.size(); ++i) ranges_[i] = table_.Slots(plan[i]);
  plan_ = plan;
}

void AirtimeBatch::Step(const ChannelPlan& plan,
                        const Eigen::ArrayXd& loads_before,
                        const Eigen::ArrayXd& loads,
                        std::vector<Regret>* regrets) {
  CheckLoads(loads_before);
  CheckLoads(loads);
  AIRLOCK_CHECK(plan.size() == plan_.size(), "{}", plan.size());
  regrets->assign(networks(), Regret());
  for (int64_t n = 0; n < networks(); ++n) {
    double changed = 0;
    for (int64_t i = begin_[n]; i < begin_[n + 1]; ++i) {
      if (plan[i] != plan_[i]) changed += loads_before[i];
    }
    (*regrets)[n].change = changed;
  }
  SetPlan(plan);
  FillUtilisation(loads);
  rho_ = utilisation_;
  RhoOfOne(rho_);
  for (int64_t n = 0; n < networks(); ++n) {
    Regret& regret = (*regrets)[n];
    for (int64_t i = begin_[n]; i < begin_[n + 1]; ++i) {
      regret.service += (rho_[i] - plan_[i].bonding * kLnTwo) * loads[i];
      if (share_[i] > 1) ++regret.overloads;
    }
    regret.total = regret.service + choices_.change_weight * regret.change;
  }
}

const Eigen::ArrayXd& AirtimeBatch::Utilise(const Eigen::ArrayXd& loads) {
  CheckLoads(loads);
  FillUtilisation(loads);
  return utilisation_;
}

void AirtimeBatch::FillUtilisation(const Eigen::ArrayXd& loads) {
  TakeShares(loads);
  for (int64_t n = 0; n < networks(); ++n) {
    SpreadShares(n);
    for (int64_t i = begin_[n]; i < begin_[n + 1]; ++i) {
      double most = 0;
      const SlotRange range = ranges_[i];
      for (int slot = range.first; slot < range.first + range.count; ++slot) {
        most = std::max(most, Busy(n, i, slot));
      }
      utilisation_[i] = most;
    }
  }
}

void AirtimeBatch::TakeShares(const Eigen::ArrayXd& loads) {
  for (int64_t i = 0; i < access_points(); ++i) {
    share_[i] = loads[i] * std::ldexp(1.0, -plan_[i].bonding);
  }
}

void AirtimeBatch::SpreadShares(int64_t network) {
  const int64_t begin = begin_[network];
  const int64_t size = begin_[network + 1] - begin;
  slot_shares_.assign(table_.slots() * size, 0.0);
  for (int64_t i = 0; i < size; ++i) {
    const SlotRange range = ranges_[begin + i];
    for (int slot = range.first; slot < range.first + range.count; ++slot) {
      slot_shares_[slot * size + i] = share_[begin + i];
    }
  }
}

double AirtimeBatch::Busy(int64_t network, int64_t ap, int slot) const {
  const int64_t size = begin_[network + 1] - begin_[network];
  const double* shares = &slot_shares_[slot * size];
  const int32_t end = first_neighbour_[ap + 1];
  const double mine = choices_.own_load ? share_[ap] : 0;
  if (choices_.law == OccupancyLaw::kSum) {
    double sum = mine;
    for (int32_t e = first_neighbour_[ap]; e < end; ++e) {
      sum += weight_[e] * shares[neighbour_[e]];
    }
    return sum;
  }
  double free = FreeOf(mine);
  for (int32_t e = first_neighbour_[ap]; e < end; ++e) {
    free *= FreeOf(weight_[e] * shares[neighbour_[e]]);
  }
  return BusyOf(free);
}

std::string AirtimeBatch::Place(int64_t ap) const {
  const auto after = std::upper_bound(begin_.begin(), begin_.end(), ap);
  const int64_t network = after - begin_.begin() - 1;
  return fmt::format("network {}, access point {}", network,
                     ap - begin_[network]);
}

void AirtimeBatch::CheckLoads(const Eigen::ArrayXd& loads) const {
  AIRLOCK_CHECK(loads.size() == access_points(), "{}", loads.size());
  for (int64_t i = 0; i < loads.size(); ++i) {
    if (loads[i] >= 0 && loads[i] < std::numeric_limits<double>::infinity()) {
      continue;
    }
    throw InputError(fmt::format("{}: a load of {}: a number from 0 is allowed",
                                 Place(i), loads[i]));
  }
}

}  // namespace airlock
