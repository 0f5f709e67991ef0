# A daemon in a session of its own, which holds the output open and ignores SIGTERM.
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("started", "w").close()
        while True:
            time.sleep(1)
    os._exit(0)
while not os.path.exists("started"):
    time.sleep(0.001)
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write("1")
