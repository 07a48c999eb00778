#include "sim/surrogate/airtime_network.h"

#include <cmath>

namespace airlock {
namespace {

AirtimeChoices WithoutOwnLoad(AirtimeChoices choices) {
  choices.own_load = false;
  return choices;
}

}  // namespace

AirtimeNetwork::AirtimeNetwork(const ChannelTable& table,
                               const AirtimeChoices& choices,
                               const Eigen::MatrixXd& rssi_dbm)
    : choices_(choices),
      batch_(table, WithoutOwnLoad(choices)),
      plan_(rssi_dbm.rows(), table.assignments().front()),
      loads_(Eigen::ArrayXd::Zero(rssi_dbm.rows())) {
  batch_.Add(InterferenceMap(rssi_dbm, choices));
  Update(plan_, loads_);
}

void AirtimeNetwork::Retune(const ChannelPlan& plan) { Update(plan, loads_); }

void AirtimeNetwork::SetLoads(const Eigen::ArrayXd& loads) {
  Update(plan_, loads);
}

void AirtimeNetwork::Update(const ChannelPlan& plan,
                            const Eigen::ArrayXd& loads) {
  batch_.SetPlan(plan);
  batch_.Utilise(loads);
  plan_ = plan;
  loads_ = loads;
  share_.resize(loads_.size());
  busy_.resize(loads_.size());
  served_.resize(loads_.size());
  service_ = 0;
  for (Eigen::Index i = 0; i < loads_.size(); ++i) {
    const int bonding = plan_[i].bonding;
    share_[i] = std::ldexp(loads_[i], -bonding);
    busy_[i] = Together(choices_.law, share_[i], heard()[i]);
    served_[i] = ServedShare(choices_.law, share_[i], heard()[i]);
    const double seen = choices_.own_load ? busy_[i] : heard()[i];
    service_ += Rho(seen, 1 << bonding) * loads_[i];
  }
}

}  // namespace airlock
