#pragma once

#include <cstdint>
#include <vector>

#include "sim/surrogate/channel_table.h"
#include "sim/surrogate/interference_graph.h"

namespace airlock {

// What net2seq wants to know of a ChannelTable. An assignment is its position
// in ChannelTable::assignments().
class Net2SeqChannels {
 public:
  explicit Net2SeqChannels(const ChannelTable& table);

  int channels() const { return channels_; }              // N_C
  int bonding_levels() const { return bonding_levels_; }  // N_B
  int assignments() const { return static_cast<int>(all_.size()); }
  ChannelAssignment assignment(int position) const { return all_[position]; }
  // -1: the table has no such assignment.
  int PositionOf(int channel, int bonding) const {
    return positions_[channel * bonding_levels_ + bonding];
  }
  int PositionOf(ChannelAssignment one) const {
    return PositionOf(one.channel, one.bonding);
  }
  // psi_k: whether the assignment meets channel k as it is without bonding.
  bool Uses(int position, int channel) const {
    return (uses_[position] >> channel & 1) != 0;
  }
  // The same of all channels, a bit each.
  uint64_t Uses(int position) const { return uses_[position]; }
  // The channels that `channel` gains where it bonds `bonding` times instead of
  // once less; none where the table does not bond it so.
  const std::vector<int>& Partners(int channel, int bonding) const {
    return partners_[channel * bonding_levels_ + bonding];
  }

 private:
  int channels_;
  int bonding_levels_;
  std::vector<ChannelAssignment> all_;
  std::vector<int> positions_;
  std::vector<uint64_t> uses_;
  std::vector<std::vector<int>> partners_;
};

// Inputs of net2seq's networks, one row for an access point i and channel k.
// An embedding is a Dense layer with ReLU that is applied to each neighbour's
// vector f_ijk (one element a slot of history) and summed over the neighbours.
// Vectors of zeros are counted only.
struct Net2SeqRows {
  struct Neighbours {
    std::vector<int64_t> row;   // of each vector
    std::vector<float> values;  // [vector][1 + N_H]
    std::vector<float> silent;  // [row]: neighbours whose vector is 0
  };
  int64_t rows = 0;
  std::vector<Neighbours> embeddings;
  std::vector<float> rest;  // [row][...]: what is not embedded

  void Clear(size_t embedding_count);
};

// One network at one decision, as net2seq sees it while it configures access
// point after access point: the inputs of Iacoboaiea et al. (IFIP Networking
// 2021), section IV. Keeps pointers to graph and channels.
class Net2SeqScene {
 public:
  // `loads`: [h][ap], h = 0 the slot that ends now, then older ones (N_H of
  // them); `plan`: positions of the assignments in force.
  Net2SeqScene(const InterferenceGraph* graph, const Net2SeqChannels* channels,
               std::vector<std::vector<float>> loads, std::vector<int> plan);

  const InterferenceGraph& graph() const { return *graph_; }
  const Net2SeqChannels& channels() const { return *channels_; }
  int size() const { return static_cast<int>(plan_.size()); }
  int history() const { return static_cast<int>(loads_.size()) - 1; }  // N_H
  const std::vector<int>& plan() const { return plan_; }  // in force

  // Nothing is configured yet; everybody is where the plan in force has it.
  void Reset();
  // `ap` joins the configured ones (the set `done`) with this assignment.
  void Configure(int ap, int position);
  // Everybody is where `plan` says: what the Selector judges.
  void Propose(const std::vector<int>& plan);
  bool done(int ap) const { return done_[ap] != 0; }
  int at(int ap) const { return at_[ap]; }

  // Embeddings f^{<,recv}, f^{>,recv}, f^{<,neigh}, f^{>,neigh}; the rest:
  // loads, [c_i = k], b_i one-hot over `bonding_levels`. `ap` is not done.
  void AppendActorRow(int ap, int channel, int bonding_levels,
                      Net2SeqRows* rows) const;
  // Embeddings: recv and neigh of all; the rest as above, and, of
  // `with_change`, whether the assignment differs from the plan in force.
  void AppendPlanRow(int ap, int channel, int bonding_levels, bool with_change,
                     Net2SeqRows* rows) const;

  // The rows (ap, channel) of access points that are not done whose inputs
  // Configure(ap, position) has changed, given where `ap` was before: sets
  // flags[row] to 1, row = ap * channels + channel.
  void MarkChanged(int ap, int former, std::vector<uint8_t>* flags) const;

  static constexpr size_t kActorEmbeddings = 4;
  static constexpr size_t kPlanEmbeddings = 2;

 private:
  enum class Group { kDone, kRemaining, kAll };
  bool In(Group group, int ap) const {
    return group == Group::kAll || (group == Group::kDone) == (done_[ap] != 0);
  }
  void AppendReceived(Group group, int ap, int channel, int64_t row,
                      Net2SeqRows::Neighbours* to) const;
  void AppendNeighbours(Group group, int ap, int channel, int64_t row,
                        Net2SeqRows::Neighbours* to) const;
  void AppendRest(int ap, int channel, int bonding_levels,
                  std::vector<float>* rest) const;
  void Put(int ap, int position);
  bool On(int ap, int channel) const { return (on_[ap] >> channel & 1) != 0; }
  // Adds weight * l_ap[h] 2^-b_ap to sum[h].
  void AddShares(int ap, float weight, float* sum) const {
    const float* share = &shares_[ap * loads_.size()];
    for (size_t h = 0; h < loads_.size(); ++h) sum[h] += weight * share[h];
  }

  static constexpr int kMostHistory = 16;

  const InterferenceGraph* graph_;
  const Net2SeqChannels* channels_;
  std::vector<std::vector<float>> loads_;
  std::vector<int> plan_;
  std::vector<int> at_;
  std::vector<uint64_t> on_;   // the channels that at_ takes
  std::vector<float> shares_;  // [ap][h]: l 2^-b
  std::vector<uint8_t> done_;
};

}  // namespace airlock
