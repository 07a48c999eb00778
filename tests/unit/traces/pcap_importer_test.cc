#include <gtest/gtest.h>

#include "calibration/traces/importers.h"
#include "sim/base/error.h"
#include "sim/base/rng.h"
#include "tests/support/capture_text.h"
#include "tests/support/import_text.h"

namespace airlock {
namespace {

using testing::ErrorOf;
using testing::ImportFailureIn;
using testing::TemporaryFolder;
using testing::WriteText;

constexpr uint32_t kRawIp = 101;
constexpr uint32_t kWeb = 0x0a000003;  // 10.0.0.3
constexpr uint32_t kOther = 0x0a000004;
constexpr uint8_t kSyn = 2, kAck = 16, kFin = 17;
constexpr int64_t kSecond = 1000000;

std::string Packet(int64_t microseconds, const std::string& bytes) {
  return CaptureRecord(microseconds, bytes, bytes.size());
}

// Two flows to one server in the first second, one to another in the third.
std::string Capture() {
  return CaptureHeader(kRawIp) +
         Packet(7 * kSecond, TcpPacket(kWeb, 1, kSyn, 0, 0)) +
         Packet(7 * kSecond + 1000, TcpPacket(kWeb, 1, kAck, 1, 1)) +
         Packet(7 * kSecond + 2000, TcpPacket(kWeb, 1, kAck, 1, 1, "GET")) +
         Packet(7 * kSecond + 400000, TcpPacket(kWeb, 2, kSyn, 0, 0)) +
         Packet(7 * kSecond + 900000, TcpPacket(kWeb, 1, kFin, 4, 2000)) +
         Packet(9 * kSecond + 500000, TcpPacket(kOther, 3, kSyn, 0, 0));
}

Trace Import(const std::string& bytes, const PcapOptions& options = {}) {
  const TemporaryFolder folder;
  WriteText(folder / "a.pcap", bytes);
  return ImportTrace("pcap", folder / "a.pcap", options);
}

std::vector<double> Values(const Trace& trace, const std::string& column) {
  return trace.Get(column).values;
}

TEST(PcapImporter, SamplesWhatACollectorCounts) {
  const Trace trace = Import(Capture());
  EXPECT_EQ(trace.time_seconds, (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(Values(trace, "server.10.0.0.3.n_flow"),
            (std::vector<double>{2, 0, 0}));
  EXPECT_EQ(Values(trace, "server.10.0.0.3.n_flow_on"),
            (std::vector<double>{1, 1, 1}));
  EXPECT_EQ(Values(trace, "server.10.0.0.3.n_fct"),
            (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(Values(trace, "server.10.0.0.4.n_packet"),
            (std::vector<double>{0, 0, 1}));
  EXPECT_EQ(Values(trace, "server.10.0.0.3.fct_mean")[0], 0.9);
  EXPECT_EQ(trace.Attribute("time_zero"), "7");
  EXPECT_EQ(trace.Attribute("packets_to_servers"), "6");
  EXPECT_EQ(trace.Attribute("packets_other"), "0");
  EXPECT_EQ(trace.Attribute("warnings").find("not counted"), std::string::npos);
}

TEST(PcapImporter, ServersAndIntervalAreTheUsers) {
  PcapOptions options;
  options.servers = {ParsePcapServer("web=10.0.0.3")};
  options.interval = Milliseconds(500);
  const Trace trace = Import(Capture(), options);
  EXPECT_EQ(trace.samples(), 5);  // the last packet ends the fifth
  EXPECT_EQ(Values(trace, "server.web.n_packet"),
            (std::vector<double>{4, 1, 0, 0, 0}));
  EXPECT_EQ(trace.Find("server.10.0.0.4.n_packet"), nullptr);
  EXPECT_EQ(trace.Attribute("packets_other"), "1");
}

TEST(PcapImporter, SaysWhatItLeavesOut) {
  const std::string whole = TcpPacket(kWeb, 1, kSyn, 0, 0);
  const std::string bytes =
      CaptureHeader(kRawIp) + Packet(kSecond, whole) +
      CaptureRecord(kSecond, whole.substr(0, 30), whole.size()) +
      Packet(kSecond - 5, TcpPacket(kWeb, 1, kAck, 1, 1));
  const Trace trace = Import(bytes);
  EXPECT_NE(trace.Attribute("warnings")
                .find("1 packets are not counted: captured less than the TCP "
                      "header"),
            std::string::npos);
  EXPECT_NE(trace.Attribute("warnings").find("1 packets are older"),
            std::string::npos);
  EXPECT_EQ(Values(trace, "server.10.0.0.3.n_packet")[0], 2);
}

TEST(PcapImporter, WrongFilesAreToldWithTheirPacket) {
  const TemporaryFolder folder;
  const auto failure = [&](const std::string& bytes) {
    WriteText(folder / "a.pcap", bytes);
    return ImportFailureIn(folder, "pcap", "a.pcap");
  };
  EXPECT_EQ(failure("time,rate\n0,1\n1,2\n3,4\n5,6\n"),
            "a.pcap: error: not a capture: unknown file format");
  EXPECT_NE(failure(Capture().substr(0, 20)).find("a.pcap: error: not a "),
            std::string::npos);
  EXPECT_EQ(failure(CaptureHeader(kRawIp)),
            "a.pcap: error: there is no packet in it");
  EXPECT_EQ(failure(CaptureHeader(105) + Packet(0, "x")),
            "a.pcap: error: packets of link type IEEE802_11; known: EN10MB "
            "(Ethernet), PPP, RAW, LINUX_SLL");
  const std::string cut = Capture();
  EXPECT_NE(failure(cut.substr(0, cut.size() - 3))
                .find("a.pcap: error: packet 6: truncated dump file"),
            std::string::npos);
  EXPECT_EQ(failure(CaptureHeader(kRawIp) + Packet(0, "no IP at all")),
            "a.pcap: error: no TCP connection over IPv4 begins in it: there "
            "are no servers");
  EXPECT_EQ(failure(CaptureHeader(kRawIp) +
                    Packet(0, TcpPacket(kWeb, 1, kSyn, 0, 0)) +
                    Packet(3000000000 * kSecond / 1000 * 1000,
                           TcpPacket(kWeb, 1, kAck, 1, 1))),
            "a.pcap: error: its 3000000000 s are 3000000001 intervals of 1s; "
            "write a longer interval");
}

TEST(PcapImporter, AServerNobodyAsksIsAnError) {
  PcapOptions options;
  options.servers = {{"web", 0x01020304}};
  EXPECT_NE(ErrorOf([&] { Import(Capture(), options); })
                .find("no TCP packet over IPv4 goes to a server; there are "
                      "connections to 10.0.0.3"),
            std::string::npos);
}

TEST(PcapImporter, AScanIsNoPool) {
  std::string bytes = CaptureHeader(kRawIp);
  for (uint32_t i = 0; i < 65; ++i) {
    bytes += Packet(kSecond, TcpPacket(kWeb + i, 1, kSyn, 0, 0));
  }
  EXPECT_NE(ErrorOf([&] { Import(bytes); })
                .find("connections to 65 addresses begin in it; name the "
                      "servers"),
            std::string::npos);
  PcapOptions options;
  options.servers = {{"web", kWeb + 7}};
  EXPECT_EQ(Import(bytes, options).samples(), 1);
}

// Whatever stands in the file: a trace, or an error that says why not.
TEST(PcapImporter, NoFileIsTooStrange) {
  const std::string whole = Capture();
  RngStream stream(11);
  const TemporaryFolder folder;
  PcapOptions options;
  options.interval = Milliseconds(3600000);  // strange times are far apart
  int traces = 0;
  for (int trial = 0; trial < 200; ++trial) {
    std::string bytes = whole;
    for (int flips = 0; flips < 3; ++flips) {
      bytes[stream.UniformInt(bytes.size())] =
          static_cast<char>(stream.Next64());
    }
    bytes.resize(bytes.size() - stream.UniformInt(20) / 10);
    WriteText(folder / "a.pcap", bytes);
    try {
      ImportTrace("pcap", folder / "a.pcap", options);
      ++traces;
    } catch (const InputError&) {
    }
  }
  EXPECT_GT(traces, 20);
  EXPECT_LT(traces, 180);
}

TEST(PcapImporter, ServersAreReadStrictly) {
  EXPECT_EQ(ParsePcapServer("a.b=1.2.3.255").address, 0x010203ffu);
  for (const char* text :
       {"", "web", "=1.2.3.4", "web=", "web=1.2.3", "web=1.2.3.256",
        "web=1.2.3.4.5", "web=1.2.3.4 ", "web=1.2.3.-4", "web=1,2.3.4"}) {
    EXPECT_NE(ErrorOf([&] { ParsePcapServer(text); }).find("NAME=ADDRESS"),
              std::string::npos)
        << text;
  }
}

}  // namespace
}  // namespace airlock
