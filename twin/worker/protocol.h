#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "sim/results/run_record.h"

namespace airlock {

// `airlock` and `airlock-worker` talk in frames: a 4-byte little-endian length,
// then one JSON value as CBOR (RFC 8949), which keeps every double bit by bit.
//
//   request   {scenario, name, first, count, jobs}
//   progress  {type: "progress", replication, fraction}
//   record    {type: "record", record}
//   error     {type: "error", message, exit_code}   ends the conversation

// Writes one frame to `fd`; throws Error if the reader is gone, or the frame is
// above 1 GiB.
void WriteFrame(int fd, const nlohmann::json& value);

// Reads one frame from `fd`. False at the end of the stream between two frames;
// throws Error for half a frame, or when interrupted.
bool ReadFrame(int fd, nlohmann::json* value);

nlohmann::json ToJson(const ReplicationRecord& record);
ReplicationRecord ReplicationRecordFromJson(const nlohmann::json& json);

}  // namespace airlock
