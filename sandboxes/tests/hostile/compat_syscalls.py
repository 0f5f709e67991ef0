# Makes a user namespace by the 32-bit entry of the kernel and by x32 numbers.
import ctypes, mmap, platform
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
def by_int80(number, first):
    code = b"\x53\xb8" + number.to_bytes(4, "little") + b"\xbb" + first.to_bytes(4, "little")
    code += b"\xcd\x80\x5b\xc3"  # int 0x80; pop rbx; ret
    block = mmap.mmap(-1, 4096, prot=7)
    block.write(code)
    run = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(block)))
    return run() == 0
def by_x32(number, first):
    libc = ctypes.CDLL(None, use_errno=True)
    return libc.syscall(ctypes.c_long(0x40000000 | number), ctypes.c_long(first)) == 0
if platform.machine() == "x86_64":
    tried("int 0x80", lambda: by_int80(310, 0x10000000))
    tried("int 0x80, network", lambda: by_int80(310, 0x50000000))
    tried("x32", lambda: by_x32(272, 0x10000000))
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
