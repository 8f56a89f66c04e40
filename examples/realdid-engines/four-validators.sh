#!/usr/bin/env bash
# Starts four validators of a new chain on this machine and waits for an interrupt, which ends them.
#
#   ./four-validators.sh [FOLDER]      FOLDER keeps the chain; without it, it is gone at the end
#
# The first line that each validator prints names the ledger: comet:http://127.0.0.1:26657 is the first one's.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

dir=${1:-} ours=""
if [ -z "$dir" ]; then dir=$(mktemp -d) ours=$dir; fi
program=$(mktemp)
validators=()
end() {
  trap - EXIT INT TERM
  for v in ${validators[@]+"${validators[@]}"}; do kill "$v" 2>/dev/null || true; done
  wait
  rm -f "$program"
  if [ -n "$ours" ]; then rm -rf "$ours"; fi
}
trap end EXIT
trap 'exit 0' INT TERM

go build -o "$program" .
[ -d "$dir/0" ] || "$program" validator init "$dir" >/dev/null
for i in 0 1 2 3; do
  "$program" serve validator "$dir/$i" &
  validators+=($!)
done
wait
