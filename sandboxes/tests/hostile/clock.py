# Sets the clock to what it is, and steers it.
import ctypes, platform, time
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
def set_time():
    time.clock_settime(time.CLOCK_REALTIME, time.clock_gettime(time.CLOCK_REALTIME))
    return True
def set_day():
    now = time.time()
    return call(164, 170, (ctypes.c_long * 2)(int(now), int(now % 1 * 1e6)), None) == 0
def steer(*call_of):
    timex = (ctypes.c_long * 64)()
    read = call(*call_of, timex)
    timex[0] = 0x4  # ADJ_MAXERROR, to what it is
    return read >= 0 and call(*call_of, timex) >= 0
tried("clock_settime", set_time)
tried("settimeofday", set_day)
tried("adjtimex", lambda: steer(159, 171))
tried("clock_adjtime", lambda: steer(305, 266, 0))
for name in ("/dev/rtc", "/dev/rtc0", "/dev/ptp0", "/proc/self/timens_offsets"):
    tried(name, lambda: os.open(name, os.O_RDWR) >= 0 and not name.startswith("/proc"))
tried("timens", lambda: os.write(os.open("/proc/self/timens_offsets", 1), b"monotonic 9 0") > 0)
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
