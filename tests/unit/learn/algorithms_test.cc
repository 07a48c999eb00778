// What PPO, DQN and SAC have in common: equal bits, and wrong options.
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "agents/env/cart_pole.h"
#include "agents/env/pendulum.h"
#include "agents/learn/dqn.h"
#include "agents/learn/ppo.h"
#include "agents/learn/sac.h"
#include "tests/support/counting_env.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using nlohmann::json;
using testing::CountingEnv;
using testing::ErrorOf;
using ::testing::HasSubstr;

// The second head is always 0, so that learners of one head have a mask too.
class OneHead : public CountingEnv {
 public:
  const EnvSpec& spec() const override {
    static const EnvSpec kSpec = [] {
      EnvSpec spec = CountingEnv().spec();
      spec.action.choices = {3};
      return spec;
    }();
    return kSpec;
  }
  void Allow(uint8_t* allowed) const override {
    uint8_t all[5];
    CountingEnv::Allow(all);
    allowed[0] = allowed[1] = 1;
    allowed[2] = all[4];
  }
};

template <typename Learner>
struct Run {
  std::unique_ptr<Actors> actors;
  std::unique_ptr<Learner> learner;
  Rollout last;
};

template <typename E>
std::unique_ptr<Actors> ActorsOf() {
  at::set_num_threads(1);
  ActorOptions options;
  options.create = [] { return std::make_unique<E>(); };
  options.envs = 3;
  options.seed = 5;
  return LocalActors(options);
}

void Learn(Run<Ppo>* run, int updates) {
  for (int i = 0; i < updates; ++i) {
    run->last = run->actors->Run(run->learner->Acting(), 16, 0, false);
    run->learner->Update(run->last, 0.25);
  }
}
void Learn(Run<Dqn>* run, int updates) {
  for (int i = 0; i < updates; ++i) {
    run->last = run->actors->Run(run->learner->Acting(), 16, 0.2, false);
    run->learner->Update(run->last, 0.25);
  }
}
void Learn(Run<Sac>* run, int updates) {
  for (int i = 0; i < updates; ++i) {
    run->last = run->actors->Run(run->learner->Acting(), 16, 0, false);
    run->learner->Update(run->last);
  }
}

// Ten updates, and five with five more after a checkpoint (through CBOR) that
// another learner loads: equal to the last bit.
template <typename E, typename Make>
void ExpectResumesBitByBit(const Make& make) {
  using Learner = typename decltype(make(EnvSpec()))::element_type;
  const auto start = [&make] {
    Run<Learner> run;
    run.actors = ActorsOf<E>();
    run.learner = make(run.actors->spec());
    return run;
  };
  Run<Learner> whole = start(), first = start(), second = start();
  Learn(&whole, 10);
  Learn(&first, 5);
  const json saved = json::from_cbor(json::to_cbor(
      json{{"a", first.actors->Save()}, {"l", first.learner->Save()}}));
  second.actors->Load(saved.at("a"));
  second.learner->Load(saved.at("l"));
  Learn(&second, 5);
  EXPECT_EQ(whole.last.action, second.last.action);
  EXPECT_EQ(whole.last.reward, second.last.reward);
  EXPECT_EQ(whole.learner->Acting().ToJson().dump(),
            second.learner->Acting().ToJson().dump());
  EXPECT_EQ(json::to_cbor(whole.learner->Save()),
            json::to_cbor(second.learner->Save()));
  EXPECT_NE(whole.learner->Acting().ToJson().dump(),
            first.learner->Acting().ToJson().dump())
      << "it learns nothing";
}

PpoOptions SmallPpo() {
  PpoOptions options;
  options.hidden = {8};
  options.epochs = 2;
  options.minibatch = 16;
  options.anneal = true;
  options.normalise_observations = true;
  options.normalise_rewards = true;
  return options;
}

DqnOptions SmallDqn() {
  DqnOptions options;
  options.hidden = {8};
  options.capacity = 200;
  options.warm_up = 20;
  options.batch = 8;
  options.target_every = 40;
  options.dueling = true;
  options.alpha = 0.6;
  options.n_step = 3;
  return options;
}

SacOptions SmallSac() {
  SacOptions options;
  options.hidden = {8};
  options.capacity = 200;
  options.warm_up = 20;
  options.batch = 8;
  options.train_every = 6;
  options.n_step = 2;
  return options;
}

TEST(Algorithms, PpoResumesBitByBit) {
  ExpectResumesBitByBit<CountingEnv>([](const EnvSpec& spec) {
    PpoOptions options = SmallPpo();
    options.constraints.resize(1);
    options.constraints[0].cost = "odd";
    return std::make_unique<Ppo>(spec, options, 7);
  });
  ExpectResumesBitByBit<Pendulum>([](const EnvSpec& spec) {
    return std::make_unique<Ppo>(spec, SmallPpo(), 7);
  });
}

TEST(Algorithms, DqnResumesBitByBit) {
  ExpectResumesBitByBit<OneHead>([](const EnvSpec& spec) {
    return std::make_unique<Dqn>(spec, SmallDqn(), 3, 7);
  });
}

TEST(Algorithms, SacResumesBitByBit) {
  ExpectResumesBitByBit<OneHead>([](const EnvSpec& spec) {
    return std::make_unique<Sac>(spec, SmallSac(), 3, 7);
  });
  ExpectResumesBitByBit<Pendulum>([](const EnvSpec& spec) {
    return std::make_unique<Sac>(spec, SmallSac(), 3, 7);
  });
}

TEST(Algorithms, CheckpointsOfOtherOptionsAreRefused) {
  const EnvSpec spec = CartPole().spec();
  PpoOptions wide = SmallPpo();
  wide.hidden = {9};
  EXPECT_THAT(ErrorOf([&] {
                Ppo(spec, wide, 1).Load(Ppo(spec, SmallPpo(), 1).Save());
              }),
              HasSubstr("checkpoint"));
  DqnOptions large = SmallDqn();
  large.capacity = 300;
  EXPECT_THAT(ErrorOf([&] {
                Dqn(spec, large, 1, 1).Load(Dqn(spec, SmallDqn(), 1, 1).Save());
              }),
              HasSubstr("replay buffer: saved with another size"));
  EXPECT_THAT(
      ErrorOf([&] {
        Sac(spec, SmallSac(), 1, 1).Load(Ppo(spec, SmallPpo(), 1).Save());
      }),
      HasSubstr("checkpoint of sac"));
}

TEST(Algorithms, WrongOptionsAreNamed) {
  const EnvSpec spec = CartPole().spec();
  PpoOptions ppo;
  ppo.gamma = 1.5;
  EXPECT_THAT(ErrorOf([&] { Ppo(spec, ppo, 1); }),
              HasSubstr("ppo: gamma is 1.5; allowed 0 to 1"));
  ppo = {};
  ppo.constraints.resize(1);
  ppo.constraints[0].cost = "noise";
  EXPECT_THAT(
      ErrorOf([&] { Ppo(spec, ppo, 1); }),
      HasSubstr("cart-pole has no cost 'noise' to constrain; it has: none"));
  DqnOptions dqn;
  EXPECT_THAT(ErrorOf([&] { Dqn(Pendulum().spec(), dqn, 1, 1); }),
              HasSubstr("it learns one"));
  dqn.warm_up = 200000;
  EXPECT_THAT(ErrorOf([&] { Dqn(spec, dqn, 1, 1); }),
              HasSubstr("beyond the capacity"));
  SacOptions sac;
  sac.tau = -1;
  EXPECT_THAT(ErrorOf([&] { Sac(spec, sac, 1, 1); }), HasSubstr("tau is -1"));
}

}  // namespace
}  // namespace airlock
