#include "twin/report/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "twin/report/figure.h"

namespace airlock {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::Not;

Page SmallPage() {
  return Page("a <script>alert(1)</script> title",
              {{"rows", {{{"x", 0.0625}, {"gone", nullptr}}}},
               {"name", "</script><script>alert(2)</script>"}});
}

TEST(Page, TextStaysText) {
  Page page = SmallPage();
  page.Verdict("promote", "<b>bold</b>", "it's \"quoted\" & true");
  page.Section("<i>");
  page.Paragraph("<img src=x onerror=alert(3)>");
  page.Table({{"<th>"}, {{Cell::Text("<td>")}, {Cell::Badge("\"><u>")}}});
  page.Listing("<pre>", "</pre><script>alert(4)</script>");
  PlottedSeries series{"</script><script>alert(5)", {0, 1}, {0, 1}};
  page.Figure({"<caption>", "<description>",
               ToVega(LinePlot{"x", "y", {series}, {}, {}, {}})});
  const std::string html = page.Html();
  for (const char* broken :
       {"<script>alert", "<b>", "<i>", "<img", "<th>\"", "<u>", "<caption>",
        "<description>", "</pre><script>"}) {
    EXPECT_THAT(html, Not(HasSubstr(broken)));
  }
  EXPECT_THAT(html, HasSubstr("&lt;img src=x onerror=alert(3)&gt;"));
  EXPECT_THAT(html, HasSubstr("it&#39;s &quot;quoted&quot; &amp; true"));
}

TEST(Page, NumbersComeFromTheSummary) {
  Page page = SmallPage();
  page.Table({{"x", "gone", "never was", "a text"},
              {{Cell::Number("/rows/0/x", {"%", 100, 3, true}),
                Cell::Number("/rows/0/gone"), Cell::Number("/rows/7/x"),
                Cell::Number("/name")}}});
  EXPECT_THAT(page.Html(),
              HasSubstr("<td class=\"number\"><data "
                        "value=\"0.0625\" data-key=\"/rows/0/x\">"
                        "+6.25\u202f%</data></td><td class=\"number\">–</td>"
                        "<td class=\"number\">–</td><td class=\"number\">–"));
}

TEST(Page, FetchesNothing) {
  Page page = SmallPage();
  page.Figure({"caption", "description", ToVega(CdfPlot{"x", {}})});
  const std::string html = page.Html();
  for (const char* fetched :
       {"<link rel=\"stylesheet", "src=\"", "@import", "url(", "<iframe"}) {
    EXPECT_THAT(html.substr(0, html.find("var vega =")),
                Not(HasSubstr(fetched)));
  }
}

// The values of data set `name`.
json DataOf(const json& specification, const std::string& name) {
  for (const json& set : specification.at("data")) {
    if (set.at("name") == name) return set.at("values");
  }
  return json::array();
}

TEST(Figure, ThinningKeepsExtremesAndGaps) {
  PlottedSeries series{"s", {}, {}};
  for (int i = 0; i < 100000; ++i) {
    series.x.push_back(i);
    series.y.push_back(i == 31415 ? 7 : i % 2);
  }
  series.y[5000] = std::numeric_limits<double>::quiet_NaN();
  LinePlot plot;
  plot.series = {series};
  const json points = DataOf(ToVega(plot), "lines");
  EXPECT_LE(points.size(), 2000);
  double greatest = 0;
  int gaps = 0;
  double last = -1;
  for (const json& point : points) {
    EXPECT_GT(point.at("x").get<double>(), last);
    last = point["x"];
    if (point.at("y").is_null()) {
      ++gaps;
    } else {
      greatest = std::max(greatest, point["y"].get<double>());
    }
  }
  EXPECT_EQ(greatest, 7);
  EXPECT_EQ(gaps, 1);
}

TEST(Figure, CdfEndsAtOneAndDropsWhatIsMissing) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const json points =
      DataOf(ToVega(CdfPlot{"x", {{"s", {3, nan, 1, 2, 2}}}}), "lines");
  ASSERT_EQ(points.size(), 4);
  EXPECT_EQ(points[0].at("x"), 1);
  EXPECT_EQ(points[0].at("y"), 0.25);
  EXPECT_EQ(points[3].at("x"), 3);
  EXPECT_EQ(points[3].at("y"), 1);
}

TEST(Figure, IntervalRowsHaveTheirOwnAxesAndFiniteEnds) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  IntervalPlot plot;
  plot.rows = {{"bounded", "promote", {1, 0.5, 1.5}, 2, "s"},
               {"open", "inconclusive", {1, -infinity, infinity}, nan, "1"}};
  const json specification = ToVega(plot);
  ASSERT_EQ(specification.at("marks").size(), 2);
  for (const json& row : specification["marks"]) {
    const json& domain = row.at("scales").at(0).at("domain");
    EXPECT_LT(domain.at(0).get<double>(), domain.at(1).get<double>());
  }
}

}  // namespace
}  // namespace airlock
