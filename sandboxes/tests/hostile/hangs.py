# Ignores every polite signal and waits.
import signal, time
for s in range(1, 32):
    try:
        signal.signal(s, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
print("waiting", flush=True)
while True:
    time.sleep(1)
