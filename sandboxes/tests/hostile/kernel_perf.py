# Opens performance counters of itself, of others and of the whole machine.
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
for kind, config in ((0, 0), (1, 0), (1, 9), (2, 1), (4, 0xC0)):
    for flags in (0, 0x60):  # also without the kernel and the hypervisor
        for pid, cpu in ((0, -1), (-1, 0), (1, -1), (os.getppid(), -1)):
            def count():
                attributes = ctypes.create_string_buffer(128)
                ctypes.memmove(attributes, (ctypes.c_uint32 * 2)(kind, 128), 8)
                attributes[8:16] = config.to_bytes(8, "little")
                attributes[40:48] = flags.to_bytes(8, "little")
                return call(298, 241, attributes, pid, cpu, -1, 0) >= 0
            tried(f"counter {kind} {config} {flags} {pid} {cpu}", count)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
