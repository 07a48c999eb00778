#pragma once

#include <string>

namespace airlock {

// The block of 512 bytes that every Airlock HDF5 file opens with (an HDF5 user
// block, which other programs skip): text with the SHA-256 of all that follows.
// The HDF5 library is not built to survive damaged files; this is checked
// before it sees one. Private to sim/results.
constexpr size_t kEnvelopeBytes = 512;

// Fills in the first kEnvelopeBytes of `image`.
void SealImage(std::string* image);

// The file at `path`, checked. Throws InputError naming it: cannot be read,
// empty, not an HDF5 file of Airlock, truncated or damaged.
std::string ReadSealedImage(const std::string& path);

}  // namespace airlock
