# Opens the memory of every other process, by the file and by system calls.
import ctypes, errno, platform
breach = []
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(x86, arm, *args):
    number = arm if platform.machine() == "aarch64" else x86
    return libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *args)])
class Span(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]
block = ctypes.create_string_buffer(16)
for pid in {1, os.getppid(), @HOST_PID@, *(int(n) for n in os.listdir("/proc") if n.isdigit())}:
    if pid in (0, os.getpid()):
        continue
    for name in ("mem", "maps", "auxv", "syscall", "stack", "pagemap", "map_files"):
        try:
            name = f"/proc/{pid}/{name}"
            if os.listdir(name) if name.endswith("files") else open(name, "rb", 0).read(16):
                breach.append(name)
        except OSError as error:
            if error.errno == errno.EIO:  # it was open, there is only nothing at its start
                breach.append(name)
    for numbers in ((310, 270), (311, 271)):
        own = Span(ctypes.addressof(block), 16)
        there = Span(0x400000, 16)
        done = call(*numbers, pid, ctypes.byref(own), 1, ctypes.byref(there), 1, 0)
        if done > 0 or ctypes.get_errno() == errno.EFAULT:  # a bad address, but permitted
            breach.append(f"process_vm {numbers[0]} of {pid}")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
