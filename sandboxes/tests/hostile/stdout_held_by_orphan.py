# A grandchild without parent keeps both streams open and prints.
import time
if os.fork() == 0:
    if os.fork() == 0:
        os.setsid()
        while True:
            os.write(1, b"still here\n")
            time.sleep(0.01)
    os._exit(0)
os.wait()
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write("1")
