"""Runs the pipeline of make.py on two Ray nodes of one CPU each, with a node killed, the driver killed and a task hung, and compares every byte.

    python tests/cluster/ray_nodes.py DATAPREP FOLDER [DOCUMENTS]

Needs `ray` from PyPI, and about 1.5 GiB of memory.
"""

import importlib.util
import json
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import threading
import time

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"

import ray  # noqa: E402
from make import make  # noqa: E402
from ray.cluster_utils import Cluster  # noqa: E402
from same import compare  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
NODE = {"num_cpus": 1, "object_store_memory": 200 << 20}


def driver():
    """`dataprep.ray`, from the file of this checkout."""
    spec = importlib.util.spec_from_file_location("dataprep_ray", HERE.parents[1] / "python/dataprep/ray.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def hang_one(folder: pathlib.Path, stopped: list[int], ended: threading.Event) -> None:
    """Stops the first process that is at a task of a map phase."""
    while not stopped and not ended.wait(0.05):
        for path in folder.glob("out/tasks/map-*.json"):
            try:
                record = json.loads(path.read_bytes())
                if record["state"] == "running":
                    os.kill(record["pid"], signal.SIGSTOP)
                    stopped.append(record["pid"])
                    return
            except (OSError, ValueError):
                continue


def main(command: str, folder: pathlib.Path, documents: int) -> None:
    shutil.rmtree(folder / "out", ignore_errors=True)
    pipeline = make(folder, documents)
    began = time.time()
    alone = folder / "alone"
    shutil.rmtree(alone, ignore_errors=True)
    subprocess.run([command, "run", pipeline, "--threads", "2", "--quiet", "--set", f"run.output={alone}"], check=True)
    print(f"one process, two threads: {time.time() - began:.1f} s", flush=True)

    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    cluster.add_node(**NODE)
    ray.init(address=cluster.address, log_to_driver=False)
    began = time.time()
    done = driver().run(pipeline, num_cpus=1, command=command)
    print(f"two nodes: {time.time() - began:.1f} s, {done} tasks", flush=True)
    compare(alone, folder / "out")

    # A driver in a process of its own is killed; then a node is lost and a task hangs under the next one.
    shutil.rmtree(folder / "out")
    code = f"import sys; sys.path.insert(0, {str(HERE)!r}); import ray_nodes as t; t.driver().run({str(pipeline)!r}, address={cluster.address!r}, command={command!r})"
    first = subprocess.Popen([sys.executable, "-c", code])
    while not list((folder / "out/journal/0").glob("*.json")):
        assert first.poll() is None, "the driver ended before it could be killed"
        time.sleep(0.05)
    first.kill()
    first.wait()
    lost = cluster.add_node(**NODE)
    stopped: list[int] = []
    over = threading.Event()
    hanging = threading.Thread(target=hang_one, args=(folder, stopped, over))
    hanging.start()
    killing = threading.Timer(8, lambda: cluster.remove_node(lost, allow_graceful=False))
    killing.start()
    began = time.time()
    done = driver().run(pipeline, num_cpus=1, command=command, timeout=40)
    over.set()
    hanging.join()
    killing.join()
    print(f"driver killed, node lost, process {stopped} hung: {time.time() - began:.1f} s, {done} tasks", flush=True)
    assert stopped, "no task was hung"
    for pid in stopped:
        try:
            os.kill(pid, signal.SIGCONT)
        except ProcessLookupError:
            pass
    time.sleep(3)
    compare(alone, folder / "out")
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main(str(pathlib.Path(sys.argv[1]).resolve()), pathlib.Path(sys.argv[2]).resolve(), int(sys.argv[3]) if len(sys.argv) > 3 else 4000)
