#include "twin/gate/behaviour.h"

#include <algorithm>
#include <cmath>

#include "sim/stats/moments.h"

namespace airlock {
namespace {

constexpr double kHardlyMoves = 1e-3;  // of the target's standard deviation
constexpr double kMoves = 0.5;

std::vector<double> Finite(const std::vector<double>& values) {
  std::vector<double> finite;
  for (const double value : values) {
    if (std::isfinite(value)) finite.push_back(value);
  }
  return finite;
}

double Spread(const std::vector<double>& values) {
  const std::vector<double> finite = Finite(values);
  return finite.size() < 2 ? 0 : StandardDeviation(finite);
}

// Calls found(begin, end) for each spell [begin, end) in which the answers stay
// within `width` and that cannot be made longer to the right.
template <typename F>
void ForEachSpell(const std::vector<double>& answers, double width, F found) {
  const auto count = static_cast<int64_t>(answers.size());
  int64_t begin = 0;
  double low = 0;
  double high = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double value = answers[static_cast<size_t>(i)];
    const bool missing = std::isnan(value);
    if (i > begin &&
        (missing || std::max(high, value) - std::min(low, value) > width)) {
      found(begin, i);
      begin = i;
    }
    if (missing) begin = i + 1;
    if (missing || i == begin) low = high = value;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  if (begin < count) found(begin, count);
}

void FindFrozen(const std::vector<double>& answers,
                const std::vector<double>& observed, OutputEvidence* output) {
  const double width = kHardlyMoves * output->target_spread;
  ForEachSpell(answers, width, [&](int64_t begin, int64_t end) {
    if (end - begin <= output->frozen || end - begin < 2) return;
    const double moved =
        Spread({observed.begin() + begin, observed.begin() + end});
    if (!(moved >= kMoves * output->target_spread)) return;
    output->frozen = end - begin;
    output->frozen_from = begin;
  });
}

}  // namespace

OutputEvidence DescribeOutput(const std::vector<double>& answers,
                              const std::vector<double>& observed,
                              const std::vector<double>& last_target) {
  OutputEvidence output;
  output.answers = static_cast<int64_t>(Finite(answers).size());
  output.spread = Spread(answers);
  output.target_spread = Spread(observed);
  if (output.target_spread > 0) FindFrozen(answers, observed, &output);
  for (size_t i = 0; i < answers.size(); ++i) {
    const double scale = std::abs(observed[i]);
    if (!std::isfinite(answers[i]) || !std::isfinite(last_target[i]) ||
        !(std::abs(observed[i] - last_target[i]) > 1e-6 * scale)) {
      continue;
    }
    ++output.moved;
    if (std::abs(answers[i] - observed[i]) <= 1e-9 * scale) ++output.exact;
  }
  return output;
}

}  // namespace airlock
