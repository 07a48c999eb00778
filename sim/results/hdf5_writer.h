#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/results/hdf5_handle.h"
#include "sim/results/run_record.h"

namespace airlock {

// The name of an HDF5 link for any name of ours: '/' separates groups and '.'
// is the group itself, so '/', '%', control characters and a name of dots only
// are written as %XX. An empty name becomes "%". LinkToName is the inverse.
std::string NameToLink(const std::string& name);
std::string LinkToName(const std::string& link);

// An HDF5 file in the making, in memory, so that a full disk is met by our own
// file writing alone. Owns the image until Image(). Paths are absolute, made of
// link names; parent groups are made as needed. Datasets are compressed
// (shuffle + gzip). Private to sim/results; failures inside are ours
// (AIRLOCK_CHECK), but text with a zero byte throws InputError.
class Hdf5Writer {
 public:
  Hdf5Writer();

  void Group(const std::string& path);

  void Attribute(const std::string& object, const std::string& name,
                 const std::string& text);
  void Attribute(const std::string& object, const std::string& name,
                 uint64_t number);
  void Attribute(const std::string& object, const std::string& name,
                 const std::vector<int32_t>& numbers);

  // With `units` and `description` as attributes.
  void Dataset(const std::string& path, const std::vector<double>& values,
               const std::string& units, const std::string& description);
  void Dataset(const std::string& path, const std::vector<int64_t>& values,
               const std::string& units, const std::string& description);
  void Dataset(const std::string& path, const std::vector<std::string>& values,
               const std::string& description);

  // The attributes that every file type opens with.
  void RootAttributes(const std::string& filetype, int32_t version_major,
                      int32_t version_minor, const Provenance& provenance,
                      const std::string& digest);

  // Time, columns and attributes of `trace` under `group` ("" is the root).
  void TraceContent(const std::string& group, const Trace& trace);

  // The whole file, sealed.
  std::string Image();

 private:
  void WriteAttribute(const std::string& object, const std::string& name,
                      Hdf5Id type, Hdf5Id space, const void* data);
  void WriteDataset(const std::string& path, Hdf5Id file_type,
                    Hdf5Id memory_type, size_t count, const void* data);

  Hdf5Handle file_;
};

}  // namespace airlock
