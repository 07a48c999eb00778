#include "calibration/traces/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <clocale>
#include <cmath>

#include "sim/base/error.h"

namespace airlock {
namespace {

using ::testing::ElementsAre;

TextFile File(const std::string& text) { return {"f.csv", text, ""}; }

std::vector<std::string> Texts(const std::vector<CsvCell>& cells) {
  std::vector<std::string> texts;
  for (const CsvCell& cell : cells) texts.emplace_back(cell.text);
  return texts;
}

std::vector<std::vector<std::string>> AllRows(const std::string& text,
                                              char separator = ',') {
  const TextFile file = File(text);
  CsvReader reader(file, separator);
  std::vector<std::vector<std::string>> rows;
  std::vector<CsvCell> cells;
  while (reader.Next(&cells)) rows.push_back(Texts(cells));
  return rows;
}

std::string FailureOf(const std::string& text) {
  try {
    AllRows(text);
  } catch (const InputError& error) {
    return error.what();
  }
  return "";
}

TEST(CsvReader, SplitsRowsAndTrimsBlanks) {
  EXPECT_THAT(
      AllRows("a, b ,\tc\n1,,\n"),
      ElementsAre(ElementsAre("a", "b", "c"), ElementsAre("1", "", "")));
  EXPECT_THAT(AllRows("a;b\r\n1;2\r\n", ';'),
              ElementsAre(ElementsAre("a", "b"), ElementsAre("1", "2")));
}

TEST(CsvReader, SkipsBlankLinesAndCountsThem) {
  const TextFile file = File("\n\na,b\n\r\n1,2\n\n");
  CsvReader reader(file, ',');
  std::vector<CsvCell> cells;
  ASSERT_TRUE(reader.Next(&cells));
  EXPECT_EQ(reader.line(), 3);
  ASSERT_TRUE(reader.Next(&cells));
  EXPECT_EQ(reader.line(), 5);
  EXPECT_FALSE(reader.Next(&cells));
}

TEST(CsvReader, ReadsQuotedCells) {
  EXPECT_THAT(AllRows("\"a,b\",\"say \"\"no\"\"\",\"two\nlines\"\nx,y,z\n"),
              ElementsAre(ElementsAre("a,b", "say \"no\"", "two\nlines"),
                          ElementsAre("x", "y", "z")));
}

TEST(CsvReader, CountsLinesInsideQuotes) {
  const TextFile file = File("\"two\nlines\",1\nx,y\n");
  CsvReader reader(file, ',');
  std::vector<CsvCell> cells;
  reader.Next(&cells);
  EXPECT_EQ(reader.line(), 1);
  reader.Next(&cells);
  EXPECT_EQ(reader.line(), 3);
}

TEST(CsvReader, GivesColumnsOfCells) {
  const TextFile file = File("ab,c,,d\n");
  CsvReader reader(file, ',');
  std::vector<CsvCell> cells;
  reader.Next(&cells);
  ASSERT_EQ(cells.size(), 4u);
  EXPECT_EQ(cells[0].column, 1);
  EXPECT_EQ(cells[1].column, 4);
  EXPECT_EQ(cells[2].column, 6);
  EXPECT_EQ(cells[3].column, 7);
}

TEST(CsvReader, RefusesBrokenQuotes) {
  EXPECT_EQ(FailureOf("a,b\n1,x\"y\n"),
            "f.csv:2:4: error: a quote inside a cell that does not start with "
            "one");
  EXPECT_EQ(FailureOf("a,b\n1,\"y\n"),
            "f.csv:2:3: error: this quote does not close");
  EXPECT_EQ(FailureOf("\"a\"b,c\n"),
            "f.csv:1:1: error: text after the closing quote of this cell");
  EXPECT_EQ(FailureOf("a\rb,c\n"),
            "f.csv:1:2: error: a carriage return inside a line");
}

TEST(CsvReader, RefusesAFileThatEndsWithinALine) {
  EXPECT_EQ(FailureOf("a,b\n1,2"),
            "f.csv:2: error: the file ends within this line: it was cut");
}

TEST(ParseNumber, ReadsDecimalNumbersOnly) {
  double value = 0;
  EXPECT_TRUE(ParseNumber(" -1.5e3 ", &value));
  EXPECT_EQ(value, -1500);
  EXPECT_TRUE(ParseNumber(".5", &value));
  EXPECT_EQ(value, 0.5);
  for (const char* const text :
       {"", " ", "12a3", "0x1F", "inf", "-inf", "nan", "-nan(1)", "1,5",
        "1e999", "1e300", "1e-999", "--1", "+1", "1 2", "-", "."}) {
    EXPECT_FALSE(ParseNumber(text, &value)) << text;
  }
}

TEST(ParseNumber, DoesNotDependOnTheLocale) {
  const std::string before = std::setlocale(LC_ALL, nullptr);
  for (const char* const name : {"de_DE.UTF-8", "fr_FR.UTF-8", "C.UTF-8"}) {
    if (std::setlocale(LC_ALL, name) == nullptr) continue;
    double value = 0;
    EXPECT_TRUE(ParseNumber("1.25", &value)) << name;
    EXPECT_EQ(value, 1.25) << name;
    EXPECT_FALSE(ParseNumber("1,25", &value)) << name;
  }
  std::setlocale(LC_ALL, before.c_str());
}

TEST(IsMissing, KnowsHowWritersSayNothing) {
  for (const char* const text : {"", " ", "N/A", "n/a", "NA", "NaN", "-nan"}) {
    EXPECT_TRUE(IsMissing(text)) << text;
  }
  for (const char* const text : {"0", "inf", "none", "-"}) {
    EXPECT_FALSE(IsMissing(text)) << text;
  }
}

TEST(GuessSeparator, TakesTheMostFrequentOfTheFirstLine) {
  EXPECT_EQ(GuessSeparator("a;b;c,d\n,,,,", ",;"), ';');
  EXPECT_EQ(GuessSeparator("a", ",;"), ',');
}

}  // namespace
}  // namespace airlock
