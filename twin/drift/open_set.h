#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace airlock {

// Quality of a classifier's inferences without labels: how far an input is from
// the classes that the classifier knows, and what that says of the model.

enum class GradientNormOrder { kOne, kTwo };

// Yang, Finamore, Feng and Rossi (IEEE TNSM 2021, GradBP): the norm of the
// gradient of the cross entropy with respect to the last layer's weights and
// bias, with the predicted class for a label: how much the layer would have to
// change to be sure. The gradient is the outer product of p - onehot(argmax p)
// and (h, 1), p the softmax of the `classes` logits and h the `features` values
// of the penultimate layer, so the p-norm is the product of the p-norms:
//   2-norm: |p - onehot|_2 sqrt(|h|_2^2 + 1)
//   1-norm: |p - onehot|_1 (|h|_1 + 1)
// High for what is unknown. Take the 2-norm unless the classifier was compared
// on its own data. Area under the ROC curve, softmax being SoftmaxScore():
//                                            softmax   1-norm   2-norm
//   function of a chain by its counters,
//   one of five withheld, low load            .61      +.045    +.044
//   the same under contention                 .58      +.043    +.039
//   beyond Gaussian classes, 3 times as far   .42      +.052    +.054
//   among Gaussian classes                    .79      -.031    -.037
// (tests/statistical/learn). It gains where an unknown excites the features and
// loses a little where it lies in the middle of the known ones. Others were
// tried on the function and contention data with a network of their own and are
// left out: the gradient of the divergence from a uniform label (GradNorm,
// Huang, Geng and Li 2021) and the logits' energy stay below softmax by .04 to
// .18; a gradient averaged over labels drawn from p differs from this one by
// less than .005; its mean square (the trace of the Fisher information) is .01
// to .03 above on functions but has no publication for this use. What kind of
// stress a host is under, one of five withheld, no score tells: softmax .36 to
// .38, this .38 to .42. Allocates nothing; keeps its precision where the
// classifier is almost sure. Of equal logits the first is the prediction.
double GradientNormScore(const double* logits, int64_t classes, const double* h,
                         int64_t features, GradientNormOrder order);

// The usual score to compare with (Hendrycks and Gimpel 2017): 1 - max p.
double SoftmaxScore(const double* logits, int64_t classes);

// Moments of a window of flags. For a share a of flags they are a,
// sqrt(a (1 - a)) and (1 - 2a) / sqrt(a (1 - a)) (Yang and Rossi, IEEE Network
// 2021): the mean says how much is unknown, the skew falls fast while a is
// small and so shows a model that begins to age. The skew is NaN where no or
// every inference is flagged.
struct FlagMoments {
  int64_t samples = 0;
  double mean = 0;
  double standard_deviation = 0;
  double skew = 0;
};
FlagMoments MomentsOfFlags(int64_t flagged, int64_t samples);

struct OpenSetOptions {
  // Share of the known inferences that shall not be flagged.
  double quantile = 0.99;
  int64_t window = 500;  // inferences that the moments are about
};

// Flags inferences whose score is above a quantile of the scores of known ones,
// and keeps the moments of the last flags. The flags are a stream of zeros and
// ones that drift detectors for a Bernoulli stream can watch. An update takes
// constant time.
class OpenSetMonitor {
 public:
  // `known_scores`: scores of inputs of known classes that the classifier was
  // not trained on (those it was trained on are lower). Throws InputError if
  // there are too few for the quantile, one is not a number, or an option is
  // out of range.
  OpenSetMonitor(const std::vector<double>& known_scores,
                 const OpenSetOptions& options);
  // Restores what Save() wrote, bit by bit; throws InputError for another text.
  static OpenSetMonitor Load(const std::string& text);
  std::string Save() const;

  // True if the inference is flagged. Throws InputError, state unharmed, for a
  // score that is not a number.
  bool Update(double score);

  double threshold() const { return threshold_; }
  // Share of the known scores that are flagged: what the mean is without drift.
  double expected_mean() const { return expected_mean_; }
  FlagMoments moments() const;

 private:
  OpenSetMonitor() = default;

  double threshold_ = 0;
  double expected_mean_ = 0;
  std::vector<uint8_t> flags_;  // a ring
  int64_t next_ = 0;
  int64_t samples_ = 0;
  int64_t flagged_ = 0;
};

}  // namespace airlock
