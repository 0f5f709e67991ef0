# Is root, becomes root, or takes capabilities.
import ctypes, platform
breach = []
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
def call(x86, arm, *args):
    number = arm if platform.machine() == "aarch64" else x86
    return libc.syscall(*[ctypes.c_long(a) if isinstance(a, int) else a for a in (number, *args)])
if 0 in os.getresuid() or 0 in os.getresgid() or 0 in os.getgroups():
    breach.append(f"root: {os.getresuid()} {os.getresgid()} {os.getgroups()}")
header = (ctypes.c_uint32 * 2)(0x20080522, 0)
data = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
if call(126, 91, header, data) == 0:
    breach.append("capset")
for attack in (lambda: os.setuid(0), lambda: os.setgid(0), lambda: os.setgroups([0]),
               lambda: os.setresuid(0, 0, 0), lambda: os.setreuid(-1, 0), lambda: os.setegid(0)):
    try:
        attack()
        breach.append("another identity")
    except OSError:
        pass
for line in open("/proc/self/status"):
    if line.startswith(("CapInh", "CapPrm", "CapEff", "CapAmb")) and int(line.split()[1], 16):
        breach.append(line.strip())
    if line.startswith("NoNewPrivs") and line.split()[1] == "0":
        breach.append("may gain privileges")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
