#include "agents/learn/learner_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <string>

#include "agents/learn/supervised_training.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/frame.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;

TrainingExamples Line() {
  TrainingExamples examples;
  examples.inputs = 1;
  for (int i = 0; i < 60; ++i) {
    examples.x.push_back(i / 30.0 - 1);
    examples.y.push_back(3 * examples.x.back());
  }
  return examples;
}

MlpTraining Quick() {
  MlpTraining training;
  training.hidden = {4};
  training.epochs = 2;
  return training;
}

std::string ErrorOfTraining(LearnerClient* client,
                            const MlpTraining& training) {
  try {
    client->Train(Line(), training);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(LearnerClientTest, TheProgramTrainsAsTheLibraryDoesManyTimes) {
  LearnerClient client;
  for (uint64_t seed = 1; seed <= 3; ++seed) {
    MlpTraining training = Quick();
    training.seed = seed;
    EXPECT_EQ(ToFrame(client.Train(Line(), training)),
              ToFrame(TrainMlp(Line(), training)));
  }
}

TEST(LearnerClientTest, AWrongRequestIsAnErrorAndTheNextOneIsServed) {
  ChildProcess learner(AIRLOCK_BINARY_DIR "/airlock-learner");
  nlohmann::json answer;
  WriteFrame(learner.input(), {{"type", "sing"}});
  ASSERT_TRUE(ReadFrame(learner.output(), &answer));
  EXPECT_EQ(answer.at("message"), "no request 'sing'; known: train");
  EXPECT_EQ(answer.at("exit_code"), 3);
  MlpTraining training = Quick();
  training.dropout = 2;
  WriteFrame(learner.input(), ToFrame(Line(), training));
  ASSERT_TRUE(ReadFrame(learner.output(), &answer));
  EXPECT_EQ(answer.at("message"),
            "training: dropout = 2 must lie within 0 and 0.9");
  WriteFrame(learner.input(), ToFrame(Line(), Quick()));
  ASSERT_TRUE(ReadFrame(learner.output(), &answer));
  EXPECT_EQ(answer.at("type"), "trained");
  EXPECT_EQ(learner.DescribeEnd(), "exit code 0");
}

TEST(LearnerClientTest, ALearnerThatDiesIsAnErrorWithItsLastWords) {
  const testing::TemporaryFolder folder;
  const std::string program = folder / "learner";
  WriteFileAtomically(program,
                      "#!/bin/sh\necho no memory left >&2\nkill -9 $$\n");
  chmod(program.c_str(), 0755);
  LearnerClient client;
  setenv("AIRLOCK_LEARNER", program.c_str(), 1);
  const std::string error = ErrorOfTraining(&client, Quick());
  unsetenv("AIRLOCK_LEARNER");
  EXPECT_THAT(error, HasSubstr("the learner ended before its work"));
  EXPECT_THAT(error, HasSubstr("killed by signal 9 (Killed); it said: no "
                               "memory left"));
  // Another one is started.
  EXPECT_EQ(client.Train(Line(), Quick()).members.size(), 1u);
}

TEST(LearnerClientTest, AMissingProgramIsNamed) {
  LearnerClient client;
  setenv("AIRLOCK_LEARNER", "/no/such/learner", 1);
  const std::string error = ErrorOfTraining(&client, Quick());
  unsetenv("AIRLOCK_LEARNER");
  EXPECT_THAT(error, HasSubstr("cannot start /no/such/learner: No such file"));
}

}  // namespace
}  // namespace airlock
