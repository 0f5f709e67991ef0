# Starts a process that outlives the evaluation and would write results for ever.
import os
import subprocess
import sys

LOOP = "import time\nwhile True: time.sleep(0.5)  # outlives the evaluation"
subprocess.Popen([sys.executable, "-c", LOOP], start_new_session=True)


def sort(numbers):
    return numbers
