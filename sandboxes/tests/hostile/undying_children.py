# Leaves stopped, traced and dead children behind.
import ctypes, signal, time
for kind in range(12):
    if os.fork() == 0:
        if kind % 3 == 0:
            os._exit(0)
        if kind % 3 == 1:
            ctypes.CDLL(None).ptrace(0, 0, None, None)  # PTRACE_TRACEME
        os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(60)
        os._exit(0)
time.sleep(0.1)
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write("1")
