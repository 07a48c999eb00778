#include "sim/config/reader.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>
#include <utility>

#include "sim/base/error.h"
#include "sim/base/file.h"

namespace airlock {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> SplitLines(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  std::string line;
  while (std::getline(stream, line)) {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    lines.push_back(line);
  }
  return lines;
}

// Characters in UTF-8 text: bytes that do not continue another.
int CountCharacters(const std::string& text) {
  return static_cast<int>(std::count_if(
      text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// Width of the scalar that starts at `rest`'s beginning, in characters.
int ScalarWidth(const std::string& rest, const std::string& text) {
  if (!rest.empty() && (rest[0] == '"' || rest[0] == '\'')) {
    size_t end = 1;
    while (end < rest.size() && rest[end] != rest[0]) {
      if (rest[0] == '"' && rest[end] == '\\') ++end;
      ++end;
    }
    return CountCharacters(rest.substr(0, end + 1));
  }
  if (rest.compare(0, text.size(), text) == 0) return CountCharacters(text);
  return 1;
}

// Builds the tree from yaml-cpp's events and reports what strict YAML refuses.
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(std::shared_ptr<const SourceText> source,
              Diagnostics* diagnostics)
      : source_(std::move(source)), diagnostics_(diagnostics) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override {
    Node node;
    node.mark = MarkAt(mark, "");
    const std::string rest = RestOfLine(mark);
    node.is_none = rest.rfind("null", 0) == 0 || rest.rfind('~', 0) == 0;
    Deliver(std::move(node), true);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    Refuse(MarkAt(mark, ""), "aliases are not supported");
    Node node;
    node.mark = MarkAt(mark, "");
    Deliver(std::move(node), false);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t,
                const std::string& value) override {
    Node node = ScalarNode(value, tag == "!");
    node.mark = MarkAt(mark, value);
    CheckTag(node.mark, tag);
    Deliver(std::move(node), false);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t,
                       YAML::EmitterStyle::value style) override {
    Open(Node::Kind::kList, mark, tag, style);
  }
  void OnSequenceEnd() override { Close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag,
                  YAML::anchor_t, YAML::EmitterStyle::value style) override {
    Open(Node::Kind::kMap, mark, tag, style);
  }
  void OnMapEnd() override { Close(); }

  void OnAnchor(const YAML::Mark& mark, const std::string&) override {
    Refuse(MarkAt(mark, ""), "anchors are not supported");
  }

  Mark MarkAt(const YAML::Mark& mark, const std::string& text) const {
    Mark ours;
    ours.source = source_;
    if (mark.is_null()) return ours;
    ours.line = mark.line + 1;
    ours.column = mark.column + 1;
    if (static_cast<size_t>(mark.line) >= source_->lines.size()) return ours;
    const std::string& line = source_->lines[static_cast<size_t>(mark.line)];
    const auto column = static_cast<size_t>(mark.column);
    ours.column = CountCharacters(line.substr(0, column)) + 1;
    if (column < line.size() && !text.empty()) {
      ours.width = ScalarWidth(line.substr(column), text);
    }
    return ours;
  }

  bool has_root() const { return has_root_; }
  Node TakeRoot() { return std::move(root_); }

 private:
  struct Frame {
    Node node;
    bool is_block = false;
    bool has_key = false;     // kMap: the next node is the key's value
    bool drop_value = false;  // kMap: the key was refused
    std::string key;
    Mark key_mark;
  };

  std::string RestOfLine(const YAML::Mark& mark) const {
    const auto row = static_cast<size_t>(mark.line);
    const auto column = static_cast<size_t>(mark.column);
    if (mark.is_null() || row >= source_->lines.size()) return "";
    const std::string& line = source_->lines[row];
    return column < line.size() ? line.substr(column) : "";
  }

  void Refuse(const Mark& mark, const std::string& message) {
    AddFinding(mark, "", message,
               "write 'extends: base.yaml' at the top to build on another file",
               diagnostics_);
  }

  void CheckTag(const Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    Refuse(mark, "tags ('" + tag + "') are not supported");
  }

  void Open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::EmitterStyle::value style) {
    Frame frame;
    frame.node.kind = kind;
    frame.node.mark = MarkAt(mark, "");
    frame.is_block = style == YAML::EmitterStyle::Block;
    CheckTag(frame.node.mark, tag);
    frames_.push_back(std::move(frame));
  }

  void Close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    Deliver(std::move(frame.node), frame.is_block);
  }

  // Puts a finished node where it belongs. `at_key`: as a map's value it is
  // best pointed at through its key.
  void Deliver(Node node, bool at_key) {
    if (frames_.empty()) {
      root_ = std::move(node);
      has_root_ = true;
      return;
    }
    Frame& frame = frames_.back();
    if (frame.node.kind == Node::Kind::kList) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.has_key) {
      TakeKey(node, &frame);
    } else {
      frame.has_key = false;
      if (frame.drop_value) return;
      if (at_key) node.mark = frame.key_mark;
      frame.node.entries.push_back(
          {frame.key, frame.key_mark, std::move(node)});
    }
  }

  void TakeKey(const Node& node, Frame* frame) {
    frame->has_key = true;
    frame->key = node.text;
    frame->key_mark = node.mark;
    frame->drop_value = true;
    if (node.kind != Node::Kind::kScalar || node.text.empty()) {
      AddFinding(node.mark, "", "a key must be plain text", "", diagnostics_);
    } else if (node.text == "<<" && !node.quoted) {
      Refuse(node.mark, "merge keys ('<<') are not supported");
    } else if (const Node::Entry* first = frame->node.Find(node.text)) {
      AddFinding(node.mark, KeyPath(node.text),
                 "duplicate key; first given in line " +
                     std::to_string(first->key_mark.line),
                 "", diagnostics_);
    } else {
      frame->drop_value = false;
    }
  }

  std::string KeyPath(const std::string& key) const {
    std::string path;
    for (size_t i = 0; i + 1 < frames_.size(); ++i) {
      const Frame& frame = frames_[i];
      path = JoinKeys(path, frame.node.kind == Node::Kind::kMap
                                ? frame.key
                                : std::to_string(frame.node.items.size()));
    }
    return JoinKeys(path, key);
  }

  std::shared_ptr<const SourceText> source_;
  Diagnostics* diagnostics_;
  std::vector<Frame> frames_;
  Node root_;
  bool has_root_ = false;
};

// Notes where a second document would start, and nothing else.
class SecondDocument : public YAML::EventHandler {
 public:
  using Style = YAML::EmitterStyle::value;
  void OnDocumentStart(const YAML::Mark& mark) override { start = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       Style) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  Style) override {}
  void OnMapEnd() override {}

  YAML::Mark start;
};

// One YAML text as a tree; nothing after a syntax error.
std::optional<Node> ParseText(const std::string& text,
                              std::shared_ptr<const SourceText> source,
                              Diagnostics* diagnostics) {
  TreeBuilder builder(source, diagnostics);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder) || !builder.has_root()) {
      AddFinding(Mark{source}, "", "the file is empty", "", diagnostics);
      return std::nullopt;
    }
    SecondDocument second;
    if (parser.HandleNextDocument(second)) {
      AddFinding(builder.MarkAt(second.start, ""), "",
                 "a second document; only one is read", "", diagnostics);
    }
  } catch (const YAML::Exception& error) {
    const Mark mark = builder.MarkAt(error.mark, "");
    const bool in_text = mark.line >= 1 &&
                         static_cast<size_t>(mark.line) <= source->lines.size();
    AddFinding(mark, "", "not YAML: " + error.msg, in_text ? "here" : "",
               diagnostics);
    return std::nullopt;
  }
  return builder.TakeRoot();
}

// --- extends -----------------------------------------------------------------

// `over` on top of `base`: maps merge key by key, everything else replaces.
void Merge(Node over, Node* base) {
  if (over.kind != Node::Kind::kMap || base->kind != Node::Kind::kMap) {
    *base = std::move(over);
    return;
  }
  base->mark = over.mark;
  for (Node::Entry& entry : over.entries) {
    if (Node::Entry* existing = base->Find(entry.key)) {
      existing->key_mark = entry.key_mark;
      Merge(std::move(entry.value), &existing->value);
    } else {
      base->entries.push_back(std::move(entry));
    }
  }
}

std::optional<Node> LoadFile(const std::string& path, const Mark& named_at,
                             std::vector<std::string>* chain,
                             Diagnostics* diagnostics);

// Removes `extends` from the root and puts the root on top of what it names.
std::optional<Node> ResolveExtends(Node root, std::vector<std::string>* chain,
                                   Diagnostics* diagnostics) {
  const Node::Entry* entry = root.Find("extends");
  if (entry == nullptr) return root;
  const Node value = entry->value;
  root.entries.erase(root.entries.begin() + (entry - root.entries.data()));
  if (value.kind != Node::Kind::kScalar || value.text.empty()) {
    AddFinding(value.mark, "extends", "is not a path", "write one file name",
               diagnostics);
    return root;
  }
  const std::string base_path =
      (fs::path(value.mark.source->directory) / value.text)
          .lexically_normal()
          .string();
  if (std::find(chain->begin(), chain->end(), base_path) != chain->end()) {
    std::string cycle;
    for (const std::string& file : *chain) cycle += file + " -> ";
    AddFinding(value.mark, "extends", "goes in a circle: " + cycle + base_path,
               "", diagnostics);
    return std::nullopt;
  }
  auto base = LoadFile(base_path, value.mark, chain, diagnostics);
  if (!base) return std::nullopt;
  Merge(std::move(root), &*base);
  return base;
}

std::optional<Node> TreeOfText(const std::string& text, const std::string& name,
                               const std::string& directory,
                               std::vector<std::string>* chain,
                               Diagnostics* diagnostics) {
  auto source = std::make_shared<SourceText>();
  source->name = name;
  source->directory = directory;
  source->lines = SplitLines(text);
  auto root = ParseText(text, source, diagnostics);
  if (!root) return std::nullopt;
  if (root->kind != Node::Kind::kMap) {
    AddFinding(root->mark, "", "the file is not a map of keys",
               "write 'key: value'", diagnostics);
    return std::nullopt;
  }
  // The file as a whole is pointed at by its beginning.
  root->mark = Mark{source, 1, 1, 1};
  chain->push_back(name);
  return ResolveExtends(std::move(*root), chain, diagnostics);
}

std::optional<Node> LoadFile(const std::string& path, const Mark& named_at,
                             std::vector<std::string>* chain,
                             Diagnostics* diagnostics) {
  std::string text;
  try {
    text = ReadFile(path);
  } catch (const Error& error) {
    AddFinding(named_at, named_at.line > 0 ? "extends" : "", error.what(), "",
               diagnostics);
    return std::nullopt;
  }
  return TreeOfText(text, path, fs::path(path).parent_path().string(), chain,
                    diagnostics);
}

// --- overrides ---------------------------------------------------------------

void SetMarks(const Mark& mark, Node* node) {
  node->mark = mark;
  for (Node& item : node->items) SetMarks(mark, &item);
  for (Node::Entry& entry : node->entries) {
    entry.key_mark = mark;
    SetMarks(mark, &entry.value);
  }
}

std::string NameOfElement(const Node& element) {
  const Node::Entry* name = element.Find("name");
  return name == nullptr ? "" : name->value.text;
}

// The element of a list that `part` selects by position or name.
Node* SelectElement(Node* list, const std::string& part) {
  for (Node& item : list->items) {
    if (!part.empty() && NameOfElement(item) == part) return &item;
  }
  size_t index = 0;
  const char* const end = part.data() + part.size();
  const auto [rest, error] = std::from_chars(part.data(), end, index);
  if (error != std::errc() || rest != end || index >= list->items.size()) {
    return nullptr;
  }
  return &list->items[index];
}

std::string KnownElements(const Node& list) {
  std::string names;
  for (const Node& item : list.items) {
    const std::string name = NameOfElement(item);
    if (!name.empty()) names += (names.empty() ? "" : ", ") + name;
  }
  if (!names.empty()) return "elements: " + names;
  if (list.items.empty()) return "the list is empty";
  return "elements: 0 to " + std::to_string(list.items.size() - 1);
}

// The node at `path`, with maps made on the way; nullptr after a finding.
Node* NodeAtPath(const std::string& path, const Mark& mark, Node* root,
                 Diagnostics* diagnostics) {
  Node* node = root;
  size_t begin = 0;
  while (begin <= path.size()) {
    const size_t dot = std::min(path.find('.', begin), path.size());
    const std::string part = path.substr(begin, dot - begin);
    const std::string here = path.substr(0, begin == 0 ? 0 : begin - 1);
    if (node->kind == Node::Kind::kList) {
      Node* element = SelectElement(node, part);
      if (element == nullptr) {
        AddFinding(mark, here, "has no element '" + part + "'",
                   KnownElements(*node), diagnostics);
        return nullptr;
      }
      node = element;
    } else if (node->kind == Node::Kind::kScalar) {
      AddFinding(mark, here, "is a single value; it has no key '" + part + "'",
                 "", diagnostics);
      return nullptr;
    } else {
      node->kind = Node::Kind::kMap;
      if (node->Find(part) == nullptr) {
        Node fresh;
        fresh.mark = mark;
        node->entries.push_back({part, mark, std::move(fresh)});
      }
      node->Find(part)->key_mark = mark;
      node = &node->Find(part)->value;
    }
    begin = dot + 1;
  }
  return node;
}

void ApplyOverride(const std::string& text, Node* root,
                   Diagnostics* diagnostics) {
  auto source = std::make_shared<SourceText>();
  source->name = "--set " + text;
  const Mark mark{source};
  const size_t equals = text.find('=');
  const std::string path = text.substr(0, equals);
  if (equals == std::string::npos || path.empty() || path.front() == '.' ||
      path.back() == '.' || path.find("..") != std::string::npos) {
    AddFinding(mark, "", "is not KEY=VALUE", "write run.seed=3, for example",
               diagnostics);
    return;
  }
  Node value;
  if (equals + 1 < text.size()) {
    Diagnostics found;
    auto parsed = ParseText(text.substr(equals + 1), source, &found);
    for (const Diagnostic& one : found.all()) {
      AddFinding(mark, path, one.message, "", diagnostics);
    }
    if (!parsed) return;
    value = std::move(*parsed);
    value.is_none = value.kind == Node::Kind::kNull;
  }
  SetMarks(mark, &value);
  Node* target = NodeAtPath(path, mark, root, diagnostics);
  if (target != nullptr) *target = std::move(value);
}

std::optional<Document> Finish(std::optional<Node> root,
                               std::vector<std::string> files,
                               const std::vector<std::string>& overrides,
                               Diagnostics* diagnostics) {
  if (!root) return std::nullopt;
  for (const std::string& text : overrides) {
    ApplyOverride(text, &*root, diagnostics);
  }
  return Document{std::move(*root), std::move(files), overrides};
}

}  // namespace

std::optional<Document> ReadDocument(const std::string& path,
                                     const std::vector<std::string>& overrides,
                                     Diagnostics* diagnostics) {
  std::vector<std::string> files;
  auto source = std::make_shared<SourceText>();
  auto root = LoadFile(fs::path(path).lexically_normal().string(), Mark{source},
                       &files, diagnostics);
  return Finish(std::move(root), std::move(files), overrides, diagnostics);
}

std::optional<Document> ReadDocumentText(
    const std::string& text, const std::string& name,
    const std::string& directory, const std::vector<std::string>& overrides,
    Diagnostics* diagnostics) {
  std::vector<std::string> files;
  auto root = TreeOfText(text, name, directory, &files, diagnostics);
  return Finish(std::move(root), std::move(files), overrides, diagnostics);
}

}  // namespace airlock
