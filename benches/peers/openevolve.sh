#!/usr/bin/env bash
# evolve beside OpenEvolve: same tasks, same scoring, same (mock) model, same number of evaluations.
# Not a part of CI: it needs a package index and some ten minutes after the build. What it said is in
# docs/benchmarks/peers.md.
#
#   benches/peers/openevolve.sh [--seeds 10] [--iterations 200] [--slots 2] [--latency 0] …
#
# EVOLVE names a binary to use instead of building one, OUT the folder for results.json and .md.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
top=$(cd "$here/../.." && pwd)
version=0.4.1

venv=$top/target/peers/openevolve-$version
if [ ! -x "$venv/bin/openevolve-run" ]; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet "openevolve==$version"
fi

evolve=${EVOLVE:-}
if [ -z "$evolve" ]; then
    (cd "$top" && cargo build --release --quiet --bin evolve)
    evolve=$top/target/release/evolve
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$venv/bin/python" -B "$here/compare.py" --evolve "$evolve" --work "$work" \
    --out "${OUT:-$top/target/peers/results}" "$@"
