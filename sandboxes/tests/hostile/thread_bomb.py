# Starts threads until it is refused.
import _thread
breach = []
_thread.stack_size(64 * 1024)
lock = _thread.allocate_lock()
lock.acquire()
count = 0
while count < 1000:
    try:
        _thread.start_new_thread(lock.acquire, ())
    except (RuntimeError, MemoryError):
        break
    count += 1
if count >= 1000:
    breach.append("1000 threads")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
import sys
sys.stdout.flush()
os._exit(0)
