# A unix socket as output.
import socket
os.chdir(os.environ["EVOLVE_OUTPUT"])
listener = socket.socket(socket.AF_UNIX)
listener.bind("score.txt")
listener.listen()
