# Asks for fixed addresses and a page at zero, then starts a program so.
import ctypes, mmap, platform, subprocess, sys
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
libc.mmap.restype = ctypes.c_void_p
def page():
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | 0x10  # MAP_FIXED
    return libc.mmap(None, ctypes.c_size_t(4096), 3, flags, -1, ctypes.c_long(0)) in (0, None)
def started():
    call(135, 92, 0x0100000 | 0x0040000 | 0x0400000)
    maps = subprocess.run([sys.executable, "-S", "-c", "print(open('/proc/self/maps').read())"],
                          stdout=subprocess.PIPE).stdout
    return any(line.startswith(b"0000000") for line in maps.splitlines())
tried("page at zero", page)
for bits in (0x0040000, 0x0100000, 0x0400000, 0x0200000, 0x8000000):
    tried(f"page at zero, personality {bits:#x}", lambda: call(135, 92, bits) >= 0 and page())
tried("page at zero after exec", started)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
