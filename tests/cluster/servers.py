"""Runs pipelines whose input, models and run directory lie on real servers of objects, on this machine, and compares every byte with runs on its disk.

    python tests/cluster/servers.py DATAPREP FOLDER [SERVER...]

SERVER is `moto` (S3, from PyPI: `moto[server]`), `s3s` (S3, from crates.io: `cargo install s3s-fs --features binary`), `azurite` (Azure, from npm) or
`s3rver` (S3, from npm; it overwrites what must be new, and must be refused). Their commands are looked for on PATH; without names, all that are there are tried.
Each is tried as it is and then behind a proxy that refuses, stalls, breaks off, and loses the answers to what has been done. Nothing but Python's own library is needed.
"""

import base64
import contextlib
import dataclasses
import datetime
import gzip
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
import xml.etree.ElementTree as xml
from collections.abc import Callable, Iterator

from fault_proxy import STALL, Proxy
from same import digests

ROOT = pathlib.Path(__file__).resolve().parents[2]
# Seconds until a request counts as failed.
TIMEOUT = STALL - 3
ACCOUNT, ACCOUNT_KEY = "devstoreaccount1", "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="  # Those of every Azurite.
STAGES = """
[[stage]]
use = "url"
hosts = "BASE/lists/hosts +1.txt"
[[stage]]
use = "dedup_exact"
[[stage]]
use = "perplexity"
model = "BASE/lm/tiny.arpa"
[[stage]]
use = "tokenize"
tokenizer = "bytes"
[[sink]]
use = "jsonl"
[[sink]]
use = "shards"
seq_len = 512
"""
PAGES = '\n[[stage]]\nuse = "extract"\n[[sink]]\nuse = "jsonl"\n'
# What is read of a server: a folder of many files, one file by its name, a glob of Parquet files, archives of pages.
SOURCES = {
    "rows": ('use = "jsonl"\npath = "BASE/rows/"', STAGES),
    "named": ('use = "jsonl"\npath = ["BASE/rows/100%25 of a+b.jsonl.gz", "BASE/rows/höhe 文.jsonl"]', '\n[[sink]]\nuse = "parquet"\n'),
    "table": ('use = "parquet"\npath = "BASE/table/*.parquet"', '\n[[sink]]\nuse = "jsonl"\n'),
    "pages": ('use = "warc"\npath = "BASE/pages/**/*.warc.gz"', PAGES),
}


def sign_s3(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> None:
    """Adds what AWS calls Signature Version 4."""
    now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
    digest = hashlib.sha256(body).hexdigest()
    headers |= {"x-amz-date": now, "x-amz-content-sha256": digest}
    names = sorted(name.lower() for name in headers)
    values = {name.lower(): value for name, value in headers.items()}
    request = "\n".join([method, path, query, *(f"{name}:{values[name]}" for name in names), "", ";".join(names), digest])
    scope = f"{now[:8]}/us-east-1/s3/aws4_request"
    key = b"AWS4secret"
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential=id/{scope}, SignedHeaders={';'.join(names)}, Signature={signature}"


def sign_azure(method: str, path: str, query: str, headers: dict[str, str], body: bytes) -> None:
    """Adds what Azure calls a shared key."""
    headers |= {"x-ms-date": datetime.datetime.now(datetime.timezone.utc).strftime("%a, %d %b %Y %H:%M:%S GMT"), "x-ms-version": "2021-08-06"}
    headers |= {"x-ms-blob-type": "BlockBlob"} if method == "PUT" and not query else {}
    said = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-ms-"))
    asked = "".join(f"\n{name}:{value}" for name, value in sorted(urllib.parse.parse_qsl(query)))
    text = f"{method}\n\n\n{len(body) or ''}\n" + "\n" * 8 + f"{said}/{ACCOUNT}{path}{asked}"
    headers["Authorization"] = f"SharedKey {ACCOUNT}:" + base64.b64encode(hmac.digest(base64.b64decode(ACCOUNT_KEY), text.encode(), "sha256")).decode()


@dataclasses.dataclass
class Server:
    """A kind of server, and the one of it that was started."""

    name: str
    command: Callable[[int, pathlib.Path], list[str]]
    version: list[str]
    scheme: str = "s3"
    sign: Callable[[str, str, str, dict[str, str], bytes], None] = sign_s3
    # In front of the bucket's name in a request, what makes the bucket, what lists it, and what element of the answer is a key.
    top: str = ""
    make: tuple[str, str, str] = ("PUT", "/bucket", "")
    listing: tuple[str, str, str] = ("/bucket", "list-type=2", "Key")
    account: tuple[str, str] = ("id", "secret")
    honours: bool = True
    port: int = 0

    def environment(self, port: int) -> dict[str, str]:
        """In which `dataprep` finds it at a port."""
        url, limit = f"http://127.0.0.1:{port}", f"{TIMEOUT}s"
        return {
            "s3": {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": self.account[0], "AWS_SECRET_ACCESS_KEY": self.account[1], "AWS_REGION": "us-east-1", "AWS_TIMEOUT": limit},
            "az": {"AZURITE_BLOB_STORAGE_URL": url, "AZURE_STORAGE_USE_EMULATOR": "true", "AZURE_TIMEOUT": limit},
        }[self.scheme]

    def ask(self, method: str, path: str, query: str = "", body: bytes = b"") -> bytes:
        """Asks the server itself; what it refuses is an error."""
        path, headers = urllib.parse.quote(path, safe="/-_.~"), {"Host": f"127.0.0.1:{self.port}"}
        self.sign(method, path, query, headers, body)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request(method, path + ("?" + query if query else ""), body or None, headers)
        answer = connection.getresponse()
        said = answer.read()
        connection.close()
        assert answer.status < 300, (self.name, method, path, answer.status, said[:500])
        return said

    def put(self, key: str, body: bytes) -> None:
        self.ask("PUT", f"{self.top}/bucket/{key}", "", body)

    def keys(self, folder: str) -> list[str]:
        """Every object in a folder, by its name there."""
        path, query, element = self.listing
        tree = xml.fromstring(self.ask("GET", path, f"{query}&prefix={urllib.parse.quote(folder + '/', safe='')}").lstrip(b"\xef\xbb\xbf"))
        found = [key.text or "" for key in tree.iter() if key.tag.rpartition("}")[2] == element]
        return [key.removeprefix(folder + "/") for key in found if key.startswith(folder + "/")]

    def digests(self, folder: str) -> dict[str, str]:
        """Their hashes."""
        return {key: hashlib.sha256(self.ask("GET", f"{self.top}/bucket/{folder}/{key}")).hexdigest() for key in self.keys(folder)}


SERVERS = [
    Server("moto", lambda port, folder: ["moto_server", "-H", "127.0.0.1", "-p", str(port)], ["pip", "show", "moto"]),
    Server(
        "s3s",
        lambda port, folder: ["s3s-fs", "--host", "127.0.0.1", "--port", str(port), "--access-key", "id", "--secret-key", "secret", str(folder)],
        ["s3s-fs", "--version"],
    ),
    Server(
        "azurite",
        lambda port, folder: ["azurite-blob", "--silent", "--skipApiVersionCheck", "--blobPort", str(port), "--location", str(folder)],
        ["azurite-blob", "--version"],
        "az",
        sign_azure,
        f"/{ACCOUNT}",
        ("PUT", f"/{ACCOUNT}/bucket", "restype=container"),
        (f"/{ACCOUNT}/bucket", "comp=list&restype=container", "Name"),
    ),
    Server(
        "s3rver",
        lambda port, folder: ["s3rver", "-a", "127.0.0.1", "-p", str(port), "-d", str(folder), "--no-vhost-buckets", "--configure-bucket", "bucket"],
        ["s3rver", "--version"],
        account=("S3RVER", "S3RVER"),
        honours=False,
    ),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def started(server: Server, folder: pathlib.Path) -> Iterator[None]:
    """Starts it with one bucket, and ends it."""
    server.port = free_port()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with open(folder.with_suffix(".log"), "wb") as log:
        process = subprocess.Popen(server.command(server.port, folder), stdout=log, stderr=log, cwd=folder)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", server.port), 1):
                break
            assert process.poll() is None, f"{server.name} did not start: see {log.name}"
            time.sleep(0.1)
        if server.name == "s3s":
            # A bucket of it is a folder.
            (folder / "bucket").mkdir()
        elif server.honours:
            server.ask(*server.make)
        yield
    finally:
        process.terminate()
        process.wait()


class Trial:
    """One server, reached in one way, and what runs of it must give."""

    def __init__(self, command: str, folder: pathlib.Path, server: Server, port: int) -> None:
        self.command, self.folder, self.server = command, folder, server
        self.base, self.environment = f"{server.scheme}://bucket", {**os.environ, **server.environment(port)}

    def call(self, *arguments: object, code: int = 0) -> str:
        done = subprocess.run([self.command, *map(str, arguments)], env=self.environment, capture_output=True, text=True)
        assert done.returncode == code, f"{arguments}: exit code {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    def all(self, place: str, wanted: dict[str, dict[str, str]]) -> None:
        self.sources(wanted)
        self.call("doctor", "--store", f"{self.base}/{place}")
        self.publish(place, wanted["rows"])

    def refused(self) -> None:
        """A server that overwrites what must be new is found out, and nothing is published there."""
        told = self.call("doctor", "--store", f"{self.base}/runs", code=1)
        assert "refuses this store" in told, told
        place = f"run.publish={self.base}/runs"
        file = pipeline(self.folder, "pages", str(self.folder / "in"))
        told = self.call("run", file, "--quiet", "--set", f"run.output={fresh(self.folder / 'out')}", "--set", place, code=2)
        assert "honours `If-None-Match`" in told, told

    def sources(self, wanted: dict[str, dict[str, str]]) -> None:
        """Every kind of input gives what it gives from this machine's disk."""
        for name in SOURCES:
            out = fresh(self.folder / "out")
            self.call("run", pipeline(self.folder, name, self.base), "--quiet", "--set", f"run.output={out}")
            same(wanted[name], results(out), f"{name} of {self.base}")

    def publish(self, place: str, wanted: dict[str, str]) -> None:
        """Runs that are published, alone and by several at once, whole and killed, by tasks and by workers, end with the same bytes there."""
        file = pipeline(self.folder, "rows", self.base)

        def arguments(run: str, out: str) -> list[object]:
            return [file, "--quiet", "--set", f"run.output={self.folder / out}", "--set", f"run.publish={self.base}/{place}/{run}"]

        def published(run: str, out: str = "out") -> None:
            there = self.server.digests(f"{place}/{run}")
            same(wanted, chosen(there), f"{run} at {place}")
            private = re.compile(r"(tmp|tasks)/|.*\.lock$|\..*")
            here = {str(path.relative_to(self.folder / out)) for path in (self.folder / out).rglob("*") if path.is_file()}
            assert {name for name in here if not private.match(name)} == set(there), set(there) ^ here

        fresh(self.folder / "out")
        self.call("run", *arguments("solo", "out"))
        published("solo")
        # On another machine it is fetched, and there is nothing to do; it is checked where it lies.
        self.call("run", *arguments("solo", fresh(self.folder / "out").name))
        same(wanted, results(self.folder / "out"), "a fetched run")
        self.call("check", f"{self.base}/{place}/solo")
        # Two machines that know nothing of each other.
        both = [subprocess.Popen([self.command, "run", *map(str, arguments("both", fresh(self.folder / out).name))], env=self.environment) for out in ("out", "out2")]
        assert [process.wait() for process in both] == [0, 0]
        published("both")
        # A machine that is lost with all it had as soon as something is committed.
        lost = subprocess.Popen([self.command, "run", *map(str, arguments("lost", fresh(self.folder / "out").name))], env=self.environment)
        while not any(name.startswith("journal/") for name in self.server.keys(f"{place}/lost")):
            assert lost.poll() is None, "the run ended before it could be killed"
            time.sleep(0.02)
        lost.send_signal(signal.SIGKILL)
        lost.wait()
        self.call("run", *arguments("lost", fresh(self.folder / "out").name))
        published("lost")
        # Processes that share a folder: a scheduler's tasks, and workers.
        fresh(self.folder / "out")
        setting = [part for part in arguments("tasks", "out") if part != "--quiet"]
        while tasks := self.call("tasks", *setting).split():
            for task in tasks:
                self.call("task", file, task, *setting[1:])
        published("tasks")
        fresh(self.folder / "out")
        workers = [subprocess.Popen([self.command, "work", *map(str, arguments("work", "out"))], env=self.environment) for _ in range(3)]
        assert [process.wait() for process in workers] == [0, 0, 0]
        published("work")


def fresh(folder: pathlib.Path) -> pathlib.Path:
    shutil.rmtree(folder, ignore_errors=True)
    return folder


def chosen(files: dict[str, str]) -> dict[str, str]:
    """What does not depend on where the input lay: reports name it."""
    return {name: digest for name, digest in files.items() if name.startswith(("docs/", "shards/", "dropped/", "artifacts/"))}


def results(run: pathlib.Path) -> dict[str, str]:
    return chosen(digests(run))


def same(wanted: dict[str, str], found: dict[str, str], what: str) -> None:
    differing = sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name))
    assert wanted and not differing, (what, differing)


def pipeline(folder: pathlib.Path, name: str, base: str) -> pathlib.Path:
    source, rest = SOURCES[name]
    path = folder / f"{name}.toml"
    path.write_text(f'[run]\noutput = "{folder}/out"\npart = "20 MB"\n\n[source]\n{source}\n{rest}'.replace("BASE", base))
    return path


def make_inputs(command: str, folder: pathlib.Path) -> dict[str, dict[str, str]]:
    """Writes the inputs into `in`, under names that have to be escaped somewhere; gives the results of every pipeline on this machine's disk."""
    here, lots = fresh(folder / "in"), random.Random(5)
    words = " ".join(path.read_text() for path in sorted((ROOT / "fixtures/prose").glob("en-*.md"))).split()
    texts = [" ".join(lots.choices(words, k=lots.randint(20, 500))) + " 文" for _ in range(9000)]
    texts += lots.choices(texts, k=500)
    lines = [json.dumps({"id": str(n), "url": f"https://h{n % 40}.example/{n}", "text": text}) + "\n" for n, text in enumerate(texts)]
    for name in ("rows", "table", "pages/ä b", "lists", "lm"):
        (here / name).mkdir(parents=True)
    (here / "rows/all of it.jsonl").write_text("".join(lines[:8000]))
    (here / "rows/höhe 文.jsonl").write_text("".join(lines[8000:8500]))
    (here / "rows/100%25 of a+b.jsonl.gz").write_bytes(gzip.compress("".join(lines[8500:]).encode(), mtime=0))
    (here / "lists/hosts +1.txt").write_text("h3.example\nh7.example\n")
    shutil.copy(ROOT / "fixtures/lm/tiny.arpa", here / "lm")
    for number in range(3):
        shutil.copy(ROOT / f"fixtures/web/web-{number}.warc.gz", here / "pages/ä b" / f"{number}=50%.warc.gz")
    wanted = {}
    for name in SOURCES:
        if name == "table":
            shutil.copy(next((folder / "named").glob("docs/*.parquet")), here / "table/a+b 100%.parquet")
        subprocess.run([command, "run", pipeline(folder, name, str(here)), "--quiet", "--set", f"run.output={fresh(folder / name)}"], check=True)
        wanted[name] = results(folder / name)
    # What is sent whole, and what in parts.
    assert max(path.stat().st_size for path in (folder / "rows/shards").iterdir()) > 16 << 20
    return wanted


def main(command: str, folder: pathlib.Path, names: list[str]) -> None:
    assert set(names) <= {server.name for server in SERVERS}, names
    folder.mkdir(parents=True, exist_ok=True)
    wanted, tried = make_inputs(command, folder), 0
    for server in SERVERS:
        if server.name not in names and (names or not shutil.which(server.command(0, folder)[0])):
            continue
        version = re.search(r"\d+\.\d+\.\d+", subprocess.run(server.version, capture_output=True, text=True).stdout)
        began = time.monotonic()
        with started(server, folder / f"server-{server.name}"):
            trial = Trial(command, folder, server, server.port)
            if server.honours:
                for path in sorted((folder / "in").rglob("*")):
                    if path.is_file():
                        server.put(str(path.relative_to(folder / "in")), path.read_bytes())
                trial.all("plain", wanted)
                print(f"{server.name}: as it is, {time.monotonic() - began:.0f} s", flush=True)
                with Proxy(server.port) as proxy:
                    threading.Thread(target=proxy.serve_forever, daemon=True).start()
                    Trial(command, folder, server, proxy.server_port).all("faulty", wanted)
                    proxy.shutdown()
                    proxy.check()
                    print(f"{server.name}: with faults {dict(sorted(proxy.faults.items()))}", flush=True)
            else:
                trial.refused()
        tried += 1
        print(f"{server.name} {version.group() if version else ''}: all is the same, {time.monotonic() - began:.0f} s", flush=True)
    assert tried, "no server is on PATH: " + ", ".join(server.command(0, folder)[0] for server in SERVERS)


if __name__ == "__main__":
    main(str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve(), sys.argv[3:])
