#!/usr/bin/env bash
# Checks the units with systemd's own tools; needs no running systemd. Exit code: 0 passed or skipped, 1 failed.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
command -v systemd-analyze >/dev/null || { echo "skipped: no systemd-analyze. Install it: apt-get install systemd"; exit 0; }
copy=$(mktemp -d) || exit 1
trap 'rm -rf "$copy"' EXIT
failures=0
# The highest exposure that a unit may have, in tenths: 11 is what README.md says.
limit=11

for unit in lathe-coordinator.service lathe-worker.service lathe-worker@.service; do
    # verify wants an executable; which one does not matter.
    sed 's|/usr/local/bin/lathe|/bin/true|' "$here/$unit" >"$copy/$unit"
    if problems=$(systemd-analyze verify --man=no "$copy/$unit" 2>&1) && [ -z "$problems" ]; then
        echo "ok    $unit: verify finds nothing"
    else
        printf 'FAIL  %s\n%s\n' "$unit" "$problems"
        failures=$((failures + 1))
    fi
    if report=$(systemd-analyze security --offline=true --no-pager --threshold="$limit" "$copy/$unit" 2>&1); then
        echo "ok    $unit: $(grep -oE 'Overall exposure level.*: [0-9.]+ [A-Z]+' <<<"$report" | sed 's/.*: //')"
    else
        printf 'FAIL  %s\n%s\n' "$unit" "$(grep -v '^✓' <<<"$report")"
        failures=$((failures + 1))
    fi
done
((failures == 0))
