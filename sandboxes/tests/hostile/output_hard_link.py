# The output is a second name of a file outside, or inside where outside is another file system.
output = os.environ["EVOLVE_OUTPUT"]
open("other", "w").write("1")
open(os.path.join(output, "other"), "w").write("1")
for other in ("/etc/passwd", os.environ["EVOLVE_PROGRAM"], "other", os.path.join(output, "other")):
    try:
        os.link(other, os.path.join(output, "score.txt"))
        break
    except OSError:
        pass
