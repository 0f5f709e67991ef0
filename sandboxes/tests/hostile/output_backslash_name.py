# A name that leads outside where the backslash separates folders.
output = os.environ["EVOLVE_OUTPUT"]
open(os.path.join(output, "..\\..\\..\\etc\\passwd"), "w").write("1")
open(os.path.join(output, "score.txt"), "w").write("1")
