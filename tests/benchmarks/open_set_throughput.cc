// Open-set scores per second on one core: the gradient norm of a last layer of
// as many features and classes, from its logits and features. Processor time,
// the best of several rounds, because other programs only ever slow one down.
#include <fmt/format.h>

#include <algorithm>
#include <ctime>
#include <vector>

#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "twin/drift/open_set.h"

namespace airlock {
namespace {

constexpr size_t kInputs = 1024;

// Scores per second; `score(i)` is that of input i.
template <typename Score>
double Rate(const Score& score) {
  double best = 0, sum = 0;
  for (int round = 0; round < 5; ++round) {
    const std::clock_t begin = std::clock();
    int64_t scores = 0;
    while (std::clock() - begin < CLOCKS_PER_SEC / 10) {
      for (size_t i = 0; i < kInputs; ++i) sum += score(i);
      scores += kInputs;
    }
    const double seconds =
        static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
    best = std::max(best, static_cast<double>(scores) / seconds);
  }
  AIRLOCK_CHECK(sum > 0);  // keeps the loop from being optimised away
  return best;
}

void Measure(int64_t features, int64_t classes) {
  RngStream rng = RngTree(1).Stream("benchmark/open-set", Replication(0));
  std::vector<double> h(kInputs * static_cast<size_t>(features));
  std::vector<double> logits(kInputs * static_cast<size_t>(classes));
  for (double& value : h) value = std::max(rng.Normal(0, 1), 0.0);
  for (double& value : logits) value = rng.Normal(0, 3);
  const auto of = [&](GradientNormOrder order) {
    return Rate([&](size_t i) {
      return GradientNormScore(
          logits.data() + i * static_cast<size_t>(classes), classes,
          h.data() + i * static_cast<size_t>(features), features, order);
    });
  };
  const double softmax = Rate([&](size_t i) {
    return SoftmaxScore(logits.data() + i * static_cast<size_t>(classes),
                        classes);
  });
  fmt::print("{:>8} {:>8} {:>11.2f} {:>11.2f} {:>11.2f}\n", features, classes,
             of(GradientNormOrder::kOne) / 1e6,
             of(GradientNormOrder::kTwo) / 1e6, softmax / 1e6);
}

}  // namespace
}  // namespace airlock

int main() {
  fmt::print(
      "million scores a second on one core\n{:>8} {:>8} {:>11} {:>11} "
      "{:>11}\n",
      "features", "classes", "1-norm", "2-norm", "softmax");
  airlock::Measure(32, 5);
  airlock::Measure(64, 20);
  airlock::Measure(256, 200);
  airlock::Measure(1024, 1000);
}
