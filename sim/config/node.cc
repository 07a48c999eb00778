#include "sim/config/node.h"

#include <charconv>
#include <utility>

namespace airlock {
namespace {

// The child of `node` that one part of a key path names, or nullptr.
// `*mark_of_key` is set to the key's own position where it has one.
const Node* Child(const Node& node, const std::string& part,
                  Mark* mark_of_key) {
  if (const Node::Entry* entry = node.Find(part)) {
    *mark_of_key = entry->key_mark;
    return &entry->value;
  }
  if (node.kind != Node::Kind::kList) return nullptr;
  size_t index = 0;
  const char* const end = part.data() + part.size();
  const auto [rest, error] = std::from_chars(part.data(), end, index);
  if (error != std::errc() || rest != end || index >= node.items.size()) {
    return nullptr;
  }
  *mark_of_key = node.items[index].mark;
  return &node.items[index];
}

// Follows `key` as far as it goes. True if all of it exists.
bool Walk(const Node& root, const std::string& key, Mark* mark) {
  const Node* node = &root;
  *mark = root.mark;
  size_t begin = 0;
  while (begin < key.size()) {
    size_t end = key.find('.', begin);
    if (end == std::string::npos) end = key.size();
    Mark key_mark;
    const Node* child = Child(*node, key.substr(begin, end - begin), &key_mark);
    if (child == nullptr) return false;
    node = child;
    begin = end + 1;
    // A value on its own is the thing to point at; of a map or a list, the key.
    *mark = node->kind == Node::Kind::kScalar ? node->mark : key_mark;
  }
  return true;
}

}  // namespace

const Node::Entry* Node::Find(const std::string& key) const {
  for (const Entry& entry : entries) {
    if (entry.key == key) return &entry;
  }
  return nullptr;
}

Node::Entry* Node::Find(const std::string& key) {
  return const_cast<Entry*>(std::as_const(*this).Find(key));
}

std::vector<std::string> Node::Keys() const {
  std::vector<std::string> keys;
  for (const Entry& entry : entries) keys.push_back(entry.key);
  return keys;
}

Node ScalarNode(std::string text, bool quoted) {
  Node node;
  node.kind = Node::Kind::kScalar;
  node.text = std::move(text);
  node.quoted = quoted;
  return node;
}

bool SameContent(const Node& a, const Node& b) {
  if (a.kind != b.kind || a.text != b.text ||
      a.items.size() != b.items.size() ||
      a.entries.size() != b.entries.size()) {
    return false;
  }
  for (size_t i = 0; i < a.items.size(); ++i) {
    if (!SameContent(a.items[i], b.items[i])) return false;
  }
  for (size_t i = 0; i < a.entries.size(); ++i) {
    if (a.entries[i].key != b.entries[i].key) return false;
    if (!SameContent(a.entries[i].value, b.entries[i].value)) return false;
  }
  return true;
}

void AddFinding(const Mark& mark, const std::string& key_path,
                const std::string& message, const std::string& hint,
                Diagnostics* diagnostics, Diagnostic::Severity severity) {
  Diagnostic finding;
  finding.severity = severity;
  finding.key_path = key_path;
  finding.message = message;
  finding.hint = hint;
  finding.line = mark.line;
  finding.column = mark.column;
  finding.width = mark.width;
  if (mark.source != nullptr) {
    finding.file = mark.source->name;
    const std::vector<std::string>& lines = mark.source->lines;
    if (!hint.empty() && mark.line >= 1 &&
        static_cast<size_t>(mark.line) <= lines.size()) {
      finding.source_line = lines[static_cast<size_t>(mark.line - 1)];
    }
  }
  diagnostics->Add(std::move(finding));
}

std::string JoinKeys(const std::string& parent, const std::string& child) {
  if (parent.empty()) return child;
  if (child.empty()) return parent;
  return parent + "." + child;
}

void Reporter::Error(const std::string& key, const std::string& message,
                     const std::string& hint) const {
  AddFinding(MarkOf(key), JoinKeys(key_path_, key), message, hint,
             diagnostics_);
}

void Reporter::Warning(const std::string& key, const std::string& message,
                       const std::string& hint) const {
  AddFinding(MarkOf(key), JoinKeys(key_path_, key), message, hint, diagnostics_,
             Diagnostic::Severity::kWarning);
}

bool Reporter::Given(const std::string& key) const {
  Mark mark;
  return Walk(*node_, key, &mark);
}

Mark Reporter::MarkOf(const std::string& key) const {
  Mark mark;
  Walk(*node_, key, &mark);
  return mark;
}

}  // namespace airlock
