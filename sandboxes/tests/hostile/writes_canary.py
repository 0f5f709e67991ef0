# Changes a secret of the host and its folder, also without opening it.
breach = []
secret = b"-".join((b"evolve", b"canary"))
for prefix in ("", "/proc/1/root", "/proc/self/root", "../" * 60):
    folder, name = prefix + "@CANARY_DIR@", prefix + "@CANARY@"
    here = os.path.exists(name)
    for what, attack in (
        ("new file", lambda: open(os.path.join(folder, "evil"), "w").close()),
        ("new folder", lambda: os.mkdir(os.path.join(folder, "evil2"))),
        ("new link", lambda: os.symlink("/", os.path.join(folder, "evil3"))),
        ("append", lambda: open(name, "r+b").close()),
        ("chmod", lambda: os.chmod(name, 0o666)),
        ("utime", lambda: os.utime(name)),
        ("setxattr", lambda: os.setxattr(name, "user.evil", b"1")),
        ("link", lambda: os.link(name, "canary")),
        ("rename", lambda: os.rename(name, name + "2")),
        ("truncate", lambda: os.truncate(name, 3)),
    ):
        try:
            attack()
            if here:  # an empty folder of that name is the sandbox's own
                breach.append(f"{what} of {name}")
        except OSError:
            pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
