#!/bin/bash
cd /app
test "$(cat kept.txt)" = kept
touch written.txt
python3 /tests/measure.py > /logs/verifier/reward.txt
