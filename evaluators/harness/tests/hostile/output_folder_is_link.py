output = os.environ["EVOLVE_OUTPUT"]
os.rename(output, output + "2")
os.symlink("/etc", output)
