#include "sim/collector/shared_frames.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <sstream>

#include "sim/base/error.h"

namespace airlock {
namespace {

static_assert(std::atomic<uint64_t>::is_always_lock_free);
static_assert(sizeof(std::atomic<uint64_t>) == sizeof(uint64_t));

constexpr char kMagic[] = "ALFRAMES";
constexpr uint64_t kVersion = 1;
constexpr size_t kWord = 8;
constexpr size_t kLine = 64;  // frames begin at cache lines

// In the order of FrameHeaderFields().
enum HeaderField {
  kMagicField,
  kVersionField,
  kValuesField,
  kFramesField,
  kFramesOffsetField,
  kFrameBytesField,
  kColumnsOffsetField,
  kColumnsBytesField,
  kWritingField,
  kNewestField,
};
// In the order of FrameFields().
enum Field { kNumberField, kTimeField };

size_t RoundUp(size_t bytes) { return (bytes + kLine - 1) / kLine * kLine; }

size_t FrameBytes(size_t values) {
  return RoundUp((FrameFields().size() + values) * kWord);
}

std::string TextOf(const std::vector<Column>& columns) {
  std::string text;
  for (const Column& column : columns) {
    text += column.name + '\t' + column.unit + '\t' + column.description + '\n';
  }
  return text;
}

size_t FramesOffset(const std::string& columns) {
  return RoundUp(FrameHeaderFields().size() * kWord + columns.size());
}

uint64_t Bits(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return bits;
}

double FromBits(uint64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

[[noreturn]] void FailWith(const std::string& what, const std::string& path) {
  throw Error(what + " '" + path + "': " + std::strerror(errno));
}

}  // namespace

const std::vector<FrameField>& FrameHeaderFields() {
  static const std::vector<FrameField> kFields = {
      {"magic", "char[8]", "`ALFRAMES`"},
      {"version", "u64", "of this layout: 1"},
      {"values", "u64", "columns, and values of a frame"},
      {"frames", "u64", "how many rotate"},
      {"frames_offset", "u64", "where the first begins, from the file's start"},
      {"frame_bytes", "u64", "from one frame to the next"},
      {"columns_offset", "u64", "where the columns' text begins"},
      {"columns_bytes", "u64",
       "its length: a line a column of name, unit and description, separated "
       "by tabs"},
      {"writing", "u64", "1 while the writer lives, 0 after its orderly end"},
      {"newest", "u64", "number of the newest sample; 0: none yet"},
  };
  return kFields;
}

const std::vector<FrameField>& FrameFields() {
  static const std::vector<FrameField> kFields = {
      {"number", "u64", "of the sample, from 1; 0 while it is written"},
      {"time", "i64", "of the sample, nanoseconds"},
  };
  return kFields;
}

SharedMapping::SharedMapping(const std::string& path, size_t bytes)
    : bytes_(bytes) {
  const bool make = bytes > 0;
  const int flags = make ? O_RDWR | O_CREAT | O_TRUNC : O_RDONLY;
  const int file = open(path.c_str(), flags | O_CLOEXEC, 0644);
  if (file < 0) FailWith(make ? "cannot write" : "cannot read", path);
  struct stat status {};
  if ((make && ftruncate(file, static_cast<off_t>(bytes)) != 0) ||
      fstat(file, &status) != 0) {
    close(file);
    FailWith("cannot size", path);
  }
  bytes_ = static_cast<size_t>(status.st_size);
  void* const data =
      bytes_ == 0 ? MAP_FAILED
                  : mmap(nullptr, bytes_, PROT_READ | (make ? PROT_WRITE : 0),
                         MAP_SHARED, file, 0);
  close(file);
  if (bytes_ == 0) throw InputError(path + ": error: it is empty");
  if (data == MAP_FAILED) FailWith("cannot map", path);
  data_ = static_cast<char*>(data);
}

SharedMapping::~SharedMapping() { munmap(data_, bytes_); }

FrameWriter::FrameWriter(const std::string& path,
                         const std::vector<Column>& columns, size_t frames)
    : mapping_(path + ".new", FramesOffset(TextOf(columns)) +
                                  frames * FrameBytes(columns.size())),
      values_(columns.size()),
      frames_(frames),
      frames_offset_(FramesOffset(TextOf(columns))),
      frame_bytes_(FrameBytes(columns.size())) {
  AIRLOCK_CHECK(frames >= 2, "{} frames", frames);
  const std::string text = TextOf(columns);
  const size_t header = FrameHeaderFields().size() * kWord;
  std::memcpy(mapping_.data(), kMagic, kWord);
  std::memcpy(mapping_.data() + header, text.data(), text.size());
  const auto set = [&](HeaderField field, uint64_t value) {
    mapping_.word(field * kWord).store(value, std::memory_order_relaxed);
  };
  set(kVersionField, kVersion);
  set(kValuesField, values_);
  set(kFramesField, frames_);
  set(kFramesOffsetField, frames_offset_);
  set(kFrameBytesField, frame_bytes_);
  set(kColumnsOffsetField, header);
  set(kColumnsBytesField, text.size());
  set(kWritingField, 1);
  if (std::rename((path + ".new").c_str(), path.c_str()) != 0) {
    FailWith("cannot write", path);
  }
}

FrameWriter::~FrameWriter() {
  mapping_.word(kWritingField * kWord).store(0, std::memory_order_release);
}

void FrameWriter::Publish(SimTime time, const std::vector<double>& values) {
  AIRLOCK_CHECK(values.size() == values_, "{} values", values.size());
  ++newest_;
  const size_t frame = frames_offset_ + newest_ % frames_ * frame_bytes_;
  auto& number = mapping_.word(frame + kNumberField * kWord);
  number.store(0, std::memory_order_relaxed);
  mapping_.word(frame + kTimeField * kWord)
      .store(static_cast<uint64_t>(time.value()), std::memory_order_release);
  const size_t first = frame + FrameFields().size() * kWord;
  for (size_t i = 0; i < values_; ++i) {
    mapping_.word(first + i * kWord)
        .store(Bits(values[i]), std::memory_order_release);
  }
  number.store(newest_, std::memory_order_release);
  mapping_.word(kNewestField * kWord).store(newest_, std::memory_order_release);
}

FrameReader::FrameReader(const std::string& path) : mapping_(path, 0) {
  const auto fail = [&](const std::string& why) {
    throw InputError(path + ": error: " + why);
  };
  const size_t header = FrameHeaderFields().size() * kWord;
  if (mapping_.bytes() < header ||
      std::memcmp(mapping_.data(), kMagic, kWord) != 0) {
    fail("it has no frames");
  }
  const auto field = [&](HeaderField which) {
    return mapping_.word(which * kWord).load(std::memory_order_relaxed);
  };
  if (field(kVersionField) != kVersion) {
    fail(fmt::format("its frames are of version {}; this program reads {}",
                     field(kVersionField), kVersion));
  }
  values_ = field(kValuesField);
  frames_ = field(kFramesField);
  frames_offset_ = field(kFramesOffsetField);
  frame_bytes_ = field(kFrameBytesField);
  // No product or sum of these can then go round 2^64.
  const size_t most = mapping_.bytes();
  const bool sound = values_ <= most / kWord && frames_ >= 2 &&
                     frames_ <= most && frames_offset_ <= most &&
                     frames_offset_ % kWord == 0 &&
                     frame_bytes_ == FrameBytes(values_) &&
                     frame_bytes_ <= (most - frames_offset_) / frames_;
  if (!sound) fail("its header does not fit its size");
  ReadColumns(path);
}

void FrameReader::ReadColumns(const std::string& path) {
  const auto field = [&](HeaderField which) {
    return mapping_.word(which * kWord).load(std::memory_order_relaxed);
  };
  const size_t begin = field(kColumnsOffsetField);
  const size_t bytes = field(kColumnsBytesField);
  if (begin <= frames_offset_ && bytes <= frames_offset_ - begin) {
    std::istringstream lines(std::string(mapping_.data() + begin, bytes));
    Column column;
    while (std::getline(lines, column.name, '\t') &&
           std::getline(lines, column.unit, '\t') &&
           std::getline(lines, column.description)) {
      columns_.push_back(column);
    }
  }
  if (columns_.size() == values_) return;
  throw InputError(fmt::format("{}: error: {} columns are named, not {}", path,
                               columns_.size(), values_));
}

bool FrameReader::writing() const {
  return mapping_.word(kWritingField * kWord).load(std::memory_order_acquire) ==
         1;
}

bool FrameReader::Read(SharedFrame* frame) const {
  constexpr int kTries = 1000;
  for (int i = 0; i < kTries; ++i) {
    const uint64_t newest =
        mapping_.word(kNewestField * kWord).load(std::memory_order_acquire);
    if (newest == 0) return false;
    if (ReadFrame(newest, frame)) return true;
  }
  return false;
}

bool FrameReader::ReadFrame(uint64_t number, SharedFrame* frame) const {
  const size_t at = frames_offset_ + number % frames_ * frame_bytes_;
  const auto& stored = mapping_.word(at + kNumberField * kWord);
  if (stored.load(std::memory_order_acquire) != number) return false;
  frame->number = number;
  frame->time = SimTime(static_cast<int64_t>(
      mapping_.word(at + kTimeField * kWord).load(std::memory_order_acquire)));
  frame->values.resize(values_);
  const size_t first = at + FrameFields().size() * kWord;
  for (size_t i = 0; i < values_; ++i) {
    frame->values[i] = FromBits(
        mapping_.word(first + i * kWord).load(std::memory_order_acquire));
  }
  return stored.load(std::memory_order_relaxed) == number;
}

}  // namespace airlock
