#!/bin/sh
set -eu
PROGRAM="$1"
MODE="$2"
echo "measuring in mode $MODE" >&2
exec python3 evaluator.py "$PROGRAM" "$MODE"
