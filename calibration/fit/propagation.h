#pragma once

#include <cstdint>
#include <vector>

#include "calibration/fit/kriging.h"
#include "calibration/fit/links.h"
#include "sim/base/rng.h"

namespace airlock {

// Samples of a link that a fit may see or that are to be predicted: positions
// in Link::samples.
using Selection = std::vector<size_t>;

// At most `most` of them, evenly spread.
Selection Thin(const Selection& all, size_t most);

// The greatest heading length of the grid: the direction does not matter.
inline constexpr double kAnyHeading = 1000;
// Axes of the shadowing field: where the receiver is, and its direction of
// travel (the carrier shadows one side).
enum ShadowingAxis { kPlaceAxis, kHeadingAxis, kShadowingAxes };
// The samples as points of that field, with the trend 1, -10 log10(distance).
FieldPoints ShadowingPoints(const Link& link, const Selection& selection);
Eigen::VectorXd RssiOf(const Link& link, const Selection& selection);
Kriging FitShadowing(const Link& link, const Selection& selection,
                     const FieldScales& scales);

// Log-distance path loss of a link: RSSI at 1 m, exponent.
struct PathLossLine {
  Eigen::Vector2d coefficients;
  Eigen::Matrix2d unit_covariance;  // for the field's variance 1
};
// Least squares over places (cells of 5 m by 5 m and of eight sectors of the
// compass, each counted once however long the receiver stood there), with the
// covariance that it has under the field (a sandwich). Generalised least
// squares would be narrower, but follows differences between neighbouring
// places, where real shadowing is not what the model says; this is right for
// any field.
PathLossLine FitPathLoss(const Link& link, const Selection& selection,
                         const FieldScales& scales);

// RSSI = at_1m - 10 exponent log10(distance / 1 m) + shadowing + rest, in dB;
// one posterior draw, [link].
struct PropagationDraw {
  double exponent = 0;  // of all links: mean of the population they are from
  std::vector<double> link_exponents;
  std::vector<double> at_1m;       // at the link's own exponent
  std::vector<double> at_1m_mean;  // at the common exponent
  std::vector<double> shadowing;   // standard deviation
  std::vector<double> rest;        // standard deviation within a place
  FieldScales scales;
};

struct PropagationPosterior {
  FieldScales scales;  // the most likely ones
  std::vector<PropagationDraw> draws;
};

// What the selected samples of each link tell about its propagation.
//
// Each link has a line (PathLossLine) and a field (Kriging) of its own; the
// field's scales are common. Their posterior is a grid's with equal prior
// weights (flat in the logarithms); given that, the variance's is scaled
// inverse chi-squared and the line's normal. Exponents of links come from a
// population N(mean, spread): flat prior of the mean, half-normal prior of the
// spread with 0.5 (Gelman, Bayesian Analysis 1, 2006), integrated on a grid.
// The usual standard errors would be far too small: neighbouring samples, and
// all passes of the same place, share their shadowing.
PropagationPosterior FitPropagation(const std::vector<Link>& links,
                                    const std::vector<Selection>& fit,
                                    int64_t draws, RngStream* rng);

// The mean of the population that estimates with these standard deviations
// (> 0) come from, as above.
class PopulationMean {
 public:
  PopulationMean(const std::vector<double>& estimates,
                 const std::vector<double>& sd);

  double Mean() const;
  double Draw(RngStream* rng) const;

 private:
  struct Step {  // at one spread of the grid
    double mean, sd, weight;
  };
  std::vector<Step> steps_;  // weights sum to 1
};

}  // namespace airlock
