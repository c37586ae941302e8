"""Ports for the servers that tests start, and waiting for these servers."""

import contextlib
import http.client
import random
import socket
import time
import urllib.error
import urllib.request

_given = set()


def free_port():
    """A port of 127.0.0.1 that nobody listens on, given out once. Others who look at the same time begin elsewhere."""
    for _ in range(100):
        # Below the range from which the system takes the ports of outgoing connections, as in Ports.swift.
        port = random.randrange(12_000, 20_000)
        if port in _given:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            _given.add(port)
            return port
    raise AssertionError("no port is free")


def answering(url, process, within=60):
    """Waits until the server of a process answers, whatever it says."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        assert process.poll() is None, f"it ended with {process.returncode} before {url} answered"
        try:
            urllib.request.urlopen(url, timeout=5).close()
            return
        except urllib.error.HTTPError:
            return
        except (OSError, http.client.HTTPException):
            time.sleep(0.05)
    raise AssertionError(f"{url} does not answer")
