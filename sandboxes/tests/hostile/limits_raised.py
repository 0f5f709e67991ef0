# Raises its own limits above what it was given.
import resource
breach = []
for name in [name for name in dir(resource) if name.startswith("RLIMIT_")]:
    which = getattr(resource, name)
    hard = resource.getrlimit(which)[1]
    if hard == resource.RLIM_INFINITY:
        continue
    for more in (hard + 1, hard * 2 + 1, resource.RLIM_INFINITY):
        for change in (lambda: resource.setrlimit(which, (more, more)),
                       lambda: resource.prlimit(os.getpid(), which, (hard, more))):
            try:
                change()
                if resource.getrlimit(which)[1] != hard:
                    breach.append(f"{name} from {hard} to {more}")
            except (OSError, ValueError, OverflowError):
                pass
for name in ("CORE", "FSIZE", "NOFILE"):
    if resource.getrlimit(getattr(resource, "RLIMIT_" + name))[1] == resource.RLIM_INFINITY:
        breach.append(f"no limit {name}")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
