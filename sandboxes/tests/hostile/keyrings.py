# Stores and reads keys in the kernel's keyrings.
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
for ring in range(-8, 0):
    tried(f"add_key {ring}", lambda: call(248, 217, b"user", b"evolve:x", b"666", 3, ring) >= 0)
    tried(f"keyring {ring}", lambda: call(250, 219, 0, ring, 1, 0, 0) >= 0)
    tried(f"search {ring}", lambda: call(250, 219, 10, ring, b"user", b"evolve:x", 0) >= 0)
tried("join", lambda: call(250, 219, 1, b"evolve", 0, 0, 0) >= 0)
tried("request_key", lambda: call(249, 218, b"user", b"evolve:x", b"", -4) >= 0)
try:
    if open("/proc/keys").read():
        breach.append("/proc/keys")
except OSError:
    pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
