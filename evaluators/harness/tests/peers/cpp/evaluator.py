import os
import subprocess


def evaluate(program_path):
    compiler = "cc" if program_path.endswith(".c") else "g++"
    binary = os.path.splitext(program_path)[0] + ".out"
    built = subprocess.run(
        [compiler, "-o", binary, program_path], capture_output=True, text=True, timeout=60
    )
    if built.returncode != 0:
        return {"combined_score": 0.0, "error": built.stderr[-500:]}
    ran = subprocess.run([binary], capture_output=True, text=True, timeout=10)
    return {"combined_score": float(ran.stdout)}
