# Signals a process of the host, by its number and by a handle.
import ctypes, platform
breach = []
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(x86, arm, *args):
    number = arm if platform.machine() == "aarch64" else x86
    return libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *args)])
handle = call(434, 434, @HOST_PID@, 0)
if handle >= 0:
    breach.append("a handle of the host's process")
for attack in (
    lambda: os.kill(@HOST_PID@, 0), lambda: os.kill(@HOST_PID@, 9),
    lambda: os.killpg(@HOST_PID@, 9), lambda: os.sched_getaffinity(@HOST_PID@),
    lambda: os.setpriority(os.PRIO_PROCESS, @HOST_PID@, 19), lambda: os.getpgid(@HOST_PID@),
):
    try:
        attack()
        breach.append("the host's process was reached")
    except OSError:
        pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
