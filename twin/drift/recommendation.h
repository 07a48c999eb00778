#pragma once

#include <cstdint>
#include <limits>
#include <string>

namespace airlock {

// What an operator should do about an alarm.
enum class Advice {
  kHold,      // go on with the champion; nothing about the model changed, or
              // what must be repaired is not the model
  kShadow,    // run the champion beside its inputs' new range, watch labels,
              // act on nothing that it says
  kRetrain,   // make a candidate from the time since the change and gate it
  kRollBack,  // make the previous champion the champion again
};
const char* ToString(Advice advice);  // "hold", "shadow", "retrain",
                                      // "roll back"

// What is known when an alarm is raised. Labels are observed values of what the
// model predicts.
struct DriftCircumstances {
  // Of the features that moved: how many went missing, how many say how the
  // host responds to its load (residuals, ratios to it), and how many are
  // quantities as they are.
  int64_t missing = 0;
  int64_t response = 0;
  int64_t inputs = 0;
  // The largest share, over the features that moved, of samples since the
  // change that lie beyond all of the reference's.
  double outside_share = 0;
  // Since the change; 0: no model is looked at, or no labels have come.
  int64_t labels = 0;
  bool error_grew = false;   // the model's scaled error
  bool misses_grew = false;  // how often its interval misses
  bool improved = false;     // one of the two fell
  // Samples between the last promotion and the change, negative if it came
  // before; NaN: unknown.
  double since_promotion = std::numeric_limits<double>::quiet_NaN();
  // Mean absolute error of the previous champion over that of the champion,
  // over the labels since the change; NaN: unknown.
  double previous_error_ratio = std::numeric_limits<double>::quiet_NaN();
};

struct Recommendation {
  Advice advice = Advice::kShadow;
  std::string reason;  // one sentence
};

// Labels that must have come since the change before the model's health is
// called unchanged, or two models are compared.
constexpr int64_t kFewestLabels = 30;
// A champion that breaks within so many samples of its promotion was broken by
// it, if its predecessor does better.
constexpr double kPromotionSamples = 1000;
// Of the samples since the change, beyond the reference: outside its range.
constexpr double kOutsideShare = 0.05;

// The first of these rules that holds:
//   1. the model broke (error or misses grew), it did so within
//      kPromotionSamples after a promotion, and the previous champion's error
//      is smaller by a tenth or more                        -> roll back
//   2. the model broke                                      -> retrain
//   3. all that moved went missing: the probe needs repair  -> hold
//   4. the model does better than before                    -> hold
//   5. labels tell that the model is as it was:
//      a. features beyond the reference's range             -> shadow
//      b. otherwise                                         -> hold
//   6. no labels: the host responds otherwise to its load   -> retrain
//   7. no labels: features beyond the reference's range, or
//      only inputs moved                                    -> shadow
Recommendation Recommend(const DriftCircumstances& known);

}  // namespace airlock
