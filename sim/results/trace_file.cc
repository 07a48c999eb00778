#include "sim/base/error.h"
#include "sim/base/file.h"
#include "sim/results/hdf5_file.h"
#include "sim/results/hdf5_reader.h"
#include "sim/results/hdf5_writer.h"

namespace airlock {
namespace {

constexpr char kFileType[] = "trace";
constexpr int kVersionMajor = 1;
constexpr int kVersionMinor = 0;

}  // namespace

void WriteTrace(const Trace& trace, const std::string& path,
                const Provenance& provenance) {
  try {
    trace.Validate();
    Hdf5Writer writer;
    writer.RootAttributes(kFileType, kVersionMajor, kVersionMinor, provenance,
                          trace.Digest());
    writer.TraceContent("", trace);
    WriteFileAtomically(path, writer.Image());
  } catch (const InputError& error) {
    throw InputError(
        fmt::format("cannot write the trace {}: {}", path, error.what()));
  }
}

Trace ReadTrace(const std::string& path) {
  const Hdf5Reader reader(path);
  const FileHeader header = reader.Header(kFileType, kVersionMajor);
  Trace trace = reader.TraceContent("");
  const std::string digest = trace.Digest();
  if (digest != header.digest) {
    reader.Fail("/@digest", fmt::format("is {} but the content has {}",
                                        header.digest, digest));
  }
  return trace;
}

FileHeader ReadFileHeader(const std::string& path) {
  return Hdf5Reader(path).Header("", 0);
}

}  // namespace airlock
