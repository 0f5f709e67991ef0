# Takes more of the machine: better priority, real time, deadlines.
import ctypes, platform
breach = []
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(x86, arm, *args):
    number = arm if platform.machine() == "aarch64" else x86
    return libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *args)])
def tried(name, attack):  # in a child: it may be killed
    child = os.fork()
    if child == 0:
        try:
            os._exit(66 if attack() else 0)
        finally:
            os._exit(1)
    if os.waitpid(child, 0)[1] == 66 << 8:
        breach.append(name)
nice = os.getpriority(os.PRIO_PROCESS, 0)
def better():
    os.setpriority(os.PRIO_PROCESS, 0, nice - 5)
    return os.getpriority(os.PRIO_PROCESS, 0) < nice
def real_time(policy):
    os.sched_setscheduler(0, policy, os.sched_param(1))
    return os.sched_getscheduler(0) == policy
def deadline():
    words = (ctypes.c_uint64 * 6)(48 | 6 << 32, 0, 0, 5_000_000, 10_000_000, 10_000_000)
    return call(314, 274, 0, words, 0) == 0
tried("nice", better)
tried("nice of all", lambda: os.setpriority(os.PRIO_USER, os.getuid(), nice - 1) is None)
tried("fifo", lambda: real_time(os.SCHED_FIFO))
tried("round robin", lambda: real_time(os.SCHED_RR))
tried("deadline", deadline)
tried("disk", lambda: call(251, 30, 1, 0, 1 << 13) == 0)
def oom():
    before = int(open("/proc/self/oom_score_adj").read())
    open("/proc/self/oom_score_adj", "w").write("-1000")
    return int(open("/proc/self/oom_score_adj").read()) < before
tried("never killed for memory", oom)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
