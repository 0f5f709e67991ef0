# Watches file systems and mounts for what others do in them.
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
def watch(group, mark):
    fd = call(300, 262, group, 0)
    return fd >= 0 and call(301, 263, fd, 1 | mark, 0x22, -100, b"/") == 0
for group in (0, 4, 8, 0x200, 0x600, 0xE00):
    for mark in (0x10, 0x100):
        tried(f"fanotify {group} {mark}", lambda: watch(group, mark))
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
