# Looks for secrets in its own environment and in that of every process it can see.
import re
breach = []
secret = b"-".join((b"evolve", b"canary"))
odd = re.compile(rb"(^|\0)([A-Z0-9_]*(API_KEY|TOKEN|SECRET|PASSWORD)|CARGO_\w*|SSH_\w*|AWS_\w*"
                 rb"|EVOLVE_RESULT|DOCKER_HOST|SUDO_\w*|LD_PRELOAD|LD_LIBRARY_PATH)=", re.M)
own = b"\0".join(key + b"=" + value for key, value in os.environb.items())
for name in ["own"] + [f"/proc/{pid}/environ" for pid in os.listdir("/proc") if pid.isdigit()]:
    try:
        text = own if name == "own" else open(name, "rb").read()
    except OSError:
        continue
    if secret in text:
        breach.append(f"the canary in {name}")
    breach += [f"{found[2].decode()} in {name}" for found in odd.finditer(text)]
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
