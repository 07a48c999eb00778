#!/bin/bash
# `airlock demo live` in its short form: an alarm after the contention began, a
# successor before the gate, and, only if that promotes it, on the node; nothing
# left behind. What the gate says depends on the host. Needs what the testbed
# needs; ends with 77 where that is missing. AIRLOCK names the
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

"$AIRLOCK" demo live -o "$work/demo" --short >"$work/out" 2>"$work/err"
code=$?
python3 - "$work/demo/demo.json" "$code" <<'EOF' || {
import json, sys

report = json.load(open(sys.argv[1], encoding="utf-8"))
print(report)
assert 0 <= report["delay_samples"] <= 100, report
promoted = report["second_verdict"] == "promote"
assert report.get("swapped", False) is promoted, report
assert int(sys.argv[2]) == (0 if promoted else 1), sys.argv[2]
EOF
  cat "$work/out" "$work/err"
  exit 1
}
left=$(find /run/netns /dev/shm /var/tmp -maxdepth 1 -name 'airlock-testbed-*' \
  2>/dev/null)
[ -z "$left" ] || {
  echo "FAIL: left behind: $left"
  exit 1
}
"$AIRLOCK" demo live -o "$work/demo" 2>"$work/err" && exit 1
grep -q "exists; choose another folder" "$work/err"
