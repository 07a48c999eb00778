#include "sim/config/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "sim/base/file.h"
#include "sim/config/writer.h"

namespace airlock {
namespace {

using testing::HasSubstr;

// What the reader makes of `text`, one line; or its findings.
std::string Read(const std::string& text,
                 const std::vector<std::string>& overrides = {}) {
  Diagnostics diagnostics;
  const auto document =
      ReadDocumentText(text, "a.yaml", "", overrides, &diagnostics);
  if (!diagnostics.all().empty()) return diagnostics.Format();
  return document ? WriteFlow(document->root) : "(nothing)";
}

TEST(ReaderTest, ReadsMapsListsAndScalars) {
  EXPECT_EQ(
      Read("a: 1\nb: [x, 'y z', {c: \"3\"}]\nd:\n  - e: |\n      two\n"
           "      lines\n"),
      "{a: 1, b: [x, \"y z\", {c: \"3\"}], d: [{e: \"two\\nlines\\n\"}]}");
}

TEST(ReaderTest, KnowsLineColumnAndWidth) {
  Diagnostics diagnostics;
  const auto document = ReadDocumentText("a:\n  b: [12, \"x y\"]\né: ü\n", "f",
                                         "", {}, &diagnostics);
  const Node::Entry& b = *document->root.Find("a")->value.Find("b");
  EXPECT_EQ(b.key_mark.line, 2);
  EXPECT_EQ(b.key_mark.column, 3);
  EXPECT_EQ(b.value.items[0].mark.column, 7);
  EXPECT_EQ(b.value.items[0].mark.width, 2);
  EXPECT_EQ(b.value.items[1].mark.column, 11);
  EXPECT_EQ(b.value.items[1].mark.width, 5);
  // Columns count characters, not bytes.
  const Node::Entry& e = *document->root.Find("é");
  EXPECT_EQ(e.value.mark.column, 4);
  EXPECT_EQ(e.value.mark.width, 1);
}

TEST(ReaderTest, DuplicateKeyNamesBothLines) {
  EXPECT_EQ(Read("a: 1\nb:\n  - c: 1\n    d: 2\n    c: 3\na: 2\n"),
            "a.yaml:5:5: error: b.0.c: duplicate key; first given in line 3\n"
            "a.yaml:6:1: error: a: duplicate key; first given in line 1\n"
            "2 errors; nothing was run\n");
}

TEST(ReaderTest, MergeKeysTagsAnchorsAndAliasesPointToExtends) {
  const std::string findings =
      Read("a: &x {b: 1}\nc:\n  <<: *x\nd: !t 3\ne: !!int 4\n");
  EXPECT_THAT(findings, HasSubstr("a.yaml:1:4: error: anchors are not"));
  EXPECT_THAT(findings, HasSubstr("a.yaml:3:3: error: merge keys ('<<') are"));
  EXPECT_THAT(findings, HasSubstr("a.yaml:3:7: error: aliases are not"));
  EXPECT_THAT(findings, HasSubstr("a.yaml:4:4: error: tags ('!t') are not"));
  EXPECT_THAT(findings, HasSubstr("a.yaml:5:4: error: tags ("));
  EXPECT_THAT(findings, HasSubstr("5 errors; nothing was run\n"));
  EXPECT_THAT(findings, HasSubstr("write 'extends: base.yaml' at the top"));
}

TEST(ReaderTest, KeysArePlainText) {
  EXPECT_THAT(Read("? [a, b]\n: 1\n"),
              HasSubstr("error: a key must be plain text\n"));
  EXPECT_THAT(Read("\"\": 1\n"),
              HasSubstr("a.yaml:1:1: error: a key must be plain text\n"));
}

TEST(ReaderTest, SyntaxErrorsHaveAPosition) {
  EXPECT_EQ(Read("a: [1, 2\n"),
            "a.yaml:2:1: error: not YAML: end of sequence flow not found\n"
            "1 error; nothing was run\n");
  EXPECT_THAT(Read("a: 1\n b: 2\n"), HasSubstr("a.yaml:2:3: error: not YAML"));
  EXPECT_EQ(Read(""),
            "a.yaml: error: the file is empty\n"
            "1 error; nothing was run\n");
  EXPECT_THAT(Read("- a\n"), HasSubstr("a.yaml:1:1: error: the file is not a"));
  EXPECT_THAT(Read(std::string(5000, '[')), HasSubstr("error: not YAML"));
}

TEST(ReaderTest, SurvivesAnything) {
  // Every prefix of a text with all syntax, and every byte of it broken.
  const std::string text =
      "a: &x [1, 'b', \"c\\n\"]\n\"d\": {e: |\n  f\n, g: *x}\n? h\n: !t i\n"
      "--- # end\n\xff\xfe\x00\n";
  for (size_t i = 0; i <= text.size(); ++i) {
    Read(text.substr(0, i));
    for (const char c : {'\0', '\t', '\n', '{', '"', '\xff', ':', '&'}) {
      std::string broken = text;
      broken.insert(i, 1, c);
      Read(broken);
    }
  }
}

// --- extends -----------------------------------------------------------------

class ExtendsTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "airlock_extends_test";
    std::filesystem::create_directories(folder_ + "/sub");
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    WriteFileAtomically(folder_ + "/" + name, text);
  }
  std::string Load(const std::string& name) {
    Diagnostics diagnostics;
    const auto document = ReadDocument(folder_ + "/" + name, {}, &diagnostics);
    std::string text = document && diagnostics.all().empty()
                           ? WriteFlow(document->root)
                           : diagnostics.Format();
    for (size_t at; (at = text.find(folder_)) != std::string::npos;) {
      text.replace(at, folder_.size(), "F");
    }
    return text;
  }

  std::string folder_;
};

TEST_F(ExtendsTest, MapsMergeAndListsReplace) {
  Write("base.yaml", "a: {b: 1, c: 2}\nl: [1, 2]\nk: 1\n");
  Write("sub/mid.yaml", "extends: ../base.yaml\na: {c: 3, d: 4}\n");
  Write("top.yaml", "l: [9]\nextends: sub/mid.yaml\na: {b: 5}\nm: {}\n");
  EXPECT_EQ(Load("top.yaml"), "{a: {b: 5, c: 3, d: 4}, l: [9], k: 1, m: {}}");
}

TEST_F(ExtendsTest, CirclesAndMissingFilesAreFindings) {
  Write("a.yaml", "extends: b.yaml\n");
  Write("b.yaml", "x: 1\nextends: a.yaml\n");
  EXPECT_EQ(Load("a.yaml"),
            "F/b.yaml:2:10: error: extends: goes in a circle: F/a.yaml -> "
            "F/b.yaml -> F/a.yaml\n1 error; nothing was run\n");
  Write("c.yaml", "extends: d.yaml\n");
  EXPECT_EQ(Load("c.yaml"),
            "F/c.yaml:1:10: error: extends: cannot read F/d.yaml: No such file "
            "or directory\n1 error; nothing was run\n");
  EXPECT_THAT(Load("none.yaml"), HasSubstr("error: cannot read F/none.yaml"));
  Write("e.yaml", "extends: [a.yaml]\n");
  EXPECT_THAT(Load("e.yaml"), HasSubstr("F/e.yaml:1:10: error: extends: is "
                                        "not a path\n"));
}

// --- overrides ---------------------------------------------------------------

TEST(OverrideTest, SetsKeysAndElements) {
  const std::string text = "a: {b: 1}\nl: [{name: x, v: 1}, {name: y}]\n";
  EXPECT_EQ(Read(text, {"a.b=2", "a.c.d=[1, {e: 2}]", "l.1.v=5", "l.x.v=6",
                        "n=null"}),
            "{a: {b: 2, c: {d: [1, {e: 2}]}}, l: [{name: x, v: 6}, "
            "{name: y, v: 5}], n: null}");
}

TEST(OverrideTest, TheLastOneCounts) {
  EXPECT_EQ(Read("a: 1\n", {"a=2", "a=3"}), "{a: 3}");
}

TEST(OverrideTest, MistakesNameTheOption) {
  EXPECT_EQ(Read("a: 1\n", {"a"}),
            "--set a: error: is not KEY=VALUE\n"
            "     | write run.seed=3, for example\n"
            "1 error; nothing was run\n");
  EXPECT_EQ(Read("a: 1\n", {"a.b=1"}),
            "--set a.b=1: error: a: is a single value; it has no key 'b'\n"
            "1 error; nothing was run\n");
  EXPECT_EQ(Read("a: [1, 2]\n", {"a.2=1"}),
            "--set a.2=1: error: a: has no element '2'\n"
            "     | elements: 0 to 1\n"
            "1 error; nothing was run\n");
  EXPECT_THAT(Read("a: 1\n", {"a=[1"}),
              HasSubstr("--set a=[1: error: a: not YAML: "));
  for (const char* bad : {"=1", ".a=1", "a.=1", "a..b=1"}) {
    EXPECT_THAT(Read("a: 1\n", {bad}), HasSubstr("is not KEY=VALUE"));
  }
}

}  // namespace
}  // namespace airlock
