#include "agents/policy/net2seq_scene.h"

#include <algorithm>
#include <utility>

#include "sim/base/error.h"

namespace airlock {

Net2SeqChannels::Net2SeqChannels(const ChannelTable& table)
    : channels_(table.channels()),
      bonding_levels_(table.bonding_levels()),
      all_(table.assignments()),
      positions_(channels_ * bonding_levels_, -1),
      uses_(all_.size()),
      partners_(channels_ * bonding_levels_) {
  AIRLOCK_CHECK(channels_ <= 64, "{}", channels_);
  for (size_t position = 0; position < all_.size(); ++position) {
    const ChannelAssignment one = all_[position];
    positions_[one.channel * bonding_levels_ + one.bonding] =
        static_cast<int>(position);
    for (int k = 0; k < channels_; ++k) {
      const bool meets = Meet(table.Slots({k, 0}), table.Slots(one));
      uses_[position] |= uint64_t{meets} << k;
    }
    if (one.bonding == 0) continue;
    const SlotRange wide = table.Slots(one);
    const SlotRange half = table.Slots({one.channel, one.bonding - 1});
    for (int k = 0; k < channels_; ++k) {
      const SlotRange slot = table.Slots({k, 0});
      if (Meet(slot, wide) && !Meet(slot, half)) {
        partners_[one.channel * bonding_levels_ + one.bonding].push_back(k);
      }
    }
  }
}

void Net2SeqRows::Clear(size_t embedding_count) {
  rows = 0;
  embeddings.resize(embedding_count);
  for (Neighbours& one : embeddings) {
    one.row.clear();
    one.values.clear();
    one.silent.clear();
  }
  rest.clear();
}

Net2SeqScene::Net2SeqScene(const InterferenceGraph* graph,
                           const Net2SeqChannels* channels,
                           std::vector<std::vector<float>> loads,
                           std::vector<int> plan)
    : graph_(graph),
      channels_(channels),
      loads_(std::move(loads)),
      plan_(std::move(plan)),
      at_(plan_.size()),
      on_(plan_.size()),
      shares_(plan_.size() * loads_.size()) {
  AIRLOCK_CHECK(!loads_.empty() && loads_.size() <= kMostHistory + 1, "{}",
                loads_.size());
  AIRLOCK_CHECK(graph_->size() == size(), "{}", size());
  for (const auto& slot : loads_) AIRLOCK_CHECK(slot.size() == plan_.size());
  Reset();
}

void Net2SeqScene::Reset() {
  Propose(plan_);
  done_.assign(plan_.size(), 0);
}

void Net2SeqScene::Configure(int ap, int position) {
  AIRLOCK_CHECK(!done_[ap], "{}", ap);
  Put(ap, position);
  done_[ap] = 1;
}

void Net2SeqScene::Propose(const std::vector<int>& plan) {
  AIRLOCK_CHECK(plan.size() == plan_.size(), "{}", plan.size());
  for (int i = 0; i < size(); ++i) Put(i, plan[i]);
}

void Net2SeqScene::Put(int ap, int position) {
  at_[ap] = position;
  on_[ap] = channels_->Uses(position);
  const int bonding = channels_->assignment(position).bonding;
  const float part = 1 / static_cast<float>(1 << bonding);
  for (size_t h = 0; h < loads_.size(); ++h) {
    shares_[ap * loads_.size() + h] = part * loads_[h][ap];
  }
}

void Net2SeqScene::AppendReceived(Group group, int ap, int channel, int64_t row,
                                  Net2SeqRows::Neighbours* to) const {
  float silent = 0;
  for (const InterferenceGraph::Edge& edge : graph_->heard[ap]) {
    if (!In(group, edge.ap) || !On(edge.ap, channel)) {
      ++silent;
      continue;
    }
    float f[kMostHistory + 1] = {};
    AddShares(edge.ap, static_cast<float>(edge.weight), f);
    to->row.push_back(row);
    to->values.insert(to->values.end(), f, f + loads_.size());
  }
  to->silent.push_back(silent);
}

void Net2SeqScene::AppendNeighbours(Group group, int ap, int channel,
                                    int64_t row,
                                    Net2SeqRows::Neighbours* to) const {
  float silent = 0;
  for (const InterferenceGraph::Edge& edge : graph_->victims[ap]) {
    if (!In(group, edge.ap) || !On(edge.ap, channel)) {
      ++silent;
      continue;
    }
    float f[kMostHistory + 1] = {};
    bool any = false;
    for (const InterferenceGraph::Edge& source : graph_->heard[edge.ap]) {
      if (source.ap == ap || !In(group, source.ap)) continue;
      if (!On(source.ap, channel)) continue;
      AddShares(source.ap, static_cast<float>(source.weight), f);
      any = true;
    }
    if (!any) {
      ++silent;
      continue;
    }
    const auto weight = static_cast<float>(edge.weight);
    to->row.push_back(row);
    for (size_t h = 0; h < loads_.size(); ++h) {
      to->values.push_back(weight * f[h]);
    }
  }
  to->silent.push_back(silent);
}

void Net2SeqScene::AppendRest(int ap, int channel, int bonding_levels,
                              std::vector<float>* rest) const {
  const ChannelAssignment now = channels_->assignment(at_[ap]);
  for (const std::vector<float>& slot : loads_) rest->push_back(slot[ap]);
  rest->push_back(now.channel == channel ? 1 : 0);
  for (int b = 0; b < bonding_levels; ++b) {
    rest->push_back(now.bonding == b ? 1 : 0);
  }
}

void Net2SeqScene::AppendActorRow(int ap, int channel, int bonding_levels,
                                  Net2SeqRows* rows) const {
  auto& to = rows->embeddings;
  AppendReceived(Group::kDone, ap, channel, rows->rows, &to[0]);
  AppendReceived(Group::kRemaining, ap, channel, rows->rows, &to[1]);
  AppendNeighbours(Group::kDone, ap, channel, rows->rows, &to[2]);
  AppendNeighbours(Group::kRemaining, ap, channel, rows->rows, &to[3]);
  AppendRest(ap, channel, bonding_levels, &rows->rest);
  ++rows->rows;
}

void Net2SeqScene::AppendPlanRow(int ap, int channel, int bonding_levels,
                                 bool with_change, Net2SeqRows* rows) const {
  AppendReceived(Group::kAll, ap, channel, rows->rows, &rows->embeddings[0]);
  AppendNeighbours(Group::kAll, ap, channel, rows->rows, &rows->embeddings[1]);
  AppendRest(ap, channel, bonding_levels, &rows->rest);
  if (with_change) rows->rest.push_back(at_[ap] != plan_[ap] ? 1 : 0);
  ++rows->rows;
}

void Net2SeqScene::MarkChanged(int ap, int former,
                               std::vector<uint8_t>* flags) const {
  const int count = channels_->channels();
  for (int k = 0; k < count; ++k) {
    const bool was = channels_->Uses(former, k);
    const bool is = On(ap, k);
    if (!was && !is) continue;
    const auto mark = [&](int other) {
      if (!done_[other]) (*flags)[other * count + k] = 1;
    };
    // Those who have it as a victim, and as a disturber; then those who have a
    // victim that hears it.
    for (const auto& edge : graph_->heard[ap]) mark(edge.ap);
    for (const auto& edge : graph_->victims[ap]) {
      mark(edge.ap);
      if (!On(edge.ap, k)) continue;
      for (const auto& other : graph_->heard[edge.ap]) mark(other.ap);
    }
  }
}

}  // namespace airlock
