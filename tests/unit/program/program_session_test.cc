#include "agents/program/program_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <csignal>

#include "agents/program/program_controller.h"
#include "sim/base/error.h"

namespace airlock {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

ProgramCall Shell(const std::string& script) {
  return {{"/bin/sh", "-c", script}, ""};
}

// Answers every question with the same line.
ProgramCall Says(const std::string& answer) {
  return Shell("while read q; do echo '" + answer + "'; done");
}

ProgramLimits Quick() {
  ProgramLimits limits;
  limits.answer_seconds = 10;
  limits.start_seconds = 10;
  return limits;
}

json AskOnce(ProgramSession* session) {
  return session->Ask({{"time", 1.5}, {"values", json::object()}});
}

TEST(ProgramSessionTest, AnAnswerComesBackAsItWasGiven) {
  ProgramSession session(Says(R"({"value": 0.1, "low": null})"), Quick());
  for (int i = 0; i < 5; ++i) {
    const json answer = AskOnce(&session);
    double value = 0;
    double low = 0;
    EXPECT_TRUE(ReadNumber(answer, "value", &value));
    EXPECT_EQ(value, 0.1);
    EXPECT_TRUE(ReadNumber(answer, "low", &low));
    EXPECT_TRUE(std::isnan(low));
  }
  session.Finish();
  EXPECT_EQ(session.account().asked, 5);
  EXPECT_EQ(session.account().answered, 5);
  EXPECT_EQ(session.account().faults(), 0);
  // The first after a start is another matter than the rest.
  EXPECT_EQ(session.account().latency_seconds.size(), 4u);
  EXPECT_GT(session.account().peak_resident_bytes, 0);
}

TEST(ProgramSessionTest, TheQuestionIsOneLineWithItsNumber) {
  ProgramSession session(
      Shell("read q; echo \"{\\\"value\\\": ${#q}}\"; read q; echo $q"),
      Quick());
  // {"id":1,"time":1.5,"values":{}}
  EXPECT_EQ(AskOnce(&session).at("value"), 31);
  EXPECT_EQ(AskOnce(&session).at("id"), 2);
}

// One row a fault: what the program does, and where it is counted.
struct Fault {
  const char* name;
  const char* script;
  int64_t ProgramAccount::*counted;
  const char* said;
};

class ProgramFaultTest : public ::testing::TestWithParam<Fault> {};

TEST_P(ProgramFaultTest, IsCountedAndSaid) {
  ProgramLimits limits = Quick();
  if (GetParam().counted == &ProgramAccount::late) {
    limits.answer_seconds = limits.start_seconds = 0.2;
  }
  ProgramSession session(Shell(GetParam().script), limits);
  for (int i = 0; i < 3; ++i) AskOnce(&session);
  session.Finish();
  const ProgramAccount& account = session.account();
  EXPECT_GE(account.*GetParam().counted, 1) << account.first_fault;
  EXPECT_THAT(account.first_fault, HasSubstr(GetParam().said));
  EXPECT_LT(account.answered, 3);
  EXPECT_EQ(account.asked, account.answered + account.late + account.ended +
                               account.garbage + account.unasked +
                               account.mismatched + account.given_up);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, ProgramFaultTest,
    ::testing::Values(
        Fault{"Silent", "sleep 5", &ProgramAccount::late,
              "does it flush its output"},
        Fault{"Crash", "read q; echo out of memory >&2; kill -9 $$",
              &ProgramAccount::ended, "out of memory"},
        Fault{"Ends", "read q; exit 3", &ProgramAccount::ended, "exit code 3"},
        Fault{"NotJson", "while read q; do echo 12,5; done",
              &ProgramAccount::garbage, "not a JSON object: 12,5"},
        Fault{"NaN", "while read q; do echo '{\"value\": NaN}'; done",
              &ProgramAccount::garbage, "JSON has no NaN"},
        Fault{"ANumber", "while read q; do echo 5; done",
              &ProgramAccount::garbage, "not a JSON object: 5"},
        Fault{"TwoLines",
              "while read q; do echo '{\"value\": 1}'; echo loss 0.1; done",
              &ProgramAccount::unasked, "loss 0.1"},
        Fault{"Greets", "echo ready; while read q; do echo '{}'; done",
              &ProgramAccount::garbage, "not a JSON object: ready"},
        Fault{"AtTheEnd",
              "while read q; do echo '{\"value\": 1}'; done; echo bye",
              &ProgramAccount::unasked, "more lines than questions: bye"},
        Fault{"OtherQuestion",
              "while read q; do echo '{\"id\": 7, \"value\": 1}'; done",
              &ProgramAccount::mismatched, "has the id 7"},
        Fault{"EndlessLine", "read q; head -c 3000000 /dev/zero; sleep 5",
              &ProgramAccount::unasked, "more than 1 MiB"}),
    [](const auto& info) { return info.param.name; });

TEST(ProgramSessionTest, ItIsStartedAfreshAndAtLastGivenUp) {
  ProgramLimits limits = Quick();
  limits.restarts = 3;
  ProgramSession session(Shell("read q; echo '{\"value\": 1}'; read q"),
                         limits);
  for (int i = 0; i < 12; ++i) AskOnce(&session);
  EXPECT_EQ(session.account().answered, 4);  // once a start
  EXPECT_EQ(session.account().ended, 4);
  EXPECT_EQ(session.account().given_up, 4);
}

TEST(ProgramSessionTest, OneThatNeverAnswersIsNotStartedTwentyTimes) {
  ProgramSession session(Shell("exit 1"), Quick());
  for (int i = 0; i < 12; ++i) AskOnce(&session);
  EXPECT_EQ(session.account().ended, 3);
  EXPECT_EQ(session.account().given_up, 9);
}

TEST(ProgramSessionTest, WhatIsNotThereIsAWrongInput) {
  ProgramSession session({{"no-such-interpreter", "model.py"}, ""}, Quick());
  try {
    AskOnce(&session);
    FAIL() << "it was asked";
  } catch (const InputError& error) {
    EXPECT_THAT(error.what(), HasSubstr("cannot start no-such-interpreter"));
  }
}

// What was late once is late again, whatever the clock says now.
TEST(ProgramSessionTest, ARepetitionIsLateWhereTheFirstRunWas) {
  ProgramLimits limits = Quick();
  limits.late_before = std::vector<int64_t>{2};
  ProgramSession session(Says(R"({"value": 1})"), limits);
  EXPECT_FALSE(AskOnce(&session).is_null());
  EXPECT_TRUE(AskOnce(&session).is_null());
  EXPECT_FALSE(AskOnce(&session).is_null());
  EXPECT_EQ(session.account().late_questions, std::vector<int64_t>{2});
}

// What a wrapping script started ends with it.
TEST(ProgramSessionTest, NothingIsLeftBehind) {
  const auto begin = std::chrono::steady_clock::now();
  {
    ProgramSession session(
        Shell("sleep 300 & while read q; do echo \"{\\\"value\\\": $!}\"; "
              "done"),
        Quick());
    const json answer = AskOnce(&session);
    ASSERT_TRUE(answer.is_object());
    const auto sleeper = answer.at("value").get<pid_t>();
    EXPECT_EQ(kill(sleeper, 0), 0);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin,
            std::chrono::seconds(100));
}

TEST(ProgramControllerTest, AnAnswerIsAnAction) {
  ProgramController controller(Says(R"({"action": {"ecn_threshold": 48}})"),
                               Quick());
  Observation observation;
  observation.values["queue"] = std::nan("");
  EXPECT_EQ(controller.Decide(observation).settings.at("ecn_threshold"), 48);
  controller.Finish();
  EXPECT_EQ(controller.account().faults(), 0);
}

TEST(ProgramControllerTest, WhatIsNoActionChangesNothing) {
  for (const char* answer :
       {R"({"value": 1})", R"({"action": 5})", R"({"action": {"a": "b"}})",
        R"({"action": {"a": 1, "b": null}})"}) {
    ProgramController controller(Says(answer), Quick());
    EXPECT_TRUE(controller.Decide({}).settings.empty()) << answer;
    EXPECT_EQ(controller.account().garbage, 1) << answer;
  }
}

}  // namespace
}  // namespace airlock
