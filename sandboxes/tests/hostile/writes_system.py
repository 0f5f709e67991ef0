# Writes into system folders and into the interpreter that also the judge uses.
import encodings, site, sys
breach = []
library = os.path.dirname(os.__file__)
folders = {"/usr", "/usr/bin", "/usr/lib", "/usr/local/bin", "/usr/local/lib", "/etc", "/bin",
           "/lib", "/lib64", "/sbin", "/boot", "/etc/cron.d", "/etc/ld.so.conf.d", sys.prefix,
           library, library + "/__pycache__", library + "/site-packages", *site.getsitepackages(),
           os.path.dirname(sys.executable), os.path.dirname(encodings.__file__)}
for folder in folders:
    try:
        open(os.path.join(folder, "evolve-evil"), "w").close()
        breach.append(folder)
        os.remove(os.path.join(folder, "evolve-evil"))
    except OSError:
        pass
files = ["/etc/passwd", "/etc/ld.so.cache", "/etc/ld.so.preload", "/etc/hosts", "/bin/sh",
         "/etc/resolv.conf", "/etc/sudoers", sys.executable, os.__file__, encodings.__file__]
for name in files:
    for attack in (lambda: open(name, "r+b").close(), lambda: os.utime(name),
                   lambda: os.chmod(name, os.stat(name).st_mode & 0o7777)):
        try:
            attack()
            breach.append(name)
        except OSError:
            pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
