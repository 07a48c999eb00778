#include "sim/base/diagnostics.h"

#include <gtest/gtest.h>

namespace airlock {
namespace {

TEST(DiagnosticsTest, ShowsPositionSourceAndHintInFileOrder) {
  Diagnostics diagnostics;
  Diagnostic second;
  second.file = "incast.yaml";
  second.line = 13;
  second.column = 32;
  second.key_path = "topology.host_link.dealy";
  second.message = "unknown key; did you mean 'delay'?";
  diagnostics.Add(second);
  Diagnostic first;
  first.file = "incast.yaml";
  first.line = 13;
  first.column = 21;
  first.width = 6;
  first.key_path = "topology.host_link.rate";
  first.message = "'25Gbsp' is not a bandwidth";
  first.hint = "write a number and bps, kbps, Mbps, Gbps or Tbps";
  first.source_line = "  host_link: {rate: 25Gbsp, dealy: 500ns}";
  diagnostics.Add(first);
  EXPECT_EQ(
      diagnostics.Format(),
      "incast.yaml:13:21: error: topology.host_link.rate: '25Gbsp' is not a "
      "bandwidth\n"
      "   13 |   host_link: {rate: 25Gbsp, dealy: 500ns}\n"
      "      |                     ^~~~~~ write a number and bps, kbps, Mbps, "
      "Gbps or Tbps\n"
      "incast.yaml:13:32: error: topology.host_link.dealy: unknown key; did "
      "you mean 'delay'?\n"
      "2 errors; nothing was run\n");
}

TEST(DiagnosticsTest, ControlCharactersStayOffTheTerminal) {
  Diagnostics diagnostics;
  Diagnostic finding;
  finding.file = "a.yaml";
  finding.line = 1;
  finding.column = 1;
  finding.message = "unknown escape \x1b";
  finding.source_line = "\x1b[2J\x07";
  diagnostics.Add(finding);
  EXPECT_EQ(diagnostics.Format(),
            "a.yaml:1:1: error: unknown escape ?\n"
            "    1 | ?[2J?\n"
            "      | ^\n"
            "1 error; nothing was run\n");
}

TEST(DiagnosticsTest, WarningsAreNotErrors) {
  Diagnostics diagnostics;
  Diagnostic warning;
  warning.severity = Diagnostic::Severity::kWarning;
  warning.message = "short run";
  diagnostics.Add(warning);
  EXPECT_FALSE(diagnostics.has_errors());
  EXPECT_EQ(diagnostics.Format(), "warning: short run\n");
}

TEST(NearestNameTest, FindsTyposAndNothingFarther) {
  const std::vector<std::string> known = {"delay", "rate", "queue"};
  EXPECT_EQ(NearestName("dealy", known), "delay");
  EXPECT_EQ(NearestName("rte", known), "rate");
  EXPECT_EQ(NearestName("bandwidth", known), "");
}

}  // namespace
}  // namespace airlock
