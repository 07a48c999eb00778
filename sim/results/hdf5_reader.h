#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/results/hdf5_file.h"
#include "sim/results/hdf5_handle.h"

namespace airlock {

// An open Airlock HDF5 file, read from a copy in memory whose checksum was
// right. Owns the copy. Every failure is an InputError that names the file and
// the object. Private to sim/results.
class Hdf5Reader {
 public:
  explicit Hdf5Reader(const std::string& path);

  // The root attributes; refuses another file type (unless `filetype` is empty)
  // and a newer major version.
  FileHeader Header(const std::string& filetype, int version_major) const;

  std::string Text(const std::string& object, const std::string& name) const;
  uint64_t Unsigned(const std::string& object, const std::string& name) const;
  std::vector<int64_t> IntegerList(const std::string& object,
                                   const std::string& name) const;

  std::vector<double> Doubles(const std::string& path) const;
  std::vector<int64_t> Integers(const std::string& path) const;
  std::vector<std::string> Strings(const std::string& path) const;

  // The links in a group, sorted by name.
  std::vector<std::string> Children(const std::string& group) const;
  bool IsGroup(const std::string& path) const;
  std::vector<std::string> AttributeNames(const std::string& object) const;
  // "float64[900]", "int64[4]", "string[2]", "uint64", "int32[2]".
  std::string DatasetType(const std::string& path) const;
  std::string AttributeType(const std::string& object,
                            const std::string& name) const;

  // Children of `group` ordered by their attribute `index`, which must run from
  // 0 without a gap.
  std::vector<std::string> ChildrenByIndex(const std::string& group) const;

  // The trace under `group` ("" is the root), validated.
  Trace TraceContent(const std::string& group) const;

  // Throws InputError "file: object: problem (HDF5's innermost reason)".
  [[noreturn]] void Fail(const std::string& object,
                         const std::string& problem) const;

 private:
  Hdf5Handle Dataset(const std::string& path) const;
  Hdf5Handle OpenAttribute(const std::string& object,
                           const std::string& name) const;
  size_t Count(const Hdf5Handle& dataset, const std::string& path) const;

  std::string path_;
  Hdf5Handle file_;
};

}  // namespace airlock
