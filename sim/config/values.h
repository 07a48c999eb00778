#pragma once

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

#include "sim/base/units.h"
#include "sim/config/node.h"
#include "sim/config/reference.h"

// The parts of fields.h that do not depend on the struct.
namespace airlock {

// What is declared of a field beside its type; set through FieldOptions.
struct FieldRules {
  struct Bound {
    long double number;  // in the type's base unit; holds an int64_t exactly
    bool excluded;
  };

  std::string name;
  std::string help;
  bool required = false;
  std::optional<Bound> minimum;
  std::optional<Bound> maximum;
  std::function<std::vector<std::string>()> choices;
  std::string unit;
  std::string unique_by;
  bool nanoseconds = false;
  bool is_path = false;
  bool is_name = false;
  bool may_be_nan = false;
  bool must_exist = false;
  bool not_empty = false;
};

// Where reading stands and where its findings go.
struct ReadContext {
  std::string key_path;
  Diagnostics* diagnostics;

  ReadContext Child(const std::string& key) const {
    return {JoinKeys(key_path, key), diagnostics};
  }
};

template <typename V>
struct IsQuantity : std::false_type {};
template <typename Tag, typename Rep>
struct IsQuantity<Quantity<Tag, Rep>> : std::true_type {};
template <typename V>
constexpr bool kIsScalar =
    std::is_same_v<V, bool> || std::is_same_v<V, int64_t> ||
    std::is_same_v<V, double> || std::is_same_v<V, std::string> ||
    IsQuantity<V>::value;

// Type the node's text; a finding, and `*value` unchanged, if it is not what
// `rules` allow. Defined for bool, int64_t, double, std::string and every
// quantity of units.h.
template <typename V>
void ReadScalar(const Node& node, const FieldRules& rules,
                const ReadContext& context, V* value);
template <typename V>
Node WriteScalar(const V& value, const FieldRules& rules);
// The value itself says only which type is meant.
template <typename V>
TypeDescription DescribeScalar(const V& type, const FieldRules& rules);

inline long double ToNumber(int64_t value) { return value; }
inline long double ToNumber(double value) { return value; }
template <typename Tag, typename Rep>
long double ToNumber(Quantity<Tag, Rep> value) {
  return value.value();
}

// A finding and false if the node is not a list, is empty but must not be, or
// repeats the key that must be unique.
bool CheckList(const Node& node, const FieldRules& rules,
               const ReadContext& context);
// A finding and false if the node is not a map.
bool CheckMap(const Node& node, const ReadContext& context);
// Findings for keys that are not among `fields` and for required ones that are
// not in the map.
void CheckKeys(const Node& map, const std::vector<const FieldRules*>& fields,
               const ReadContext& context);

// Keys, relative to the context's, of the errors after the first `from`
// findings.
std::vector<std::string> KeysWithErrors(const ReadContext& context,
                                        size_t from);
// Whether one of `bad` is one of `keys` or below it; everything is below "".
bool AnyAtOrBelow(const std::vector<std::string>& bad,
                  const std::vector<std::string>& keys);

// Sets is_default in `*node` wherever it equals `standard`.
void MarkDefaults(const Node& standard, Node* node);

TypeDescription DescribeContainer(TypeDescription::Kind kind,
                                  TypeDescription element);
TypeDescription DescribeStruct(std::vector<FieldDescription> fields);
FieldDescription DescribeField(const FieldRules& rules, TypeDescription type,
                               const Node& standard);

}  // namespace airlock
