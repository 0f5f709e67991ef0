"""A model server for comparisons: OpenAI's chat completions, answered without a model.

An answer moves one to three numeric literals of the program in the prompt by a normal step. It
depends on the seed, the program's text and how often that program was asked about before, and
on nothing else: whoever asks the same gets the same. A small share of the answers is useless, in
the ways in which models' answers are.

The run and its seed are the first part of the path: `http://127.0.0.1:PORT/NAME-SEED/v1`.
`GET /NAME-SEED` says what was asked so far. Prints its port when it listens.
"""

import argparse
import hashlib
import io
import json
import random
import re
import threading
import time
import tokenize
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

MALFORMED = 0.06
# What makes a line bad syntax. OpenEvolve evaluates such programs and may choose them as parents;
# the next answer then takes it out, as a model would that sees the mistake.
BROKEN = " ((("
# The heading before the program to change: OpenEvolve's, and evolve's with one or more parents.
PARENT = re.compile(r"^# (?:Current Program|The (?:first )?parent: .*)$", re.MULTILINE)
FENCED = re.compile(r"^(`{3,})\w*\n(.*?)\n\1", re.MULTILINE | re.DOTALL)
NUMBERED = re.compile(r" *\d+ \| ?")


def program_in(prompt):
    """The lines of the program that is to be changed, or None."""
    heading = PARENT.search(prompt)
    block = heading and FENCED.search(prompt, heading.end())
    if not block:
        return None
    lines = block[2].rstrip("\n").split("\n")
    if all(map(NUMBERED.match, lines)):
        lines = [NUMBERED.sub("", line, count=1) for line in lines]
    return [line.rstrip() for line in lines]


def region(lines):
    """First and last line that may change, as a range."""
    start = next(i for i, line in enumerate(lines) if "EVOLVE-BLOCK-START" in line)
    end = next(i for i, line in enumerate(lines) if "EVOLVE-BLOCK-END" in line)
    return range(start + 1, end)


def moved(text, rng):
    """The literal after a step; always another one."""
    while True:
        if text.isdigit():
            new = str(max(0, round(int(text) + rng.gauss(0.0, max(1.0, 0.25 * int(text))))))
        else:
            value = float(text)
            new = f"{abs(value + rng.gauss(0.0, 0.1 * max(abs(value), 0.2))):.6g}"
            new += "" if set(new) & set(".e") else ".0"
        if float(new) != float(text):
            return new


def perturbed(lines, rng):
    """The program with some literals moved."""
    allowed = region(lines)
    numbers = [
        token
        for token in tokenize.generate_tokens(io.StringIO("\n".join(lines) + "\n").readline)
        if token.type == tokenize.NUMBER and token.start[0] - 1 in allowed
    ]
    chosen = rng.sample(numbers, min(len(numbers), rng.choice([1, 1, 2, 3])))
    lines = list(lines)
    # From the right, so that the columns of the others stay true.
    for token in sorted(chosen, key=lambda token: token.start, reverse=True):
        row, (first, last) = token.start[0] - 1, (token.start[1], token.end[1])
        lines[row] = lines[row][:first] + moved(token.string, rng) + lines[row][last:]
    return lines


def hunks(old, new):
    """The changed lines, with as many neighbours as make each piece unique in the program."""
    text, pieces = "\n".join(old), []
    for i in (i for i in range(len(old)) if old[i] != new[i]):
        first, last = i, i + 1
        while text.count("\n".join(old[first:last])) > 1:
            first, last = max(0, first - 1), min(len(old), last + 1)
        if pieces and pieces[-1][1] >= first:
            first = pieces.pop()[0]
        pieces.append((first, last))
    return pieces


def answer(lines, seed, asked, as_diff):
    """The text for a program that was asked about `asked` times before, and whether it is sound."""
    digest = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    rng = random.Random(f"{seed}/{digest}/{asked}")
    sound = rng.random() >= MALFORMED
    fault = None if sound else rng.choice(["prose", "mismatch", "syntax"])
    new = perturbed([line.removesuffix(BROKEN) for line in lines], rng)
    if fault == "prose":
        return f"Idea: attempt {asked}, larger steps.\n\nI would make the numbers larger.", sound
    pieces = hunks(lines, new)
    if fault == "syntax":
        new[pieces[0][0]] += BROKEN
    text = f"Idea: attempt {asked}, other numbers.\n"
    if not as_diff:
        return f"{text}\n```python\n" + "\n".join(new) + "\n```\n", sound
    for first, last in pieces:
        search = "\n".join(lines[first:last]) + (" # as it was" if fault == "mismatch" else "")
        replace = "\n".join(new[first:last])
        text += f"\n<<<<<<< SEARCH\n{search}\n=======\n{replace}\n>>>>>>> REPLACE\n"
    return text, sound


class Runs:
    """What was asked in each run."""

    def __init__(self):
        self.lock = threading.Lock()
        self.runs = {}

    def run(self, name):
        fresh = {"calls": 0, "malformed": 0, "without_program": 0, "first": 0, "last": 0, "seen": {}}
        return self.runs.setdefault(name, fresh)

    def answer(self, name, messages):
        users = [m["content"] for m in messages if m["role"] == "user"]
        lines = next((found for found in map(program_in, users) if found), None)
        with self.lock:
            run = self.run(name)
            run["calls"] += 1
            run["last"] = time.time()
            run["first"] = run["first"] or run["last"]
            if lines is None:
                run["without_program"] += 1
                return "I see no program."
            asked = run["seen"].get(tuple(lines), 0)
            run["seen"][tuple(lines)] = asked + 1
        as_diff = "<<<<<<< SEARCH" in users[-1]
        text, sound = answer(lines, name.rpartition("-")[2], asked, as_diff)
        with self.lock:
            run["malformed"] += not sound
        return text

    def stats(self, name):
        with self.lock:
            run = self.run(name)
            return {k: v for k, v in run.items() if k != "seen"} | {"parents": len(run["seen"])}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each answer waits for a delayed acknowledgement

    def do_GET(self):
        self.reply("application/json", json.dumps(self.server.runs.stats(self.name())))

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        began = time.monotonic()
        text = self.server.runs.answer(self.name(), request["messages"])
        time.sleep(max(0.0, self.server.latency - (time.monotonic() - began)))
        asked = sum(len(message["content"]) for message in request["messages"]) // 4
        usage = {"prompt_tokens": asked, "completion_tokens": len(text) // 4,
                 "total_tokens": asked + len(text) // 4}
        common = {"id": "chatcmpl-mock", "created": int(time.time()), "model": request["model"]}
        if not request.get("stream"):
            choice = {"index": 0, "finish_reason": "stop",
                      "message": {"role": "assistant", "content": text}}
            body = common | {"object": "chat.completion", "choices": [choice], "usage": usage}
            return self.reply("application/json", json.dumps(body))
        common["object"] = "chat.completion.chunk"
        delta = {"role": "assistant", "content": text}
        pieces = [
            common | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
            common | {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
            common | {"choices": [], "usage": usage},
        ]
        events = [json.dumps(piece) for piece in pieces] + ["[DONE]"]
        self.reply("text/event-stream", "".join(f"data: {event}\n\n" for event in events))

    def name(self):
        return self.path.split("/")[1]

    def reply(self, kind, text):
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=0.0, help="seconds until an answer")
    options = parser.parse_args()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.runs, server.latency = Runs(), options.latency
    print(server.server_port, flush=True)
    server.serve_forever()
