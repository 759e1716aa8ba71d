"""A proxy that does to requests what networks and busy servers do: it refuses, stalls, breaks off, and loses the answers to what has been done. It counts what was written."""

import collections
import contextlib
import http.client
import http.server
import re
import threading
import time

# For how many seconds it says nothing.
STALL = 8


class Proxy(http.server.ThreadingHTTPServer):
    """Passes requests on to a server, and does to some what networks and busy servers do; counts what was written."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.upstream = port
        self.lock = threading.Lock()
        self.asked: collections.Counter[str] = collections.Counter()
        self.faults: collections.Counter[str] = collections.Counter()
        # Of every key: how often it was made where it had to be new, written whole, and written without its maker hearing of it.
        self.made: collections.Counter[str] = collections.Counter()
        self.written: collections.Counter[str] = collections.Counter()
        self.unheard: collections.Counter[str] = collections.Counter()

    def fault(self, method: str) -> str:
        """What befalls the request at hand."""
        with self.lock:
            kind = "read" if method in ("GET", "HEAD") else "write"
            self.asked.update([kind, "any"])
            any_, this = self.asked["any"], self.asked[kind]
            fault = ""
            if any_ % 50 < 6:
                fault = "busy"
            elif any_ % 97 == 25:
                fault = "stall"
            elif this % 5 == 1:
                fault = "torn" if kind == "read" else "lost"
            self.faults[fault or "none"] += 1
            return fault

    def count(self, handler: "Handler", status: int, fault: str) -> None:
        """Takes note of an object that the server has written."""
        path, _, query = handler.path.partition("?")
        part = any(asked in query + "&" for asked in ("partNumber=", "comp=block&", "uploads", "delete"))
        if status >= 300 or part or handler.command not in ("PUT", "POST"):
            return
        new = handler.headers.get("if-none-match") == "*"
        with self.lock:
            (self.made if new else self.written)[path] += 1
            self.unheard[path] += fault in ("lost", "stall")

    def check(self) -> None:
        """Every fault was there; nothing that had to be new was made twice, and no data was written again by one who had heard that it was written."""
        assert all(self.faults[fault] for fault in ("busy", "stall", "torn", "lost")), self.faults
        probes = [path for path in self.made if "dataprep-probe" in path]
        twice = {path: times for path, times in self.made.items() if times > 1 and path not in probes}
        assert not twice and any("/journal/" in path for path in self.made), (twice, sorted(self.made))
        data = re.compile("/solo/.*(docs|shards|artifacts|dropped)/")
        again = {path: times for path, times in self.written.items() if data.search(path) and times > 1 + self.unheard[path]}
        assert not again and any(data.search(path) for path in self.written), (again, sorted(self.written))


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection to the proxy."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        fault = self.server.fault(self.command)
        if fault == "busy":
            self.wfile.write(b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\n\r\n")
            return
        upstream = http.client.HTTPConnection("127.0.0.1", self.server.upstream, timeout=60)
        upstream.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():
            if name.lower() not in ("connection", "expect"):
                upstream.putheader(name, value)
        upstream.endheaders(body)
        answer = upstream.getresponse()
        said = answer.read()
        upstream.close()
        self.server.count(self, answer.status, fault)
        length = answer.getheader("content-length") if self.command == "HEAD" else str(len(said))
        kept = [(name, value) for name, value in answer.getheaders() if name.lower() not in ("transfer-encoding", "content-length", "connection", "keep-alive")]
        head = f"HTTP/1.1 {answer.status} {answer.reason}\r\n" + "".join(f"{name}: {value}\r\n" for name, value in kept)
        head += f"Content-Length: {length}\r\n\r\n" if length is not None else "\r\n"
        half = fault == "torn" or (fault == "stall" and self.command == "GET")
        self.close_connection = bool(fault)
        if fault == "stall" and not half:
            time.sleep(STALL)
        if fault != "lost":
            self.wfile.write(head.encode("latin-1") + (said[: len(said) // 2] if half else said))
        if fault == "stall" and half:
            self.wfile.flush()
            time.sleep(STALL)

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = pass_on

    def handle(self) -> None:
        # Whoever has waited long enough hangs up.
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, *_: object) -> None:
        pass
