#include "agents/learn/net2seq_rollout.h"

#include <algorithm>
#include <deque>
#include <numeric>
#include <utility>

#include "agents/baselines/local_search.h"
#include "agents/baselines/planner_scenario.h"
#include "sim/base/error.h"
#include "sim/surrogate/airtime_scenario.h"
#include "sim/surrogate/wlan_load.h"

namespace airlock {

void Net2SeqExperience::Clear() {
  choices = {};
  values = {};
  judgments = {};
  choices.rows.Clear(Net2SeqScene::kActorEmbeddings);
  values.rows.Clear(Net2SeqScene::kPlanEmbeddings);
  judgments.rows.Clear(Net2SeqScene::kPlanEmbeddings);
  regret = 0;
  decisions = 0;
}

// `loads` ends with those of the slot to come; the one before is "now".
struct Net2SeqInstance::Course {
  Course(const Scenario& scenario, const ChannelTable& table, int64_t instance)
      : wlan(WithAccessPoints(*scenario.wlan, kFirstSeed + instance)),
        full(OfferedRates(wlan) /
             static_cast<double>(wlan.airtime.channel_rate.value())),
        rssi(RssiOf(wlan, kFirstSeed + instance)),
        graph(InterferenceMap(rssi, ChoicesOf(wlan.airtime))),
        state(&graph, &table, ChoicesOf(wlan.airtime)) {
    if (wlan.load.profile == "constant") return;
    const RngTree tree(kFirstSeed + static_cast<uint64_t>(instance));
    trace = ReadLoadTrace(wlan);
    profile = CreateLoadCourse(wlan, trace.get(), tree, Replication(0));
  }

  void Advance(size_t kept) {
    const Eigen::ArrayXd next =
        profile == nullptr ? full : (profile->Next() * full).eval();
    loads.emplace_back(next.data(), next.data() + next.size());
    if (loads.size() > kept) loads.pop_front();
  }

  const WlanConfig wlan;
  const Eigen::ArrayXd full;
  const Eigen::MatrixXd rssi;
  const InterferenceGraph graph;
  PlanState state;
  std::unique_ptr<Trace> trace;
  std::unique_ptr<LoadCourse> profile;
  std::deque<std::vector<double>> loads;
};

Net2SeqInstance::Net2SeqInstance(const Scenario* scenario,
                                 const Net2SeqChannels* channels,
                                 const ChannelTable* table, int history,
                                 int64_t number, int64_t batch, int64_t slots)
    : scenario_(scenario),
      channels_(channels),
      table_(table),
      history_(history),
      number_(number),
      batch_(batch),
      slots_(slots) {
  position_.instance = number;
  Begin();
}

Net2SeqInstance::~Net2SeqInstance() = default;

void Net2SeqInstance::Begin() {
  course_ = std::make_unique<Course>(*scenario_, *table_, position_.instance);
  position_.slot = 0;
  position_.plan.clear();
  for (const ChannelAssignment one : PlanOf(course_->wlan, *table_)) {
    position_.plan.push_back(channels_->PositionOf(one));
  }
  for (int h = 0; h < history_ + 2; ++h) course_->Advance(history_ + 2);
}

void Net2SeqInstance::MoveTo(const Net2SeqPosition& position) {
  if (position.instance < 0 || position.instance % batch_ != number_) {
    throw InputError("checkpoint: a network plays an instance of another one");
  }
  position_.instance = position.instance;
  Begin();
  const bool known = std::all_of(
      position.plan.begin(), position.plan.end(),
      [this](int at) { return at >= 0 && at < channels_->assignments(); });
  if (!known || position.plan.size() != position_.plan.size()) {
    throw InputError("checkpoint: a plan of another network");
  }
  for (int64_t t = 0; t < position.slot; ++t) course_->Advance(history_ + 2);
  position_ = position;
}

void Net2SeqInstance::See(const NoiseOptions& noise, RngStream* rng) {
  seen_ = &course_->graph;
  seen_loads_ = course_->loads;
  if (noise.counter_noise > 0) {
    for (std::vector<double>& slot : seen_loads_) {
      for (double& load : slot) {
        load = std::max(0.0, load * (1 + rng->Normal(0, noise.counter_noise)));
      }
    }
  }
  if (noise.rssi_bias_db == 0 && noise.rssi_noise_db == 0 &&
      noise.missing_neighbours == 0) {
    return;
  }
  constexpr double kUnheardDbm = -200;
  Eigen::MatrixXd rssi = course_->rssi;
  for (Eigen::Index i = 0; i < rssi.rows(); ++i) {
    for (Eigen::Index j = 0; j < rssi.cols(); ++j) {
      if (i == j) continue;
      rssi(i, j) += noise.rssi_bias_db + rng->Normal(0, noise.rssi_noise_db);
      if (rng->Uniform() < noise.missing_neighbours) rssi(i, j) = kUnheardDbm;
    }
  }
  noisy_ = std::make_unique<InterferenceGraph>(
      InterferenceMap(rssi, ChoicesOf(course_->wlan.airtime)));
  seen_ = noisy_.get();
}

Net2SeqScene Net2SeqInstance::SceneOf(const std::vector<int>& plan) const {
  std::vector<std::vector<float>> loads;
  const auto& all = seen_loads_;
  for (size_t h = 0; h <= static_cast<size_t>(history_); ++h) {
    const std::vector<double>& slot = all[all.size() - 2 - h];
    loads.emplace_back(slot.begin(), slot.end());
  }
  return {seen_, channels_, std::move(loads), plan};
}

// A slot later, with this plan in force.
Net2SeqScene Net2SeqInstance::SceneAfter(const std::vector<int>& plan) const {
  std::vector<std::vector<float>> loads;
  const auto& all = seen_loads_;
  for (size_t h = 0; h <= static_cast<size_t>(history_); ++h) {
    const std::vector<double>& slot = all[all.size() - 1 - h];
    loads.emplace_back(slot.begin(), slot.end());
  }
  return {seen_, channels_, std::move(loads), plan};
}

Net2SeqInstance::Draw Net2SeqInstance::DrawPlan(const Net2SeqNetwork& network,
                                                double gamma,
                                                Net2SeqDecoder* decoder,
                                                RngStream* rng) {
  Draw draw;
  draw.steps = decoder->Decode(rng);
  draw.plan = position_.plan;
  PlanState& state = course_->state;
  ChannelPlan present;
  for (const int at : position_.plan) {
    present.push_back(channels_->assignment(at));
  }
  state.SetPlan(present);
  for (const Net2SeqStep& step : draw.steps) {
    draw.before.push_back(state.Total());
    state.Move(step.ap, step.assignment);
    draw.plan[step.ap] = step.assignment;
  }
  draw.regret = state.Total();
  draw.target = draw.regret;
  if (gamma > 0) {
    Net2SeqScene after = SceneAfter(draw.plan);
    const double value = Net2SeqDecoder(&network, &after).Value();
    draw.target += gamma * value * static_cast<double>(draw.plan.size());
  }
  return draw;
}

void Net2SeqInstance::AddChoice(const Draw& draw, int64_t step,
                                double advantage, int bonding_levels,
                                Net2SeqExperience* to) const {
  Net2SeqScene scene = SceneOf(position_.plan);
  for (int64_t t = 0; t < step; ++t) {
    scene.Configure(draw.steps[t].ap, draw.steps[t].assignment);
  }
  Net2SeqChoices& choices = to->choices;
  int64_t open = 0;
  for (int i = 0; i < scene.size(); ++i) {
    if (scene.done(i)) continue;
    if (i == draw.steps[step].ap) {
      choices.chosen.push_back(open * channels_->assignments() +
                               draw.steps[step].assignment);
    }
    for (int k = 0; k < channels_->channels(); ++k) {
      scene.AppendActorRow(i, k, bonding_levels, &choices.rows);
    }
    ++open;
  }
  choices.access_points.push_back(open);
  choices.advantages.push_back(static_cast<float>(advantage));
}

void Net2SeqInstance::LearnChoices(const std::vector<Draw>& draws,
                                   const Net2SeqSampling& sampling,
                                   const Net2SeqNetwork& network,
                                   RngStream* rng,
                                   Net2SeqExperience* to) const {
  const auto size = static_cast<int64_t>(position_.plan.size());
  const int levels = network.layout.bonding_levels;
  const auto count = static_cast<double>(draws.size());
  // An alone plan is held against the critic, as the reference does it; several
  // against each other.
  double value = 0;
  if (draws.size() == 1) {
    Net2SeqScene scene = SceneOf(position_.plan);
    value =
        Net2SeqDecoder(&network, &scene).Value() * static_cast<double>(size);
  }
  for (const Draw& draw : draws) {
    std::vector<int64_t> order(size);
    std::iota(order.begin(), order.end(), int64_t{0});
    const int64_t kept =
        sampling.steps > 0 ? std::min(sampling.steps, size) : size;
    for (int64_t n = 0; n < kept; ++n) {
      const auto other = n + static_cast<int64_t>(rng->UniformInt(size - n));
      std::swap(order[n], order[other]);
      const int64_t step = order[n];
      // The regret from this step on: what earlier ones have brought is the
      // same whatever it chooses.
      double advantage = draw.target - value;
      if (draws.size() > 1) {
        double sum = 0;
        for (const Draw& one : draws) sum += one.target - one.before[step];
        const double own = draw.target - draw.before[step];
        advantage = (own - sum / count) * count / (count - 1);
      }
      AddChoice(draw, step, advantage, levels, to);
    }
  }
}

void Net2SeqInstance::LearnPlans(const std::vector<Draw>& draws, int levels,
                                 Net2SeqExperience* to) const {
  const auto size = static_cast<int64_t>(position_.plan.size());
  const auto count = static_cast<double>(draws.size());
  Net2SeqScene scene = SceneOf(position_.plan);
  double mean = 0;
  for (const Draw& draw : draws) {
    mean += draw.target / count / static_cast<double>(size);
    scene.Propose(draw.plan);
    for (int i = 0; i < size; ++i) {
      for (int k = 0; k < channels_->channels(); ++k) {
        scene.AppendPlanRow(i, k, levels, true, &to->judgments.rows);
      }
    }
    to->judgments.access_points.push_back(size);
    to->judgments.targets.push_back(
        static_cast<float>(draw.target / static_cast<double>(size)));
  }
  scene.Propose(position_.plan);
  for (int i = 0; i < size; ++i) {
    for (int k = 0; k < channels_->channels(); ++k) {
      scene.AppendPlanRow(i, k, levels, false, &to->values.rows);
    }
  }
  to->values.access_points.push_back(size);
  to->values.targets.push_back(static_cast<float>(mean));
}

// dynLS for the discounted regret under the loads of now: what a change costs
// once, a plan's service costs 1 / (1 - gamma) times.
std::vector<int> Net2SeqInstance::Taught(double gamma, RngStream* rng) {
  AirtimeChoices choices = ChoicesOf(course_->wlan.airtime);
  choices.change_weight *= 1 - gamma;
  PlanState state(&course_->graph, table_, choices);
  ChannelPlan present;
  for (const int at : position_.plan) {
    present.push_back(channels_->assignment(at));
  }
  const std::vector<double>& now = course_->loads[course_->loads.size() - 2];
  state.SetLoads(present, now, {now});
  state.SetPlan(present);
  LocalSearch(&state).Run(LocalSearchOptions().step_limit, rng);
  std::vector<int> plan;
  for (int i = 0; i < state.size(); ++i) plan.push_back(state.at(i));
  return plan;
}

// A part of the access points, drawn, is where the teacher has them; the choice
// of each of the others is to be learnt.
void Net2SeqInstance::Imitate(const std::vector<int>& plan, int bonding_levels,
                              RngStream* rng, Net2SeqExperience* to) const {
  Net2SeqScene scene = SceneOf(position_.plan);
  std::vector<int> order(plan.size());
  std::iota(order.begin(), order.end(), 0);
  const auto done = static_cast<size_t>(rng->UniformInt(plan.size()));
  for (size_t n = 0; n < done; ++n) {
    std::swap(order[n], order[n + rng->UniformInt(order.size() - n)]);
    scene.Configure(order[n], plan[order[n]]);
  }
  Net2SeqChoices& choices = to->choices;
  for (int i = 0; i < scene.size(); ++i) {
    if (scene.done(i)) continue;
    for (int k = 0; k < channels_->channels(); ++k) {
      scene.AppendActorRow(i, k, bonding_levels, &choices.rows);
    }
    choices.taught.push_back(plan[i]);
  }
  choices.access_points.push_back(static_cast<int64_t>(plan.size() - done));
}

void Net2SeqInstance::Decide(const Net2SeqNetwork& network,
                             const Net2SeqSampling& sampling, RngStream* rng,
                             RngStream* noise, Net2SeqExperience* to) {
  const auto& loads = course_->loads;
  ChannelPlan present;
  for (const int at : position_.plan) {
    present.push_back(channels_->assignment(at));
  }
  course_->state.SetLoads(present, loads[loads.size() - 2], {loads.back()});
  See(sampling.noise, noise);
  Net2SeqScene scene = SceneOf(position_.plan);
  Net2SeqDecoder decoder(&network, &scene);
  std::vector<Draw> draws;
  const int64_t count = sampling.imitate ? 1 : sampling.plans;
  for (int64_t n = 0; n < count; ++n) {
    draws.push_back(DrawPlan(network, sampling.gamma, &decoder, rng));
  }
  to->regret += draws.front().regret / static_cast<double>(scene.size());
  ++to->decisions;
  const int levels = network.layout.bonding_levels;
  if (sampling.imitate) {
    Imitate(Taught(sampling.gamma, rng), levels, rng, to);
  } else {
    LearnChoices(draws, sampling, network, rng, to);
  }
  LearnPlans(draws, levels, to);
  position_.plan = draws.front().plan;
  ++position_.slot;
  const bool first = position_.instance == number_;
  const int64_t end = first ? 1 + (number_ * 7) % slots_ : slots_;
  if (position_.slot >= end) {
    position_.instance += batch_;
    Begin();
  } else {
    course_->Advance(history_ + 2);
  }
}

}  // namespace airlock
