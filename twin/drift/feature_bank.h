#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "twin/drift/calibration.h"
#include "twin/drift/detector.h"
#include "twin/drift/prepared_feature.h"

namespace airlock {

// Tells when values go missing as they did not in the reference: a CUSUM of the
// indicator's log-likelihood ratio (Page 1954) from the reference's share, 1 %
// at least, to one half. Its threshold makes 100 ERT the mean time between
// false alarms of independent gaps (Lorden 1971), and is never below one and a
// half times what the reference itself reached. Once a feature is lost, the
// same ratio the other way tells when it is back.
class MissingWatch {
 public:
  MissingWatch() = default;
  MissingWatch(const std::vector<double>& series, double run_length);

  enum class Event { kNone, kLost, kBack };
  Event Update(bool missing);
  bool lost() const { return lost_; }
  // Starts afresh; a lost feature stays lost.
  void Restart() { sum_ = 0; }
  void Reset() {
    sum_ = 0;
    lost_ = false;
  }
  void Save(nlohmann::json* state) const;
  void Load(const nlohmann::json& state);

 private:
  double share_ = 0.01;
  double threshold_ = 0;
  double sum_ = 0;
  bool lost_ = false;
};

// One statistic a feature, each with a threshold of its own; the first to reach
// it alarms.
class FeatureBank : public DriftDetector {
 public:
  FeatureBank(const DriftReference& reference, const DriftOptions& options);
  explicit FeatureBank(const nlohmann::json& saved);

  std::string name() const override { return options_.detector; }
  const std::vector<std::string>& feature_names() const override {
    return names_;
  }
  const DriftOptions& options() const override { return options_; }
  const DriftCalibration& calibration() const override { return calibration_; }

  DriftState Update(const double* x) override;
  int64_t samples() const override { return samples_; }
  double statistic() const override;
  double threshold() const override;
  double warning_threshold() const override;
  int64_t most_moved() const override;
  std::vector<double> feature_statistics() const override;
  std::vector<FeatureFinding> Findings() const override;
  std::vector<int64_t> LostFeatures() const override;
  void Reset() override;
  std::string Save() const override;

 private:
  struct Channel {
    std::unique_ptr<Whitener> whitener;  // may be null
    std::unique_ptr<StatisticChannel> statistic;
    RunLengthCurve curve;  // unless classic
    MissingWatch missing;
    double threshold = 0;
    double warning = 0;
    double evidence = 0;        // after the last value; NaN: none
    bool gone = false;          // the alarm is about missing values
    int64_t above_since = -1;   // samples() when it rose above the warning
    int64_t since_change = -1;  // at the last alarm
  };
  void CheckFewValues(const PreparedFeature& feature, Channel* channel) const;
  void CheckValues(const double* x) const;
  void Watch(Channel* channel, double value);
  void StartAfresh();
  double RunLengthOf(const Channel& channel) const;
  const Channel* Most() const;
  int64_t SinceChange(const Channel& channel) const;

  DriftOptions options_;
  const StatisticEntry* entry_ = nullptr;
  StatisticParameters parameters_;
  std::vector<std::string> names_;
  std::vector<Channel> channels_;
  DriftCalibration calibration_;
  int64_t samples_ = 0;   // since the last start
  uint64_t updates_ = 0;  // since the first
  bool alarmed_ = false;  // by the last update
};

}  // namespace airlock
