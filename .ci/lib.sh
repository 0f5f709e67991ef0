# Shared by the scripts beside it; sourced, not run.

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$top"
target=${CARGO_TARGET_DIR:-$top/target}
evolve=$target/debug/evolve

# Tests and scripts that leave something out append a line: "what<TAB>needed tool<TAB>why".
export EVOLVE_SKIP_LOG=${EVOLVE_SKIP_LOG:-$target/skipped.txt}

step() { printf '\n== %s (%ds)\n' "$*" "$SECONDS"; }

have() { command -v "$1" >/dev/null 2>&1; }

skip() { # what, needed tool, why
    printf '%s\t%s\t%s\n' "$1" "$2" "$3" >>"$EVOLVE_SKIP_LOG"
    printf 'skipped: %s: %s\n' "$1" "$3"
}

fail() {
    printf 'failed: %s\n' "$*" >&2
    exit 1
}
