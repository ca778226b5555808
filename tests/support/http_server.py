"""A loopback HTTP server that misbehaves on request, for the tests of fetch.

usage: http_server.py DIRECTORY

Prints its port, then serves the files of DIRECTORY until its stdin ends.
The first part of a path says how:

  /plain/FILE      as it is, with ranges
  /flaky/N/FILE    status 503 to the first N requests of FILE, then as it is
  /cut/N/FILE      the first N requests of FILE end half way through the body
  /wrong/FILE      the first byte is another one
  /longer/FILE     three bytes are appended, and the length is not announced
  /norange/FILE    ranges are ignored
  /away/FILE       redirects to /plain/FILE
  /escape/FILE     redirects to file:///FILE
  /v2/…            a registry: its repository "closed/…" wants a token from
                   /token, and redirects blobs to /v2-elsewhere/… of another host
                   ("localhost" in place of 127.0.0.1), which must see no token
  /log             the requests so far: "PATH RANGE", one a line
"""

import collections
import http.server
import json
import os
import sys
import threading
import urllib.parse

counts = collections.Counter()
requests = []
lock = threading.Lock()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 20

    def log_message(self, *args):
        pass

    def reply(self, status, body, headers=(), announce=True, cut=False):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        if announce:
            self.send_header("Content-Length", str(len(body)))
        if cut or not announce:
            self.send_header("Connection", "close")
            self.close_connection = True
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def first_times(self, number):
        with lock:
            counts[self.path] += 1
            return counts[self.path] <= int(number)

    def do_GET(self):
        how, _, rest = self.path.lstrip("/").partition("/")
        how = how.partition("?")[0]
        if how == "log":
            with lock:
                return self.reply(200, "".join(requests).encode())
        with lock:
            requests.append(f"{self.path} {self.headers.get('Range', '-')}\n")
        number = "0"
        if how in ("flaky", "cut"):
            number, _, rest = rest.partition("/")
        if how == "token":
            query = urllib.parse.urlsplit(self.path).query
            scope = urllib.parse.parse_qs(query)["scope"][0]
            body = json.dumps({"token": "for-" + scope.replace(":", "-")})
            return self.reply(200, body.encode())
        if how == "v2" and rest.startswith("closed/"):
            name = "repository-closed/app-pull"
            if self.headers.get("Authorization") != "Bearer for-" + name:
                host = self.headers["Host"]
                asks = (
                    f'Bearer realm="http://{host}/token",service="test",'
                    'scope="repository:closed/app:pull"'
                )
                return self.reply(401, b"who?", [("WWW-Authenticate", asks)])
            if "/blobs/" in rest:
                port = self.server.server_address[1]
                there = f"http://localhost:{port}/v2-elsewhere/{rest}"
                return self.reply(307, b"", [("Location", there)])
        if how == "v2-elsewhere" and self.headers.get("Authorization"):
            return self.reply(400, b"a token that was not for us")
        if how in ("v2", "v2-elsewhere"):
            rest = rest.rsplit("sha256:", 1)[-1]
        if how == "away":
            return self.reply(302, b"", [("Location", "/plain/" + rest)])
        if how == "escape":
            return self.reply(302, b"", [("Location", "file:///" + rest)])
        first = self.first_times(number)
        if how == "flaky" and first:
            return self.reply(503, b"later")
        try:
            with open(os.path.join(sys.argv[1], rest), "rb") as file:
                body = file.read()
        except OSError:
            return self.reply(404, b"nothing here")
        if how == "wrong":
            body = bytes([body[0] ^ 1]) + body[1:]
        if how == "longer":
            return self.reply(200, body + b"+++", announce=False)
        start = 0
        wanted = self.headers.get("Range", "")
        if how != "norange" and wanted.startswith("bytes="):
            start = int(wanted[6:].split("-")[0])
        cut = how == "cut" and first
        if start == 0:
            return self.reply(200, body, cut=cut)
        if start >= len(body):
            return self.reply(416, b"")
        place = f"bytes {start}-{len(body) - 1}/{len(body)}"
        self.reply(206, body[start:], [("Content-Range", place)], cut=cut)


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    # A client that hangs up early is part of the tests.
    server.handle_error = lambda request, address: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


main()
