#pragma once

#include <Eigen/Dense>
#include <string>
#include <vector>

namespace airlock {

// One axis of a search: the closed range [low, high].
struct SearchDimension {
  std::string name;
  double low = 0;
  double high = 1;
  // Searched evenly in the logarithm (needs low > 0).
  bool logarithmic = false;
  // Whole numbers only (low and high must be whole).
  bool integer = false;
};

// The box that is searched, and its map to the unit cube in which optimisers
// work: linear or logarithmic by dimension. An integer dimension is widened by
// one half to both sides, so that every whole number has an equal share.
class SearchSpace {
 public:
  // InputError: no dimension, a name that is empty or twice there, a range that
  // is empty, not finite, or does not fit `logarithmic` or `integer`.
  explicit SearchSpace(std::vector<SearchDimension> dimensions);

  // Throws InputError naming the dimension if `point` has the wrong size, is
  // outside the box, or is not whole where it must be.
  void Check(const std::vector<double>& point) const;

  // From a point of the box to the unit cube; `point` has passed Check().
  Eigen::VectorXd ToUnit(const std::vector<double>& point) const;
  // From the unit cube to the point of the box that it stands for: inside the
  // box always, whole where it must be.
  std::vector<double> FromUnit(const Eigen::VectorXd& unit) const;
  // The unit point of the box's point that `unit` stands for: rounds the
  // integer dimensions (Garrido-Merchan and Hernandez-Lobato, Neurocomputing
  // 380 (2020), section 3.1: the kernel sees what will be evaluated).
  Eigen::VectorXd Snap(const Eigen::VectorXd& unit) const;

  int size() const { return static_cast<int>(dimensions_.size()); }
  const std::vector<SearchDimension>& dimensions() const { return dimensions_; }

 private:
  double ToUnit(int dimension, double value) const;
  double FromUnit(int dimension, double unit) const;

  std::vector<SearchDimension> dimensions_;
};

}  // namespace airlock
