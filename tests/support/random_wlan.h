#pragma once

#include <Eigen/Core>
#include <limits>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/surrogate/channel_table.h"

// Networks drawn without any geometry, for tests of planners and regrets.
namespace airlock::testing {

// RSSI of -95 to -60 dBm for a share of the ordered pairs, NaN for the others.
inline Eigen::MatrixXd RandomRssi(int access_points, double share,
                                  RngStream* rng) {
  Eigen::MatrixXd rssi = Eigen::MatrixXd::Constant(
      access_points, access_points, std::numeric_limits<double>::quiet_NaN());
  for (int i = 0; i < access_points; ++i) {
    for (int j = 0; j < access_points; ++j) {
      if (i != j && rng->Uniform() < share) {
        rssi(i, j) = rng->Uniform(-95, -60);
      }
    }
  }
  return rssi;
}

inline ChannelPlan RandomPlan(const ChannelTable& table, int access_points,
                              RngStream* rng) {
  ChannelPlan plan;
  for (int i = 0; i < access_points; ++i) {
    const auto& all = table.assignments();
    plan.push_back(all[rng->UniformInt(all.size())]);
  }
  return plan;
}

inline std::vector<double> RandomLoads(int access_points, double most,
                                       RngStream* rng) {
  std::vector<double> loads;
  for (int i = 0; i < access_points; ++i)
    loads.push_back(rng->Uniform(0, most));
  return loads;
}

inline std::vector<std::string> ApNames(int access_points) {
  std::vector<std::string> names;
  for (int i = 0; i < access_points; ++i) {
    names.push_back("ap" + std::to_string(i));
  }
  return names;
}

}  // namespace airlock::testing
