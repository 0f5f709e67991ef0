# Stops itself and its children.
import signal, time
if os.fork() == 0:
    os.kill(os.getpid(), signal.SIGSTOP)
os.kill(os.getpid(), signal.SIGSTOP)
while True:
    time.sleep(1)
