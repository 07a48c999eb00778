#include "twin/gate/disturbance.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/base/error.h"
#include "sim/stats/moments.h"

namespace airlock {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kWrongUnit = 1000;

using Values = std::vector<double>;

void AddNoise(double share, Values* values, RngStream* rng) {
  const Values known = DropMissing(*values);
  const double sd = known.size() < 2 ? 0 : StandardDeviation(known);
  for (double& value : *values) value += rng->Normal(0, share * sd);
}

void DropSome(double share, Values* values, RngStream* rng) {
  for (double& value : *values) {
    if (rng->Uniform() < share) value = kNaN;
  }
}

// The value of sample t becomes that of t - `samples`.
void Shift(int64_t samples, Values* values) {
  const Values before = *values;
  const auto count = static_cast<int64_t>(before.size());
  for (int64_t t = 0; t < count; ++t) {
    const int64_t from = t - samples;
    (*values)[static_cast<size_t>(t)] =
        from < 0 || from >= count ? kNaN : before[static_cast<size_t>(from)];
  }
}

void Spoil(const Disturbance& d, Values* values, RngStream* rng) {
  if (d.fault == "counter-noise") {
    AddNoise(d.amount, values, rng);
  } else if (d.fault == "dropout") {
    DropSome(d.amount, values, rng);
  } else if (d.fault == "staleness" || d.fault == "clock-skew") {
    Shift(static_cast<int64_t>(d.amount), values);
  } else {
    AIRLOCK_CHECK(d.fault == "wrong-unit", "{}", d.fault);
    for (double& value : *values) value *= d.amount;
  }
}

}  // namespace

std::vector<Disturbance> DisturbanceGrid(const std::vector<std::string>& inputs,
                                         int64_t units_of) {
  std::vector<Disturbance> grid = {
      {"counter-noise", "5%", 0.05, ""},
      {"counter-noise", "20%", 0.2, ""},
      {"dropout", "5%", 0.05, ""},
      {"dropout", "20%", 0.2, ""},
      {"staleness", "2 samples", 2, ""},
      {"staleness", "5 samples", 5, ""},
      {"clock-skew", "1 sample late", 1, ""},
      {"clock-skew", "1 sample early", -1, ""},
  };
  for (const std::string& input : inputs) {
    if (--units_of < 0) break;
    grid.push_back(
        {"wrong-unit", fmt::format("{} x 1000", input), kWrongUnit, input});
  }
  return grid;
}

Trace Disturbed(const Trace& trace, const Disturbance& disturbance,
                const std::vector<std::string>& inputs, RngStream* rng) {
  Trace disturbed = trace;
  for (Column& column : disturbed.columns) {
    const bool concerned =
        disturbance.column.empty()
            ? std::count(inputs.begin(), inputs.end(), column.name) > 0
            : column.name == disturbance.column;
    if (concerned) Spoil(disturbance, &column.values, rng);
  }
  return disturbed;
}

}  // namespace airlock
