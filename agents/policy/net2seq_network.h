#pragma once

#include <Eigen/Core>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace airlock {

// A fully connected layer in single precision.
struct Net2SeqLayer {
  Eigen::MatrixXf weights;  // outputs x inputs
  Eigen::VectorXf bias;
};

// The shape of net2seq's three networks (Iacoboaiea et al., IFIP Networking
// 2021, section IV).
struct Net2SeqLayout {
  int bonding_levels = 1;  // N_B: 2^0 to 2^(N_B - 1) channels
  int history = 0;         // N_H: slots of load before the last one
  int embedding = 8;       // width of the layer over neighbours
  int hidden = 256;        // width of the layers over (access point, channel)
  int pool = 4;            // best scores of an access point that its score sees
};
bool operator==(const Net2SeqLayout& a, const Net2SeqLayout& b);

// Where each layer is in Net2SeqNetwork::layers.
enum Net2SeqLayerIndex : int {
  kActorEmbedding = 0,  // four: <recv, >recv, <neigh, >neigh
  kActorPrimary = 4,    // P20
  kActorMiddle = 5,     // of P20 and what it bonds with (S20)
  kActorScores = 6,     // N_B intermediate scores
  kActorPooled = 7,     // a score and the best ones of its access point: 4
  kActorOutput = 8,
  kCriticEmbedding = 9,  // two: recv, neigh
  kCriticHidden = 11,    // and 12
  kCriticOutput = 13,
  kSelectorEmbedding = 14,
  kSelectorHidden = 16,
  kSelectorOutput = 18,
  kNet2SeqLayers = 19,
};

// The inputs and outputs of each layer of `layout`.
struct Net2SeqShape {
  int inputs = 0;
  int outputs = 0;
};
std::vector<Net2SeqShape> Net2SeqShapes(const Net2SeqLayout& layout);

// What a policy was trained for: what it is asked later has to be alike. For
// the reader of a table, except that `own_load`, `law` and `change_weight` are
// those of the regret that it learnt to lower.
struct Net2SeqOrigin {
  double gamma = 0;           // discount of the regret of later slots
  std::vector<int> channels;  // IEEE numbers
  std::string law = "sum";
  bool own_load = false;
  double change_weight = 1;
  double threshold_dbm = -82;
  std::string load_profile;
  int64_t access_points = 0;
  int64_t seed = 0;
  int64_t iterations = 0;
  int64_t imitation_iterations = 0;  // of these, those that imitate dynLS
};

// Actor, critic and Selector with their weights: what is trained, kept in a
// file and run without libtorch.
struct Net2SeqNetwork {
  Net2SeqLayout layout;
  Net2SeqOrigin origin;
  std::vector<Net2SeqLayer> layers;

  static constexpr const char* kFormat = "airlock-net2seq";
  static constexpr int kVersion = 1;

  // All weights and biases 0.
  explicit Net2SeqNetwork(const Net2SeqLayout& layout);

  // {"format", "version", "layout", "origin", "weights", "sha256"}: weights in
  // base64, of the layers in their order, each its weights by columns (one
  // input after the other) and its bias, 4 bytes each, little-endian; sha256 of
  // these bytes.
  nlohmann::json ToJson() const;
  // Throws InputError that says what is missing, wrong or unknown.
  static Net2SeqNetwork FromJson(const nlohmann::json& json);
  // The same of a file, with its path in the error.
  static Net2SeqNetwork Read(const std::string& path);
};

// y = W x + b of one row: each output is the sum over the inputs in their
// order, whatever the processor, so a row's result does not depend on which
// others are computed with it. With `relu`, what is negative becomes 0.
void ApplyLayer(const Net2SeqLayer& layer, const float* x, bool relu, float* y);
// The same without the bias, of the columns from `first` on.
void ApplyColumns(const Net2SeqLayer& layer, int first, int count,
                  const float* x, float* y);

}  // namespace airlock
