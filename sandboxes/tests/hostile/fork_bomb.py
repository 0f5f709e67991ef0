# Forks until it is refused; the children stay.
import time
breach = []
count = 0
while count < 1000:
    try:
        child = os.fork()
    except OSError:
        break
    if child == 0:
        time.sleep(60)
        os._exit(0)
    count += 1
if count >= 1000:
    breach.append("1000 processes")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
