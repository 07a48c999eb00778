#include "sim/base/frame.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <string>

#include "sim/base/interrupt.h"
#include "tests/support/error_of.h"
#include "tests/support/pipe.h"
#include "tests/support/run_in_child.h"

namespace airlock {
namespace {

using nlohmann::json;
using testing::Pipe;

TEST(FrameTest, HalfAFrameIsAnError) {
  Pipe whole;
  WriteFrame(whole.in(), {{"type", "progress"}});
  char bytes[64];
  const ssize_t size = read(whole.out(), bytes, sizeof bytes);
  for (ssize_t cut = 1; cut < size; ++cut) {
    Pipe pipe;
    ASSERT_EQ(write(pipe.in(), bytes, static_cast<size_t>(cut)), cut);
    pipe.CloseIn();
    json frame;
    EXPECT_THROW(ReadFrame(pipe.out(), &frame), Error) << cut;
  }
}

// A signal that came before the wait began: nothing cuts the wait short, and
// nothing ever arrives.
TEST(FrameTest, AnEarlierSignalEndsTheWait) {
  EXPECT_EQ(RunInChild([]() -> std::string {
              InstallInterruptHandlers();
              raise(SIGTERM);
              alarm(20);  // ends the child if the wait does not
              Pipe pipe;
              json frame;
              try {
                ReadFrame(pipe.out(), &frame);
              } catch (const Error& error) {
                return std::to_string(static_cast<int>(error.code()));
              }
              return "no error";
            }),
            "130");
}

TEST(FrameTest, AnErrorPassesWithItsExitCode) {
  const json frame = FrameOf([]() -> json { throw InputError("row 7"); });
  try {
    ThrowIfErrorFrame(frame);
    FAIL();
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "row 7");
    EXPECT_EQ(error.code(), ExitCode::kInput);
  }
  EXPECT_EQ(
      FrameOf([]() -> json { throw std::runtime_error("x"); }).at("exit_code"),
      static_cast<int>(ExitCode::kFailed));
  EXPECT_NO_THROW(ThrowIfErrorFrame({{"type", "record"}}));
}

}  // namespace
}  // namespace airlock
