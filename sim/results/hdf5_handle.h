#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace airlock {

// An open HDF5 object; closed by the destructor. Private to sim/results. The
// identifier is HDF5's own type, spelt out so that no header includes hdf5.h.
using Hdf5Id = int64_t;

class Hdf5Handle {
 public:
  Hdf5Handle() = default;
  Hdf5Handle(Hdf5Id id, int (*close)(Hdf5Id)) : id_(id), close_(close) {}
  Hdf5Handle(Hdf5Handle&& other) noexcept { *this = std::move(other); }
  Hdf5Handle& operator=(Hdf5Handle&& other) noexcept {
    std::swap(id_, other.id_);
    std::swap(close_, other.close_);
    return *this;
  }
  ~Hdf5Handle() {
    if (id_ >= 0) close_(id_);
  }

  bool valid() const { return id_ >= 0; }
  Hdf5Id id() const { return id_; }

 private:
  Hdf5Id id_ = -1;
  int (*close_)(Hdf5Id) = nullptr;
};

// Stops HDF5 from printing its error stack in this thread. Both the reader and
// the writer report failures themselves.
void SilenceHdf5();

// A name for a file in memory. HDF5 takes files of equal name for the same one,
// and refuses a file in memory that has the name of a file on disk.
std::string NewMemoryFileName();

}  // namespace airlock
