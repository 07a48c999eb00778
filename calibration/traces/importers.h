#pragma once

#include <string>

#include "calibration/traces/importer.h"
#include "sim/telemetry/trace.h"

namespace airlock {

// The functions of the importer table; see Importer for what all of them
// promise. Each says what is special about its format.

// NAME.csv (also .xz, .gz) beside NAME.json, as the measuring tool in
// data/testbed writes them. The record's sha256, sample count and columns must
// agree with the CSV; everything else in it becomes attributes.
Trace ImportTestbed(const std::string& path);

// A CSV of Intel PCM (pcm, pcm-memory, pcm-pcie), or a folder of them, joined
// on time: the first file by name that has times gives the time axis, and of
// every other file the nearest row within half an interval. Amounts of PCM's
// millions and gigabytes become plain counts and bytes of the interval.
Trace ImportPcm(const std::string& path);

// Text of `perf stat -I N -x SEPARATOR`, any aggregation. Values are those of
// the interval, scaled by perf for multiplexing; the share of time that each
// event was counted is in attributes `running_percent.COLUMN`.
Trace ImportPerf(const std::string& path);

// Joined chain measurements: offered and delivered Mbit/s, latency in
// microseconds (15000 and more is a probe time-out: missing), then
// FUNCTION_EVENT counters, one row a second. The row number is the time; the
// file's index restarts with each experiment (attribute `segment_starts`).
Trace ImportDrst(const std::string& path);

// Search iterations of NFVbench. Not a time series: the row number stands for
// the time, the setting is in input columns. The last column is a delay in
// microseconds on "_final" rows and the trial's time of day in milliseconds on
// all others.
Trace ImportNfvbench(const std::string& path);

// Channel survey counters of access points: text of repeated `iw dev DEV
// survey dump`, each dump below a line with its time, or a CSV with columns
// timestamp, freq, noise, cat, cbt, crt, ctt, id. Cumulative milliseconds
// become shares of the interval since the AP's row before; the first interval
// and those over a counter reset are missing. A counter that starts again at
// each reading is recognised and taken as that of the interval.
Trace ImportSurvey(const std::string& path);

// WLAN link log: a CSV with one row a sender-receiver pair and second, columns
// senderId, receiverId, systime [s since 1970], receiverDist, receiverX,
// receiverY, receiverAlt [m], receiverSpeed [m/s], channelFreq, channelBw
// [MHz], channelUtil [%], isInLap, isIperfOn, rssiMean [dBm], dataRateMean
// [Mbit/s], nBytesReceived; others are ignored. A pair's columns are named
// station.SENDER.RECEIVER.METRIC. RSSI -100 and rate 0 mean that no frame came:
// missing. `path` may be a folder trace-NR with cbt.csv, the survey of the APs,
// and link-log-NR.csv in it or beside it: the survey's columns are then put on
// the log's seconds. Attributes count what was dropped or found missing.
Trace ImportLinkLog(const std::string& path);

// A capture of packets (pcap, pcapng) before the servers of a pool: what a
// collector on their load balancer sees (sim/collector), a sample an interval.
// Packets to other addresses, of other protocols and of IPv6 do not count;
// without `servers` every address that is asked for a connection is one.
Trace ImportPcap(const std::string& path, const PcapOptions& options);

// A CSV with a time column (`time` or the first) and a counter in every other;
// a unit may stand in brackets: `rate [Mbit/s]`.
Trace ImportCsv(const std::string& path);

}  // namespace airlock
