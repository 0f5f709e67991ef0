#!/usr/bin/env bash
# Does knowledge help a real, very small model? The four arms of `evolve bench --ablate` at equal
# cost (tokens) on two tasks, over SEEDS seeds (5). Needs `.ci/real-model` once, and the binary.
#     benches/knowledge/run.sh [OUT]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$here/../../.ci/lib.sh"
out=${1:-$target/knowledge-bench}
[ -x "$target/real-model/bin/python" ] || fail "run .ci/real-model first"
[ -x "$evolve" ] || cargo build --quiet --bin evolve

coproc server { exec "$target/real-model/bin/python" orchestrator/cli/tests/real_model/serve.py "${PORT:-18431}" 2>/dev/null; }
trap 'kill $server_PID 2>/dev/null || true' EXIT
read -r word url <&"${server[0]}"
[ "$word" = ready ] || fail "the model's server did not start"
"$evolve" bench "$here/fit" "$here/lens" --strategies greedy --ablate --seeds "${SEEDS:-5}" \
    --sandbox process --budget "tokens=${TOKENS:-9500}" --out "$out" \
    --set "model.0.base_url=$url" --set "model.1.base_url=$url"
