#include "agents/baselines/balancer_controller.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "sim/base/error.h"
#include "tests/support/error_of.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Two servers, the first with three times the second's capacity.
BalancerConfig Pool(bool shield) {
  BalancerConfig pool;
  for (const auto& [name, cores] : {std::pair("a", 3), std::pair("b", 1)}) {
    PoolServer server;
    server.name = name;
    server.cores = cores;
    pool.servers.push_back(server);
  }
  if (shield) pool.shield.emplace();
  return pool;
}

Observation Seen(double seconds, double flows_a, double flows_b) {
  Observation seen;
  seen.time = FromSeconds(seconds);
  for (const auto& [name, flows] :
       {std::pair("a", flows_a), std::pair("b", flows_b)}) {
    const std::string server = std::string("server.") + name + ".";
    seen.values[server + "n_flow_on"] = flows;
    seen.values[server + "n_flow"] = 5;
    seen.values[server + "n_fct"] = 5;
    seen.values[server + "flow_duration_mean_decay"] = 0.25;
    seen.values[server + "up"] = 1;
  }
  return seen;
}

std::vector<std::string> LinesOf(Controller* controller) {
  std::vector<std::string> lines;
  for (const ExplainedSetting& one : controller->TakeSettings()) {
    lines.push_back(SettingCells(one));
  }
  return lines;
}

TEST(BalancerControllerTest, ExplainsEveryWeightThatChanges) {
  const auto lsq = CreateBalancer("lsq", "", Pool(false));
  lsq->Decide(Seen(1, 3, 0));
  // 1 / 4 and 1 / 1, scaled: both began at 1.
  EXPECT_THAT(
      LinesOf(lsq.get()),
      ElementsAre("1,server.a.weight,1,0.5,0.5,agent,\"3 flows on, 5 new, "
                  "0.25 s each\"",
                  "1,server.b.weight,1,2,2,agent,\"0 flows on, 5 new, 0.25 s "
                  "each\""));
  EXPECT_TRUE(lsq->Decide(Seen(2, 3, 0)).settings.empty());
  EXPECT_THAT(LinesOf(lsq.get()),
              ElementsAre("2,,,,,agent,the weights are as wanted"));
}

TEST(BalancerControllerTest, TheShieldTellsItsRule) {
  const auto lsq = CreateBalancer("lsq", "", Pool(true));
  lsq->Decide(Seen(1, 7, 0));  // wants 0.25 and 2; moves by 0.5 at most
  const auto lines = LinesOf(lsq.get());
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_THAT(lines[0], HasSubstr("server.a.weight,1,0.25,0.5,shield,\"rule "
                                  "change; agent: 7 flows on"));
  EXPECT_THAT(lines[1], HasSubstr("server.b.weight,1,2,1.5,shield,"));
}

TEST(BalancerControllerTest, ADoubtHandsOverToTheFallback) {
  std::string doubt;
  const auto decide = [&](const std::string& fallback) {
    const auto lsq = CreateBalancer("lsq", "", Pool(false),
                                    {[&] { return doubt; }, fallback});
    doubt = "";
    lsq->Decide(Seen(1, 0, 1));  // 2 and 1
    LinesOf(lsq.get());
    doubt = "no sample";
    lsq->Decide(Seen(2, 5, 1));
    return LinesOf(lsq.get());
  };
  EXPECT_THAT(decide(""), ElementsAre("2,,,,,fallback,no sample"));
  EXPECT_THAT(decide("static"), ElementsAre("2,,,,,fallback,no sample"));
  EXPECT_THAT(decide("ecmp"),
              ElementsAre("2,server.b.weight,1,2,2,fallback,no sample"));
  EXPECT_THAT(decide("wcmp"),
              ElementsAre(HasSubstr("server.b.weight,1,0.6666666666666666,")));
  EXPECT_THAT(testing::ErrorOf([&] { decide("lsq"); }),
              HasSubstr("'lsq' sets no weights without looking; static, ecmp, "
                        "wcmp do"));
}

TEST(BalancerControllerTest, WhatCannotBeBelievedIsNotLookedAt) {
  const auto held = CreateBalancer("lsq", "", Pool(false));
  EXPECT_TRUE(held->Decide(Seen(1, std::nan(""), 1)).settings.empty());
  EXPECT_THAT(LinesOf(held.get()),
              ElementsAre("1,,,,,agent,holds: server a: no n_flow_on"));
  // Behind a shield, by capacity from the first one on.
  const auto shielded = CreateBalancer("lsq", "", Pool(true));
  shielded->Decide(Seen(1, std::nan(""), 1));
  EXPECT_THAT(
      LinesOf(shielded.get())[0],
      HasSubstr("shield,rule change; fallback: server a: no n_flow_on"));
}

TEST(BalancerControllerTest, GoesOnFromWhatItSaved) {
  const auto whole = CreateBalancer("lsq", "", Pool(true));
  auto killed = CreateBalancer("lsq", "", Pool(true));
  for (int i = 0; i < 20; ++i) {
    const Observation seen = Seen(i, i % 7, (3 * i) % 5);
    whole->Decide(seen);
    auto next = CreateBalancer("lsq", "", Pool(true));
    next->Load(nlohmann::json::parse(killed->Save().dump()));
    killed = std::move(next);
    killed->Decide(seen);
    EXPECT_EQ(LinesOf(killed.get()), LinesOf(whole.get())) << i;
    EXPECT_EQ(killed->Save(), whole->Save());
  }
  BalancerConfig other = Pool(true);
  other.servers[1].name = "c";
  EXPECT_THAT(testing::ErrorOf([&] {
                CreateBalancer("lsq", "", other)->Load(whole->Save());
              }),
              HasSubstr("other servers"));
}

}  // namespace
}  // namespace airlock
