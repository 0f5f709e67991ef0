# Locks twice the memory limit.
import ctypes, mmap
breach = []
def tried(name, attack):  # in a child: it may be killed
    child = os.fork()
    if child == 0:
        try:
            os._exit(66 if attack() else 0)
        finally:
            os._exit(1)
    if os.waitpid(child, 0)[1] == 66 << 8:
        breach.append(name)
def lock(flags):
    libc = ctypes.CDLL(None, use_errno=True)
    block = mmap.mmap(-1, 512 << 20, flags=flags | mmap.MAP_ANONYMOUS)
    place = ctypes.c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(block)))
    return libc.mlock(place, ctypes.c_size_t(512 << 20)) == 0
def lock_all():
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.mlockall(2) == 0 and mmap.mmap(-1, 512 << 20)
tried("locked private memory", lambda: lock(mmap.MAP_PRIVATE))
tried("locked shared memory", lambda: lock(mmap.MAP_SHARED))
tried("locked all memory", lock_all)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
