#pragma once

#include <cstdint>
#include <vector>

#include "agents/policy/net2seq_network.h"
#include "agents/policy/net2seq_scene.h"
#include "sim/base/rng.h"

namespace airlock {

// One access point after the other, in the order in which they were chosen.
struct Net2SeqStep {
  int ap = 0;
  int assignment = 0;          // position
  double log_probability = 0;  // of this choice among those still open
};

// Runs a trained net2seq on one decision: draws plans from the actor, judges
// them with the Selector. After each step only those rows are computed anew
// whose inputs have changed. Owns its work space; keeps pointers to network and
// scene, whose state of configuration it moves. One thread.
class Net2SeqDecoder {
 public:
  // `allowed`: [ap][assignment], 1 where the policy may choose it; empty: all.
  // Throws InputError if network and scene do not fit (history, bonding levels)
  // or an access point is allowed nothing.
  Net2SeqDecoder(const Net2SeqNetwork* network, Net2SeqScene* scene,
                 std::vector<uint8_t> allowed = {});

  // A plan, drawn from the actor, or with `rng` null the most probable choice
  // of each step (of equals the first). Draws one number a step.
  std::vector<Net2SeqStep> Decode(RngStream* rng);
  // The log-probabilities of the next choice, [ap][assignment], in the scene's
  // present state; -infinity where it is done or not allowed.
  std::vector<double> LogProbabilities();

  // The critic's V(s): the regret from here on, an access point.
  double Value();
  // The Selector's Q(s, a): the same, if this plan is taken next.
  double Judge(const std::vector<int>& plan);

 private:
  // The actor's results; a fresh one for a scene of which nothing is done.
  struct Scores {
    std::vector<float> parts;   // [row][bonding level][hidden]: of the middle
    std::vector<float> scores;  // [ap][assignment], intermediate
    std::vector<float> logits;  // [ap][assignment]
  };

  int64_t rows() const { return scene_->size() * channels_; }
  // Computes rows whose flag is set and clears the flags.
  void Update(std::vector<uint8_t>* flags, Scores* to);
  void UpdateParts(const std::vector<int64_t>& changed, Scores* to);
  void UpdateScores(int ap, int channel, Scores* to);
  void UpdateLogits(int ap, Scores* to);
  void Begin();
  double Evaluate(int first_embedding, int first_hidden, bool with_change);
  // Row r of `rows_` with its embeddings pooled, into inputs_.
  void Pool(int first_embedding);
  bool Allowed(int ap, int assignment) const {
    return allowed_.empty() || allowed_[ap * assignments_ + assignment];
  }
  Net2SeqStep Choose(const Scores& scores, RngStream* rng) const;

  const Net2SeqNetwork* network_;
  Net2SeqScene* scene_;
  const std::vector<uint8_t> allowed_;
  const int channels_;
  const int assignments_;
  const int levels_;  // of the network
  const int hidden_;
  Net2SeqRows rows_;
  std::vector<float> inputs_;  // [row of rows_][...]
  std::vector<float> work_;
  std::vector<float> best_;
  bool begun_ = false;
  Scores begin_;
  Scores now_;
  std::vector<uint8_t> flags_;
};

}  // namespace airlock
