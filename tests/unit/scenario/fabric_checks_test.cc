#include <gtest/gtest.h>

#include <fstream>

#include "sim/scenario/resolve.h"
#include "sim/workload/flow_files.h"
#include "tests/support/measured_data.h"

namespace airlock {
namespace {

// The findings about a datacentre of these lines, or "good" in front of them.
std::string Findings(const std::string& datacentre) {
  Diagnostics diagnostics;
  const auto resolved = ResolveText(
      "schema: 1\nname: x\ndatacentre:\n" + datacentre, "x.yaml", &diagnostics);
  return (resolved ? "good\n" : "") + diagnostics.Format();
}

TEST(FabricWarnings, LoadThatTheFabricCannotCarry) {
  const std::string text =
      "  topology: {leaves: 2, spines: 1, hosts_per_leaf: 4}\n"
      "  traffic: {kind: poisson, load: ";
  // 4/7 of a half's 4 Gb/s go across a link of 1 Gb/s.
  EXPECT_EQ(Findings(text + "40%}\n"), "good\n");
  EXPECT_EQ(Findings(text + "50%}\n"),
            "good\nx.yaml:5:34: warning: datacentre.traffic.load: one half of "
            "the hosts will offer the other 1142857143bps of which the fabric "
            "carries 1Gbps\n");
}

TEST(FabricWarnings, HostsThatAreCutOffLater) {
  const std::string text =
      "  topology:\n"
      "    spines: 1\n"
      "    failures: [{time: 5ms, element: leaf1-spine0, ";
  const std::string rest = "}]\n  traffic: {kind: permutation}\n";
  EXPECT_EQ(Findings(text + "rate: 1Mbps" + rest), "good\n");
  EXPECT_EQ(Findings(text + "repair: 6ms" + rest),
            "good\nx.yaml:6:16: warning: datacentre.topology.failures.0: from "
            "5ms on host0 and host4 do not reach each other\n");
}

TEST(FabricWarnings, AcknowledgementsLaterThanTheTimeout) {
  const std::string warned =
      Findings("  transport: {min_rto: 2ms}\n  traffic: {kind: permutation}\n");
  EXPECT_EQ(warned.substr(0, 5), "good\n");
  EXPECT_NE(
      warned.find("delayed_ack_timeout: 2500us is not below min_rto, 2ms"),
      std::string::npos);
}

std::string TemporaryFile(const std::string& name, const std::string& text) {
  const std::string path = ::testing::TempDir() + name;
  std::ofstream(path) << text;
  return path;
}

TEST(FlowFiles, SizesAreReadAsWritten) {
  Diagnostics diagnostics;
  const auto sizes =
      ReadFlowSizes(TemporaryFile("sizes.txt", "100\t50\r\n300, 100 # all\n\n"),
                    &diagnostics);
  ASSERT_TRUE(sizes) << diagnostics.Format();
  ASSERT_EQ(sizes->points.size(), 3u);
  EXPECT_EQ(sizes->points[1].bytes, 100);
  EXPECT_EQ(sizes->points[2].percent, 100);
  // Half uniform to 100, half from 100 to 300.
  EXPECT_DOUBLE_EQ(sizes->MeanBytes(), 0.5 * 50 + 0.5 * 200);
}

TEST(FlowFiles, MatricesAsCsvAndJsonAreEqual) {
  Diagnostics diagnostics;
  const auto csv =
      ReadRackMatrix(TemporaryFile("m.csv", "0,1.5\n2,0\n"), &diagnostics);
  const auto json = ReadRackMatrix(
      TemporaryFile("m.json", "{\"matrix\": [[0, 1.5],\n [2, 0]]}"),
      &diagnostics);
  ASSERT_TRUE(csv && json) << diagnostics.Format();
  EXPECT_EQ(csv->amounts, json->amounts);
  EXPECT_EQ(csv->At(1, 0), 2);
  EXPECT_EQ(csv->Busiest(), 2);
  EXPECT_FALSE(
      ReadRackMatrix(TemporaryFile("z.csv", "0 0\n0 0\n"), &diagnostics));
  EXPECT_NE(diagnostics.Format().find("no rack sends anything"),
            std::string::npos);
}

// As published distributions and a published matrix of 32 racks are written.
TEST(FlowFiles, PublishedFilesAreRead) {
  for (const char* name :
       {"websearch.txt", "hadoop-all.txt", "webserver-all.txt",
        "cachefollower-all.txt", "AliStorage2019.txt", "GoogleRPC2008.txt",
        "FbHdp_distribution.txt", "WebSearch_distribution.txt"}) {
    AIRLOCK_MEASURED_OR_SKIP(path, std::string("flow-sizes/") + name);
    Diagnostics diagnostics;
    const auto sizes = ReadFlowSizes(path, &diagnostics);
    ASSERT_TRUE(sizes) << diagnostics.Format();
    EXPECT_GT(sizes->MeanBytes(), 0);
  }
  AIRLOCK_MEASURED_OR_SKIP(path, "flow-sizes/cluster_a_2_16.json");
  Diagnostics diagnostics;
  const auto matrix = ReadRackMatrix(path, &diagnostics);
  ASSERT_TRUE(matrix) << diagnostics.Format();
  EXPECT_EQ(matrix->racks, 32u);
  EXPECT_EQ(matrix->At(0, 1), 1421);
  EXPECT_EQ(matrix->At(1, 0), 1342);
}

TEST(FlowFiles, EmptyFilesAreSaidToBe) {
  for (const auto& read : {+[](const std::string&path, Diagnostics*found) {
                             return ReadFlowSizes(path, found).has_value();
                           },
                           +[](const std::string&path, Diagnostics*found) {
                             return ReadRackMatrix(path, found).has_value();
                           },
                           +[](const std::string&path, Diagnostics*found) {
                             return ReadFlowList(path, 4, found).has_value();
                           }}) {
    Diagnostics diagnostics;
    EXPECT_FALSE(read(TemporaryFile("empty.txt", "# nothing\n"), &diagnostics));
    EXPECT_NE(diagnostics.Format().find("is empty"), std::string::npos)
        << diagnostics.Format();
  }
}

// A scenario is known by what its files say, not where they are.
TEST(FlowFiles, ContentIsPartOfTheIdentity) {
  const auto sha256 = [](const std::string& path) {
    Diagnostics diagnostics;
    const auto resolved = ResolveText(
        "schema: 1\nname: x\ndatacentre:\n  traffic: {kind: poisson, "
        "sizes_file: " +
            path + "}\n",
        "x.yaml", &diagnostics);
    EXPECT_TRUE(resolved) << diagnostics.Format();
    return resolved ? resolved->sha256() : "";
  };
  const std::string one = sha256(TemporaryFile("one.txt", "1000 100\n"));
  EXPECT_EQ(sha256(TemporaryFile("same.txt", "1000 100\n")), one);
  EXPECT_NE(sha256(TemporaryFile("other.txt", "2000 100\n")), one);
}

}  // namespace
}  // namespace airlock
