#include "sim/config/writer.h"

#include <fmt/format.h>

#include <charconv>

namespace airlock {
namespace {

// Whether YAML would read the text, unquoted, as something else.
bool NeedsQuotes(const std::string& text) {
  if (text.empty()) return true;
  if (text.front() == ' ' || text.back() == ' ') return true;
  if (std::string("-?:,[]{}#&*!|>'\"%@`").find(text.front()) !=
      std::string::npos) {
    const bool negative = text.front() == '-' && text.size() > 1 &&
                          text[1] >= '0' && text[1] <= '9';
    if (!negative) return true;
  }
  if (text.back() == ':') return true;
  if (text.find(": ") != std::string::npos) return true;
  if (text.find(" #") != std::string::npos) return true;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return true;
    if (std::string("[]{},").find(c) != std::string::npos) return true;
  }
  return false;
}

std::string ScalarText(const Node& node) {
  if (!node.quoted && !NeedsQuotes(node.text)) return node.text;
  std::string text = "\"";
  for (const char c : node.text) {
    if (c == '"' || c == '\\') {
      text += '\\';
      text += c;
    } else if (c == '\n') {
      text += "\\n";
    } else if (c == '\t') {
      text += "\\t";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      text += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      text += c;
    }
  }
  return text + "\"";
}

std::string KeyText(const std::string& key) {
  return ScalarText(ScalarNode(key, ReadsAsAnotherType(key)));
}

bool IsFlat(const Node& node) {
  for (const Node& item : node.items) {
    if (item.kind != Node::Kind::kScalar) return false;
  }
  return node.kind != Node::Kind::kMap || node.entries.empty();
}

class BlockWriter {
 public:
  explicit BlockWriter(DefaultMarks marks) : marks_(marks) {}

  // `first_indent` stands before the first key (a list's "- ").
  void Map(const Node& map, int indent, bool inside_default,
           std::string first_indent) {
    std::string lead = std::move(first_indent);
    for (const Node::Entry& entry : map.entries) {
      text_ += lead + KeyText(entry.key) + ":";
      Value(entry.value, indent, inside_default);
      lead = std::string(static_cast<size_t>(indent), ' ');
    }
  }

  const std::string& text() const { return text_; }

 private:
  // What follows "key:" or "-", with its end of line.
  void Value(const Node& node, int indent, bool inside_default) {
    const bool flat = IsFlat(node);
    // A map is as default as its leaves; they say so themselves.
    const bool mark = marks_ == DefaultMarks::kMarked && !inside_default &&
                      node.is_default && (flat || !IsMap(node));
    if (flat) text_ += " " + WriteFlow(node);
    text_ += mark ? "  # default\n" : "\n";
    if (flat) return;
    if (IsMap(node)) {
      const int inner = indent + 2;
      Map(node, inner, inside_default,
          std::string(static_cast<size_t>(inner), ' '));
    } else {
      List(node, indent + 2, inside_default || mark);
    }
  }

  void List(const Node& list, int indent, bool inside_default) {
    const std::string lead = std::string(static_cast<size_t>(indent), ' ');
    for (const Node& item : list.items) {
      if (IsMap(item) && !item.entries.empty()) {
        Map(item, indent + 2, inside_default, lead + "- ");
      } else {
        text_ += lead + "- " + WriteFlow(item) + "\n";
      }
    }
  }

  static bool IsMap(const Node& node) { return node.kind == Node::Kind::kMap; }

  DefaultMarks marks_;
  std::string text_;
};

}  // namespace

std::string WriteYaml(const Node& map, DefaultMarks marks) {
  if (map.entries.empty()) return "{}\n";
  BlockWriter writer(marks);
  writer.Map(map, 0, false, "");
  return writer.text();
}

std::string WriteFlow(const Node& node) {
  std::string text;
  switch (node.kind) {
    case Node::Kind::kNull:
      return "null";
    case Node::Kind::kScalar:
      return ScalarText(node);
    case Node::Kind::kList:
      for (const Node& item : node.items) {
        text += (text.empty() ? "" : ", ") + WriteFlow(item);
      }
      return "[" + text + "]";
    case Node::Kind::kMap:
      for (const Node::Entry& entry : node.entries) {
        text += (text.empty() ? "" : ", ") + KeyText(entry.key) + ": " +
                WriteFlow(entry.value);
      }
      return "{" + text + "}";
  }
  return text;
}

bool ReadsAsAnotherType(const std::string& text) {
  for (const char* word :
       {"true", "false", "null", "~", "yes", "no", "on", "off", "True", "False",
        "Null", "TRUE", "FALSE", "NULL"}) {
    if (text == word) return true;
  }
  double number = 0;
  const char* const end = text.data() + text.size();
  return !text.empty() && std::from_chars(text.data(), end, number).ptr == end;
}

}  // namespace airlock
