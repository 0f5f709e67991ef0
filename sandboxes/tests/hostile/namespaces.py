# Makes new namespaces by unshare, clone and clone3, and enters those of others.
import ctypes, platform, signal
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
for flag, name in ((0x10000000, "user"), (0x20000, "mount"), (0x40000000, "net"),
                   (0x4000000, "uts"), (0x8000000, "ipc"), (0x20000000, "pid"),
                   (0x2000000, "cgroup"), (0x80, "time"),
                   (0x10020000, "user and mount")):
    tried(f"unshare {name}", lambda: call(272, 97, flag) == 0)
    def clone():
        child = call(56, 220, flag | signal.SIGCHLD, 0, 0, 0, 0)
        return child >= 0
    def clone3():
        arguments = (ctypes.c_uint64 * 11)(flag, 0, 0, 0, signal.SIGCHLD)
        return call(435, 435, arguments, 88) >= 0
    if flag != 0x80:
        tried(f"clone {name}", clone)
    tried(f"clone3 {name}", clone3)
for pid in (1, os.getppid(), @HOST_PID@):
    for kind in ("mnt", "net", "pid", "user", "ipc", "uts", "cgroup"):
        def enter():
            return call(308, 268, os.open(f"/proc/{pid}/ns/{kind}", os.O_RDONLY), 0) == 0
        tried(f"setns {kind} of {pid}", enter)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
