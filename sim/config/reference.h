#pragma once

#include <memory>
#include <string>
#include <vector>

namespace airlock {

struct FieldDescription;

// What fields.h knows of a type, for documents.
struct TypeDescription {
  enum class Kind {
    kBool,
    kInteger,
    kNumber,
    kText,
    kQuantity,
    kStruct,
    kList,
    kMap,
  };

  Kind kind = Kind::kText;
  std::string name;     // "integer", "bandwidth", "path of a file", ...
  std::string units;    // kQuantity: "bps, kbps, ..."; else a fixed unit or ""
  std::string limits;   // "at least 1", "from 0% to 100%", or empty
  std::string pattern;  // kQuantity: regular expression of the text
  std::vector<double> minimum;  // kInteger, kNumber: none or one
  std::vector<double> maximum;
  bool minimum_excluded = false;
  std::vector<std::string> choices;          // kText: all, or empty for any
  std::vector<FieldDescription> fields;      // kStruct
  std::shared_ptr<TypeDescription> element;  // kList, kMap
};

struct FieldDescription {
  std::string name;
  std::string help;
  bool required = false;
  std::string default_text;  // one line; empty if there is none
  TypeDescription type;
};

// Markdown tables of all keys, a section for each struct.
std::string WriteKeyReference(const TypeDescription& root);

// JSON Schema (draft 2020-12). The root also takes `extends`.
std::string WriteJsonSchema(const TypeDescription& root,
                            const std::string& title);

}  // namespace airlock
