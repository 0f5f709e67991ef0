# System V shared memory, which outlives its process.
import ctypes
breach = []
libc = ctypes.CDLL(None, use_errno=True)
libc.shmat.restype = ctypes.c_void_p
size = 0
while size < 1 << 29:
    segment = libc.shmget(0, ctypes.c_size_t(16 << 20), 0o1600)
    place = libc.shmat(segment, None, 0) if segment >= 0 else None
    if place in (None, ctypes.c_void_p(-1).value):
        break
    ctypes.memset(place, 1, 16 << 20)
    size += 16 << 20
if size >= 1 << 29:
    breach.append("512 MiB of shared segments")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
