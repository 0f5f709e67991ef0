# Runs a program that lies in no folder, and leaves it running.
import shutil, time
child = os.fork()
if child == 0:
    try:
        os.setsid()
        fd = os.memfd_create("hidden")
        try:
            os.write(fd, open(shutil.which("sleep"), "rb").read())
            os.execve(fd, ["sleep", "60"], {"PATH": "/usr/bin:/bin"})
        except (OSError, TypeError):
            os.ftruncate(fd, 0)
            os.pwrite(fd, b"#!/bin/sh\nexec sleep 60\n", 0)
            os.execve(f"/proc/self/fd/{fd}", ["hidden"], {"PATH": "/usr/bin:/bin"})
    finally:
        os._exit(1)
time.sleep(0.2)
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write("1")
