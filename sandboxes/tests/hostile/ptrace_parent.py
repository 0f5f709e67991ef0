# Attaches to its parent, to PID 1 and to the host's process as a debugger.
import ctypes, platform
breach = []
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(x86, arm, *args):
    number = arm if platform.machine() == "aarch64" else x86
    return libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *args)])
for pid in {1, os.getppid(), @HOST_PID@} - {0, os.getpid()}:
    if call(101, 117, 16, pid, 0, 0) == 0:  # PTRACE_ATTACH
        breach.append(f"attached to {pid}")
        os.waitpid(pid, 0x40000000)
        call(101, 117, 17, pid, 0, 0)
    elif call(101, 117, 0x4206, pid, 0, 0) == 0:  # PTRACE_SEIZE
        breach.append(f"seized {pid}")
        call(101, 117, 17, pid, 0, 0)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
