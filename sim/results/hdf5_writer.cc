#include "sim/results/hdf5_writer.h"

#include <hdf5.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <type_traits>

#include "sim/base/error.h"
#include "sim/results/file_envelope.h"

namespace airlock {
namespace {

static_assert(std::is_same_v<hid_t, Hdf5Id> && std::is_same_v<herr_t, int>);

constexpr size_t kGrowBytes = 1 << 20;
constexpr size_t kChunkValues = 1 << 15;
constexpr unsigned kGzipLevel = 6;

// Wraps what HDF5 returned; a failure here is a mistake of ours, as the file
// is in memory.
Hdf5Handle Own(hid_t id, herr_t (*close)(hid_t), const std::string& what) {
  AIRLOCK_CHECK(id >= 0, "HDF5 failed on {}", what);
  return Hdf5Handle(id, close);
}

void Expect(herr_t status, const std::string& what) {
  AIRLOCK_CHECK(status >= 0, "HDF5 failed on {}", what);
}

void RefuseZeroBytes(const std::string& text, const std::string& where) {
  if (text.find('\0') == std::string::npos) return;
  throw InputError(fmt::format("{}: the text has a zero byte", where));
}

// Fixed-length UTF-8 padded with zeros; HDF5 has no strings of length 0.
Hdf5Handle StringType(size_t length) {
  Hdf5Handle type = Own(H5Tcopy(H5T_C_S1), H5Tclose, "a string type");
  Expect(H5Tset_size(type.id(), std::max<size_t>(length, 1)), "a string type");
  Expect(H5Tset_strpad(type.id(), H5T_STR_NULLPAD), "a string type");
  Expect(H5Tset_cset(type.id(), H5T_CSET_UTF8), "a string type");
  return type;
}

Hdf5Handle LinkProperties() {
  Hdf5Handle list =
      Own(H5Pcreate(H5P_LINK_CREATE), H5Pclose, "link properties");
  Expect(H5Pset_create_intermediate_group(list.id(), 1), "link properties");
  Expect(H5Pset_char_encoding(list.id(), H5T_CSET_UTF8), "link properties");
  return list;
}

bool IsPlain(char c) {
  return c != '/' && c != '%' && static_cast<unsigned char>(c) >= 0x20 &&
         c != 0x7f;
}

}  // namespace

void SilenceHdf5() { H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr); }

std::string NewMemoryFileName() {
  static std::atomic<uint64_t> count{0};
  // Nothing is below a device, so no file has this name.
  return fmt::format("/dev/null/airlock-{}", count++);
}

std::string NameToLink(const std::string& name) {
  if (name.empty()) return "%";
  const bool only_dots = name.find_first_not_of('.') == std::string::npos;
  std::string link;
  for (const char c : name) {
    if (IsPlain(c) && !only_dots) {
      link += c;
    } else {
      link += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return link;
}

std::string LinkToName(const std::string& link) {
  if (link == "%") return "";
  std::string name;
  for (size_t i = 0; i < link.size(); ++i) {
    if (link[i] != '%' || i + 2 >= link.size()) {
      name += link[i];
      continue;
    }
    const std::string digits = link.substr(i + 1, 2);
    name += static_cast<char>(std::strtoul(digits.c_str(), nullptr, 16));
    i += 2;
  }
  return name;
}

Hdf5Writer::Hdf5Writer() {
  SilenceHdf5();
  const Hdf5Handle access =
      Own(H5Pcreate(H5P_FILE_ACCESS), H5Pclose, "file properties");
  Expect(H5Pset_fapl_core(access.id(), kGrowBytes, 0), "file properties");
  Expect(H5Pset_libver_bounds(access.id(), H5F_LIBVER_V18, H5F_LIBVER_V18),
         "file properties");
  const Hdf5Handle creation =
      Own(H5Pcreate(H5P_FILE_CREATE), H5Pclose, "file properties");
  Expect(H5Pset_userblock(creation.id(), kEnvelopeBytes), "file properties");
  file_ = Own(H5Fcreate(NewMemoryFileName().c_str(), H5F_ACC_TRUNC,
                        creation.id(), access.id()),
              H5Fclose, "a file in memory");
}

void Hdf5Writer::Group(const std::string& path) {
  const Hdf5Handle links = LinkProperties();
  Own(H5Gcreate2(file_.id(), path.c_str(), links.id(), H5P_DEFAULT,
                 H5P_DEFAULT),
      H5Gclose, path);
}

void Hdf5Writer::WriteAttribute(const std::string& object,
                                const std::string& name, hid_t type,
                                hid_t space, const void* data) {
  const std::string where = object + "@" + name;
  const Hdf5Handle attribute =
      Own(H5Acreate_by_name(file_.id(), object.c_str(), name.c_str(), type,
                            space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT),
          H5Aclose, where);
  Expect(H5Awrite(attribute.id(), type, data), where);
}

void Hdf5Writer::Attribute(const std::string& object, const std::string& name,
                           const std::string& text) {
  RefuseZeroBytes(text, object + "@" + name);
  const Hdf5Handle type = StringType(text.size());
  const Hdf5Handle space = Own(H5Screate(H5S_SCALAR), H5Sclose, name);
  WriteAttribute(object, name, type.id(), space.id(), text.c_str());
}

void Hdf5Writer::Attribute(const std::string& object, const std::string& name,
                           uint64_t number) {
  const Hdf5Handle space = Own(H5Screate(H5S_SCALAR), H5Sclose, name);
  WriteAttribute(object, name, H5T_NATIVE_UINT64, space.id(), &number);
}

void Hdf5Writer::Attribute(const std::string& object, const std::string& name,
                           const std::vector<int32_t>& numbers) {
  const hsize_t count = numbers.size();
  const Hdf5Handle space =
      Own(H5Screate_simple(1, &count, nullptr), H5Sclose, name);
  WriteAttribute(object, name, H5T_NATIVE_INT32, space.id(), numbers.data());
}

void Hdf5Writer::WriteDataset(const std::string& path, hid_t file_type,
                              hid_t memory_type, size_t count,
                              const void* data) {
  const hsize_t size = count;
  const Hdf5Handle space =
      Own(H5Screate_simple(1, &size, nullptr), H5Sclose, path);
  const Hdf5Handle creation =
      Own(H5Pcreate(H5P_DATASET_CREATE), H5Pclose, path);
  Expect(H5Pset_obj_track_times(creation.id(), false), path);
  if (count > 0) {
    const hsize_t chunk = std::min(count, kChunkValues);
    Expect(H5Pset_chunk(creation.id(), 1, &chunk), path);
    Expect(H5Pset_shuffle(creation.id()), path);
    Expect(H5Pset_deflate(creation.id(), kGzipLevel), path);
  }
  const Hdf5Handle links = LinkProperties();
  const Hdf5Handle dataset =
      Own(H5Dcreate2(file_.id(), path.c_str(), file_type, space.id(),
                     links.id(), creation.id(), H5P_DEFAULT),
          H5Dclose, path);
  if (count == 0) return;
  Expect(
      H5Dwrite(dataset.id(), memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data),
      path);
}

void Hdf5Writer::Dataset(const std::string& path,
                         const std::vector<double>& values,
                         const std::string& units,
                         const std::string& description) {
  WriteDataset(path, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values.size(),
               values.data());
  Attribute(path, "units", units);
  Attribute(path, "description", description);
}

void Hdf5Writer::Dataset(const std::string& path,
                         const std::vector<int64_t>& values,
                         const std::string& units,
                         const std::string& description) {
  WriteDataset(path, H5T_STD_I64LE, H5T_NATIVE_INT64, values.size(),
               values.data());
  Attribute(path, "units", units);
  Attribute(path, "description", description);
}

void Hdf5Writer::Dataset(const std::string& path,
                         const std::vector<std::string>& values,
                         const std::string& description) {
  size_t length = 1;
  for (const std::string& value : values) {
    RefuseZeroBytes(value, path);
    length = std::max(length, value.size());
  }
  std::string packed;
  packed.reserve(length * values.size());
  for (const std::string& value : values) {
    packed += value;
    packed.append(length - value.size(), '\0');
  }
  const Hdf5Handle type = StringType(length);
  WriteDataset(path, type.id(), type.id(), values.size(), packed.data());
  Attribute(path, "description", description);
}

void Hdf5Writer::RootAttributes(const std::string& filetype,
                                int32_t version_major, int32_t version_minor,
                                const Provenance& provenance,
                                const std::string& digest) {
  Attribute("/", "filetype", filetype);
  Attribute("/", "version", std::vector<int32_t>{version_major, version_minor});
  Attribute("/", "airlock_version", provenance.airlock_version);
  Attribute("/", "git_sha1", provenance.git_sha1);
  Attribute("/", "date_and_time", provenance.date_and_time);
  Attribute("/", "seed", provenance.seed);
  Attribute("/", "engine", provenance.engine);
  Attribute("/", "scenario_sha256", provenance.scenario_sha256);
  Attribute("/", "digest", digest);
}

void Hdf5Writer::TraceContent(const std::string& group, const Trace& trace) {
  const std::string object = group.empty() ? "/" : group;
  Attribute(object, "source", trace.source);
  Attribute(object, "origin", trace.origin);
  Dataset(group + "/time", trace.time_seconds, "s", "since the trace's start");
  Group(group + "/columns");
  uint64_t index = 0;
  for (const Column& column : trace.columns) {
    RefuseZeroBytes(column.name, "a column's name");
    const std::string path = group + "/columns/" + NameToLink(column.name);
    Dataset(path, column.values, column.unit, column.description);
    Attribute(path, "index", index++);
    Attribute(path, "role", std::string(ToString(column.role)));
    Attribute(path, "scope", std::string(ToString(column.scope)));
    Attribute(path, "scope_id", column.scope_id);
  }
  std::vector<std::string> keys, values;
  for (const auto& [key, value] : trace.attributes) {
    keys.push_back(key);
    values.push_back(value);
  }
  Dataset(group + "/attributes/key", keys, "what the fact is about");
  Dataset(group + "/attributes/value", values, "the fact");
}

std::string Hdf5Writer::Image() {
  Expect(H5Fflush(file_.id(), H5F_SCOPE_GLOBAL), "the file in memory");
  // Not H5Fget_file_image: it leaves a wrong checksum in the superblock of
  // version 2 (HDF5 1.10). Without a buffer it tells the size, though, which
  // does not count the user block.
  const ssize_t size = H5Fget_file_image(file_.id(), nullptr, 0);
  void* memory = nullptr;
  Expect(H5Fget_vfd_handle(file_.id(), H5P_DEFAULT, &memory),
         "the file in memory");
  AIRLOCK_CHECK(size > 0 && memory != nullptr, "size {}", size);
  std::string image(*static_cast<const char**>(memory),
                    static_cast<size_t>(size) + kEnvelopeBytes);
  SealImage(&image);
  return image;
}

}  // namespace airlock
