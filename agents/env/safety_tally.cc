#include "agents/env/safety_tally.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <functional>
#include <new>

#include "agents/safety/plan_audit.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;

template <typename Operation>
SafetyTally Combined(SafetyTally a, const SafetyTally& b, Operation operation) {
  a.plans = operation(a.plans, b.plans);
  a.unsafe_plans = operation(a.unsafe_plans, b.unsafe_plans);
  a.rescued = operation(a.rescued, b.rescued);
  for (size_t r = 0; r < a.refused.size(); ++r) {
    a.refused[r] = operation(a.refused[r], b.refused[r]);
  }
  return a;
}

}  // namespace

SafetyTally operator+(SafetyTally a, const SafetyTally& b) {
  return Combined(a, b, std::plus<int64_t>());
}

SafetyTally operator-(SafetyTally a, const SafetyTally& b) {
  return Combined(a, b, std::minus<int64_t>());
}

json ToJson(const SafetyTally& tally) {
  json refused;
  for (int rule = 0; rule < kShieldRules; ++rule) {
    refused[ToString(static_cast<ShieldRule>(rule))] =
        tally.refused[static_cast<size_t>(rule)];
  }
  return {{"plans", tally.plans},
          {"unsafe_plans", tally.unsafe_plans},
          {"bound", UnsafeShareBound(tally.unsafe_plans, tally.plans)},
          {"refused", refused},
          {"rescued", tally.rescued}};
}

SafetyTally SafetyTallyFromJson(const json& saved) {
  SafetyTally tally;
  tally.plans = saved.at("plans");
  tally.unsafe_plans = saved.at("unsafe_plans");
  tally.rescued = saved.at("rescued");
  for (int rule = 0; rule < kShieldRules; ++rule) {
    tally.refused[static_cast<size_t>(rule)] =
        saved.at("refused").at(ToString(static_cast<ShieldRule>(rule)));
  }
  return tally;
}

std::string SafetyLines(const json& safety) {
  std::string lines;
  if (safety.is_null()) return lines;
  for (const char* phase : {"training", "evaluation"}) {
    const SafetyTally tally = SafetyTallyFromJson(safety.at(phase));
    lines += fmt::format("  {}: {}; refused:", phase,
                         UnsafeShareText(tally.unsafe_plans, tally.plans));
    for (int rule = 0; rule < kShieldRules; ++rule) {
      const int64_t count = tally.refused[static_cast<size_t>(rule)];
      if (count == 0) continue;
      lines +=
          fmt::format(" {} {}", ToString(static_cast<ShieldRule>(rule)), count);
    }
    lines += "\n";
  }
  return lines;
}

struct SharedTally::Counters {
  using Count = std::atomic<int64_t>;
  static_assert(Count::is_always_lock_free, "must work between processes");

  Count plans{0};
  Count unsafe_plans{0};
  Count rescued{0};
  std::array<Count, kShieldRules> refused = {};
};

SharedTally::SharedTally() {
  void* const page = mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) {
    throw Error(
        fmt::format("no memory for a safety tally: {}", std::strerror(errno)));
  }
  counters_ = new (page) Counters();
}

SharedTally::~SharedTally() { munmap(counters_, sizeof(Counters)); }

void SharedTally::Add(const SafetyTally& more) {
  counters_->plans += more.plans;
  counters_->unsafe_plans += more.unsafe_plans;
  counters_->rescued += more.rescued;
  for (size_t r = 0; r < more.refused.size(); ++r) {
    if (more.refused[r] != 0) counters_->refused[r] += more.refused[r];
  }
}

SafetyTally SharedTally::Read() const {
  SafetyTally tally;
  tally.plans = counters_->plans;
  tally.unsafe_plans = counters_->unsafe_plans;
  tally.rescued = counters_->rescued;
  for (size_t r = 0; r < tally.refused.size(); ++r) {
    tally.refused[r] = counters_->refused[r];
  }
  return tally;
}

void SharedTally::Set(const SafetyTally& tally) { Add(tally - Read()); }

}  // namespace airlock
