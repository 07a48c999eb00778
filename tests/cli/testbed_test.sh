#!/bin/bash
# The testbed end to end: a short recording and its files, an interrupted one
# that leaves nothing, wrong command lines. Needs root, network namespaces,
# nftables and the built airlock-testbed-chain (AIRLOCK_TESTBED_CHAIN names it
# when it is in no build folder); ends with 77 when one of them is missing.
set -uo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
testbed=$root/data/testbed/testbed
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
failures=0

fail() {
  echo "FAIL: $*" >&2
  failures=$((failures + 1))
}

skip() {
  echo "skipped: $*"
  exit 77
}

expect_exit() {
  local want=$1
  shift
  timeout 20 "$@" >"$work/out" 2>"$work/err"
  local got=$?
  [ "$got" = "$want" ] || fail "exit $got, not $want: $* $(cat "$work/err")"
}

# Namespaces, folders and processes of a recording.
leftovers() {
  find /run/netns /dev/shm /var/tmp -maxdepth 1 -name 'airlock-testbed-*' \
    2>/dev/null
  pgrep -f '^[^ ]*airlock-testbed-chain [a-z]+ --state'
  true
}

command -v python3 >/dev/null || skip "python3 is not installed"

# Wrong command lines need no privilege.
expect_exit 2 "$testbed"
expect_exit 2 "$testbed" record
expect_exit 2 "$testbed" record surge -o "$work/t"
expect_exit 2 "$testbed" record sweep
expect_exit 2 "$testbed" record sweep -o "$work/t" --rate 1
expect_exit 2 "$testbed" record sweep -o "$work/t" --ring 33
expect_exit 2 "$testbed" record sweep -o "$work/t" --name a/b
expect_exit 2 "$testbed" record sweep -o "$work/t" --change-at 3
expect_exit 2 "$testbed" record onset -o "$work/t" --duration 5 --change-at 6
mkdir "$work/taken" && touch "$work/taken/sweep.json"
expect_exit 3 "$testbed" record sweep -o "$work/taken"
expect_exit 0 "$testbed" --help
grep -q 'testbed record sweep' "$work/out" || fail "--help shows no example"
[ -e "$work/t" ] && fail "a wrong command line made an output folder"

if [ "$failures" -eq 0 ]; then
  timeout 20 "$testbed" check >"$work/check" 2>&1 ||
    skip "$(grep -Ev ' yes$|^(cores|schedstat|pressure|hardware) ' \
      "$work/check" | tr -s ' \n' ' ')"
fi

# A short recording with the change half way.
expect_exit 0 "$testbed" record drift -o "$work/trace" --duration 5 --seed 3
python3 - "$work/trace/drift" <<'EOF' || fail "the trace is wrong"
import csv, hashlib, io, json, lzma, sys

base = sys.argv[1]
text = lzma.open(base + ".csv.xz").read()
record = json.load(open(base + ".json", encoding="utf-8"))
rows = list(csv.reader(io.StringIO(text.decode())))
header, body = rows[0], rows[1:]
assert record["schema"] == "airlock-testbed-trace", record["schema"]
assert record["version"] == 1
assert record["sha256"] == hashlib.sha256(text).hexdigest()
assert record["samples"] == len(body) == 20, len(body)
assert record["seed"] == 3 and record["sample_interval_seconds"] == 0.25
assert record["change_time_seconds"] == 3.0, record["change_time_seconds"]
assert header[0] == "time"
assert header[1:] == [column["name"] for column in record["columns"]]
assert len(set(header)) == len(header)
assert len(header) > 150, len(header)
roles = {column["name"]: column["role"] for column in record["columns"]}
wanted = {"kpi": "offered_rate delivered_rate offered_packet_rate "
          "delivered_packet_rate lost_packet_rate loss_ratio latency_mean "
          "latency_p50 latency_p95 latency_p99",
          "input": "load_target_rate packet_size contention_cpu "
          "contention_cache contention_memory contention_io"}
for role, names in wanted.items():
    for name in names.split():
        assert roles.get(name) == role, name
for column in record["columns"]:
    assert column["scope"] in ("system", "core", "socket", "function",
                               "interface"), column
    assert column["unit"] in ("1", "1/s", "packet/s", "bit/s", "B/s", "B",
                              "s", "packet"), column
assert all(len(row) == len(header) for row in body)
column = {name: [float(row[i]) if row[i] else None for row in body]
          for i, name in enumerate(header)}
time = column["time"]
assert all(a < b for a, b in zip(time, time[1:])), time
assert all(0 <= value <= 1 for value in column["loss_ratio"])
order = zip(*(column[f"latency_{q}"] for q in ("p50", "p95", "p99")))
assert all(0 < a <= b <= c < 1 for a, b, c in order)
# offered = delivered + lost + in flight: the difference is at most what the
# chain holds, not a share of what passed.
offered, delivered, lost = (
    0.25 * sum(column[name]) for name in
    ("offered_packet_rate", "delivered_packet_rate", "lost_packet_rate"))
assert offered > 1000, offered
assert abs(offered - delivered - lost) < 4000, (offered, delivered, lost)
assert sum(column["function.sink.reordered"]) == 0
signatures = column["function.inspect.signatures"]
assert signatures[0] < signatures[-1], signatures
rules = column["function.firewall.rules_per_packet"]
assert rules[1] < rules[-1], rules
EOF
[ -z "$(leftovers)" ] || fail "left behind: $(leftovers)"

# A live one can be read while it grows, and is what was recorded in the end.
"$testbed" record onset -o "$work/live" --live --rate 10 --duration 4 \
  --change-at 2 >/dev/null 2>&1 &
pid=$!
rows=0
for _ in $(seq 100); do
  kill -0 "$pid" 2>/dev/null || break
  [ -f "$work/live/onset.csv" ] && rows=$(wc -l <"$work/live/onset.csv")
  [ "$rows" -gt 5 ] && break
  sleep 0.1
done
kill -0 "$pid" 2>/dev/null && [ "$rows" -gt 5 ] ||
  fail "no rows while recording: $rows"
python3 - "$work/live/onset" <<'EOF' || fail "the live record is wrong"
import json, sys

base = sys.argv[1]
record = json.load(open(base + ".json", encoding="utf-8"))
header = open(base + ".csv", encoding="utf-8").readline().strip().split(",")
assert header[1:] == [column["name"] for column in record["columns"]]
assert record["change_time_seconds"] == 2.0, record["change_time_seconds"]
EOF
wait "$pid" || fail "the live recording ended with $?"
xz -dc "$work/live/onset.csv.xz" | cmp - "$work/live/onset.csv" ||
  fail "the live table is not the recorded one"
[ "$(wc -l <"$work/live/onset.csv")" -eq 41 ] || fail "a row is missing"
[ -z "$(leftovers)" ] || fail "left behind: $(leftovers)"

# An interrupted and a killed recording leave nothing.
for signal in INT KILL; do
  before=$(find "$work" | sort)
  "$testbed" record sweep -o "$work/broken" --duration 60 >/dev/null 2>&1 &
  pid=$!
  sleep 2.5
  [ -n "$(leftovers)" ] || fail "nothing to interrupt after 2.5 s"
  kill -"$signal" "$pid"
  wait "$pid" 2>/dev/null
  code=$?
  [ "$signal" = KILL ] || [ "$code" = 130 ] || fail "exit $code, not 130"
  for _ in $(seq 30); do
    [ -z "$(leftovers)" ] && break
    sleep 0.1
  done
  [ -z "$(leftovers)" ] || fail "$signal left behind: $(leftovers)"
  [ "$(find "$work" | sort)" = "$before" ] || fail "$signal left a file"
done
expect_exit 0 "$testbed" clean

[ "$failures" -eq 0 ] && echo "testbed: all checks passed"
exit $((failures > 0))
