#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/config/node.h"
#include "sim/config/reader.h"
#include "sim/config/reference.h"
#include "sim/config/values.h"
#include "sim/config/writer.h"

// Configuration structs, each field declared once. For a plain struct
//
//   struct LinkConfig {
//     Bandwidth rate = Gbps(1);
//     SimTime delay = Microseconds(1);
//   };
//
// write, in the struct's namespace (it is found through the struct's type),
//
//   inline void DeclareFields(Fields<LinkConfig>& fields) {
//     fields.Add("rate", &LinkConfig::rate, "Bits on the wire.")
//         .AtLeast(Mbps(1));
//     fields.Add("delay", &LinkConfig::delay, "Propagation delay.");
//   }
//
// and get the reader (LoadConfig, ParseConfig), the writer (ToYaml), the key
// reference (KeyReference) and the JSON Schema (JsonSchema). The default is the
// one of the struct. A field is a bool, int64_t, double, std::string, a
// quantity of units.h, another declared struct, or a std::optional,
// std::vector or std::map<std::string, ...> of those.
namespace airlock {

template <typename T>
class Fields;
// The one declaration of `T`'s fields, made at first use.
template <typename T>
const Fields<T>& FieldsOf();

// The type that limits and choices of a field speak of.
template <typename V>
struct ElementOf {
  using type = V;
};
template <typename V>
struct ElementOf<std::vector<V>> : ElementOf<V> {};
template <typename V>
struct ElementOf<std::optional<V>> : ElementOf<V> {};
template <typename V>
struct ElementOf<std::map<std::string, V>> : ElementOf<V> {};

// What else is true of a field; returned by Fields::Add for chaining. Of a
// list, limits and choices hold for each element.
template <typename V>
class FieldOptions {
 public:
  using Element = typename ElementOf<V>::type;

  explicit FieldOptions(FieldRules* rules) : rules_(rules) {}

  // The file must give it.
  FieldOptions& Required() { return Set(&FieldRules::required, true); }
  FieldOptions& AtLeast(Element limit) {
    rules_->minimum = FieldRules::Bound{ToNumber(limit), false};
    return *this;
  }
  FieldOptions& MoreThan(Element limit) {
    rules_->minimum = FieldRules::Bound{ToNumber(limit), true};
    return *this;
  }
  FieldOptions& AtMost(Element limit) {
    rules_->maximum = FieldRules::Bound{ToNumber(limit), false};
    return *this;
  }
  FieldOptions& Between(Element low, Element high) {
    return AtLeast(low).AtMost(high);
  }
  // Text: one of these.
  FieldOptions& OneOf(std::vector<std::string> choices) {
    return OneOf([choices] { return choices; });
  }
  // Text: one of a table that is known when the program runs.
  FieldOptions& OneOf(std::function<std::vector<std::string>()> choices) {
    return Set(&FieldRules::choices, std::move(choices));
  }
  // Text or list: not empty.
  FieldOptions& NotEmpty() { return Set(&FieldRules::not_empty, true); }
  // List of structs: this key's values differ from element to element.
  FieldOptions& UniqueBy(const std::string& key) {
    return Set(&FieldRules::unique_by, key);
  }
  // Text: letters, digits, '-' and '_' only, so that it can be part of the
  // dotted name of a metric or a key.
  FieldOptions& AsName() { return Set(&FieldRules::is_name, true); }
  // double: may be undefined, `nan` in the file.
  FieldOptions& MayBeNan() { return Set(&FieldRules::may_be_nan, true); }
  // double: a time, in the struct in nanoseconds and in the file with its unit
  // ("1.5us", "0.8ns"); unlike SimTime not a whole number of nanoseconds.
  FieldOptions& AsNanoseconds() { return Set(&FieldRules::nanoseconds, true); }
  // double or int64_t: unit for the reference where the file has none ("dB").
  FieldOptions& Unit(const std::string& unit) {
    return Set(&FieldRules::unit, unit);
  }
  // Text: path of a file, relative to the file that says so; absolute in the
  // struct. Empty: none.
  FieldOptions& AsPath() { return Set(&FieldRules::is_path, true); }
  // The same, and the file must exist.
  FieldOptions& AsExistingFile() {
    return AsPath().Set(&FieldRules::must_exist, true);
  }

 private:
  template <typename M, typename A>
  FieldOptions& Set(M FieldRules::*member, A&& value) {
    rules_->*member = std::forward<A>(value);
    return *this;
  }

  FieldRules* rules_;
};

// --- How each kind of value is read, written and described -----------------

// A declared struct. Read() starts from what `*value` holds.
template <typename V, typename = void>
struct Codec {
  static void Read(const Node& node, const FieldRules&,
                   const ReadContext& context, V* value) {
    FieldsOf<V>().Read(node, context, value);
  }
  static Node Write(const V& value, const FieldRules&) {
    return FieldsOf<V>().Write(value);
  }
  static TypeDescription Describe(const FieldRules&) {
    return FieldsOf<V>().Describe();
  }
};

template <typename V>
struct Codec<V, std::enable_if_t<kIsScalar<V>>> {
  static void Read(const Node& node, const FieldRules& rules,
                   const ReadContext& context, V* value) {
    ReadScalar(node, rules, context, value);
  }
  static Node Write(const V& value, const FieldRules& rules) {
    return WriteScalar(value, rules);
  }
  static TypeDescription Describe(const FieldRules& rules) {
    return DescribeScalar(V{}, rules);
  }
};

template <typename E>
struct Codec<std::optional<E>> {
  static void Read(const Node& node, const FieldRules& rules,
                   const ReadContext& context, std::optional<E>* value) {
    value->reset();
    if (node.kind == Node::Kind::kNull && node.is_none) return;
    Codec<E>::Read(node, rules, context, &value->emplace());
  }
  static Node Write(const std::optional<E>& value, const FieldRules& rules) {
    return value ? Codec<E>::Write(*value, rules) : Node{};
  }
  static TypeDescription Describe(const FieldRules& rules) {
    return Codec<E>::Describe(rules);
  }
};

template <typename E>
struct Codec<std::vector<E>> {
  static void Read(const Node& node, const FieldRules& rules,
                   const ReadContext& context, std::vector<E>* value) {
    if (!CheckList(node, rules, context)) return;
    value->clear();
    for (size_t i = 0; i < node.items.size(); ++i) {
      E element{};
      Codec<E>::Read(node.items[i], rules, context.Child(std::to_string(i)),
                     &element);
      value->push_back(std::move(element));
    }
  }
  static Node Write(const std::vector<E>& value, const FieldRules& rules) {
    Node node;
    node.kind = Node::Kind::kList;
    for (const E& element : value) {
      node.items.push_back(Codec<E>::Write(element, rules));
    }
    return node;
  }
  static TypeDescription Describe(const FieldRules& rules) {
    return DescribeContainer(TypeDescription::Kind::kList,
                             Codec<E>::Describe(rules));
  }
};

template <typename E>
struct Codec<std::map<std::string, E>> {
  static void Read(const Node& node, const FieldRules& rules,
                   const ReadContext& context,
                   std::map<std::string, E>* value) {
    if (!CheckMap(node, context)) return;
    value->clear();
    for (const Node::Entry& entry : node.entries) {
      Codec<E>::Read(entry.value, rules, context.Child(entry.key),
                     &(*value)[entry.key]);
    }
  }
  static Node Write(const std::map<std::string, E>& value,
                    const FieldRules& rules) {
    Node node;
    node.kind = Node::Kind::kMap;
    for (const auto& [key, element] : value) {
      node.entries.push_back({key, {}, Codec<E>::Write(element, rules)});
    }
    return node;
  }
  static TypeDescription Describe(const FieldRules& rules) {
    return DescribeContainer(TypeDescription::Kind::kMap,
                             Codec<E>::Describe(rules));
  }
};

// --- A struct's fields ------------------------------------------------------

// The declared fields of `T`, in order, and the checks that need several.
template <typename T>
class Fields {
 public:
  // `help`: one or two sentences for the reference.
  template <typename V>
  FieldOptions<V> Add(const std::string& name, V T::*member,
                      const std::string& help) {
    fields_.push_back(std::make_unique<Member<V>>(name, help, member));
    return FieldOptions<V>(&fields_.back()->rules);
  }

  // What must hold between fields, with keys relative to this T:
  //   if (q.mark > q.limit) report.Error("mark", "is above the queue's limit");
  // Called for every T that was read and whose `keys` ("limit", "link.rate")
  // are good; with no keys named, whose every key is good.
  void Check(std::function<void(const T&, const Reporter&)> check) {
    checks_.push_back({{""}, std::move(check)});
  }
  void Check(std::vector<std::string> keys,
             std::function<void(const T&, const Reporter&)> check) {
    checks_.push_back({std::move(keys), std::move(check)});
  }

  void Read(const Node& node, const ReadContext& context, T* value) const {
    const size_t findings_before = context.diagnostics->all().size();
    if (!CheckMap(node, context)) return;
    CheckKeys(node, rules(), context);
    for (const auto& field : fields_) {
      if (const Node::Entry* entry = node.Find(field->rules.name)) {
        field->Read(entry->value, context.Child(entry->key), value);
      }
    }
    const std::vector<std::string> bad =
        KeysWithErrors(context, findings_before);
    const Reporter reporter(&node, context.key_path, context.diagnostics);
    for (const CrossCheck& check : checks_) {
      if (!AnyAtOrBelow(bad, check.keys)) check.run(*value, reporter);
    }
  }

  // A map with every field but optional ones that are not set; is_default
  // where a field equals that of T{}.
  Node Write(const T& value) const {
    const T standard{};
    Node node;
    node.kind = Node::Kind::kMap;
    for (const auto& field : fields_) {
      Node child = field->Write(value);
      if (child.kind == Node::Kind::kNull) continue;
      MarkDefaults(field->Write(standard), &child);
      node.entries.push_back({field->rules.name, {}, std::move(child)});
    }
    return node;
  }

  TypeDescription Describe() const {
    const T standard{};
    std::vector<FieldDescription> described;
    for (const auto& field : fields_) {
      described.push_back(DescribeField(field->rules, field->Describe(),
                                        field->Write(standard)));
    }
    return DescribeStruct(std::move(described));
  }

 private:
  struct MemberBase {
    virtual ~MemberBase() = default;
    virtual void Read(const Node& node, const ReadContext& context,
                      T* object) const = 0;
    virtual Node Write(const T& object) const = 0;
    virtual TypeDescription Describe() const = 0;
    FieldRules rules;
  };
  template <typename V>
  struct Member : MemberBase {
    Member(const std::string& name, const std::string& help, V T::*member)
        : member(member) {
      this->rules.name = name;
      this->rules.help = help;
    }
    void Read(const Node& node, const ReadContext& context,
              T* object) const override {
      Codec<V>::Read(node, this->rules, context, &(object->*member));
    }
    Node Write(const T& object) const override {
      return Codec<V>::Write(object.*member, this->rules);
    }
    TypeDescription Describe() const override {
      return Codec<V>::Describe(this->rules);
    }
    V T::*member;
  };

  struct CrossCheck {
    std::vector<std::string> keys;
    std::function<void(const T&, const Reporter&)> run;
  };

  std::vector<const FieldRules*> rules() const {
    std::vector<const FieldRules*> all;
    for (const auto& field : fields_) all.push_back(&field->rules);
    return all;
  }

  std::vector<std::unique_ptr<MemberBase>> fields_;
  std::vector<CrossCheck> checks_;
};

template <typename T>
const Fields<T>& FieldsOf() {
  static const Fields<T>* const fields = [] {
    auto* made = new Fields<T>();
    DeclareFields(*made);
    return made;
  }();
  return *fields;
}

// --- What users of a declared struct call -----------------------------------

// Types the document, if there is one. Nothing if there was any error, here or
// in `*diagnostics` before, where all of them are.
template <typename T>
std::optional<T> ReadConfig(const std::optional<Document>& document,
                            Diagnostics* diagnostics) {
  if (!document) return std::nullopt;
  T value{};
  FieldsOf<T>().Read(document->root, ReadContext{"", diagnostics}, &value);
  if (diagnostics->has_errors()) return std::nullopt;
  return value;
}

// Reads a file, with overrides "a.b=value" (see ReadDocument).
template <typename T>
std::optional<T> LoadConfig(const std::string& path,
                            const std::vector<std::string>& overrides,
                            Diagnostics* diagnostics) {
  Diagnostics found;
  auto value = ReadConfig<T>(ReadDocument(path, overrides, &found), &found);
  diagnostics->Append(std::move(found));
  return value;
}

// Reads a text; `name` is printed in messages.
template <typename T>
std::optional<T> ParseConfig(const std::string& text, const std::string& name,
                             Diagnostics* diagnostics) {
  Diagnostics found;
  auto value =
      ReadConfig<T>(ReadDocumentText(text, name, "", {}, &found), &found);
  diagnostics->Append(std::move(found));
  return value;
}

// YAML that reads back to an equal value, every field written out.
template <typename T>
std::string ToYaml(const T& value,
                   DefaultMarks marks = DefaultMarks::kUnmarked) {
  return WriteYaml(FieldsOf<T>().Write(value), marks);
}

// Markdown: every key with type, default and meaning.
template <typename T>
std::string KeyReference() {
  return WriteKeyReference(FieldsOf<T>().Describe());
}

// JSON Schema (draft 2020-12) for editors.
template <typename T>
std::string JsonSchema(const std::string& title) {
  return WriteJsonSchema(FieldsOf<T>().Describe(), title);
}

}  // namespace airlock
