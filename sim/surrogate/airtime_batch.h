#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/surrogate/airtime_model.h"
#include "sim/surrogate/channel_table.h"

namespace airlock {

// Many networks, of one size or several, evaluated at once: one long vector of
// access points in which network n is the segment [begin(n), begin(n + 1)).
// Vectors of loads, plans and utilisations have one element for each access
// point of all networks. Who hears whom is kept as lists, so a step costs time
// in the number of neighbours, and the logarithms run over the whole vector.
// Holds work space: one thread at a time.
class AirtimeBatch {
 public:
  // Copies of `table` and `choices`.
  AirtimeBatch(ChannelTable table, AirtimeChoices choices);

  // Appends a network; m as InterferenceMap() makes it: square, elements 0 to
  // 1, the diagonal not used. Throws InputError for another.
  void Add(const Eigen::MatrixXd& interference);

  int64_t networks() const { return static_cast<int64_t>(begin_.size()) - 1; }
  int64_t access_points() const { return begin_.back(); }
  int64_t begin(int64_t network) const { return begin_[network]; }
  const ChannelTable& table() const { return table_; }
  const AirtimeChoices& choices() const { return choices_; }

  // The plan of all networks; every assignment must be in the table
  // (InputError with network and access point otherwise). At first all are on
  // channel 0 without bonding.
  void SetPlan(const ChannelPlan& plan);
  // One step of all networks: `plan` replaces the present one, then time moves
  // on from `loads_before` to `loads` (each >= 0, finite). `regrets` has one
  // element a network afterwards. Throws InputError as SetPlan, or for a load
  // that is negative or not a number, naming it.
  void Step(const ChannelPlan& plan, const Eigen::ArrayXd& loads_before,
            const Eigen::ArrayXd& loads, std::vector<Regret>* regrets);

  // u+ of the last Step.
  const Eigen::ArrayXd& utilisation() const { return utilisation_; }
  // u+ under the present plan with other loads (InputError as Step); no regret.
  const Eigen::ArrayXd& Utilise(const Eigen::ArrayXd& loads);

 private:
  void FillUtilisation(const Eigen::ArrayXd& loads);
  void TakeShares(const Eigen::ArrayXd& loads);
  // Writes the shares of one network's access points to slot_shares_.
  void SpreadShares(int64_t network);
  // How busy `slot`, one of its own, is for access point `ap`, by what
  // SpreadShares() wrote.
  double Busy(int64_t network, int64_t ap, int slot) const;
  std::string Place(int64_t ap) const;
  void CheckLoads(const Eigen::ArrayXd& loads) const;

  const ChannelTable table_;
  const AirtimeChoices choices_;
  std::vector<int64_t> begin_ = {0};
  std::vector<int32_t> first_neighbour_ = {0};  // of AP i in the lists below
  std::vector<int32_t> neighbour_;              // index in the AP's network
  std::vector<double> weight_;                  // m_ij
  ChannelPlan plan_;
  std::vector<SlotRange> ranges_;  // of plan_
  Eigen::ArrayXd share_;           // l_i 2^-b_i
  Eigen::ArrayXd utilisation_;
  Eigen::ArrayXd rho_;
  std::vector<double> slot_shares_;  // of one network: [slot][ap]
};

}  // namespace airlock
