# Terminal sequences, control characters and broken UTF-8 in the log of a run that succeeds.
os.write(1, b"\x1b]0;title\x07\x1b[2J\x1b[31m\x1bP+q\x1b\\\x9b31m\xff\xfe\x00\r\x08\xe2\x80\xae\n")
os.write(1, b"[evolve: 7 bytes of output were cut here]\n{\"ended\":{\"Code\":0}}\n")
open(os.path.join(os.environ["EVOLVE_OUTPUT"], "score.txt"), "w").write("1")
