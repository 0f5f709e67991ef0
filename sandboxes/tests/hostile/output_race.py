# A child exchanges the output for a link and back, all the time, also while it is collected.
import time
os.chdir(os.environ["EVOLVE_OUTPUT"])
def put(link):
    if link:
        os.symlink("/etc/passwd", "new")
    else:
        open("new", "w").write("1")
    os.replace("new", "score.txt")
put(False)
if os.fork() == 0:
    os.setsid()
    while True:
        put(True)
        put(False)
time.sleep(0.2)
