#include "twin/report/page.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "sim/base/error.h"
#include "sim/base/json.h"
#include "twin/report/assets.h"

namespace airlock {
namespace {

using nlohmann::json;

// JSON as it may stand inside <script>: no tag can begin in it.
std::string ScriptJson(const json& value, int indent) {
  std::string safe;
  for (const char c : value.dump(indent)) {
    switch (c) {
      case '<':
        safe += "\\u003c";
        break;
      case '>':
        safe += "\\u003e";
        break;
      case '&':
        safe += "\\u0026";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

// A whole number with thin spaces between thousands.
std::string Grouped(double value) {
  std::string text = fmt::format("{:.0f}", std::abs(value));
  for (auto at = static_cast<int64_t>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), "\u202f");
  }
  return (value < 0 ? "-" : "") + text;
}

// Exact if whole, else to the format's digits; powers of ten only for what is
// very large or very small.
std::string Shown(double value, const NumberFormat& format) {
  const double shown = value * format.scale;
  const double magnitude = std::abs(shown);
  std::string text;
  if (magnitude < 1e15 && (magnitude >= 1e4 || shown == std::floor(shown))) {
    text = Grouped(shown);
  } else {
    text = fmt::format("{:.{}g}", shown, format.digits);
  }
  if (format.sign && shown > 0) text = "+" + text;
  if (!format.unit.empty()) text += "\u202f" + format.unit;
  return text;
}

}  // namespace

std::string EscapeHtml(const std::string& text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      case '\'':
        safe += "&#39;";
        break;
      default:
        // Control characters are not allowed in HTML.
        safe += static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'
                    ? ' '
                    : c;
    }
  }
  return safe;
}

Cell Cell::Text(const std::string& text) {
  Cell cell;
  cell.text_ = text;
  return cell;
}

Cell Cell::Badge(const std::string& text) {
  Cell cell = Text(text);
  cell.kind_ = Kind::kBadge;
  return cell;
}

Cell Cell::Number(const std::string& pointer, const NumberFormat& format) {
  Cell cell = Text(pointer);
  cell.kind_ = Kind::kNumber;
  cell.format_ = format;
  return cell;
}

Page::Page(std::string title, json summary)
    : title_(std::move(title)), summary_(std::move(summary)) {}

void Page::Verdict(const std::string& outcome, const std::string& headline,
                   const std::string& reason) {
  body_ += fmt::format(
      "<div class=\"verdict {}\" role=\"status\"><strong>{}</strong>"
      "<p>{}</p></div>\n",
      EscapeHtml(outcome), EscapeHtml(headline), EscapeHtml(reason));
}

void Page::Section(const std::string& title) {
  if (in_section_) body_ += "</section>\n";
  in_section_ = true;
  body_ += fmt::format("<section>\n<h2>{}</h2>\n", EscapeHtml(title));
}

void Page::Paragraph(const std::string& text) {
  body_ += fmt::format("<p>{}</p>\n", EscapeHtml(text));
}

std::string Page::CellHtml(const Cell& cell) const {
  switch (cell.kind_) {
    case Cell::Kind::kText:
      return EscapeHtml(cell.text_);
    case Cell::Kind::kBadge:
      return fmt::format("<span class=\"badge {0}\">{0}</span>",
                         EscapeHtml(cell.text_));
    case Cell::Kind::kNumber:
      break;
  }
  const json::json_pointer pointer(cell.text_);
  // What the summary has no number for (null: not known) is shown as a dash.
  if (!summary_.contains(pointer) || !summary_[pointer].is_number()) return "–";
  const json& value = summary_[pointer];
  return fmt::format("<data value=\"{}\" data-key=\"{}\">{}</data>",
                     value.dump(), EscapeHtml(cell.text_),
                     EscapeHtml(Shown(value.get<double>(), cell.format_)));
}

void Page::Table(const PageTable& table) {
  body_ += "<div class=\"scroll\"><table>\n<thead><tr>";
  for (const std::string& name : table.header) {
    body_ += fmt::format("<th scope=\"col\">{}</th>", EscapeHtml(name));
  }
  body_ += "</tr></thead>\n<tbody>\n";
  for (const std::vector<Cell>& row : table.rows) {
    body_ += "<tr>";
    for (const Cell& cell : row) {
      body_ += fmt::format(
          "<td{}>{}</td>",
          cell.kind_ == Cell::Kind::kNumber ? " class=\"number\"" : "",
          CellHtml(cell));
    }
    body_ += "</tr>\n";
  }
  body_ += "</tbody></table></div>\n";
}

void Page::Figure(const PageFigure& figure) {
  ++figures_;
  body_ += fmt::format(
      "<figure>\n<div class=\"plot\" id=\"plot-{0}\" role=\"img\" "
      "aria-label=\"{1}\"></div>\n<figcaption>{2}</figcaption>\n"
      "<details class=\"specification\"><summary>Vega specification</summary>"
      "<pre></pre></details>\n"
      "<script type=\"application/json\" class=\"vega\" data-plot=\"plot-{0}\">"
      "{3}</script>\n</figure>\n",
      figures_, EscapeHtml(figure.description), EscapeHtml(figure.caption),
      ScriptJson(figure.vega, -1));
}

void Page::Listing(const std::string& title, const std::string& text) {
  body_ += fmt::format(
      "<details class=\"listing\"><summary>{}</summary><pre>{}</pre>"
      "</details>\n",
      EscapeHtml(title), EscapeHtml(text));
}

std::string Page::Html() const {
  std::string html = fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, "
      "initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{0}</title>\n<style>\n{1}</style>\n</head>\n<body>\n<main>\n"
      "<h1>{0}</h1>\n",
      EscapeHtml(title_), PageStyle());
  html += body_;
  if (in_section_) html += "</section>\n";
  html += fmt::format(
      "</main>\n<script type=\"application/json\" id=\"summary\">{}</script>\n",
      ScriptJson(summary_, -1));
  if (figures_ > 0) {
    html.append("<script>\n").append(VegaBundle()).append("</script>\n");
    html.append("<script>\n").append(PageScript()).append("</script>\n");
  }
  return html + "</body>\n</html>\n";
}

}  // namespace airlock
