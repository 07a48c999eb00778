#!/bin/bash
# `airlock demo balancer` in short: every request is answered, the node's
# weights come into force, unequal servers are better served by capacity than
# alike; nothing is left behind, not even after a kill. Needs root, namespaces
# and nftables; ends with 77 where they are missing. AIRLOCK names the program,
# AIRLOCK_COLLECTOR the collector.
set -uo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
leftovers() {
  find /run/netns /dev/shm -maxdepth 1 -name 'airlock-testbed-*' 2>/dev/null
}
fail() {
  echo "FAIL: $*"
  cat "$work"/*.out "$work"/*.err 2>/dev/null
  exit 1
}

command -v python3 >/dev/null || {
  echo "skipped: python3 is not installed"
  exit 77
}
python=$(python3 -c 'import sys; print(sys.executable)')
demo=$(cd "$(dirname "$0")/../../data/testbed" && pwd)/balancer_demo
PATH=/nowhere "$python" "$demo" --airlock "$AIRLOCK" --collector \
  "$AIRLOCK_COLLECTOR" --out "$work/none" 2>"$work/none.err"
[ $? = 5 ] && grep -q '^skipped: ip is not installed' "$work/none.err" &&
  [ ! -e "$work/none" ] || fail "without tools"

"$AIRLOCK" demo balancer -o "$work/demo" --phase 9 --load 0.7 \
  >"$work/demo.out" 2>"$work/demo.err"
code=$?
if grep -q '^skipped: ' "$work/demo.err"; then
  cat "$work/demo.err"
  [ "$code" = 5 ] || fail "exit $code, not 5"
  exit 77
fi
[ "$code" = 0 ] || fail "exit $code"
cat "$work/demo.out"
python3 - "$work/demo/demo.json" <<'EOF' || fail "the report"
import json, sys

phases = json.load(open(sys.argv[1], encoding="utf-8"))["phases"]
assert set(phases) >= {"equal", "by-capacity", "node-lsq"}, phases.keys()
for name, phase in phases.items():
    assert phase["requests"] > 400 and phase["failed"] == 0, (name, phase)
    value, low, high = phase["fct_seconds"]["p50"]
    assert 0 < low <= value <= high < 20, (name, phase)
    assert (phase["weights_set"] > 0) == name.startswith("node-"), (name, phase)
EOF
# Each phase's requests are the same.
for phase in by-capacity node-lsq; do
  cmp <(sed 's/,.*//' "$work/demo/equal.jsonl" | sort) \
    <(sed 's/,.*//' "$work/demo/$phase.jsonl" | sort) || fail "requests differ"
done
head -1 "$work/demo/node-lsq/decisions.csv" |
  grep -q '^sample,role,time \[s\],setting,before' || fail "decisions.csv"
[ -z "$(leftovers)" ] || fail "left behind: $(leftovers)"

"$AIRLOCK" demo balancer -o "$work/demo" >"$work/again.out" 2>"$work/again.err"
[ $? = 2 ] && grep -q 'exists; choose another folder' "$work/again.err" ||
  fail "an existing folder"

for signal in TERM KILL; do
  "$AIRLOCK" demo balancer -o "$work/$signal" --phase 60 \
    >"$work/$signal.out" 2>"$work/$signal.err" &
  pid=$!
  for _ in $(seq 200); do
    [ "$(leftovers | wc -l)" -ge 7 ] && [ -e "$work/$signal/servers.log" ] && break
    sleep 0.1
  done
  [ -n "$(leftovers)" ] || fail "nothing to interrupt"
  kill -"$signal" "$pid"
  wait "$pid" 2>/dev/null
  code=$?
  [ "$signal" = KILL ] || [ "$code" = 130 ] || fail "$signal: exit $code"
  for _ in $(seq 100); do
    [ -z "$(leftovers)" ] && break
    sleep 0.1
  done
  [ -z "$(leftovers)" ] || fail "$signal left behind: $(leftovers)"
done
echo "balancer: all checks passed"
