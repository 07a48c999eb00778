#include "sim/collector/shared_frames.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <fstream>
#include <thread>

#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/collector/features.h"
#include "tests/support/error_of.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using testing::TemporaryFolder;

std::vector<Column> Columns(size_t count) {
  std::vector<Column> columns(count);
  for (size_t i = 0; i < count; ++i) {
    columns[i].name = "c" + std::to_string(i);
    columns[i].unit = "s";
    columns[i].description = "of a test";
  }
  return columns;
}

// Every value of a sample follows from its number.
void PublishNext(FrameWriter* writer, uint64_t number, size_t columns) {
  std::vector<double> values;
  for (size_t i = 0; i < columns; ++i) {
    values.push_back(static_cast<double>(number * 1000 + i));
  }
  writer->Publish(SimTime(static_cast<int64_t>(7 * number)), values);
}

bool IsWhole(const SharedFrame& frame) {
  if (frame.time.value() != static_cast<int64_t>(7 * frame.number)) {
    return false;
  }
  for (size_t i = 0; i < frame.values.size(); ++i) {
    if (frame.values[i] != static_cast<double>(frame.number * 1000 + i)) {
      return false;
    }
  }
  return true;
}

struct Seen {
  int64_t frames = 0;  // different ones
  int64_t torn = 0;
  int64_t backward = 0;
  int64_t torn_without = 0;  // reading without a look at the number
};

// Whether a reader that takes the newest frame as it is gets a whole one: what
// the protocol is needed for.
bool IsWholeWithout(const SharedMapping& mapping, size_t columns) {
  const auto word = [&](size_t offset) {
    return mapping.word(offset).load(std::memory_order_relaxed);
  };
  const uint64_t frame = word(32) + word(72) % word(24) * word(40);
  SharedFrame seen;
  for (size_t i = 0; i < columns; ++i) {
    const uint64_t bits = word(frame + 16 + 8 * i);
    double value;
    std::memcpy(&value, &bits, sizeof(value));
    seen.values.push_back(value);
  }
  for (size_t i = 0; i < columns; ++i) {
    if (seen.values[i] != seen.values[0] + static_cast<double>(i)) return false;
  }
  return true;
}

// So many that readers and writer are in a frame most of the time.
constexpr size_t kColumns = 4000;
constexpr int64_t kEnough = 300;
constexpr uint64_t kAtMost = 3000000;  // samples, on a machine with no time

// Reads as fast as it can until it has seen enough, or the writer is gone.
Seen ReadMany(const std::string& path) {
  const FrameReader reader(path);
  const SharedMapping plain(path, 0);
  Seen seen;
  SharedFrame frame;
  uint64_t last = 0;
  while ((seen.frames < kEnough || seen.torn_without == 0) &&
         reader.writing()) {
    if (!reader.Read(&frame)) continue;
    seen.torn_without += IsWholeWithout(plain, kColumns) ? 0 : 1;
    seen.frames += frame.number != last ? 1 : 0;
    seen.torn += IsWhole(frame) ? 0 : 1;
    seen.backward += frame.number < last ? 1 : 0;
    last = frame.number;
  }
  return seen;
}

TEST(SharedFrames, ThreadsNeverReadATornFrame) {
  const TemporaryFolder folder;
  const std::string path = folder / "frames";
  // Two frames only: the writer overtakes readers all the time.
  auto writer = std::make_unique<FrameWriter>(path, Columns(kColumns), 2);
  std::vector<Seen> seen(2);
  std::atomic<int> reading{2};
  std::vector<std::thread> readers;
  for (Seen& one : seen) {
    readers.emplace_back([&] {
      one = ReadMany(path);
      --reading;
    });
  }
  for (uint64_t n = 1; reading > 0 && n <= kAtMost; ++n) {
    PublishNext(writer.get(), n, kColumns);
  }
  writer.reset();
  for (std::thread& reader : readers) reader.join();
  for (const Seen& one : seen) {
    EXPECT_GE(one.frames, kEnough);
    EXPECT_GT(one.torn_without, 0);
    EXPECT_EQ(one.torn, 0);
    EXPECT_EQ(one.backward, 0);
  }
}

TEST(SharedFrames, ProcessesNeverReadATornFrame) {
  const TemporaryFolder folder;
  const std::string path = folder / "frames";
  auto writer = std::make_unique<FrameWriter>(path, Columns(kColumns), 2);
  const pid_t child = fork();
  if (child == 0) {
    const Seen seen = ReadMany(path);
    const bool good = seen.frames >= kEnough && seen.torn_without > 0 &&
                      seen.torn + seen.backward == 0;
    _exit(good ? 0 : 1);
  }
  int status = -1;
  bool ended = false;
  for (uint64_t n = 1; !ended && n <= kAtMost; ++n) {
    PublishNext(writer.get(), n, kColumns);
    if (n % 1000 == 0) ended = waitpid(child, &status, WNOHANG) == child;
  }
  writer.reset();
  if (!ended) waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(SharedFrames, GiveTheNewestSampleAndItsColumns) {
  const TemporaryFolder folder;
  const std::string path = folder / "frames";
  auto writer =
      std::make_unique<FrameWriter>(path, CollectorColumns({"a", "b"}));
  const FrameReader reader(path);
  EXPECT_EQ(reader.columns().size(), CollectorColumns({"a", "b"}).size());
  EXPECT_EQ(reader.columns()[1].name, "server.a.n_flow");
  EXPECT_EQ(reader.columns()[1].description, "flows that begin");
  SharedFrame frame;
  EXPECT_FALSE(reader.Read(&frame));
  for (uint64_t n = 1; n <= 9; ++n) {
    PublishNext(writer.get(), n, reader.columns().size());
    ASSERT_TRUE(reader.Read(&frame));
    EXPECT_EQ(frame.number, n);
    EXPECT_TRUE(IsWhole(frame));
  }
  // Another writer begins; who has the old file keeps its last sample.
  const FrameWriter second(path, Columns(3));
  writer.reset();
  EXPECT_FALSE(reader.writing());
  EXPECT_TRUE(reader.Read(&frame));
  EXPECT_EQ(FrameReader(path).columns().size(), 3u);
  EXPECT_TRUE(FrameReader(path).writing());
}

TEST(SharedFrames, WrongFilesAreTold) {
  const TemporaryFolder folder;
  const std::string path = folder / "frames";
  { const FrameWriter writer(path, Columns(3)); }
  const std::string good = ReadFile(path);
  const auto failure = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
    std::string text = ErrorOf([&] { FrameReader reader(path); });
    return text.substr(text.find("error"));
  };
  EXPECT_EQ(failure(""), "error: it is empty");
  EXPECT_EQ(failure("time,rate\n"), "error: it has no frames");
  EXPECT_EQ(failure(good.substr(0, good.size() - 1)),
            "error: its header does not fit its size");
  const auto with = [&](size_t offset, char value) {
    std::string bytes = good;
    bytes[offset] = value;
    return failure(bytes);
  };
  EXPECT_EQ(with(8, 2),
            "error: its frames are of version 2; this program reads 1");
  EXPECT_EQ(with(23, 1), "error: its header does not fit its size");
  EXPECT_EQ(with(31, 1), "error: its header does not fit its size");
  EXPECT_EQ(with(39, -1), "error: its header does not fit its size");
  EXPECT_EQ(with(56, 5), "error: 0 columns are named, not 3");
  EXPECT_THROW(FrameReader reader(folder / "none"), Error);
}

TEST(SharedFrames, LayoutIsDocumented) {
  const std::string text =
      ReadFile(AIRLOCK_SOURCE_DIR "/sim/collector/FORMAT.md");
  for (const auto* fields : {&FrameHeaderFields(), &FrameFields()}) {
    for (size_t i = 0; i < fields->size(); ++i) {
      const FrameField& field = (*fields)[i];
      const std::string row = "| " + std::to_string(8 * i) + " | " +
                              field.type + " | `" + field.name + "` | " +
                              field.description + " |\n";
      EXPECT_NE(text.find(row), std::string::npos) << row;
    }
  }
}

}  // namespace
}  // namespace airlock
