# Mounts, unmounts and changes the root, by the old and by the new system calls.
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
os.makedirs("m/old", exist_ok=True)
for kind in (b"tmpfs", b"proc", b"sysfs", b"cgroup2", b"cgroup", b"overlay", b"mqueue", b"devpts"):
    tried(f"mount {kind}", lambda: call(165, 40, kind, b"m", kind, 0, None) == 0)
    tried(f"fsopen {kind}", lambda: call(430, 430, kind, 0) >= 0)
tried("bind", lambda: call(165, 40, b"/", b"m", None, 0x1000, None) == 0)
tried("remount", lambda: call(165, 40, None, b"/usr", None, 0x20 | 0x1000, None) == 0)
tried("private", lambda: call(165, 40, None, b"/", None, 0x44000, None) == 0)
tried("move", lambda: call(165, 40, b"/proc", b"m", None, 0x2000, None) == 0)
tried("open_tree", lambda: call(428, 428, -100, b"/", 1) >= 0)
tried("mount_setattr", lambda: call(442, 442, -100, b"/", 0, (ctypes.c_uint64 * 4)(0, 1), 32) == 0)
for name in ("/proc", "/proc/sys", "/dev", "/tmp", "/usr", "/etc", "/sys", "/", os.getcwd()):
    tried(f"umount {name}", lambda: call(166, 39, name.encode(), 2) == 0)
tried("chroot", lambda: call(161, 51, b"m") == 0)
tried("pivot_root", lambda: call(155, 41, b"m", b"m/old") == 0)
tried("swapon", lambda: call(167, 224, b"/nowhere", 0) == 0 or ctypes.get_errno() == 2)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
