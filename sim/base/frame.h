#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/base/error.h"

namespace airlock {

// Our programs talk in frames: a 4-byte little-endian length, then one JSON
// value as CBOR (RFC 8949), which keeps every double bit by bit. One frame has
// the same form in every conversation:
//
//   error     {type: "error", message, exit_code}

// Writes one frame to `fd`; throws Error if the reader is gone, or the frame is
// above 1 GiB.
void WriteFrame(int fd, const nlohmann::json& value);

// Reads one frame from `fd`. False at the end of the stream between two frames;
// throws Error for half a frame, or when interrupted.
bool ReadFrame(int fd, nlohmann::json* value);

nlohmann::json ErrorFrame(const std::string& message, ExitCode code);

// What `work` returns, or the error frame that says what it ended with.
nlohmann::json FrameOf(const std::function<nlohmann::json()>& work);

// Throws the Error (InputError) that `frame` holds if it is an error frame.
void ThrowIfErrorFrame(const nlohmann::json& frame);

}  // namespace airlock
