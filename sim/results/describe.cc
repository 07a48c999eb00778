#include <fmt/format.h>

#include "sim/results/hdf5_file.h"
#include "sim/results/hdf5_reader.h"

namespace airlock {
namespace {

std::string AttributeValue(const Hdf5Reader& reader, const std::string& object,
                           const std::string& name, const std::string& type) {
  if (type == "string") return '"' + reader.Text(object, name) + '"';
  if (type == "uint64") {
    return fmt::format("{}", reader.Unsigned(object, name));
  }
  return fmt::format("{}", fmt::join(reader.IntegerList(object, name), " "));
}

void DescribeAttributes(const Hdf5Reader& reader, const std::string& object,
                        std::string* text) {
  for (const std::string& name : reader.AttributeNames(object)) {
    const std::string type = reader.AttributeType(object, name);
    *text += fmt::format("{}@{}  {}  {}\n", object, name, type,
                         AttributeValue(reader, object, name, type));
  }
}

void DescribeGroup(const Hdf5Reader& reader, const std::string& group,
                   std::string* text) {
  DescribeAttributes(reader, group.empty() ? "/" : group, text);
  for (const std::string& name : reader.Children(group.empty() ? "/" : group)) {
    const std::string path = group + "/" + name;
    if (reader.IsGroup(path)) {
      *text += fmt::format("{}  group\n", path);
      DescribeGroup(reader, path, text);
    } else {
      *text += fmt::format("{}  {}\n", path, reader.DatasetType(path));
      DescribeAttributes(reader, path, text);
    }
  }
}

}  // namespace

std::string DescribeFile(const std::string& path) {
  const Hdf5Reader reader(path);
  std::string text;
  DescribeGroup(reader, "", &text);
  return text;
}

}  // namespace airlock
