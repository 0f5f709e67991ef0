# Asks for what only root may, with wrong arguments: to hear that these are wrong is a breach.
import ctypes, errno, platform
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
def permitted(*arguments):
    denied = (errno.EPERM, errno.EACCES, errno.ENOSYS)
    return call(*arguments) >= 0 or ctypes.get_errno() not in denied
image = open("module.ko", "wb+")
tried("init_module", lambda: permitted(175, 105, b"\x7fELF", 4, b""))
tried("finit_module", lambda: permitted(313, 273, image.fileno(), b"", 0))
tried("delete_module", lambda: permitted(176, 106, b"no_such_module", 0o4000))
tried("kexec_load", lambda: permitted(246, 104, 0, 0, None, 0))
tried("kexec_file_load", lambda: permitted(320, 294, -1, -1, 0, None, 0x8000))
tried("reboot", lambda: permitted(169, 142, 1, 2, 3, 0))
tried("swapoff", lambda: permitted(168, 225, b"/nowhere"))
tried("acct", lambda: permitted(163, 89, b"/nowhere"))
tried("sethostname", lambda: permitted(170, 161, b"evil", 4))
tried("setdomainname", lambda: permitted(171, 162, b"evil", 4))
tried("vhangup", lambda: permitted(153, 58))
if platform.machine() == "x86_64":
    tried("iopl", lambda: permitted(172, 0, 3))
    tried("ioperm", lambda: permitted(173, 0, 0x80, 1, 1))
tried("syslog", lambda: call(103, 116, 3, ctypes.create_string_buffer(4096), 4096) > 0)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
