#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace airlock {

// `text` as it may stand between tags and in quoted attributes.
std::string EscapeHtml(const std::string& text);

// How a number is shown: `scale` times its value, with `digits` significant
// digits, then the unit after a thin space. The page keeps the exact value.
struct NumberFormat {
  std::string unit;
  double scale = 1;
  int digits = 4;
  bool sign = false;  // a plus before what is positive
};

// One cell of a table or one piece of a sentence: a text, or a number that the
// page's summary holds at a JSON pointer (RFC 6901).
class Cell {
 public:
  static Cell Text(const std::string& text);
  // An outcome, shown as a coloured label: "promote", "reject", ...
  static Cell Badge(const std::string& text);
  static Cell Number(const std::string& pointer,
                     const NumberFormat& format = {});

 private:
  friend class Page;
  enum class Kind { kText, kBadge, kNumber };
  Kind kind_ = Kind::kText;
  std::string text_;  // or the pointer
  NumberFormat format_;
};

struct PageTable {
  std::vector<std::string> header;
  std::vector<std::vector<Cell>> rows;
};

// A plot: a Vega specification, and words for those who do not see it.
struct PageFigure {
  std::string caption;
  std::string description;  // what it shows, in a sentence
  nlohmann::json vega;
};

// A self-contained HTML page: styles, Vega and all numbers are in it, nothing
// is fetched. Whatever a caller passes is text and stays text; numbers come
// from `summary`, so that the page cannot say another than the file beside it.
// Owns what was added; Html() puts it together.
class Page {
 public:
  Page(std::string title, nlohmann::json summary);

  // The answer, at the top. `outcome` chooses the colour: "promote", "reject",
  // "inconclusive", or anything else for none.
  void Verdict(const std::string& outcome, const std::string& headline,
               const std::string& reason);
  void Section(const std::string& title);
  void Paragraph(const std::string& text);
  void Table(const PageTable& table);
  void Figure(const PageFigure& figure);
  // Folded away: a resolved scenario, a log.
  void Listing(const std::string& title, const std::string& text);

  const nlohmann::json& summary() const { return summary_; }
  std::string Html() const;

 private:
  std::string CellHtml(const Cell& cell) const;

  std::string title_;
  nlohmann::json summary_;
  std::string body_;
  int64_t figures_ = 0;
  bool in_section_ = false;
};

}  // namespace airlock
