# Ends the process with success before anything was written.
os._exit(0)
