#include "sim/config/values.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <string_view>
#include <utility>

#include "sim/config/writer.h"

namespace airlock {
namespace {

// What is printed about a type: "an integer", "a time" and its units.
struct TypeNames {
  std::string noun;
  std::string units;  // empty: the text is a bare value
};

TypeNames NamesOf(const bool&, const FieldRules&) { return {"a boolean", ""}; }
TypeNames NamesOf(const int64_t&, const FieldRules&) {
  return {"an integer", ""};
}
TypeNames NamesOf(const double&, const FieldRules& rules) {
  if (rules.nanoseconds) {
    return {QuantityName<SimTime>::kNoun, QuantityName<SimTime>::kUnits};
  }
  return {"a number", ""};
}
TypeNames NamesOf(const std::string&, const FieldRules& rules) {
  return {rules.is_path ? "a path" : rules.is_name ? "a name" : "a text", ""};
}
template <typename Tag, typename Rep>
TypeNames NamesOf(const Quantity<Tag, Rep>&, const FieldRules&) {
  using Q = Quantity<Tag, Rep>;
  return {QuantityName<Q>::kNoun, QuantityName<Q>::kUnits};
}

std::vector<std::string> SplitUnits(const std::string& units) {
  std::vector<std::string> names;
  size_t begin = 0;
  while (begin < units.size()) {
    const size_t end = units.find(' ', begin);
    std::string word = units.substr(begin, end - begin);
    if (!word.empty() && word.back() == ',') word.pop_back();
    if (word == "(30%") break;  // an explanation follows the unit
    if (word != "or" && !word.empty()) names.push_back(word);
    if (end == std::string::npos) break;
    begin = end + 1;
  }
  return names;
}

// Splits a leading decimal number from the rest. False if there is none.
bool SplitNumber(const std::string& text, double* number, std::string* rest) {
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, *number);
  if (error != std::errc() || !std::isfinite(*number)) return false;
  rest->assign(stop, end);
  return true;
}

// --- double as a time in nanoseconds ----------------------------------------

constexpr std::pair<const char*, double> kTimeUnits[] = {
    {"h", 3600e9}, {"min", 60e9}, {"s", 1e9},
    {"ms", 1e6},   {"us", 1e3},   {"ns", 1}};

bool ParseNanoseconds(const std::string& text, double* value) {
  double number = 0;
  std::string unit;
  if (!SplitNumber(text, &number, &unit)) return false;
  for (const auto& [name, factor] : kTimeUnits) {
    if (unit != name) continue;
    *value = number * factor;
    return std::isfinite(*value);
  }
  return false;
}

// Shortest text that reads back to the same double.
std::string FormatNanoseconds(double value) {
  for (const auto& [name, factor] : kTimeUnits) {
    if (factor > 1e9 || std::abs(value) < factor) continue;
    const std::string text = fmt::format("{}{}", value / factor, name);
    double back = 0;
    if (ParseNanoseconds(text, &back) && back == value) return text;
  }
  return fmt::format("{}ns", value);
}

// --- text -> value; false if the text is not of the type --------------------

bool ParseValue(const Node& node, const FieldRules&, bool* value) {
  if (node.quoted || (node.text != "true" && node.text != "false")) {
    return false;
  }
  *value = node.text == "true";
  return true;
}

bool IsDecimalInteger(const std::string& text) {
  const size_t begin = text[0] == '-' ? 1 : 0;
  if (begin == text.size()) return false;
  if (text[begin] == '0' && text.size() > 1) return false;
  return text.find_first_not_of("0123456789", begin) == std::string::npos;
}

bool ParseValue(const Node& node, const FieldRules&, int64_t* value) {
  if (node.quoted || node.text.empty() || !IsDecimalInteger(node.text)) {
    return false;
  }
  const char* const end = node.text.data() + node.text.size();
  return std::from_chars(node.text.data(), end, *value).ec == std::errc();
}

bool ParseValue(const Node& node, const FieldRules& rules, double* value) {
  if (node.quoted && !rules.nanoseconds) return false;
  if (rules.nanoseconds) return ParseNanoseconds(node.text, value);
  if (rules.may_be_nan && node.text == "nan") {
    *value = std::numeric_limits<double>::quiet_NaN();
    return true;
  }
  std::string rest;
  return SplitNumber(node.text, value, &rest) && rest.empty();
}

bool ParseValue(const Node& node, const FieldRules&, std::string* value) {
  *value = node.text;
  return true;
}

template <typename Tag, typename Rep>
bool ParseValue(const Node& node, const FieldRules&,
                Quantity<Tag, Rep>* value) {
  return Parse(node.text, value);
}

// --- value -> text ----------------------------------------------------------

std::string FormatValue(bool value, const FieldRules&) {
  return value ? "true" : "false";
}
std::string FormatValue(int64_t value, const FieldRules&) {
  return std::to_string(value);
}
std::string FormatValue(double value, const FieldRules& rules) {
  return rules.nanoseconds ? FormatNanoseconds(value)
                           : fmt::format("{}", value);
}
std::string FormatValue(const std::string& value, const FieldRules&) {
  return value;
}
template <typename Tag, typename Rep>
std::string FormatValue(Quantity<Tag, Rep> value, const FieldRules&) {
  return ToString(value);
}

// --- limits -----------------------------------------------------------------

template <typename V>
struct RepOf {
  using type = V;
};
template <typename Tag, typename Rep>
struct RepOf<Quantity<Tag, Rep>> {
  using type = Rep;
};

// Rates, sizes, times and frequencies are never negative.
template <typename V>
std::optional<FieldRules::Bound> MinimumOf(const FieldRules& rules) {
  constexpr bool kNeverNegative =
      std::is_same_v<V, Bandwidth> || std::is_same_v<V, DataSize> ||
      std::is_same_v<V, SimTime> || std::is_same_v<V, Frequency>;
  if (!rules.minimum && (kNeverNegative || rules.nanoseconds)) {
    return FieldRules::Bound{0, false};
  }
  return rules.minimum;
}

template <typename V>
std::string BoundText(const FieldRules::Bound& bound, const FieldRules& rules) {
  if constexpr (std::is_arithmetic_v<typename RepOf<V>::type> &&
                !std::is_same_v<V, bool>) {
    return FormatValue(V(static_cast<typename RepOf<V>::type>(bound.number)),
                       rules);
  }
  return "";
}

// "at least 1", "from 0% to 100%", or empty.
template <typename V>
std::string LimitsText(const FieldRules& rules) {
  const auto minimum = MinimumOf<V>(rules);
  if (!minimum && !rules.maximum) return "";
  const std::string low = minimum ? BoundText<V>(*minimum, rules) : "";
  const std::string high =
      rules.maximum ? BoundText<V>(*rules.maximum, rules) : "";
  if (!minimum) return "at most " + high;
  if (!rules.maximum) {
    return (minimum->excluded ? "more than " : "at least ") + low;
  }
  if (low == high) return "exactly " + low;
  if (minimum->excluded) return "more than " + low + ", at most " + high;
  return "from " + low + " to " + high;
}

// "an integer from 1 to 8", "a time of at least 1us", "1".
template <typename V>
std::string WithLimits(const std::string& noun, const FieldRules& rules) {
  const std::string limits = LimitsText<V>(rules);
  if (limits.empty()) return noun;
  if (limits.rfind("exactly ", 0) == 0) return limits.substr(8);
  return noun + (limits.rfind("from", 0) == 0 ? " " : " of ") + limits;
}

template <typename V>
bool InRange(const V& value, const FieldRules& rules) {
  if constexpr (!std::is_same_v<V, bool> && !std::is_same_v<V, std::string>) {
    const long double number = ToNumber(value);
    const auto minimum = MinimumOf<V>(rules);
    if (minimum && (number < minimum->number ||
                    (minimum->excluded && number == minimum->number))) {
      return false;
    }
    if (rules.maximum && number > rules.maximum->number) return false;
  }
  return true;
}

// --- messages ---------------------------------------------------------------

std::string Quoted(const std::string& text) {
  const size_t line = text.find('\n');
  if (line == std::string::npos) return "'" + text + "'";
  return "'" + text.substr(0, line) + "...'";
}

std::string JoinOr(const std::vector<std::string>& words) {
  std::string text;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) text += i + 1 == words.size() ? " or " : ", ";
    text += words[i];
  }
  return text;
}

void Find(const Node& node, const ReadContext& context,
          const std::string& message, const std::string& hint) {
  AddFinding(node.mark, context.key_path, message, hint, context.diagnostics);
}

// What to write instead of a text that is not of the type at all.
template <typename V>
std::string TypeHint(const V& type, const FieldRules& rules) {
  const TypeNames names = NamesOf(type, rules);
  if (!names.units.empty()) return "write a number and " + names.units;
  if (std::is_same_v<V, bool>) return "write true or false";
  if (rules.choices) return "write " + JoinOr(rules.choices());
  return "write " + WithLimits<V>(names.noun, rules);
}

// The text of a quantity has the unit but not the precision or the range of
// the type, which holds whole numbers of its base unit.
template <typename V>
bool FindUnitMistake(const Node& node, const FieldRules& rules,
                     const ReadContext& context) {
  const TypeNames names = NamesOf(V{}, rules);
  double number = 0;
  std::string unit;
  if (names.units.empty() || !SplitNumber(node.text, &number, &unit)) {
    return false;
  }
  if (unit.empty()) {
    Find(node, context, Quoted(node.text) + " has no unit",
         TypeHint(V{}, rules));
    return true;
  }
  for (const std::string& known : SplitUnits(names.units)) {
    if (unit != known) continue;
    if constexpr (IsQuantity<V>::value) {
      const std::string base =
          FormatValue(V(typename RepOf<V>::type{1}), rules);
      const bool fine = number != std::floor(number);
      Find(node, context,
           Quoted(node.text) + (fine ? " is no multiple of " + base
                                     : std::string(" is too large")),
           fine ? "write a whole number of " + base.substr(1) : "");
      return true;
    }
  }
  return false;
}

template <typename V>
void FindTypeMistake(const Node& node, const FieldRules& rules,
                     const ReadContext& context) {
  if (FindUnitMistake<V>(node, rules, context)) return;
  const std::string noun = NamesOf(V{}, rules).noun;
  if (std::is_same_v<V, int64_t> && !node.quoted &&
      IsDecimalInteger(node.text.empty() ? "x" : node.text)) {
    Find(node, context, Quoted(node.text) + " is too large",
         TypeHint(V{}, rules));
    return;
  }
  std::string hint = TypeHint(V{}, rules);
  if (node.quoted) hint += " without quotes";
  if (std::is_same_v<V, int64_t> && !node.quoted &&
      node.text.find_first_not_of("0123456789xabcdefABCDEFo_-+") ==
          std::string::npos) {
    hint += ", decimal, without a leading zero";
  }
  Find(node, context, Quoted(node.text) + " is not " + noun, hint);
}

bool CheckChoice(const Node& node, const FieldRules& rules,
                 const ReadContext& context) {
  const std::vector<std::string> choices = rules.choices();
  for (const std::string& choice : choices) {
    if (node.text == choice) return true;
  }
  const std::string nearest = NearestName(node.text, choices);
  Find(node, context,
       Quoted(node.text) + " is unknown" +
           (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"),
       choices.empty() ? "there is nothing to choose from"
                       : "write " + JoinOr(choices));
  return false;
}

// Makes the path absolute; false if it must exist and does not.
bool CheckPath(const Node& node, const FieldRules& rules,
               const ReadContext& context, std::string* value) {
  namespace fs = std::filesystem;
  if (value->empty()) return true;
  const std::string base =
      node.mark.source == nullptr ? "" : node.mark.source->directory;
  std::error_code error;
  const fs::path absolute =
      fs::absolute(fs::path(base) / *value, error).lexically_normal();
  if (!error) *value = absolute.string();
  if (!rules.must_exist || fs::is_regular_file(*value, error)) return true;
  Find(node, context, "there is no file " + Quoted(node.text),
       "looked for " + *value);
  return false;
}

bool IsName(const std::string& text) {
  return !text.empty() &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyz"
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == std::string::npos;
}

// A choice that may be left out because none is its default may also be spelt
// out as none, which is what a resolved file does. An element of a list may
// not.
bool MayBeNone(const FieldRules& rules, const ReadContext& context,
               const std::string& value, const std::string& before) {
  const std::string& path = context.key_path;
  const std::string last = path.substr(path.rfind('.') + 1);
  const bool element =
      last.find_first_not_of("0123456789") == std::string::npos;
  return !rules.required && !element && value.empty() && before.empty();
}

template <typename V>
bool CheckText(const Node&, const FieldRules&, const ReadContext&, const V&,
               V*) {
  return true;
}
bool CheckText(const Node& node, const FieldRules& rules,
               const ReadContext& context, const std::string& before,
               std::string* value) {
  if (rules.choices) {
    return MayBeNone(rules, context, *value, before) ||
           CheckChoice(node, rules, context);
  }
  if (rules.not_empty && value->empty()) {
    Find(node, context, "is empty", "write " + NamesOf(*value, rules).noun);
    return false;
  }
  if (rules.is_name && !IsName(*value)) {
    Find(node, context, Quoted(node.text) + " is not a name",
         "write letters, digits, '-' and '_'");
    return false;
  }
  return !rules.is_path || CheckPath(node, rules, context, value);
}

const char* KindName(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "a single value";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
  }
  return "nothing";
}

// "found a list, not an integer"; "has no value".
std::string WrongKind(const Node& node, const std::string& noun) {
  if (node.kind == Node::Kind::kNull) return "has no value";
  return std::string("found ") + KindName(node.kind) + ", not " + noun;
}

std::string Capitalless(const std::string& noun) {
  return noun.substr(noun.find(' ') + 1);
}

}  // namespace

template <typename V>
void ReadScalar(const Node& node, const FieldRules& rules,
                const ReadContext& context, V* value) {
  if (node.kind != Node::Kind::kScalar) {
    Find(node, context, WrongKind(node, NamesOf(V{}, rules).noun),
         TypeHint(V{}, rules));
    return;
  }
  V read{};
  if (!ParseValue(node, rules, &read)) {
    FindTypeMistake<V>(node, rules, context);
    return;
  }
  if (!InRange(read, rules)) {
    Find(node, context, Quoted(node.text) + " is out of range",
         "write " + WithLimits<V>(NamesOf(V{}, rules).noun, rules));
    return;
  }
  if (CheckText(node, rules, context, *value, &read)) *value = read;
}

template <typename V>
Node WriteScalar(const V& value, const FieldRules& rules) {
  const std::string text = FormatValue(value, rules);
  const bool quoted = std::is_same_v<V, std::string> && !rules.choices &&
                      ReadsAsAnotherType(text);
  return ScalarNode(text, quoted);
}

template <typename V>
TypeDescription DescribeScalar(const V& type, const FieldRules& rules) {
  TypeDescription description;
  const TypeNames names = NamesOf(type, rules);
  description.name = Capitalless(names.noun);
  description.units = names.units.empty() ? rules.unit : names.units;
  description.limits = LimitsText<V>(rules);
  if (!names.units.empty()) {
    description.kind = TypeDescription::Kind::kQuantity;
    std::string alternatives;
    for (const std::string& unit : SplitUnits(names.units)) {
      alternatives += (alternatives.empty() ? "" : "|") + unit;
    }
    description.pattern =
        "^-?[0-9]+(\\.[0-9]+)?([eE][-+]?[0-9]+)?(" + alternatives + ")$";
    return description;
  }
  if (std::is_same_v<V, bool>) {
    description.kind = TypeDescription::Kind::kBool;
  } else if (std::is_same_v<V, std::string>) {
    description.kind = TypeDescription::Kind::kText;
    if (rules.choices) description.choices = rules.choices();
  } else {
    description.kind = std::is_same_v<V, int64_t>
                           ? TypeDescription::Kind::kInteger
                           : TypeDescription::Kind::kNumber;
    if (rules.minimum) {
      description.minimum = {static_cast<double>(rules.minimum->number)};
      description.minimum_excluded = rules.minimum->excluded;
    }
    if (rules.maximum) {
      description.maximum = {static_cast<double>(rules.maximum->number)};
    }
  }
  return description;
}

#define AIRLOCK_SCALAR(V)                                     \
  template void ReadScalar<V>(const Node&, const FieldRules&, \
                              const ReadContext&, V*);        \
  template Node WriteScalar<V>(const V&, const FieldRules&);  \
  template TypeDescription DescribeScalar<V>(const V&, const FieldRules&)
AIRLOCK_SCALAR(bool);
AIRLOCK_SCALAR(int64_t);
AIRLOCK_SCALAR(double);
AIRLOCK_SCALAR(std::string);
AIRLOCK_SCALAR(Bandwidth);
AIRLOCK_SCALAR(DataSize);
AIRLOCK_SCALAR(SimTime);
AIRLOCK_SCALAR(PowerDbm);
AIRLOCK_SCALAR(Frequency);
AIRLOCK_SCALAR(Ratio);
AIRLOCK_SCALAR(Length);
AIRLOCK_SCALAR(Speed);
#undef AIRLOCK_SCALAR

bool CheckList(const Node& node, const FieldRules& rules,
               const ReadContext& context) {
  if (node.kind != Node::Kind::kList) {
    Find(node, context, WrongKind(node, "a list"),
         "write [a, b] or a line '- a' for each");
    return false;
  }
  if (rules.not_empty && node.items.empty()) {
    Find(node, context, "is empty", "write at least one element");
    return false;
  }
  if (rules.unique_by.empty()) return true;
  bool unique = true;
  std::map<std::string, int> line_of;
  for (size_t i = 0; i < node.items.size(); ++i) {
    const Node::Entry* entry = node.items[i].Find(rules.unique_by);
    if (entry == nullptr) continue;
    const auto [first, is_new] =
        line_of.emplace(entry->value.text, entry->value.mark.line);
    if (is_new) continue;
    unique = false;
    Find(entry->value, context.Child(std::to_string(i)).Child(rules.unique_by),
         Quoted(entry->value.text) + " is taken; first used in line " +
             std::to_string(first->second),
         "");
  }
  return unique;
}

bool CheckMap(const Node& node, const ReadContext& context) {
  if (node.kind == Node::Kind::kMap) return true;
  Find(node, context, WrongKind(node, "a map of keys"),
       "write keys and values, 'key: value'");
  return false;
}

void CheckKeys(const Node& map, const std::vector<const FieldRules*>& fields,
               const ReadContext& context) {
  std::vector<std::string> known;
  for (const FieldRules* field : fields) known.push_back(field->name);
  for (const Node::Entry& entry : map.entries) {
    bool found = false;
    for (const std::string& name : known) found = found || name == entry.key;
    if (found) continue;
    const std::string nearest = NearestName(entry.key, known);
    AddFinding(entry.key_mark, context.Child(entry.key).key_path,
               nearest.empty() ? "unknown key"
                               : "unknown key; did you mean '" + nearest + "'?",
               !nearest.empty() ? ""
               : known.empty()  ? "no keys are known here"
                                : "known keys: " + JoinOr(known),
               context.diagnostics);
  }
  for (const FieldRules* field : fields) {
    if (!field->required || map.Find(field->name) != nullptr) continue;
    AddFinding(map.mark, context.Child(field->name).key_path,
               "is missing; it has no default", "", context.diagnostics);
  }
}

std::vector<std::string> KeysWithErrors(const ReadContext& context,
                                        size_t from) {
  std::vector<std::string> keys;
  const std::vector<Diagnostic>& all = context.diagnostics->all();
  const size_t skip =
      context.key_path.empty() ? 0 : context.key_path.size() + 1;
  for (size_t i = from; i < all.size(); ++i) {
    if (all[i].severity != Diagnostic::Severity::kError) continue;
    const std::string& path = all[i].key_path;
    keys.push_back(path.size() > skip ? path.substr(skip) : "");
  }
  return keys;
}

bool AnyAtOrBelow(const std::vector<std::string>& bad,
                  const std::vector<std::string>& keys) {
  for (const std::string& key : keys) {
    for (const std::string& one : bad) {
      if (key.empty() || one.empty() || one == key) return true;
      if (one.compare(0, key.size() + 1, key + ".") == 0) return true;
    }
  }
  return false;
}

void MarkDefaults(const Node& standard, Node* node) {
  node->is_default = SameContent(standard, *node);
  if (node->kind != Node::Kind::kMap || standard.kind != Node::Kind::kMap) {
    return;
  }
  for (Node::Entry& entry : node->entries) {
    const Node::Entry* other = standard.Find(entry.key);
    if (other != nullptr) MarkDefaults(other->value, &entry.value);
  }
}

TypeDescription DescribeContainer(TypeDescription::Kind kind,
                                  TypeDescription element) {
  TypeDescription description;
  description.kind = kind;
  description.element = std::make_shared<TypeDescription>(std::move(element));
  return description;
}

TypeDescription DescribeStruct(std::vector<FieldDescription> fields) {
  TypeDescription description;
  description.kind = TypeDescription::Kind::kStruct;
  description.fields = std::move(fields);
  return description;
}

FieldDescription DescribeField(const FieldRules& rules, TypeDescription type,
                               const Node& standard) {
  FieldDescription field;
  field.name = rules.name;
  field.help = rules.help;
  field.required = rules.required;
  field.type = std::move(type);
  if (!rules.required && standard.kind != Node::Kind::kNull) {
    field.default_text = WriteFlow(standard);
  }
  return field;
}

}  // namespace airlock
