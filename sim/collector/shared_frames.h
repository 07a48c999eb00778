#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/telemetry/trace.h"

// Samples that one process writes and any number of others read while it does,
// through a file in shared memory (/dev/shm). FORMAT.md has the layout, which
// is that of the two tables below. Frames rotate: a sample goes to the frame
// after the newest, so a reader has the time of all other samples to finish.
// A frame carries the number of its sample, 0 while it is written, and every
// word is an atomic: stores of values release and loads acquire, so who sees a
// word of a new sample also sees that the number has changed (Boehm, "Can
// seqlocks get along with programming language memory models?", MSPC 2012). A
// frame is never read torn; who is overtaken reads the newer one.
namespace airlock {

// Eight bytes of the layout, little-endian.
struct FrameField {
  const char* name;
  const char* type;
  const char* description;
};
// Of the file's beginning, in order.
const std::vector<FrameField>& FrameHeaderFields();
// Of a frame's beginning, in order; one f64 a column follows.
const std::vector<FrameField>& FrameFields();

// A mapping of a file; unmapped at the end.
class SharedMapping {
 public:
  // `bytes` > 0 makes a file of that size, all 0, and maps it to be written;
  // otherwise maps what is there to be read. Throws Error.
  SharedMapping(const std::string& path, size_t bytes);
  ~SharedMapping();
  SharedMapping(const SharedMapping&) = delete;
  SharedMapping& operator=(const SharedMapping&) = delete;

  size_t bytes() const { return bytes_; }
  char* data() { return data_; }
  const char* data() const { return data_; }
  std::atomic<uint64_t>& word(size_t offset) {
    return *reinterpret_cast<std::atomic<uint64_t>*>(data_ + offset);
  }
  const std::atomic<uint64_t>& word(size_t offset) const {
    return *reinterpret_cast<const std::atomic<uint64_t>*>(data_ + offset);
  }

 private:
  char* data_ = nullptr;
  size_t bytes_ = 0;
};

// The one writer of a file of frames. The file appears whole, in the place of
// an older one, whose readers keep what they have.
class FrameWriter {
 public:
  // `columns` without values; `frames` at least 2. Throws Error.
  FrameWriter(const std::string& path, const std::vector<Column>& columns,
              size_t frames = 4);
  // Readers are told that no more will come; the file stays.
  ~FrameWriter();

  // One value a column.
  void Publish(SimTime time, const std::vector<double>& values);

 private:
  SharedMapping mapping_;
  const size_t values_;
  const size_t frames_;
  const size_t frames_offset_;
  const size_t frame_bytes_;
  uint64_t newest_ = 0;
};

struct SharedFrame {
  uint64_t number = 0;  // of the sample, from 1
  SimTime time;
  std::vector<double> values;
};

class FrameReader {
 public:
  // Throws Error if there is no file, InputError if it is not one of frames.
  explicit FrameReader(const std::string& path);

  // Names, units and descriptions, without values.
  const std::vector<Column>& columns() const { return columns_; }
  // The newest sample. False while there is none, or if the writer went round
  // all frames whenever this looked, a thousand times in a row.
  bool Read(SharedFrame* frame) const;
  // Whether a writer has the file open, as far as it could say.
  bool writing() const;

 private:
  void ReadColumns(const std::string& path);
  // False if it is, or becomes, another sample's.
  bool ReadFrame(uint64_t number, SharedFrame* frame) const;

  SharedMapping mapping_;
  size_t values_ = 0;
  size_t frames_ = 0;
  size_t frames_offset_ = 0;
  size_t frame_bytes_ = 0;
  std::vector<Column> columns_;
};

}  // namespace airlock
