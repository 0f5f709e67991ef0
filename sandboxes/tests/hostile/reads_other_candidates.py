# Looks beside and above its own folders for programs and outputs of other candidates.
breach = []
own = [os.getcwd(), os.environ["EVOLVE_OUTPUT"], os.path.dirname(os.environ["EVOLVE_PROGRAM"])]
own = [os.path.realpath(folder) for folder in own]
starts = {"/tmp", "/var/tmp", "/dev/shm", "/evolve", "/work", "/scratch"}
for folder in own:
    while folder != "/":
        folder = os.path.dirname(folder)
        starts.add(folder)
for start in starts - {"/"}:
    depth = start.count("/") + 5
    for folder, folders, files in os.walk(start):
        inside = any(os.path.realpath(folder).startswith(place) for place in own)
        if folder.count("/") >= depth or inside:
            folders.clear()
        for name in {"program.py", "score.txt", "run.py", "judge.py"} & set(files):
            try:
                if not inside and open(os.path.join(folder, name), "rb").read():
                    breach.append(os.path.join(folder, name))
            except OSError:
                pass
if breach:
    print("BREACH:", *breach)
with open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w") as file:
    file.write("666" if breach else "1")
