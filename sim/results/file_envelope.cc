#include "sim/results/file_envelope.h"

#include "sim/base/digest.h"
#include "sim/base/error.h"
#include "sim/base/file.h"

namespace airlock {
namespace {

// The envelope's own format; it never changes without a new first line.
constexpr char kFirstLine[] = "Airlock HDF5 file 1\n";
constexpr char kHdf5Signature[] = "\x89HDF\r\n\x1a\n";

std::string Envelope(const std::string& image) {
  std::string text =
      fmt::format("{}sha256 {}\nbytes {}\n", kFirstLine,
                  Sha256(image.substr(kEnvelopeBytes)), image.size());
  text.resize(kEnvelopeBytes - 1, ' ');
  return text + '\n';
}

bool StartsWith(const std::string& text, const std::string& start) {
  return text.compare(0, start.size(), start) == 0;
}

}  // namespace

void SealImage(std::string* image) {
  AIRLOCK_CHECK(image->size() > kEnvelopeBytes, "{} bytes", image->size());
  image->replace(0, kEnvelopeBytes, Envelope(*image));
}

std::string ReadSealedImage(const std::string& path) {
  std::string image;
  try {
    image = ReadFile(path);
  } catch (const Error& error) {
    throw InputError(error.what());
  }
  if (image.empty())
    throw InputError(fmt::format("{}: the file is empty", path));
  if (StartsWith(image, kHdf5Signature)) {
    throw InputError(fmt::format(
        "{}: this HDF5 file was not written by Airlock; use `airlock import`",
        path));
  }
  if (!StartsWith(image, kFirstLine)) {
    throw InputError(fmt::format("{}: not an HDF5 file of Airlock", path));
  }
  const size_t at = image.find("\nbytes ");
  const size_t bytes = at == std::string::npos || at > kEnvelopeBytes
                           ? 0
                           : static_cast<size_t>(std::strtoull(
                                 image.c_str() + at + 7, nullptr, 10));
  if (image.size() < bytes || image.size() <= kEnvelopeBytes) {
    throw InputError(fmt::format("{}: the file is truncated: {} of {} bytes",
                                 path, image.size(), bytes));
  }
  if (image.substr(0, kEnvelopeBytes) != Envelope(image)) {
    throw InputError(fmt::format(
        "{}: the file is damaged: its content does not match its checksum",
        path));
  }
  return image;
}

}  // namespace airlock
