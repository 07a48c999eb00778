#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <httplib.h>

#include <limits>

#include "sim/base/error.h"
#include "tests/support/prometheus_text.h"
#include "twin/node/metrics.h"
#include "twin/node/status_server.h"

namespace airlock {
namespace {

using ::testing::HasSubstr;
using testing::PrometheusText;

TEST(MetricsPageTest, SurvivesAnyLabel) {
  MetricsPage page;
  const std::string nasty = "a\"b\\c\nd,e}f=\"";
  page.One("one", "gauge", "back\\slash and\nline", 1.5, {{"name", nasty}});
  page.Begin("some_total", "counter", "help");
  page.Add(1e300, {{"k", "1"}});
  page.Add(std::numeric_limits<double>::infinity(), {{"k", "2"}});
  page.One("none", "gauge", "h", std::nan(""), {{"bad", "\xff\xfe"}});
  const PrometheusText text(page.text());
  EXPECT_EQ(text.Value("one"), 1.5);
  EXPECT_EQ(text.metrics().at("one").samples[0].labels.at("name"), nasty);
  EXPECT_EQ(text.metrics().at("one").help, "back\\slash and\nline");
  EXPECT_EQ(text.Value("some_total", {{"k", "1"}}), 1e300);
  EXPECT_TRUE(std::isinf(text.Value("some_total", {{"k", "2"}})));
  EXPECT_TRUE(std::isnan(text.Value("none")));
}

// The reader tells what it should not accept.
TEST(PrometheusTextTest, IsStrict) {
  for (const char* wrong :
       {"a 1\n", "# TYPE a gauge\na 1\n", "# HELP a h\n# TYPE a gauge\na 1",
        "# HELP a h\n# TYPE a gauge\na\n", "# HELP a h\n# TYPE a big\na 1\n",
        "# HELP a h\n# TYPE a counter\na 1\n",
        "# HELP a h\n# TYPE a gauge\na{x=\"1\",} 1\n",
        "# HELP a h\n# TYPE a gauge\na{x=\"\\q\"} 1\n",
        "# HELP a h\n# TYPE a gauge\na{x=\"1\"} 1\na{x=\"1\"} 2\n",
        "# HELP a h\n# TYPE a gauge\na nan\n"}) {
    EXPECT_THROW(PrometheusText{wrong}, std::runtime_error) << wrong;
  }
}

TEST(StatusServerTest, AnswersWhatWasPublishedLast) {
  MetricsConfig config;
  config.port = 0;
  StatusServer server(config);
  server.Publish({"# nothing\n", "{\"status\": \"lost\"}", false});
  httplib::Client client("127.0.0.1", server.port());
  auto health = client.Get("/health");
  ASSERT_TRUE(health);
  EXPECT_EQ(health->status, 503);
  EXPECT_EQ(health->body, "{\"status\": \"lost\"}");
  server.Publish({"m 1\n", "{\"status\": \"ok\"}", true});
  health = client.Get("/health");
  ASSERT_TRUE(health);
  EXPECT_EQ(health->status, 200);
  const auto metrics = client.Get("/metrics");
  ASSERT_TRUE(metrics);
  EXPECT_EQ(metrics->body, "m 1\n");
  EXPECT_EQ(metrics->get_header_value("Content-Type"),
            "text/plain; version=0.0.4; charset=utf-8");
  for (const char* path : {"/", "/metrics/../etc/passwd", "/other"}) {
    const auto answer = client.Get(path);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 404) << path;
  }
}

TEST(StatusServerTest, APortIsOfOneNode) {
  MetricsConfig config;
  config.port = 0;
  StatusServer first(config);
  config.port = first.port();
  try {
    StatusServer second(config);
    FAIL() << "both listen";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("cannot listen on 127.0.0.1:" +
                          std::to_string(first.port()) + ": Address already"));
  }
}

}  // namespace
}  // namespace airlock
