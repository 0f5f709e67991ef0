"""Runs OpenEvolve and evolve on the same tasks with the same proposer, and compares them.

Started by openevolve.sh, with the Python of the environment that has OpenEvolve.
"""

import argparse
import importlib.metadata
import json
import os
import pathlib
import platform
import random
import shutil
import statistics
import string
import subprocess
import sys
import threading
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
SHIPPED = HERE.parent.parent / "evaluators" / "tasks"
PEER = "openevolve"
# With the database settings that its own examples have.
PEER_AS_EXAMPLE = "openevolve, as in its examples"
DIFF_ONLY = ["--set", "search.operators={diff=1.0}"]
OURS = {
    "evolve": [],
    # Without whole rewrites, crossover and mutation: the same questions as the peer asks.
    "evolve, diff only": DIFF_ONLY,
    "evolve, unconfined": ["--sandbox", "unconfined"],
    # The peer's rule in evolve's loop, and the baselines.
    **{f"evolve, {rule}, diff only": [*DIFF_ONLY, "--set", f'search.strategy="{rule}"']
       for rule in ("map-elites", "greedy", "best-of-n")},
}


def assemble(task, folder):
    """One folder with the shipped program and what measures it, for both systems."""
    shutil.copytree(SHIPPED / task, folder)
    for source in (HERE / "shared", HERE / "tasks" / task):
        shutil.copytree(source, folder, dirs_exist_ok=True)
    (folder / "program.py").rename(folder / "initial_program.py")


def tree(root):
    """The process and all below it, from /proc."""
    children = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                with open(f"/proc/{entry.name}/stat", "rb") as file:
                    parent = int(file.read().rpartition(b")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found = [root]
    for pid in found:
        found.extend(children.get(pid, []))
    return found


def memory(root):
    """Resident memory of the tree in KiB: pages that are shared counted for each, and once."""
    rss = pss = 0
    for pid in tree(root):
        try:
            with open(f"/proc/{pid}/smaps_rollup") as file:
                for line in file:
                    if line.startswith("Rss:"):
                        rss += int(line.split()[1])
                    elif line.startswith("Pss:"):
                        pss += int(line.split()[1])
        except OSError:
            continue
    return rss, pss


def measured(command, log, **options):
    """Runs a command to its end: wall and processor time, peak memory of the whole tree."""
    peak, done = [0, 0], threading.Event()

    def watch():
        while not done.wait(0.1):
            peak[:] = map(max, peak, memory(process.pid))

    began = time.monotonic()
    with open(log, "w") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **options)
        watcher = threading.Thread(target=watch)
        watcher.start()
        _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        done.set()
        watcher.join()
    if process.returncode:
        sys.exit(f"{command[0]} ended with {process.returncode}:\n"
                 f"{pathlib.Path(log).read_text()[-3000:]}")
    return {"wall_s": wall, "cpu_s": used.ru_utime + used.ru_stime,
            "peak_rss_mib": peak[0] / 1024, "peak_pss_mib": peak[1] / 1024}


def score_of(folder, program):
    """The score of a program, measured by neither system."""
    code = "import sys, evaluator; print(evaluator.evaluate(sys.argv[1])['combined_score'])"
    environment = {k: v for k, v in os.environ.items() if k != "PEERS_LOG"}
    command = [sys.executable, "-B", "-c", code, str(program)]
    return float(subprocess.run(command, cwd=folder, env=environment, check=True,
                                stdout=subprocess.PIPE, text=True).stdout)


def peer(options, task, seed, folder, base_url, more=""):
    out = folder.parent / base_url.split("/")[3]
    out.mkdir()
    config = string.Template((folder / "config.yaml").read_text())
    filled = config.substitute(seed=seed, slots=options.slots, base_url=base_url)
    (out / "config.yaml").write_text(filled + more)
    command = [pathlib.Path(sys.executable).with_name("openevolve-run"),
               folder / "initial_program.py", folder / "evaluator.py",
               "--config", out / "config.yaml", "--output", out / "output",
               "--iterations", str(options.iterations)]
    run = measured(list(map(str, command)), out / "log", cwd=out,
                   env=os.environ | {"PEERS_LOG": str(out / "evaluations")})
    scores = [float(line.split()[1]) for line in (out / "evaluations").read_text().splitlines()]
    best = out / "output" / "best" / "best_program.py"
    # The first evaluation is the start's.
    return run | {"candidates": len(scores) - 1, "invalid": scores[1:].count(0.0),
                  "claimed": max(scores), "score": score_of(folder, best)}


def ours(options, task, seed, folder, base_url, candidates, arguments):
    # Short: the path of a run's control socket may have some 100 characters.
    runs = folder.parent / base_url.split("/")[3]
    runs.mkdir()
    command = [options.evolve, "--quiet", "--runs", str(runs), "start", str(folder),
               "--seed", str(seed), "--budget", f"candidates={candidates}",
               "--set", f"run.evaluation_slots={options.slots}",
               "--set", f'model.0.base_url="{base_url}"', *arguments]
    if "--sandbox" not in arguments:
        command += ["--sandbox", "process"]
    run = measured(command, runs / "log")
    ask = [options.evolve, "--runs", str(runs)]
    best = json.loads(subprocess.check_output(
        [*ask, "best", "latest", "--json", "--out", str(runs / "best.py")]))
    status = json.loads(subprocess.check_output([*ask, "status", "latest", "--json"]))
    counts = status["candidates"]
    return run | {"candidates": counts["evaluated"], "invalid": counts["failed"],
                  "claimed": best["score"], "score": score_of(folder, runs / "best.py")}


def superiority(a, b):
    """How probable it is that one of `a` beats one of `b`; ties count half."""
    return statistics.fmean((x > y) + (x == y) / 2 for x in a for y in b)


def interval(a, b, draws=10_000):
    """95 % bootstrap interval of `superiority`: both samples are drawn anew."""
    rng = random.Random(0)
    values = sorted(superiority(rng.choices(a, k=len(a)), rng.choices(b, k=len(b)))
                    for _ in range(draws))
    return values[int(0.025 * draws)], values[int(0.975 * draws) - 1]


def versus(scores, others):
    others = [run["score"] for run in others]
    return "{:.2f} [{:.2f}, {:.2f}]".format(superiority(scores, others), *interval(scores, others))


def tables(runs):
    """The results as markdown."""
    lines = []
    for task in dict.fromkeys(run["task"] for run in runs):
        of = {}
        for run in runs:
            if run["task"] == task:
                of.setdefault(run["system"], []).append(run)
        lines += [f"### {task}", "",
                  "| | median best | beats OpenEvolve | beats it as in its examples | candidates | "
                  "invalid | model calls | wall s | candidates/s | while searching | CPU ms a candidate | peak RSS MiB | PSS MiB |",
                  "|" + " --- |" * 13]
        for system, group in of.items():
            def middle(key):
                return statistics.median(run[key] for run in group)
            scores = [run["score"] for run in group]
            beats = ["" if system == other or other not in of else versus(scores, of[other])
                     for other in (PEER, PEER_AS_EXAMPLE)]
            rate = [statistics.median(r["candidates"] / r[k] for r in group)
                    for k in ("wall_s", "search_s")]
            cpu = statistics.median(1000 * r["cpu_s"] / r["candidates"] for r in group)
            lines.append(
                f"| {system} | {statistics.median(scores):.4f} | {' | '.join(beats)} | "
                f"{middle('candidates'):g} | "
                f"{middle('invalid'):g} | {middle('calls'):g} | {middle('wall_s'):.1f} | {rate[0]:.1f} | "
                f"{rate[1]:.1f} | {cpu:.0f} | {middle('peak_rss_mib'):.0f} | {middle('peak_pss_mib'):.0f} |")
        seeds = sorted({run["seed"] for group in of.values() for run in group})
        lines += ["", "| seed | " + " | ".join(map(str, seeds)) + " |", "|" + " --- |" * (1 + len(seeds))]
        for system, group in of.items():
            by_seed = {run["seed"]: f"{run['score']:.4f}" for run in group}
            lines.append(f"| {system} | " + " | ".join(by_seed.get(s, "") for s in seeds) + " |")
        lines.append("")
    return "\n".join(lines)


def save(options, runs):
    """Writes what is known so far; returns it as text."""
    about = {
        "date": time.strftime("%Y-%m-%d"),
        "openevolve": importlib.metadata.version("openevolve"),
        "evolve": subprocess.check_output([options.evolve, "--version"], text=True).split()[-1],
        "python": platform.python_version(), "cores": os.cpu_count(),
        "iterations": options.iterations, "slots": options.slots, "latency_s": options.latency,
    }
    text = ", ".join(f"{key} {value}" for key, value in about.items()) + "\n\n" + tables(runs)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "results.json").write_text(json.dumps({"about": about, "runs": runs}, indent=1) + "\n")
    (options.out / "results.md").write_text(text)
    return text


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--evolve", required=True, help="the binary")
    parser.add_argument("--work", required=True, type=pathlib.Path, help="an empty folder")
    parser.add_argument("--out", required=True, type=pathlib.Path, help="for results.json and .md")
    parser.add_argument("--tasks", default="circle_packing,function_minimization")
    parser.add_argument("--systems", help="besides the peer",
                        default=";".join([PEER_AS_EXAMPLE, *list(OURS)[:2]]))
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--iterations", type=int, default=200, help="of the peer")
    parser.add_argument("--slots", type=int, default=2, help="evaluations side by side")
    parser.add_argument("--latency", type=float, default=0.0, help="of the model, in seconds")
    options = parser.parse_args()

    command = [sys.executable, str(HERE / "mock_model.py"), "--latency", str(options.latency)]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    runs = []
    try:
        root = f"http://127.0.0.1:{int(server.stdout.readline())}"
        folders = {task: options.work / task for task in options.tasks.split(",")}
        for task, folder in folders.items():
            assemble(task, folder)
        # All systems take turns, so that whatever else the machine does disturbs all alike.
        for seed in range(1, options.seeds + 1):
            for task, folder in folders.items():
                candidates = None
                for number, system in enumerate([PEER, *options.systems.split(";")]):
                    name = f"{number}-{task}-{seed}"
                    where = (options, task, seed, folder, f"{root}/{name}/v1")
                    # The peer counts iterations, evolve evaluations: it gets as many as the
                    # peer made of its iterations.
                    load = os.getloadavg()[0]
                    if system == PEER:
                        run = peer(*where)
                    elif system == PEER_AS_EXAMPLE:
                        run = peer(*where, (folder / "example.yaml").read_text())
                    else:
                        run = ours(*where, candidates, OURS[system])
                    candidates = candidates or run["candidates"]
                    asked = json.load(urllib.request.urlopen(f"{root}/{name}"))
                    run |= {key: asked[key] for key in
                            ("calls", "malformed", "without_program", "parents")}
                    run["search_s"] = asked["last"] - asked["first"]
                    if abs(run["score"] - run["claimed"]) > 1e-12:
                        print(f"{name}: says {run['claimed']}, measured {run['score']}", flush=True)
                    runs.append({"task": task, "system": system, "seed": seed, "load": load} | run)
                    print(f"{system}, {task}, {seed}: {run['score']:.4f} after {run['candidates']} in "
                          f"{run['wall_s']:.1f} s, {run['calls']} calls", flush=True)
            text = save(options, runs)
        print("\n" + text)
    finally:
        server.terminate()


if __name__ == "__main__":
    main()
