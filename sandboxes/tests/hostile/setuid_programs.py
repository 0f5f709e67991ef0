# Starts every setuid program it finds and looks which user it runs as; makes its own.
import shutil, subprocess, time
breach = []
me = os.getuid()
found = []
for folder in ("/bin", "/sbin", "/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/lib/openssh"):
    try:
        found += [e.path for e in os.scandir(folder) if e.stat().st_mode & 0o6000]
    except OSError:
        pass
for name in found:
    try:
        pipe = subprocess.PIPE
        with subprocess.Popen([name], stdin=pipe, stdout=pipe, stderr=pipe) as child:
            time.sleep(0.05)
            for line in open(f"/proc/{child.pid}/status"):
                if line.startswith("Uid:") and {int(n) for n in line.split()[1:]} != {me}:
                    breach.append(f"{name}: {line.strip()}")
            child.kill()
    except OSError:
        pass
try:
    shutil.copy("/bin/sh", "shell")
except OSError:
    open("shell", "w").write("#!/bin/sh\n")
for attack in (lambda: os.chown("shell", 0, 0), lambda: os.chown("shell", -1, 0),
               lambda: os.setxattr("shell", "security.capability", b"\1\0\0\2" + b"\xff" * 16)):
    try:
        attack()
        breach.append("a file of root or with capabilities")
    except OSError:
        pass
os.chmod("shell", 0o6755)
shutil.copy("shell", "shell2")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
