# Loads programs and maps into the kernel.
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
code = ctypes.create_string_buffer(b"\xb7" + b"\0" * 7 + b"\x95" + b"\0" * 7, 16)  # return 0
word = ctypes.create_string_buffer(b"GPL")
for kind in (1, 2, 3, 5, 6, 8, 29):
    def load():
        attributes = (ctypes.c_uint64 * 16)()
        attributes[0] = kind | 2 << 32
        attributes[1] = ctypes.addressof(code)
        attributes[2] = ctypes.addressof(word)
        return call(321, 280, 5, attributes, 128) >= 0
    def table():
        attributes = (ctypes.c_uint32 * 32)(kind, 4, 4, 4)
        return call(321, 280, 0, attributes, 128) >= 0
    tried(f"program {kind}", load)
    tried(f"map {kind}", table)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
