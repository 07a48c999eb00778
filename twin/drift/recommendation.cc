#include "twin/drift/recommendation.h"

#include <fmt/format.h>

#include <cmath>

namespace airlock {
namespace {

constexpr double kClearlyBetter = 0.9;  // of the champion's error

bool BrokenByPromotion(const DriftCircumstances& known) {
  return known.since_promotion >= 0 &&
         known.since_promotion <= kPromotionSamples &&
         known.labels >= kFewestLabels &&
         known.previous_error_ratio <= kClearlyBetter;
}

std::string Broken(const DriftCircumstances& known) {
  if (known.error_grew && known.misses_grew) {
    return "the model's errors grew and its intervals miss more often";
  }
  return known.error_grew ? "the model's errors grew"
                          : "the model's intervals miss more often";
}

Recommendation WithoutLabels(const DriftCircumstances& known) {
  const std::string labels =
      known.labels == 0
          ? "no labels tell how the model does"
          : fmt::format(
                "{} labels since the change are too few to tell how "
                "the model does",
                known.labels);
  if (known.response > 0) {
    return {Advice::kRetrain,
            fmt::format("the host responds otherwise to the same load, which "
                        "no model of before knows; {}",
                        labels)};
  }
  if (known.outside_share > kOutsideShare) {
    return {Advice::kShadow,
            fmt::format("{:.0f} % of the samples since the change lie beyond "
                        "all of the reference; {}",
                        100 * known.outside_share, labels)};
  }
  return {Advice::kShadow,
          fmt::format("only inputs moved, within their range; {}", labels)};
}

}  // namespace

const char* ToString(Advice advice) {
  switch (advice) {
    case Advice::kHold:
      return "hold";
    case Advice::kShadow:
      return "shadow";
    case Advice::kRetrain:
      return "retrain";
    case Advice::kRollBack:
      return "roll back";
  }
  return "";
}

Recommendation Recommend(const DriftCircumstances& known) {
  if (known.error_grew || known.misses_grew) {
    if (BrokenByPromotion(known)) {
      return {Advice::kRollBack,
              fmt::format("{}, {:.0f} samples after the promotion, and the "
                          "previous champion's error is {:.0f} % of this one's",
                          Broken(known), known.since_promotion,
                          100 * known.previous_error_ratio)};
    }
    return {Advice::kRetrain, Broken(known)};
  }
  if (known.missing > 0 && known.response + known.inputs == 0) {
    return {Advice::kHold,
            "values went missing: the measurement needs repair; a model made "
            "now would learn the gap"};
  }
  if (known.improved) {
    return {Advice::kHold, "the model's errors are smaller than before"};
  }
  if (known.labels < kFewestLabels) return WithoutLabels(known);
  if (known.outside_share > kOutsideShare) {
    return {Advice::kShadow,
            fmt::format("{:.0f} % of the samples since the change lie beyond "
                        "all of the reference, where the model's {} labels so "
                        "far promise nothing",
                        100 * known.outside_share, known.labels)};
  }
  return {Advice::kHold,
          fmt::format("{} labels since the change show errors and coverage as "
                      "calibrated",
                      known.labels)};
}

}  // namespace airlock
