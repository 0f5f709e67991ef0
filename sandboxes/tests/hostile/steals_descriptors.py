# Copies descriptors out of its parent and PID 1.
import ctypes, platform
breach = []
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(x86, arm, *args):
    number = arm if platform.machine() == "aarch64" else x86
    return libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *args)])
for pid in {1, os.getppid(), @HOST_PID@} - {0, os.getpid()}:
    handle = call(434, 434, pid, 0)
    for fd in range(16):
        if handle >= 0 and call(438, 438, handle, fd, 0) >= 0:
            breach.append(f"descriptor {fd} of {pid}")
    if call(312, 272, pid, os.getpid(), 2, 0, 0) >= 0:  # KCMP_FILES
        breach.append(f"compared with {pid}")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
