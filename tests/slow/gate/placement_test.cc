#include <gtest/gtest.h>

#include <string>

#include "tests/support/run_program.h"
#include "tests/support/temporary_folder.h"

// The engine of batches judges the shipped manager of cores and machines, which
// learnt on the model of steady states, and one that nobody trained: some five
// minutes of processor time each.
namespace airlock::testing {
namespace {

ProgramResult Judge(const std::string& gate) {
  const TemporaryFolder folder;
  return RunAirlock({"gate", "scenarios/gates/" + gate, "-o", folder / "out"});
}

TEST(PlacementGateTest, ATrainedManagerIsPromoted) {
  const ProgramResult run = Judge("placement.yaml");
  EXPECT_EQ(run.exit_code, 0) << run.out << run.err;
}

TEST(PlacementGateTest, AnUntrainedManagerIsRejected) {
  const ProgramResult run = Judge("placement-broken.yaml");
  EXPECT_EQ(run.exit_code, 1) << run.out << run.err;
}

}  // namespace
}  // namespace airlock::testing
