# Every process forks as fast as it can, also those that were forked.
import time
end = time.monotonic() + 0.5
top = os.getpid()
counter = os.open("born", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
while time.monotonic() < end:
    try:
        if os.fork() == 0:
            os.setsid()
            os.write(counter, b".")
    except OSError:
        time.sleep(0.001)
if os.getpid() != top:
    time.sleep(60)
    os._exit(0)
breach = ["1000 processes"] if os.path.getsize("born") >= 1000 else []
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
