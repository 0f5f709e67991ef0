# Runs in a Python that stays warm. File 3 leads to the helper: it sends a line of JSON for
# each command and gets two lines back, "started" and "ended STATUS CPU PEAK".
import atexit, builtins, ctypes, gc, importlib, io, json, os, sys, threading, types


def receive():
    line = bytearray()
    while not line.endswith(b"\n"):
        chunk = os.read(3, 65536)
        if not chunk:
            os._exit(0)
        line += chunk
    return json.loads(line)


def tell(text):
    os.write(3, (text + "\n").encode())


PR_SET_DUMPABLE = 4
prctl = ctypes.CDLL(None).prctl
for name in json.loads(sys.argv[1]):
    try:
        importlib.import_module(name)
    except BaseException as error:
        tell("failed %s: %s" % (name, " ".join(("%s: %s" % (type(error).__name__, error)).split())))
        os._exit(1)
gc.collect()
gc.freeze()
# No command may read or change this process.
prctl(PR_SET_DUMPABLE, 0)
tell("ready")
while True:
    command = receive()
    child = os.fork()
    if child == 0:
        break
    tell("started")
    _, status, usage = os.wait4(child, 0)
    tell("ended %d %f %d" % (status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024))

# From here on this is the command's process.
os.close(3)
os.setsid()
prctl(PR_SET_DUMPABLE, 1)
os.environ.clear()
os.environ.update(command["env"])
os.chdir(command["cwd"])
sys.argv[:] = command["argv"]
random = sys.modules.get("numpy.random")
if random is not None:
    random.seed()
script = sys.argv[0]
if not (sys.flags.isolated or getattr(sys.flags, "safe_path", False)):
    sys.path[0] = os.path.dirname(os.path.abspath(script))
elif sys.path and sys.path[0] == "":
    del sys.path[0]
sys.dont_write_bytecode = True
main = types.ModuleType("__main__")
main.__file__ = script
main.__builtins__ = builtins
sys.modules["__main__"] = main
shared = frozenset(sys.modules)
del command, child, random


def run(script=script, main=main):
    """Runs the script; returns the exit status that Python would end with."""
    try:
        with open(script, "rb") as file:
            code = compile(file.read(), script, "exec")
    except OSError as error:
        print("%s: can't open file %r: [Errno %s] %s"
              % (sys.executable, script, error.errno, error.strerror), file=sys.stderr)
        return 2
    except (SyntaxError, ValueError) as error:
        sys.excepthook(type(error), error.with_traceback(None), None)
        return 1
    try:
        exec(code, main.__dict__)
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            return int(end.code or 0) & 0xFF
        print(end.code, file=sys.stderr)
        return 1
    except BaseException as error:
        # The trace begins in the script, as if nothing had been before it.
        trace = error.__traceback__.tb_next
        sys.excepthook(type(error), error.with_traceback(trace), trace)
        return 130 if isinstance(error, KeyboardInterrupt) else 1
    return 0


def flush(stream):
    try:
        if stream is not None and not stream.closed:
            stream.flush()
    except Exception:
        return False
    return True


def finish(status, main=main, shared=shared):
    """Ends as Python does, but leaves what was there before the fork as it is: taking that
    apart copies every page of it."""
    threading._shutdown()
    atexit._run_exitfuncs()
    sys.last_value = sys.last_traceback = sys.last_exc = None
    for name in [name for name in sys.modules if name not in shared] + ["__main__"]:
        module = main if name == "__main__" else sys.modules.get(name)
        if isinstance(module, types.ModuleType):
            names = module.__dict__
            for key in [key for key in reversed(names) if key != "__builtins__"]:
                names[key] = None
    # Of a file in a cycle the outer layer must be written out before the inner one is closed.
    for thing in gc.get_objects():
        if isinstance(thing, io.TextIOWrapper):
            flush(thing)
    gc.collect()
    if not (flush(sys.stdout) and flush(sys.stderr)):
        status = status or 120
    os._exit(status)


status = 1
try:
    status = run()
finally:
    finish(status)
