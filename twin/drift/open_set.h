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
// High for what is unknown, but the norm of the features also falls in the
// middle of the known classes, and an unknown there scores lower than softmax
// would have it: take GradientNormScorer where features of known inputs are at
// hand. Others were tried on the function and contention data with a network of
// their own and are left out: the gradient of the divergence from a uniform
// label (GradNorm, Huang, Geng and Li 2021) and the logits' energy stay below
// softmax by .04 to .18; a gradient averaged over labels drawn from p differs
// from this one by less than .005. Allocates nothing; keeps its precision where
// the classifier is almost sure. Of equal logits the first is the prediction.
double GradientNormScore(const double* logits, int64_t classes, const double* h,
                         int64_t features, GradientNormOrder order);

// The default score: the same gradient where the last layer's features are
// counted from the mean m of the predicted class, W (h - m) + (b + W m). The
// classifier is the same, and so is the gradient with respect to the bias; the
// factor of the weights, |h - m|, now says how unlike its class an input is,
// and grows between the known classes as it does beyond them.
//   2-norm: |p - onehot|_2 sqrt(|h - m|_2^2 + 1), the 1-norm alike
// Its area under the ROC curve against SoftmaxScore(), 20 seeds: +.007 (-.002
// to +.015) among close Gaussian classes, +.012 (-.002 to +.025) among distant
// ones, where the gradient that is not centred has -.037 and -.006.
class GradientNormScorer {
 public:
  // `h`: features (rows x features) of inputs that the classifier was trained
  // on, `label` the class of each, from 0. Throws InputError for a class
  // without a row, a label that is no class, or a feature that is not finite.
  GradientNormScorer(const std::vector<double>& h,
                     const std::vector<int>& label, int64_t classes,
                     GradientNormOrder order = GradientNormOrder::kTwo);
  // Restores what Save() wrote, bit by bit; throws InputError for another text.
  static GradientNormScorer Load(const std::string& text);
  std::string Save() const;

  // Of one inference: its logits and features. Allocates nothing.
  double Score(const double* logits, const double* h) const;

  int64_t classes() const { return classes_; }
  int64_t features() const { return features_; }

 private:
  GradientNormScorer() = default;

  int64_t classes_ = 0;
  int64_t features_ = 0;
  GradientNormOrder order_ = GradientNormOrder::kTwo;
  std::vector<double> mean_;  // classes x features
};

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
