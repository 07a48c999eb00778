#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <vector>

namespace airlock {

// Count, mean and variance of rows of `width` numbers, added in batches (Chan,
// Golub and LeVeque 1979).
class RunningMoments {
 public:
  explicit RunningMoments(int64_t width);

  int64_t width() const { return static_cast<int64_t>(mean_.size()); }
  double count() const { return count_; }
  const std::vector<double>& mean() const { return mean_; }
  // Population variance; 0 before the first row.
  std::vector<double> Variance() const;
  // `rows` x width() numbers, row-major.
  void Add(const double* numbers, int64_t rows);

  nlohmann::json ToJson() const;
  // Throws InputError for what ToJson() did not write.
  static RunningMoments FromJson(const nlohmann::json& json);

 private:
  double count_ = 0;
  std::vector<double> mean_;
  std::vector<double> squares_;  // sum of squared deviations
};

// (x - mean) / scale, clipped to +-clip: frozen, and stored with a policy.
struct Normaliser {
  std::vector<double> mean;
  std::vector<double> scale;  // > 0
  double clip = 10;

  // Leaves numbers as they are, unclipped.
  static Normaliser Identity(int64_t width);
  // The moments' mean and sqrt(variance + 1e-8).
  static Normaliser Of(const RunningMoments& moments, double clip);

  int64_t width() const { return static_cast<int64_t>(mean.size()); }
  void Apply(const double* x, double* y) const;

  nlohmann::json ToJson() const;
  // Throws InputError that says what is missing or wrong.
  static Normaliser FromJson(const nlohmann::json& json);
};

}  // namespace airlock
