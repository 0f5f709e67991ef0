# Children that keep forking and ending, each with a new pid, outlive the first process.
import time
for _ in range(4):
    if os.fork() == 0:
        while True:
            try:
                if os.fork():
                    os._exit(0)
                os.setsid()
            except OSError:
                time.sleep(0.001)
time.sleep(0.1)
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write("1")
