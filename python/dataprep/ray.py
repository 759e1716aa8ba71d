"""Runs a pipeline on a Ray cluster.

A run is a list of tasks that follows from the plan and the journal in the run's folder (``dataprep tasks``); each task is one command (``dataprep task``).
This driver submits them as Ray Core tasks, phase by phase, and keeps no state: what is done stands in the folder, so a driver that died is started again with
the same call, on as many nodes as there are then. No text goes through Ray's object store, only the names of tasks.

All nodes must see the run's folder, the input and the models under the same paths, and have the command ``dataprep`` (see ``command``).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

import ray

__all__ = ["TaskFailed", "run"]


class TaskFailed(RuntimeError):
    """A task failed more often than it may. The message says how it ended last."""


def find_command() -> str:
    """The command beside this interpreter, else the one on ``PATH``."""
    beside = Path(sys.executable).parent / "dataprep"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("dataprep")
    if found is None:
        raise FileNotFoundError("there is no command `dataprep` beside Python or on PATH: install the package, or give `command`")
    return found


def run(
    pipeline: str | os.PathLike[str],
    *,
    address: str | None = None,
    num_cpus: int = 1,
    memory: int | None = None,
    settings: Iterable[str] = (),
    command: str | None = None,
    timeout: float | None = None,
    retries: int = 3,
    on_task: Callable[[str], None] | None = None,
) -> int:
    """Runs a pipeline to its end, or goes on with what an earlier driver left; gives how many tasks this call did.

    ``pipeline`` is a pipeline file, or the folder of a run that was prepared. ``address`` is that of the cluster, as ``ray.init`` takes it; where Ray is
    initialised already, that cluster is used. Every task takes ``num_cpus`` CPUs, runs with as many threads, and asks for ``memory`` bytes. ``settings``
    are ``KEY=VALUE``, as after ``--set``. A task that has not ended after ``timeout`` seconds is ended and done again; one that fails is done again up to
    ``retries`` times, not counted those that were lost with their node. ``on_task`` is called with the name of each task that is done.

    Raises :class:`TaskFailed`, and :class:`RuntimeError` where the pipeline has problems, with the message of the command.
    """
    command = command or find_command()
    place = [str(Path(pipeline).absolute()), *(word for setting in settings for word in ("--set", setting))]
    folder = os.getcwd()
    begun = not ray.is_initialized()
    if begun:
        ray.init(address=address, log_to_driver=False)

    # Inside, so that it travels by value: the other nodes need no Python package.
    @ray.remote(num_cpus=num_cpus, memory=memory, max_retries=-1, scheduling_strategy="SPREAD")
    def do(task: str) -> str | None:
        words = [command, "task", *place, task, "--threads", str(num_cpus)]
        try:
            done = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=timeout)
        except subprocess.TimeoutExpired:
            return f"no end after {timeout} seconds"
        return None if done.returncode == 0 else f"exit code {done.returncode}: {done.stderr[-2000:].strip()}"

    try:
        total = 0
        while tasks := _tasks(command, place):
            _phase(do, tasks, retries, on_task)
            total += len(tasks)
        return total
    finally:
        if begun:
            ray.shutdown()


def _tasks(command: str, place: list[str]) -> list[str]:
    listed = subprocess.run([command, "tasks", *place], capture_output=True, text=True)
    if listed.returncode != 0:
        raise RuntimeError(listed.stderr.strip())
    return listed.stdout.split()


def _phase(do, tasks: list[str], retries: int, on_task: Callable[[str], None] | None) -> None:
    """Does all tasks of a phase, about twice as many at a time as the cluster has CPUs."""
    waiting, failures, flying = deque(tasks), dict.fromkeys(tasks, 0), {}
    while waiting or flying:
        most = max(2, 2 * int(ray.cluster_resources().get("CPU", 1)))
        while waiting and len(flying) < most:
            task = waiting.popleft()
            flying[do.remote(task)] = task
        # With a time limit, so that nodes that have come since are made use of.
        for ended in ray.wait(list(flying), num_returns=1, timeout=10)[0]:
            task = flying.pop(ended)
            why = ray.get(ended)
            if why is None:
                if on_task is not None:
                    on_task(task)
                continue
            failures[task] += 1
            if failures[task] > retries:
                for other in flying:
                    ray.cancel(other, force=True)
                raise TaskFailed(f"{task}: {why}")
            waiting.append(task)
