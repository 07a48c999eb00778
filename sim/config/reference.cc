#include "sim/config/reference.h"

#include <nlohmann/json.hpp>

namespace airlock {
namespace {

using Json = nlohmann::ordered_json;
using Kind = TypeDescription::Kind;

std::string TypeText(const TypeDescription& type) {
  std::string text;
  switch (type.kind) {
    case Kind::kBool:
      return "`true` or `false`";
    case Kind::kText:
      if (type.choices.empty()) return type.name;
      for (const std::string& choice : type.choices) {
        text += (text.empty() ? "`" : ", `") + choice + "`";
      }
      return text;
    case Kind::kInteger:
    case Kind::kNumber:
      text = type.name + (type.units.empty() ? "" : " (" + type.units + ")");
      return type.limits.empty() ? text : text + ", " + type.limits;
    case Kind::kQuantity:
      text = type.name + " in " + type.units;
      return type.limits.empty() ? text : text + "; " + type.limits;
    case Kind::kStruct:
      return "map, see below";
    case Kind::kList:
      return "list of: " + TypeText(*type.element);
    case Kind::kMap:
      return "map from name to: " + TypeText(*type.element);
  }
  return text;
}

// In a table cell a bar would end the cell.
std::string Cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

// The struct below a field, however deep in lists and maps; the path to one of
// its keys goes through `*path`.
const TypeDescription* StructBelow(const TypeDescription& type,
                                   std::string* path) {
  if (type.kind == Kind::kStruct) return &type;
  if (type.kind == Kind::kList) *path += "[]";
  if (type.kind == Kind::kMap) *path += ".NAME";
  if (type.element == nullptr) return nullptr;
  return StructBelow(*type.element, path);
}

std::string DefaultText(const FieldDescription& field) {
  if (field.required) return "required";
  if (field.type.kind == Kind::kStruct) return "";
  return field.default_text.empty() ? "none" : "`" + field.default_text + "`";
}

void AddSection(const TypeDescription& type, const std::string& path,
                const std::string& help, std::string* text) {
  if (!path.empty()) *text += "\n## `" + path + "`\n\n" + help + "\n";
  if (type.fields.empty()) {
    *text += "\nNo keys at present.\n";
    return;
  }
  *text += "\n| Key | Type | Default | Meaning |\n|---|---|---|---|\n";
  for (const FieldDescription& field : type.fields) {
    *text += "| `" + field.name + "` | " + Cell(TypeText(field.type)) + " | " +
             Cell(DefaultText(field)) + " | " + Cell(field.help) + " |\n";
  }
  for (const FieldDescription& field : type.fields) {
    std::string below = path.empty() ? field.name : path + "." + field.name;
    const TypeDescription* inner = StructBelow(field.type, &below);
    if (inner != nullptr) AddSection(*inner, below, field.help, text);
  }
}

Json SchemaOf(const TypeDescription& type);

Json StructSchema(const TypeDescription& type) {
  Json schema = {{"type", "object"}, {"additionalProperties", false}};
  Json properties = Json::object();
  Json required = Json::array();
  for (const FieldDescription& field : type.fields) {
    Json property = SchemaOf(field.type);
    std::string help = field.help;
    if (!field.default_text.empty()) {
      help += " Default: " + field.default_text + ".";
    }
    property["description"] = help;
    properties[field.name] = std::move(property);
    if (field.required) required.push_back(field.name);
  }
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

Json NumberSchema(const TypeDescription& type) {
  const bool whole = type.kind == Kind::kInteger;
  const auto number = [whole](double value) {
    return whole ? Json(static_cast<int64_t>(value)) : Json(value);
  };
  Json schema = {{"type", whole ? "integer" : "number"}};
  if (!type.minimum.empty()) {
    schema[type.minimum_excluded ? "exclusiveMinimum" : "minimum"] =
        number(type.minimum[0]);
  }
  if (!type.maximum.empty()) schema["maximum"] = number(type.maximum[0]);
  return schema;
}

Json SchemaOf(const TypeDescription& type) {
  switch (type.kind) {
    case Kind::kBool:
      return {{"type", "boolean"}};
    case Kind::kInteger:
    case Kind::kNumber:
      return NumberSchema(type);
    case Kind::kText:
      if (!type.choices.empty()) return {{"enum", type.choices}};
      // An unquoted 42 is a good text for us and a number for an editor.
      return {{"type", {"string", "number", "boolean"}}};
    case Kind::kQuantity:
      return {{"type", "string"}, {"pattern", type.pattern}};
    case Kind::kStruct:
      return StructSchema(type);
    case Kind::kList:
      return {{"type", "array"}, {"items", SchemaOf(*type.element)}};
    case Kind::kMap:
      return {{"type", "object"},
              {"additionalProperties", SchemaOf(*type.element)}};
  }
  return {};
}

}  // namespace

std::string WriteKeyReference(const TypeDescription& root) {
  std::string text;
  AddSection(root, "", "", &text);
  return text.substr(1);
}

std::string WriteJsonSchema(const TypeDescription& root,
                            const std::string& title) {
  Json schema = {{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                 {"title", title}};
  schema.update(StructSchema(root));
  schema["properties"]["extends"] = {
      {"type", "string"},
      {"description",
       "File that this one builds on: maps merge, everything "
       "else replaces."}};
  return schema.dump(2) + "\n";
}

}  // namespace airlock
