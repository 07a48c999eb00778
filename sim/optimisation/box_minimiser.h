#pragma once

#include <Eigen/Dense>
#include <functional>

namespace airlock {

struct BoxMinimum {
  Eigen::VectorXd point;
  double value = 0;
  int evaluations = 0;
};

struct BoxMinimiserOptions {
  int iterations = 50;
  // Ends where no free coordinate of the gradient is greater, or where a step
  // gains less than a hundredth of this times the value (1 at least).
  double tolerance = 1e-6;
  // The longest first step.
  double first_step = 0.2;
};

// A local minimum of a smooth function in a box of few dimensions: projected
// quasi-Newton steps (Bertsekas, SIAM J. Control Optim. 20 (1982)) with
// Powell's damped BFGS update (Nocedal and Wright, "Numerical Optimization",
// 2nd ed., procedure 18.2). `function` returns the value and writes the
// gradient; a value that is not finite is stepped back from. Never returns a
// point worse than `start`, which is moved into the box first.
BoxMinimum MinimiseInBox(
    const std::function<double(const Eigen::VectorXd& x,
                               Eigen::VectorXd* gradient)>& function,
    const Eigen::VectorXd& start, const Eigen::VectorXd& low,
    const Eigen::VectorXd& high, const BoxMinimiserOptions& options = {});

}  // namespace airlock
