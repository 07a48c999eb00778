#pragma once

#include <Eigen/Core>

#include "sim/surrogate/airtime_batch.h"

namespace airlock {

// What one network's plan and loads come to in airtime, as an engine reports
// it: the counters that the regret does not need. The regret's utilisation
// follows AirtimeChoices::own_load; busy() always has the own share in it, as
// an access point's counter does.
class AirtimeNetwork {
 public:
  // `rssi_dbm` as in InterferenceMap().
  AirtimeNetwork(const ChannelTable& table, const AirtimeChoices& choices,
                 const Eigen::MatrixXd& rssi_dbm);

  const ChannelTable& table() const { return batch_.table(); }
  const ChannelPlan& plan() const { return plan_; }
  const Eigen::ArrayXd& loads() const { return loads_; }

  // Throw InputError as AirtimeBatch does; then nothing has changed.
  void Retune(const ChannelPlan& plan);
  void SetLoads(const Eigen::ArrayXd& loads);

  // What each access point needs of each of its slots: l 2^-b.
  const Eigen::ArrayXd& share() const { return share_; }
  // What the others that it hears need of its busiest slot; above 1 under law
  // `sum` where that is more than there is.
  const Eigen::ArrayXd& heard() const { return batch_.utilisation(); }
  // Both together, by the law.
  const Eigen::ArrayXd& busy() const { return busy_; }
  // What part of its need each access point gets, 0 to 1.
  const Eigen::ArrayXd& served() const { return served_; }
  // R^s of the present plan and loads.
  double service() const { return service_; }

 private:
  void Update(const ChannelPlan& plan, const Eigen::ArrayXd& loads);

  const AirtimeChoices choices_;
  AirtimeBatch batch_;  // without own loads
  ChannelPlan plan_;
  Eigen::ArrayXd loads_;
  Eigen::ArrayXd share_;
  Eigen::ArrayXd busy_;
  Eigen::ArrayXd served_;
  double service_ = 0;
};

}  // namespace airlock
