"""Leaves a note wherever it may write. Ends with success if an earlier evaluation left one."""

import os
import sys

MINE = os.urandom(16).hex()
LEFT = 0
for folder in ("/tmp", "/var/tmp", "/dev/shm", "/run", "/evolve", "/evolve/work", "/evolve/program",
               os.getcwd(), os.environ.get("HOME", "/"), os.environ.get("TMPDIR", "/tmp")):
    place = os.path.join(folder, "note-of-an-evaluation")
    try:
        with open(place, encoding="ascii") as file:
            if file.read() != MINE:
                os._exit(0)
    except OSError:
        pass
    try:
        with open(place, "w", encoding="ascii") as file:
            file.write(MINE)
        LEFT += 1
    except OSError:
        pass
if "note-of-an-evaluation" in vars(os):
    os._exit(0)
vars(os)["note-of-an-evaluation"] = MINE
sys.exit(f"no earlier evaluation left a note; this one left {LEFT}")
