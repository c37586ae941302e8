"""Starts the simulators as processes: clients that others wrote must be able to use them."""

import os
import pathlib
import queue
import shlex
import subprocess
import threading

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATCHBAY = shlex.split(os.environ.get("PATCHBAY_BIN", str(ROOT / ".build/debug/patchbay")))
START_WITHIN = 60


def simulate(*arguments):
    """Runs `patchbay simulate …` and yields the URL of its first line."""
    process = subprocess.Popen(
        [*PATCHBAY, "simulate", *arguments], stdout=subprocess.PIPE, text=True
    )
    lines = queue.Queue()
    threading.Thread(target=lambda: lines.put(process.stdout.readline()), daemon=True).start()
    try:
        first = lines.get(timeout=START_WITHIN)
        assert first.startswith("listening on "), f"unexpected first line: {first!r}"
        yield first.removeprefix("listening on ").strip()
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return tmp_path_factory.mktemp("tls") / "ca.pem"


@pytest.fixture(scope="session")
def connectwise_url(authority):
    yield from simulate("connectwise", "--port", "0", "--tls", "--ca-file", str(authority))


@pytest.fixture(scope="session")
def webex_url():
    yield from simulate("webex", "--port", "0", "--rooms", "250")
