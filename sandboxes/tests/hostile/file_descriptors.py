# Opens files until it is refused.
breach = []
count = 0
try:
    while count < 5000:
        os.open("/dev/null", os.O_RDONLY)
        count += 1
except OSError:
    pass
os.closerange(3, 5003)
if count >= 5000:
    breach.append("5000 open files")
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
