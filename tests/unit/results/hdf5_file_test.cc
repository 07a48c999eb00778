#include "sim/results/hdf5_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <functional>
#include <thread>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/base/rng.h"
#include "sim/results/hdf5_writer.h"
#include "tests/support/small_results.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using airlock::testing::FixedProvenance;
using airlock::testing::SmallRunRecord;
using airlock::testing::SmallTrace;
using airlock::testing::TemporaryFolder;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// The text of the InputError that `call` throws; fails if it throws none.
std::string InputErrorOf(const std::function<void()>& call) {
  try {
    call();
  } catch (const InputError& error) {
    EXPECT_EQ(error.code(), ExitCode::kInput);
    return error.what();
  } catch (const std::exception& error) {
    ADD_FAILURE() << "another exception: " << error.what();
    return "";
  }
  ADD_FAILURE() << "no exception";
  return "";
}

bool SameBits(const std::vector<double>& a, const std::vector<double>& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(double)) == 0;
}

void ExpectSame(const Trace& a, const Trace& b) {
  EXPECT_EQ(a.source, b.source);
  EXPECT_EQ(a.origin, b.origin);
  EXPECT_EQ(a.attributes, b.attributes);
  EXPECT_TRUE(SameBits(a.time_seconds, b.time_seconds));
  ASSERT_EQ(a.columns.size(), b.columns.size());
  for (size_t c = 0; c < a.columns.size(); ++c) {
    EXPECT_EQ(a.columns[c].name, b.columns[c].name);
    EXPECT_EQ(a.columns[c].role, b.columns[c].role);
    EXPECT_EQ(a.columns[c].unit, b.columns[c].unit);
    EXPECT_EQ(a.columns[c].scope, b.columns[c].scope);
    EXPECT_EQ(a.columns[c].scope_id, b.columns[c].scope_id);
    EXPECT_EQ(a.columns[c].description, b.columns[c].description);
    EXPECT_TRUE(SameBits(a.columns[c].values, b.columns[c].values)) << c;
  }
}

void ExpectSame(const Provenance& a, const Provenance& b) {
  EXPECT_EQ(a.airlock_version, b.airlock_version);
  EXPECT_EQ(a.git_sha1, b.git_sha1);
  EXPECT_EQ(a.date_and_time, b.date_and_time);
  EXPECT_EQ(a.seed, b.seed);
  EXPECT_EQ(a.engine, b.engine);
  EXPECT_EQ(a.scenario_sha256, b.scenario_sha256);
}

TEST(TraceFileTest, RoundTripIsExact) {
  const TemporaryFolder folder;
  const std::string path = folder / "t.h5";
  WriteTrace(SmallTrace(), path, FixedProvenance());
  ExpectSame(ReadTrace(path), SmallTrace());
  const FileHeader header = ReadFileHeader(path);
  EXPECT_EQ(header.filetype, "trace");
  EXPECT_EQ(header.version_major, 1);
  EXPECT_EQ(header.digest, SmallTrace().Digest());
  ExpectSame(header.provenance, FixedProvenance());
  EXPECT_EQ(folder.CountEntries(), 1);
}

TEST(TraceFileTest, EmptyOneSampleAndManySamples) {
  const TemporaryFolder folder;
  const std::string path = folder / "t.h5";
  RngStream rng(1);
  for (const int n : {0, 1, 40000}) {
    Trace trace;
    Column column;
    column.name = "x";
    for (int i = 0; i < n; ++i) {
      trace.time_seconds.push_back(i);
      column.values.push_back(rng.Normal(0, 1));
    }
    trace.columns = {column};
    WriteTrace(trace, path);
    ExpectSame(ReadTrace(path), trace);
  }
  WriteTrace(Trace(), path);
  ExpectSame(ReadTrace(path), Trace());
}

// Text of any kind, also longer than an HDF5 object header takes (64 KiB).
TEST(TraceFileTest, AnyNameAndText) {
  const TemporaryFolder folder;
  const std::string path = folder / "t.h5";
  Trace trace;
  trace.time_seconds = {0};
  trace.origin = std::string(100000, 'x');
  trace.attributes = {{"", "a/b\n\"\\"}, {"k", ""}};
  for (const char* name :
       {".", "..", "/", "a/b", "a%2Fb", "%", "%%", " ", "\n", "...", "core.0",
        "ä", "\xff", "100%", "%2", "time", "/columns"}) {
    Column column;
    column.name = name;
    column.description = std::string("about ") + name;
    column.values = {1};
    trace.columns.push_back(column);
  }
  WriteTrace(trace, path);
  ExpectSame(ReadTrace(path), trace);
}

TEST(TraceFileTest, LinkNamesAreReversible) {
  RngStream rng(2);
  for (int run = 0; run < 2000; ++run) {
    std::string name;
    for (uint64_t i = rng.UniformInt(6); i > 0; --i) {
      name += "./%aF2\t\xc3"[rng.UniformInt(8)];
    }
    const std::string link = NameToLink(name);
    EXPECT_EQ(LinkToName(link), name);
    EXPECT_EQ(link.find('/'), std::string::npos);
    EXPECT_NE(link.find_first_not_of('.'), std::string::npos) << link;
  }
}

TEST(TraceFileTest, RefusesToWriteABrokenTrace) {
  const TemporaryFolder folder;
  Trace trace = SmallTrace();
  trace.time_seconds[1] = -1;
  EXPECT_THAT(InputErrorOf([&] { WriteTrace(trace, folder / "t.h5"); }),
              ::testing::AllOf(HasSubstr("t.h5"), HasSubstr("sample 1")));
  trace = SmallTrace();
  trace.columns[0].name = std::string("a\0b", 3);
  EXPECT_THAT(InputErrorOf([&] { WriteTrace(trace, folder / "t.h5"); }),
              HasSubstr("zero byte"));
  EXPECT_EQ(folder.CountEntries(), 0);
}

TEST(ResultFileTest, RoundTripIsExact) {
  const TemporaryFolder folder;
  const std::string path = folder / "r.h5";
  const RunRecord record = SmallRunRecord();
  WriteRunRecord(record, path);
  const RunRecord read = ReadRunRecord(path);
  ExpectSame(read.provenance, record.provenance);
  EXPECT_EQ(read.scenario_name, "small");
  ASSERT_EQ(read.replications.size(), 2u);
  for (size_t r = 0; r < 2; ++r) {
    const ReplicationRecord& a = record.replications[r];
    const ReplicationRecord& b = read.replications[r];
    EXPECT_EQ(a.replication, b.replication);
    EXPECT_EQ(a.warmup_seconds, b.warmup_seconds);
    EXPECT_EQ(a.simulated_seconds, b.simulated_seconds);
    EXPECT_EQ(a.events, b.events);
    EXPECT_EQ(a.wall_seconds, b.wall_seconds);
    ASSERT_EQ(a.metrics.size(), b.metrics.size());
    for (size_t m = 0; m < a.metrics.size(); ++m) {
      EXPECT_EQ(a.metrics[m].name, b.metrics[m].name);
      EXPECT_EQ(a.metrics[m].unit, b.metrics[m].unit);
      EXPECT_EQ(a.metrics[m].description, b.metrics[m].description);
      EXPECT_TRUE(SameBits({a.metrics[m].value}, {b.metrics[m].value}));
    }
    ExpectSame(a.series, b.series);
  }
}

TEST(ResultFileTest, NoReplicationsAndMetricOrder) {
  const TemporaryFolder folder;
  RunRecord record;
  WriteRunRecord(record, folder / "r.h5");
  EXPECT_TRUE(ReadRunRecord(folder / "r.h5").replications.empty());
  ReplicationRecord replication;
  for (const char* name : {"z", "a", "m", "10", "9"}) {
    replication.metrics.push_back({name, "1", "", 1});
  }
  record.replications = {replication};
  WriteRunRecord(record, folder / "r.h5");
  const RunRecord read = ReadRunRecord(folder / "r.h5");
  EXPECT_EQ(read.replications[0].metrics[0].name, "z");
  EXPECT_EQ(read.replications[0].metrics[4].name, "9");
}

TEST(ResultFileTest, RefusesInconsistentReplications) {
  const TemporaryFolder folder;
  const std::string path = folder / "r.h5";
  RunRecord record = SmallRunRecord();
  record.replications[1].metrics[0].unit = "ms";
  EXPECT_THAT(InputErrorOf([&] { WriteRunRecord(record, path); }),
              HasSubstr("replication 1 has other metrics than replication 0"));
  record = SmallRunRecord();
  record.replications[1].replication = Replication(0);
  EXPECT_THAT(InputErrorOf([&] { WriteRunRecord(record, path); }),
              HasSubstr("replication 0 comes twice"));
  record = SmallRunRecord();
  for (ReplicationRecord& replication : record.replications) {
    replication.metrics[1].name = "latency_p99";
  }
  EXPECT_THAT(InputErrorOf([&] { WriteRunRecord(record, path); }),
              HasSubstr("two metrics are named 'latency_p99'"));
  EXPECT_EQ(folder.CountEntries(), 0);
}

TEST(ResultFileTest, DigestLeavesOutDateAndWallTimeOnly) {
  const std::string digest = SmallRunRecord().Digest();
  RunRecord record = SmallRunRecord();
  record.provenance.date_and_time = "2027-01-01T00:00:00Z";
  record.replications[0].wall_seconds = 99;
  EXPECT_EQ(record.Digest(), digest);
  const std::vector<std::function<void(RunRecord*)>> changes = {
      [](RunRecord* r) { r->provenance.seed = 1; },
      [](RunRecord* r) { r->provenance.engine = "packet"; },
      [](RunRecord* r) { r->provenance.scenario_sha256 += "0"; },
      [](RunRecord* r) { r->provenance.git_sha1 += "-dirty"; },
      [](RunRecord* r) { r->provenance.airlock_version = "0.2.0"; },
      [](RunRecord* r) { r->scenario_name = "other"; },
      [](RunRecord* r) { r->replications.pop_back(); },
      [](RunRecord* r) { r->replications[1].events += 1; },
      [](RunRecord* r) { r->replications[1].warmup_seconds += 1; },
      [](RunRecord* r) { r->replications[1].simulated_seconds += 1; },
      [](RunRecord* r) { r->replications[1].replication = Replication(7); },
      [](RunRecord* r) { r->replications[1].metrics[0].value *= 1 + 1e-15; },
      [](RunRecord* r) { r->replications[1].metrics[1].value = 0; },
      [](RunRecord* r) { r->replications[1].metrics[0].unit = "ms"; },
      [](RunRecord* r) { r->replications[1].metrics[0].description = "x"; },
      [](RunRecord* r) { r->replications[0].series.time_seconds[0] = -1; },
      [](RunRecord* r) { r->replications[0].series.origin = ""; },
      [](RunRecord* r) { r->replications[0].series.attributes.pop_back(); },
      [](RunRecord* r) {
        r->replications[0].series.columns[0].description = "";
      }};
  std::set<std::string> digests = {digest};
  for (const auto& change : changes) {
    record = SmallRunRecord();
    change(&record);
    EXPECT_TRUE(digests.insert(record.Digest()).second) << digests.size();
  }
}

// Equal content gives equal bytes: nothing of HDF5 writes the time.
TEST(ResultFileTest, EqualRecordsGiveEqualFiles) {
  const TemporaryFolder folder;
  WriteRunRecord(SmallRunRecord(), folder / "a.h5");
  WriteRunRecord(SmallRunRecord(), folder / "b.h5");
  EXPECT_EQ(ReadFile(folder / "a.h5"), ReadFile(folder / "b.h5"));
}

TEST(BrokenFileTest, MissingEmptyAndForeign) {
  const TemporaryFolder folder;
  const auto message = [&](const std::string& name) {
    return InputErrorOf([&] { ReadTrace(folder / name); });
  };
  EXPECT_EQ(message("none.h5"), "cannot read " + (folder / "none.h5") +
                                    ": No such file or directory");
  WriteFileAtomically(folder / "empty.h5", "");
  EXPECT_EQ(message("empty.h5"), (folder / "empty.h5") + ": the file is empty");
  WriteFileAtomically(folder / "text.h5", "time,latency\n0,1\n");
  EXPECT_EQ(message("text.h5"),
            (folder / "text.h5") + ": not an HDF5 file of Airlock");
  WriteTrace(SmallTrace(), folder / "t.h5");
  const std::string image = ReadFile(folder / "t.h5");
  WriteFileAtomically(folder / "foreign.h5", image.substr(512));
  EXPECT_THAT(message("foreign.h5"),
              HasSubstr("this HDF5 file was not written by Airlock"));
  EXPECT_THAT(message("."), HasSubstr("Is a directory"));
}

TEST(BrokenFileTest, OtherFileType) {
  const TemporaryFolder folder;
  WriteTrace(SmallTrace(), folder / "t.h5");
  WriteRunRecord(SmallRunRecord(), folder / "r.h5");
  EXPECT_EQ(InputErrorOf([&] { ReadTrace(folder / "r.h5"); }),
            (folder / "r.h5") +
                ": this is a file of type 'result', not "
                "'trace'");
  EXPECT_EQ(InputErrorOf([&] { ReadRunRecord(folder / "t.h5"); }),
            (folder / "t.h5") +
                ": this is a file of type 'trace', not "
                "'result'");
}

// Every truncation and every flipped byte is an InputError that names the file.
TEST(BrokenFileTest, TruncatedAndFlipped) {
  const TemporaryFolder folder;
  const std::string path = folder / "t.h5";
  WriteTrace(SmallTrace(), path);
  const std::string image = ReadFile(path);
  RngStream rng(3);
  for (int run = 0; run < 150; ++run) {
    const size_t size = 1 + rng.UniformInt(image.size() - 1);
    WriteFileAtomically(path, image.substr(0, size));
    EXPECT_THAT(InputErrorOf([&] { ReadTrace(path); }),
                StartsWith(path + ": "));
    std::string flipped = image;
    const size_t at =
        run < 50 ? rng.UniformInt(512) : rng.UniformInt(image.size());
    flipped[at] = static_cast<char>(flipped[at] ^ (1 + rng.UniformInt(255)));
    WriteFileAtomically(path, flipped);
    EXPECT_THAT(InputErrorOf([&] { ReadTrace(path); }), StartsWith(path + ": "))
        << at;
  }
  WriteFileAtomically(path, image.substr(0, image.size() / 2));
  EXPECT_EQ(InputErrorOf([&] { ReadTrace(path); }),
            fmt::format("{}: the file is truncated: {} of {} bytes", path,
                        image.size() / 2, image.size()));
  WriteFileAtomically(path, image + "x");
  EXPECT_THAT(InputErrorOf([&] { ReadTrace(path); }),
              HasSubstr("the file is damaged"));
}

// Files whose checksum is right but whose content is not: by a broken writer.
class CraftedFileTest : public ::testing::Test {
 protected:
  std::string ReadMessage(Hdf5Writer* writer) {
    WriteFileAtomically(path_, writer->Image());
    ::testing::internal::CaptureStderr();
    const std::string message = InputErrorOf([&] { ReadTrace(path_); });
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_THAT(message, StartsWith(path_ + ": "));
    return message;
  }

  TemporaryFolder folder_;
  std::string path_ = folder_ / "t.h5";
};

TEST_F(CraftedFileTest, NewerMajorVersionIsRefusedFirst) {
  Hdf5Writer writer;
  writer.RootAttributes("trace", 2, 5, FixedProvenance(), "");
  EXPECT_EQ(ReadMessage(&writer),
            path_ +
                ": written by a newer Airlock: trace format 2.5; this "
                "program reads up to 1.x");
}

TEST_F(CraftedFileTest, NewerMinorVersionIsRead) {
  Hdf5Writer writer;
  writer.RootAttributes("trace", 1, 7, FixedProvenance(),
                        SmallTrace().Digest());
  writer.TraceContent("", SmallTrace());
  writer.Dataset("/something_new", std::vector<double>{1}, "1", "");
  WriteFileAtomically(path_, writer.Image());
  ExpectSame(ReadTrace(path_), SmallTrace());
}

TEST_F(CraftedFileTest, WrongDigest) {
  Hdf5Writer writer;
  writer.RootAttributes("trace", 1, 0, FixedProvenance(), "abc");
  writer.TraceContent("", SmallTrace());
  EXPECT_THAT(ReadMessage(&writer),
              HasSubstr("/@digest: is abc but the content has " +
                        SmallTrace().Digest()));
}

TEST_F(CraftedFileTest, NothingAtAll) {
  Hdf5Writer writer;
  EXPECT_THAT(ReadMessage(&writer),
              HasSubstr("/: attribute 'filetype' is missing"));
}

TEST_F(CraftedFileTest, MissingDataset) {
  Hdf5Writer writer;
  writer.RootAttributes("trace", 1, 0, FixedProvenance(), "");
  writer.Attribute("/", "source", std::string("x"));
  writer.Attribute("/", "origin", std::string("x"));
  EXPECT_THAT(ReadMessage(&writer), HasSubstr("/time: the dataset is missing"));
}

TEST_F(CraftedFileTest, WrongTypes) {
  Hdf5Writer writer;
  writer.RootAttributes("trace", 1, 0, FixedProvenance(), "");
  writer.Attribute("/", "source", std::string("x"));
  writer.Attribute("/", "origin", uint64_t{7});
  EXPECT_THAT(ReadMessage(&writer),
              HasSubstr("/: attribute 'origin' is not a text"));
  Hdf5Writer second;
  second.RootAttributes("trace", 1, 0, FixedProvenance(), "");
  second.Attribute("/", "source", std::string("x"));
  second.Attribute("/", "origin", std::string("x"));
  second.Dataset("/time", std::vector<int64_t>{1}, "s", "");
  EXPECT_THAT(ReadMessage(&second), HasSubstr("/time: is not float64"));
}

TEST_F(CraftedFileTest, UnsortedTimeAndUnequalLengths) {
  Hdf5Writer writer;
  writer.RootAttributes("trace", 1, 0, FixedProvenance(), "");
  Trace trace = SmallTrace();
  trace.time_seconds = {0, 2, 1};
  writer.TraceContent("", trace);
  EXPECT_THAT(ReadMessage(&writer),
              HasSubstr("sample 2: time 1 s does not come after 2 s"));
  Hdf5Writer second;
  second.RootAttributes("trace", 1, 0, FixedProvenance(), "");
  trace = SmallTrace();
  trace.columns[1].values.pop_back();
  second.TraceContent("", trace);
  EXPECT_THAT(
      ReadMessage(&second),
      HasSubstr("column 'interface.eth0/1%.rx' has 2 values for 3 samples"));
}

TEST_F(CraftedFileTest, ColumnIndexWithAGap) {
  Hdf5Writer writer;
  writer.RootAttributes("trace", 1, 0, FixedProvenance(), "");
  Trace trace;
  trace.time_seconds = {0};
  writer.TraceContent("", trace);
  writer.Dataset("/columns/a", std::vector<double>{1}, "1", "");
  writer.Attribute("/columns/a", "index", uint64_t{3});
  EXPECT_THAT(ReadMessage(&writer),
              HasSubstr("/columns/a: index 3 is not unique in 0..0"));
}

// The library is built for threads, and its error stack is one a thread.
TEST(ThreadTest, FilesOfSeveralThreads) {
  const TemporaryFolder folder;
  std::vector<std::thread> threads;
  std::vector<int> good(4, 0);
  for (size_t t = 0; t < good.size(); ++t) {
    threads.emplace_back([&, t] {
      const std::string path = folder / fmt::format("{}.h5", t);
      for (int run = 0; run < 20; ++run) {
        WriteRunRecord(SmallRunRecord(), path);
        good[t] += ReadRunRecord(path).Digest() == SmallRunRecord().Digest();
        try {
          ReadTrace(path);
        } catch (const InputError&) {
          ++good[t];
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(good, ::testing::Each(40));
}

TEST(WriteFailureTest, FolderThatIsAFile) {
  const TemporaryFolder folder;
  WriteFileAtomically(folder / "none", "");
  try {
    WriteTrace(SmallTrace(), folder / "none/t.h5");
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::kFailed);
    EXPECT_THAT(error.what(), HasSubstr("Not a directory"));
  }
}

}  // namespace
}  // namespace airlock
