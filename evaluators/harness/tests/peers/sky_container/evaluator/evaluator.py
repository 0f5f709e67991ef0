import json
import os
import sys

program, mode = sys.argv[1:]
names = {}
exec(open(program).read(), names)
factor = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "factor.json")))
score = names["answer"]() * factor[mode]
print(json.dumps({
    "status": "success",
    "combined_score": score,
    "metrics": {"combined_score": score},
    "artifacts": {"details": "in mode " + mode},
}))
