# Output that its owner may not read.
output = os.environ["EVOLVE_OUTPUT"]
name = os.path.join(output, "score.txt")
open(name, "w").write("1")
os.chmod(name, 0)
os.mkdir(os.path.join(output, "locked"))
os.chmod(os.path.join(output, "locked"), 0)
try:
    os.chmod(output, 0)
except OSError:
    pass
