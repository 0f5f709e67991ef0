# Runs a SkyDiscover evaluator: $1 the image's working folder, $2 train or test. What it prints on
# standard output is its result.
set -eu
folder=${TMPDIR:-/tmp}/candidate
mkdir -p "$folder"
program=$folder/${EVOLVE_PROGRAM##*/}
cp "$EVOLVE_PROGRAM" "$program"
cd "$1"
exec /benchmark/evaluate.sh "$program" "$2" >"$EVOLVE_RESULT"
