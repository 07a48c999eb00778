#include "sim/results/hdf5_reader.h"

#include <hdf5.h>

#include <algorithm>

#include "sim/base/error.h"
#include "sim/results/file_envelope.h"
#include "sim/results/hdf5_writer.h"

namespace airlock {
namespace {

herr_t KeepInnermost(unsigned, const H5E_error2_t* entry, void* text) {
  if (entry->desc != nullptr) *static_cast<std::string*>(text) = entry->desc;
  return 0;
}

// What HDF5 says about the last failed call; empty if nothing failed.
std::string Hdf5Reason() {
  std::string reason;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_DOWNWARD, KeepInnermost, &reason);
  H5Eclear2(H5E_DEFAULT);
  return reason;
}

herr_t AppendLink(hid_t, const char* name, const H5L_info_t*, void* names) {
  static_cast<std::vector<std::string>*>(names)->push_back(name);
  return 0;
}

herr_t AppendAttribute(hid_t, const char* name, const H5A_info_t*,
                       void* names) {
  static_cast<std::vector<std::string>*>(names)->push_back(name);
  return 0;
}

std::string TypeName(hid_t type) {
  const size_t bits = 8 * H5Tget_size(type);
  switch (H5Tget_class(type)) {
    case H5T_FLOAT:
      return fmt::format("float{}", bits);
    case H5T_INTEGER:
      return fmt::format("{}int{}",
                         H5Tget_sign(type) == H5T_SGN_NONE ? "u" : "", bits);
    case H5T_STRING:
      return "string";
    default:
      return "other";
  }
}

// "[3]" for a list of 3, "" for a single value.
std::string ShapeName(hid_t space) {
  hsize_t count = 0;
  if (H5Sget_simple_extent_ndims(space) != 1) return "";
  H5Sget_simple_extent_dims(space, &count, nullptr);
  return fmt::format("[{}]", count);
}

std::string WithoutPadding(const char* text, size_t length) {
  const char* const end = std::find(text, text + length, '\0');
  return std::string(text, end);
}

bool IsFixedString(hid_t type) {
  return H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) <= 0;
}

}  // namespace

Hdf5Reader::Hdf5Reader(const std::string& path) : path_(path) {
  const std::string image = ReadSealedImage(path);
  SilenceHdf5();
  const Hdf5Handle access(H5Pcreate(H5P_FILE_ACCESS), H5Pclose);
  H5Pset_fapl_core(access.id(), 1 << 16, 0);
  // The property only reads the bytes; its parameter is not const in C.
  H5Pset_file_image(access.id(), const_cast<char*>(image.data()), image.size());
  file_ = Hdf5Handle(
      H5Fopen(NewMemoryFileName().c_str(), H5F_ACC_RDONLY, access.id()),
      H5Fclose);
  if (!file_.valid()) Fail("/", "cannot be opened");
}

void Hdf5Reader::Fail(const std::string& object,
                      const std::string& problem) const {
  const std::string reason = Hdf5Reason();
  throw InputError(
      fmt::format("{}: {}: {}{}", path_, object, problem,
                  reason.empty() ? "" : fmt::format(" (HDF5: {})", reason)));
}

FileHeader Hdf5Reader::Header(const std::string& filetype,
                              int version_major) const {
  FileHeader header;
  header.filetype = Text("/", "filetype");
  if (!filetype.empty() && header.filetype != filetype) {
    throw InputError(fmt::format("{}: this is a file of type '{}', not '{}'",
                                 path_, header.filetype, filetype));
  }
  const std::vector<int64_t> version = IntegerList("/", "version");
  if (version.size() != 2) Fail("/@version", "is not two numbers");
  header.version_major = static_cast<int>(version[0]);
  header.version_minor = static_cast<int>(version[1]);
  if (!filetype.empty() && header.version_major > version_major) {
    throw InputError(fmt::format(
        "{}: written by a newer Airlock: {} format {}.{}; this program reads "
        "up to {}.x",
        path_, filetype, version[0], version[1], version_major));
  }
  header.provenance.airlock_version = Text("/", "airlock_version");
  header.provenance.git_sha1 = Text("/", "git_sha1");
  header.provenance.date_and_time = Text("/", "date_and_time");
  header.provenance.seed = Unsigned("/", "seed");
  header.provenance.engine = Text("/", "engine");
  header.provenance.scenario_sha256 = Text("/", "scenario_sha256");
  header.digest = Text("/", "digest");
  return header;
}

Hdf5Handle Hdf5Reader::OpenAttribute(const std::string& object,
                                     const std::string& name) const {
  if (H5Aexists_by_name(file_.id(), object.c_str(), name.c_str(),
                        H5P_DEFAULT) <= 0) {
    H5Eclear2(H5E_DEFAULT);
    Fail(object, fmt::format("attribute '{}' is missing", name));
  }
  Hdf5Handle attribute(H5Aopen_by_name(file_.id(), object.c_str(), name.c_str(),
                                       H5P_DEFAULT, H5P_DEFAULT),
                       H5Aclose);
  if (!attribute.valid()) {
    Fail(object, fmt::format("attribute '{}' cannot be read", name));
  }
  return attribute;
}

std::string Hdf5Reader::Text(const std::string& object,
                             const std::string& name) const {
  const Hdf5Handle attribute = OpenAttribute(object, name);
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
  if (!IsFixedString(type.id()) || !ShapeName(space.id()).empty()) {
    Fail(object, fmt::format("attribute '{}' is not a text", name));
  }
  std::string text(H5Tget_size(type.id()), '\0');
  if (H5Aread(attribute.id(), type.id(), text.data()) < 0) {
    Fail(object, fmt::format("attribute '{}' cannot be read", name));
  }
  return WithoutPadding(text.data(), text.size());
}

std::vector<int64_t> Hdf5Reader::IntegerList(const std::string& object,
                                             const std::string& name) const {
  const Hdf5Handle attribute = OpenAttribute(object, name);
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
  const hssize_t count = H5Sget_simple_extent_npoints(space.id());
  if (H5Tget_class(type.id()) != H5T_INTEGER || count < 0) {
    Fail(object, fmt::format("attribute '{}' is not a whole number", name));
  }
  std::vector<int64_t> numbers(static_cast<size_t>(count));
  if (H5Aread(attribute.id(), H5T_NATIVE_INT64, numbers.data()) < 0) {
    Fail(object, fmt::format("attribute '{}' cannot be read", name));
  }
  return numbers;
}

uint64_t Hdf5Reader::Unsigned(const std::string& object,
                              const std::string& name) const {
  const Hdf5Handle attribute = OpenAttribute(object, name);
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
  uint64_t number = 0;
  if (H5Tget_class(type.id()) != H5T_INTEGER ||
      H5Sget_simple_extent_npoints(space.id()) != 1 ||
      H5Aread(attribute.id(), H5T_NATIVE_UINT64, &number) < 0) {
    Fail(object, fmt::format("attribute '{}' is not a whole number", name));
  }
  return number;
}

Hdf5Handle Hdf5Reader::Dataset(const std::string& path) const {
  Hdf5Handle dataset(H5Dopen2(file_.id(), path.c_str(), H5P_DEFAULT), H5Dclose);
  if (!dataset.valid()) {
    H5Eclear2(H5E_DEFAULT);
    Fail(path, "the dataset is missing");
  }
  return dataset;
}

size_t Hdf5Reader::Count(const Hdf5Handle& dataset,
                         const std::string& path) const {
  const Hdf5Handle space(H5Dget_space(dataset.id()), H5Sclose);
  if (H5Sget_simple_extent_ndims(space.id()) != 1) {
    Fail(path, "the dataset is not a list");
  }
  return static_cast<size_t>(H5Sget_simple_extent_npoints(space.id()));
}

std::vector<double> Hdf5Reader::Doubles(const std::string& path) const {
  const Hdf5Handle dataset = Dataset(path);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose);
  if (H5Tget_class(type.id()) != H5T_FLOAT) Fail(path, "is not float64");
  std::vector<double> values(Count(dataset, path));
  if (!values.empty() && H5Dread(dataset.id(), H5T_NATIVE_DOUBLE, H5S_ALL,
                                 H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
    Fail(path, "the values cannot be read");
  }
  return values;
}

std::vector<int64_t> Hdf5Reader::Integers(const std::string& path) const {
  const Hdf5Handle dataset = Dataset(path);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose);
  if (H5Tget_class(type.id()) != H5T_INTEGER) Fail(path, "is not int64");
  std::vector<int64_t> values(Count(dataset, path));
  if (!values.empty() && H5Dread(dataset.id(), H5T_NATIVE_INT64, H5S_ALL,
                                 H5S_ALL, H5P_DEFAULT, values.data()) < 0) {
    Fail(path, "the values cannot be read");
  }
  return values;
}

std::vector<std::string> Hdf5Reader::Strings(const std::string& path) const {
  const Hdf5Handle dataset = Dataset(path);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose);
  if (!IsFixedString(type.id())) Fail(path, "is not a list of texts");
  const size_t length = H5Tget_size(type.id());
  const size_t count = Count(dataset, path);
  std::string packed(length * count, '\0');
  if (count > 0 && H5Dread(dataset.id(), type.id(), H5S_ALL, H5S_ALL,
                           H5P_DEFAULT, packed.data()) < 0) {
    Fail(path, "the values cannot be read");
  }
  std::vector<std::string> values;
  for (size_t i = 0; i < count; ++i) {
    values.push_back(WithoutPadding(packed.data() + i * length, length));
  }
  return values;
}

std::vector<std::string> Hdf5Reader::Children(const std::string& group) const {
  std::vector<std::string> names;
  const Hdf5Handle handle(H5Gopen2(file_.id(), group.c_str(), H5P_DEFAULT),
                          H5Gclose);
  if (!handle.valid()) {
    H5Eclear2(H5E_DEFAULT);
    Fail(group, "the group is missing");
  }
  if (H5Literate(handle.id(), H5_INDEX_NAME, H5_ITER_INC, nullptr, AppendLink,
                 &names) < 0) {
    Fail(group, "the group cannot be listed");
  }
  return names;
}

bool Hdf5Reader::IsGroup(const std::string& path) const {
  const Hdf5Handle handle(H5Gopen2(file_.id(), path.c_str(), H5P_DEFAULT),
                          H5Gclose);
  if (!handle.valid()) H5Eclear2(H5E_DEFAULT);
  return handle.valid();
}

std::vector<std::string> Hdf5Reader::AttributeNames(
    const std::string& object) const {
  std::vector<std::string> names;
  if (H5Aiterate_by_name(file_.id(), object.c_str(), H5_INDEX_NAME, H5_ITER_INC,
                         nullptr, AppendAttribute, &names, H5P_DEFAULT) < 0) {
    Fail(object, "the attributes cannot be listed");
  }
  return names;
}

std::string Hdf5Reader::DatasetType(const std::string& path) const {
  const Hdf5Handle dataset = Dataset(path);
  const Hdf5Handle type(H5Dget_type(dataset.id()), H5Tclose);
  const Hdf5Handle space(H5Dget_space(dataset.id()), H5Sclose);
  return TypeName(type.id()) + ShapeName(space.id());
}

std::string Hdf5Reader::AttributeType(const std::string& object,
                                      const std::string& name) const {
  const Hdf5Handle attribute = OpenAttribute(object, name);
  const Hdf5Handle type(H5Aget_type(attribute.id()), H5Tclose);
  const Hdf5Handle space(H5Aget_space(attribute.id()), H5Sclose);
  return TypeName(type.id()) + ShapeName(space.id());
}

std::vector<std::string> Hdf5Reader::ChildrenByIndex(
    const std::string& group) const {
  const std::vector<std::string> names = Children(group);
  std::vector<std::string> ordered(names.size());
  for (const std::string& name : names) {
    const std::string path = group + "/" + name;
    const uint64_t index = Unsigned(path, "index");
    if (index >= names.size() || !ordered[index].empty()) {
      Fail(path, fmt::format("index {} is not unique in 0..{}", index,
                             names.size() - 1));
    }
    ordered[index] = name;
  }
  return ordered;
}

Trace Hdf5Reader::TraceContent(const std::string& group) const {
  const std::string object = group.empty() ? "/" : group;
  Trace trace;
  trace.source = Text(object, "source");
  trace.origin = Text(object, "origin");
  trace.time_seconds = Doubles(group + "/time");
  for (const std::string& link : ChildrenByIndex(group + "/columns")) {
    const std::string path = group + "/columns/" + link;
    Column column;
    column.name = LinkToName(link);
    column.unit = Text(path, "units");
    column.description = Text(path, "description");
    if (!Parse(Text(path, "role"), &column.role)) {
      Fail(path, fmt::format("unknown role '{}'", Text(path, "role")));
    }
    if (!Parse(Text(path, "scope"), &column.scope)) {
      Fail(path, fmt::format("unknown scope '{}'", Text(path, "scope")));
    }
    column.scope_id = Text(path, "scope_id");
    column.values = Doubles(path);
    trace.columns.push_back(std::move(column));
  }
  const std::vector<std::string> keys = Strings(group + "/attributes/key");
  const std::vector<std::string> values = Strings(group + "/attributes/value");
  if (keys.size() != values.size()) {
    Fail(group + "/attributes",
         fmt::format("{} keys and {} values", keys.size(), values.size()));
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    trace.attributes.emplace_back(keys[i], values[i]);
  }
  try {
    trace.Validate();
  } catch (const InputError& error) {
    Fail(object, error.what());
  }
  return trace;
}

}  // namespace airlock
