#include "twin/registry/verdict.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"
#include "tests/support/gate_folder.h"
#include "tests/support/temporary_folder.h"

namespace airlock {
namespace {

using airlock::testing::TemporaryFolder;
using airlock::testing::WriteGateFolder;
using nlohmann::json;
using ::testing::HasSubstr;

// Changes the summary of a gate's folder and, if `sealed`, its digest with it.
void Edit(const std::string& folder, bool sealed,
          const std::function<void(json*)>& change) {
  json summary = json::parse(ReadFile(folder + "/summary.json"));
  change(&summary);
  if (sealed) summary["digest"] = VerdictDigest(summary);
  WriteFileAtomically(folder + "/summary.json", summary.dump());
}

class VerdictTest : public ::testing::Test {
 protected:
  VerdictTest() { WriteGateFolder(gate_, "model"); }

  void ExpectRefused(ExitCode code, const std::string& text) {
    try {
      ReadPassingVerdict(gate_);
      ADD_FAILURE() << "not refused; expected: " << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), code) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(text));
    }
  }

  TemporaryFolder folder_;
  std::string gate_ = folder_ / "gate";
};

// printf '{"a":1,"b":[true,null]}' | sha256sum
TEST(VerdictDigestTest, IsOfTheCanonicalTextWithoutTheDigest) {
  const json summary =
      json::parse(R"({ "b": [true, null], "digest": "x", "a": 1 })");
  EXPECT_EQ(VerdictDigest(summary), Sha256(R"({"a":1,"b":[true,null]})"));
}

TEST(VerdictDigestTest, SurvivesWritingAndReading) {
  const json summary = {{"x", 0.1},       {"y", 1.0},
                        {"z", 1},         {"s", "ä\n\x01"},
                        {"tiny", 5e-324}, {"big", 1.7976931348623157e308}};
  EXPECT_EQ(VerdictDigest(json::parse(summary.dump(2))),
            VerdictDigest(summary));
  EXPECT_NE(VerdictDigest({{"x", 1}}), VerdictDigest({{"x", 1.0}}));
}

TEST_F(VerdictTest, PassingVerdictIsRead) {
  const GateRecord verdict = ReadPassingVerdict(gate_);
  EXPECT_EQ(verdict.candidate_name, "the model");
  ASSERT_EQ(verdict.files.size(), 2u);
  EXPECT_EQ(verdict.files[0].path, "candidate.model");
  EXPECT_EQ(verdict.files[0].sha256, Sha256("model"));
  EXPECT_EQ(verdict.digest, VerdictDigest(verdict.summary));
}

TEST_F(VerdictTest, RejectAndInconclusiveHaveTheirOwnCodes) {
  WriteGateFolder(gate_, "model", "reject");
  ExpectRefused(ExitCode::kNo, "the gate rejects the candidate");
  WriteGateFolder(gate_, "model", "inconclusive");
  ExpectRefused(ExitCode::kInconclusive, "inconclusive");
  Edit(gate_, true, [](json* summary) { (*summary)["verdict"] = "perhaps"; });
  ExpectRefused(ExitCode::kInput, "'perhaps' is not a verdict");
}

TEST_F(VerdictTest, NoGateFolder) {
  gate_ = folder_ / "none";
  ExpectRefused(ExitCode::kInput, "none/summary.json: No such file");
}

TEST_F(VerdictTest, MalformedSummaries) {
  WriteFileAtomically(gate_ + "/summary.json", "{\"verdict\": \"promote\",\n}");
  ExpectRefused(ExitCode::kInput, "line 2, column 1");
  WriteFileAtomically(gate_ + "/summary.json", "");
  ExpectRefused(ExitCode::kInput, "summary.json");
  for (const char* text : {"[]", "1", "{}", "{\"filetype\": 3}"}) {
    WriteFileAtomically(gate_ + "/summary.json", text);
    ExpectRefused(ExitCode::kInput, "summary.json: not a gate's verdict");
  }
}

TEST_F(VerdictTest, AnyChangedFieldIsSeen) {
  WriteGateFolder(gate_, "model", "reject");
  Edit(gate_, false, [](json* summary) { (*summary)["verdict"] = "promote"; });
  ExpectRefused(ExitCode::kInput, "changed since the gate wrote it");
}

TEST_F(VerdictTest, NewerMajorVersion) {
  Edit(gate_, true, [](json* summary) { (*summary)["version"] = {2, 3}; });
  ExpectRefused(ExitCode::kInput,
                "written by a newer Airlock: gate-verdict 2.3");
}

TEST_F(VerdictTest, MissingAndMistypedFields) {
  for (const char* key :
       {"version", "verdict", "candidate", "inputs", "criteria", "digest"}) {
    WriteGateFolder(gate_, "model");
    Edit(gate_, std::string(key) != "digest",
         [&](json* summary) { summary->erase(key); });
    ExpectRefused(ExitCode::kInput, fmt::format("'{}'", key));
    WriteGateFolder(gate_, "model");
    Edit(gate_, std::string(key) != "digest",
         [&](json* summary) { (*summary)[key] = 7; });
    ExpectRefused(ExitCode::kInput, "summary.json");
  }
}

TEST_F(VerdictTest, PromoteNeedsCriteriaThatAllPass) {
  Edit(gate_, true, [](json* summary) {
    (*summary)["criteria"].push_back({{"outcome", "inconclusive"}});
  });
  ExpectRefused(ExitCode::kInput, "a criterion's outcome is inconclusive");
  Edit(gate_, true,
       [](json* summary) { (*summary)["criteria"] = json::array(); });
  ExpectRefused(ExitCode::kInput, "without a criterion");
}

TEST_F(VerdictTest, ChangedCandidateAndInputs) {
  WriteFileAtomically(gate_ + "/candidate.model", "another");
  ExpectRefused(ExitCode::kInput,
                "candidate.model: the candidate changed since the gate");
  WriteGateFolder(gate_, "model");
  WriteFileAtomically(gate_ + "/trace.h5", "other samples");
  ExpectRefused(ExitCode::kInput, "the trace changed since the gate judged it");
  WriteGateFolder(gate_, "model");
  std::filesystem::remove(gate_ + "/trace.h5");
  ExpectRefused(ExitCode::kInput, "the trace that was judged");
}

TEST_F(VerdictTest, CandidateStaysInItsFolder) {
  for (const char* path : {"/etc/passwd", "../x", "a/../../x", "", "./x"}) {
    WriteGateFolder(gate_, "model");
    Edit(gate_, true, [&](json* summary) {
      (*summary)["candidate"]["files"][0]["path"] = path;
    });
    ExpectRefused(ExitCode::kInput, "is not a path inside the gate's folder");
  }
  WriteGateFolder(gate_, "model");
  Edit(gate_, true, [&](json* summary) {
    (*summary)["candidate"]["files"] = json::array();
  });
  ExpectRefused(ExitCode::kInput, "the candidate has no files");
  WriteGateFolder(gate_, "model");
  Edit(gate_, true, [&](json* summary) {
    json& files = (*summary)["candidate"]["files"];
    files.push_back(files[0]);
  });
  ExpectRefused(ExitCode::kInput, "comes twice");
}

}  // namespace
}  // namespace airlock
