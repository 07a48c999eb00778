#!/bin/bash
# `airlock demo live` in its short form: an alarm after the contention began, a
# successor through the gate and onto the node, nothing left behind. Needs what
# the testbed needs; ends with 77 where that is missing. AIRLOCK names the
# program, AIRLOCK_TESTBED_CHAIN the chain's.
set -uo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

command -v python3 >/dev/null || {
  echo "skipped: python3 is not installed"
  exit 77
}
timeout 20 "$root/data/testbed/testbed" check --chain "$AIRLOCK_TESTBED_CHAIN" \
  >"$work/check" 2>&1 || {
  echo "skipped: this host cannot record"
  cat "$work/check"
  exit 77
}

"$AIRLOCK" demo live -o "$work/demo" --short >"$work/out" 2>"$work/err" || {
  echo "FAIL: exit code $?"
  cat "$work/out" "$work/err"
  exit 1
}
python3 - "$work/demo/demo.json" <<'EOF' || exit 1
import json, sys

report = json.load(open(sys.argv[1], encoding="utf-8"))
assert 0 <= report["delay_samples"] <= 100, report
assert report["swapped"] is True, report
print(report)
EOF
left=$(find /run/netns /dev/shm /var/tmp -maxdepth 1 -name 'airlock-testbed-*' \
  2>/dev/null)
[ -z "$left" ] || {
  echo "FAIL: left behind: $left"
  exit 1
}
"$AIRLOCK" demo live -o "$work/demo" 2>"$work/err" && exit 1
grep -q "exists; choose another folder" "$work/err"
