#include "sim/workload/load_profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "sim/base/error.h"
#include "sim/telemetry/wlan_columns.h"

namespace airlock {
namespace {

constexpr double kSecondsOfDay = 86400;
constexpr double kMostLoad = 1000;  // of a trace, in channels

class ConstantCourse : public LoadCourse {
 public:
  explicit ConstantCourse(const LoadSite& site) : size_(site.names.size()) {}
  Eigen::ArrayXd Next() override { return Eigen::ArrayXd::Ones(size_); }

 private:
  Eigen::Index size_;
};

// Both readings of the reference's "volatile" (IFIP Networking 2021, section
// V-A): they differ in what happens at the end of a rise.
class VolatileCourse : public LoadCourse {
 public:
  VolatileCourse(const LoadSite& site, RngStream stream, bool turns)
      : stream_(stream),
        turns_(turns),
        loads_(site.names.size()),
        directions_(site.names.size(), 1) {}

  Eigen::ArrayXd Next() override {
    for (Eigen::Index i = 0; i < loads_.size(); ++i) {
      if (!started_) {
        loads_[i] = stream_.Uniform();
      } else {
        Move(i, stream_.Uniform(0, 0.2));
      }
    }
    started_ = true;
    return loads_;
  }

 private:
  void Move(Eigen::Index i, double step) {
    double& load = loads_[i];
    load += directions_[i] * step;
    if (!turns_) {
      if (load > 1) load -= 1;
      return;
    }
    if (load > 1)
      load = 2 - load;
    else if (load < 0)
      load = -load;
    else
      return;
    directions_[i] = -directions_[i];
  }

  RngStream stream_;
  const bool turns_;
  bool started_ = false;
  Eigen::ArrayXd loads_;
  std::vector<int> directions_;
};

class FlashCrowdCourse : public LoadCourse {
 public:
  FlashCrowdCourse(const LoadSite& site, RngStream stream) : stream_(stream) {
    const size_t n = site.names.size();
    for (size_t i = 0; i < n; ++i) nearest_.push_back(Nearest(site, i));
    crowds_.resize(kCrowds);
  }

  Eigen::ArrayXd Next() override {
    const Eigen::Index n = nearest_.size();
    Eigen::ArrayXd loads(n);
    for (Eigen::Index i = 0; i < n; ++i) {
      loads[i] = 0.1 + stream_.Uniform(0, 0.2);
    }
    std::vector<bool> crowded(n, false);
    for (Crowd& crowd : crowds_) {
      if (crowd.slots_left == 0) {
        crowd.centre = stream_.UniformInt(n);
        crowd.slots_left = 3 + static_cast<int>(stream_.UniformInt(7));
      }
      --crowd.slots_left;
      for (const size_t ap : nearest_[crowd.centre]) crowded[ap] = true;
    }
    for (Eigen::Index i = 0; i < n; ++i) loads[i] += crowded[i] ? 0.7 : 0;
    return loads;
  }

 private:
  static constexpr int kCrowds = 3;
  static constexpr size_t kNeighbours = 4;

  struct Crowd {
    size_t centre = 0;
    int slots_left = 0;
  };

  // The access point itself and the four next to it, or all there are.
  static std::vector<size_t> Nearest(const LoadSite& site, size_t centre) {
    std::vector<size_t> order(site.names.size());
    std::iota(order.begin(), order.end(), size_t{0});
    const auto distance = [&site, centre](size_t i) {
      return std::hypot(site.x[i] - site.x[centre], site.y[i] - site.y[centre]);
    };
    std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
      if ((a == centre) != (b == centre)) return a == centre;
      return distance(a) < distance(b);
    });
    order.resize(std::min(order.size(), kNeighbours + 1));
    return order;
  }

  RngStream stream_;
  std::vector<std::vector<size_t>> nearest_;
  std::vector<Crowd> crowds_;
};

// 0.05 at night plus a raised cosine, squared, of up to 0.2 to 0.7 around 14:00
// (standard deviation 1 h among access points), times 0.8 to 1.2 in each slot.
class DiurnalCourse : public LoadCourse {
 public:
  DiurnalCourse(const LoadSite& site, RngStream stream)
      : stream_(stream),
        slot_seconds_(site.slot_seconds),
        time_(site.start_seconds) {
    for (size_t i = 0; i < site.names.size(); ++i) {
      heights_.push_back(stream_.Uniform(0.2, 0.7));
      peaks_.push_back(stream_.Normal(14 * 3600, 3600));
    }
  }

  Eigen::ArrayXd Next() override {
    Eigen::ArrayXd loads(heights_.size());
    const double middle = time_ + slot_seconds_ / 2;
    for (size_t i = 0; i < heights_.size(); ++i) {
      const double turn = 2 * M_PI * (middle - peaks_[i]) / kSecondsOfDay;
      const double raised = (1 + std::cos(turn)) / 2;
      const double mean = 0.05 + heights_[i] * raised * raised;
      loads[i] = mean * stream_.Uniform(0.8, 1.2);
    }
    time_ += slot_seconds_;
    return loads;
  }

 private:
  RngStream stream_;
  const double slot_seconds_;
  double time_;
  std::vector<double> heights_;
  std::vector<double> peaks_;  // seconds of day
};

// A sample covers the time since the one before, the first as much as the
// second; a missing value is the one before.
class TraceCourse : public LoadCourse {
 public:
  explicit TraceCourse(const LoadSite& site)
      : slot_seconds_(site.slot_seconds) {
    if (site.trace == nullptr) throw InputError("wlan load: no trace is given");
    const std::vector<double>& times = site.trace->time_seconds;
    if (times.empty()) throw InputError("wlan load: the trace has no samples");
    const double first = times.size() > 1 ? times[1] - times[0] : slot_seconds_;
    for (const double time : times) ends_.push_back(time - times[0] + first);
    for (const std::string& name : site.names) {
      loads_.push_back(Complete(site.trace->Get(ApColumnName(name, kApLoad))));
    }
  }

  Eigen::ArrayXd Next() override {
    const double start = static_cast<double>(slot_) * slot_seconds_;
    const double end = start + slot_seconds_;
    // Sums of sample intervals may miss a whole number of slots by rounding.
    if (end > ends_.back() * (1 + 1e-9)) {
      throw InputError(fmt::format(
          "wlan load: the trace ends at {} s, within slot {} of {} s",
          ends_.back(), slot_, slot_seconds_));
    }
    ++slot_;
    Eigen::ArrayXd loads = Eigen::ArrayXd::Zero(loads_.size());
    size_t k =
        std::upper_bound(ends_.begin(), ends_.end(), start) - ends_.begin();
    double from = start;
    for (; k < ends_.size() && from < end; ++k) {
      const double to = std::min(end, ends_[k]);
      for (size_t i = 0; i < loads_.size(); ++i) {
        loads[i] += loads_[i][k] * (to - from);
      }
      from = to;
    }
    return loads / (from - start);
  }

 private:
  static std::vector<double> Complete(const Column& column) {
    std::vector<double> values = column.values;
    if (!values.empty() && std::isnan(values.front())) {
      throw InputError(fmt::format(
          "trace column {}: its first load is missing; begin where it is known",
          column.name));
    }
    double last = 0;
    for (size_t k = 0; k < values.size(); ++k) {
      if (values[k] < 0 || values[k] > kMostLoad) {
        throw InputError(fmt::format("trace column {}, sample {}: a load of {}",
                                     column.name, k, values[k]));
      }
      if (std::isnan(values[k])) values[k] = last;
      last = values[k];
    }
    return values;
  }

  const double slot_seconds_;
  int64_t slot_ = 0;
  std::vector<double> ends_;                // of the samples
  std::vector<std::vector<double>> loads_;  // [access point][sample]
};

std::unique_ptr<LoadCourse> CreateConstant(const LoadSite& site, RngStream) {
  return std::make_unique<ConstantCourse>(site);
}

std::unique_ptr<LoadCourse> CreateVolatile(const LoadSite& site,
                                           RngStream stream) {
  return std::make_unique<VolatileCourse>(site, stream, false);
}

std::unique_ptr<LoadCourse> CreateTriangle(const LoadSite& site,
                                           RngStream stream) {
  return std::make_unique<VolatileCourse>(site, stream, true);
}

std::unique_ptr<LoadCourse> CreateFlashCrowd(const LoadSite& site,
                                             RngStream stream) {
  AIRLOCK_CHECK(site.x.size() == site.names.size());
  AIRLOCK_CHECK(site.y.size() == site.names.size());
  return std::make_unique<FlashCrowdCourse>(site, stream);
}

std::unique_ptr<LoadCourse> CreateDiurnal(const LoadSite& site,
                                          RngStream stream) {
  return std::make_unique<DiurnalCourse>(site, stream);
}

std::unique_ptr<LoadCourse> CreateTrace(const LoadSite& site, RngStream) {
  return std::make_unique<TraceCourse>(site);
}

}  // namespace

const std::vector<LoadProfileRow>& LoadProfiles() {
  static const std::vector<LoadProfileRow> rows = {
      {"constant", CreateConstant, "1 always"},
      {"volatile", CreateVolatile,
       "saw-tooth: rises of 0 to 0.2 a slot up to 1, then from the bottom"},
      {"volatile-triangle", CreateTriangle,
       "the same, but falling as it rose instead"},
      {"flash-crowd", CreateFlashCrowd,
       "0.1 to 0.3, and three crowds of five access points with 0.7 more"},
      {"diurnal", CreateDiurnal, "quiet nights, a peak around 14:00"},
      {"trace", CreateTrace, "as measured"},
  };
  return rows;
}

const LoadProfileRow& FindLoadProfile(const std::string& name) {
  std::vector<std::string> known;
  for (const LoadProfileRow& row : LoadProfiles()) {
    if (name == row.name) return row;
    known.push_back(row.name);
  }
  throw InputError(fmt::format("there is no load profile '{}'; known are {}",
                               name, fmt::join(known, ", ")));
}

}  // namespace airlock
