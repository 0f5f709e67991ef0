os.kill(os.getpid(), 11)
