#pragma once

#include <Eigen/Dense>
#include <functional>
#include <memory>
#include <vector>

#include "calibration/bayes/emulator.h"
#include "sim/base/rng.h"

namespace airlock {

// What was measured of each of m outputs, and how far a perfect set of
// parameters may miss it: variances of the observation and of the model's
// discrepancy.
struct MatchTarget {
  Eigen::VectorXd observed;
  Eigen::VectorXd observation_variance;
  Eigen::VectorXd discrepancy_variance;
};

struct HistoryOptions {
  int waves = 3;
  int points = 0;  // simulated in each wave; 0: ten a parameter, at least 40
  double cut = 3;  // implausible from here on (three sigma: Pukelsheim 1994)
  // Outputs that may be implausible all the same: 0 takes the greatest
  // implausibility, 1 the second greatest (Vernon et al. 2010, section 3.4). Of
  // many outputs some are by chance, so at least `allowed_share` of them may.
  int allowed = 1;
  double allowed_share = 0.1;
  int candidates = 4000;  // looked at by emulator in each round
};

// A wave: what was simulated and what it ruled out.
struct Wave {
  Eigen::MatrixXd points;   // of the unit cube
  Eigen::MatrixXd outputs;  // of the simulator there
  EmulatorCheck check;
  double plausible_share = 0;  // of the prior's volume, after this wave
};

struct HistoryMatch {
  std::vector<Wave> waves;
  std::shared_ptr<const Emulator> emulator;  // of the last design
  Eigen::MatrixXd plausible;                 // sample of what is left
  // Around what is left, with a margin; emulator() is made for it.
  Eigen::VectorXd low, high;
};

// The simulator: m outputs (columns) at each row of unit-cube points. A row
// with a value that is not finite is left out.
using BatchSimulator = std::function<Eigen::MatrixXd(const Eigen::MatrixXd&)>;

// |z - E| / sqrt(Vem + Vobs + Vdisc) of each output (Craig et al. 1997).
Eigen::VectorXd Implausibility(const MatchTarget& target,
                               const Eigen::VectorXd& mean,
                               const Eigen::VectorXd& emulator_variance);

// Rules out parameters wave by wave (Vernon, Goldstein and Bower, Bayesian
// Analysis 5, 2010): points that are not ruled out are simulated, an emulator
// is made of all near them, and what it calls implausible goes, though never
// more than 95 % in one wave, since the first emulators see little. Points lie
// by a shifted Sobol sequence, of which those farthest apart are taken. Ends
// early when a wave rules out less than a tenth of what is left. A last design
// in what is left rules out nothing; its emulator is the result.
//
// Shares are by count over candidates within a box that shrinks with what is
// left, so they are right where that is one piece. Throws InputError if nothing
// is plausible at the end: the prior's ranges or the discrepancy are too small.
HistoryMatch MatchHistory(const BatchSimulator& simulator,
                          const MatchTarget& target, int parameters,
                          const HistoryOptions& options, const RngTree& tree);

}  // namespace airlock
