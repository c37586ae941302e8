"""The description of the API is true: schemathesis reads it, calls everything, and finds nothing."""

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.request

import pytest

from conftest import PATCHBAY
from processes import free_port

FOLDER = pathlib.Path(__file__).parent


@pytest.fixture(scope="module")
def demo():
    port = free_port()
    process = subprocess.Popen(
        [*PATCHBAY, "demo", "--quiet-world", "--port", str(port)],
        stdout=subprocess.PIPE,
        text=True,
        # Otherwise most calls would only meet the limits.
        env={
            **os.environ,
            **{f"PATCHBAY_LIMIT_{name}": "1000" for name in ("SEARCHES", "LOOKUPS", "POSTS")},
            "PATCHBAY_CONNECTWISE_BUDGET": "100000",
        },
    )
    try:
        key = next(match[1] for line in process.stdout if (match := re.match(r"\s+API key\s+(\S+)", line)))
        url = f"http://127.0.0.1:{port}"
        # Nor are the simulated ConnectWise's own limits what is tested.
        site = call(f"{url}/api/v1/integrations/psa/connections", key)["items"][0]["site"]
        call(f"http://{site}/_control/limit", key, "PUT", {"callsPerMinute": None})
        yield url, key
    finally:
        process.terminate()
        process.wait(timeout=60)


def call(url, key, method="GET", body=None):
    request = urllib.request.Request(
        url,
        method=method,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.loads(answer.read() or b"null")


def test_schemathesis_finds_nothing(demo, tmp_path):
    url, key = demo
    # Without what any operation takes in its header: with one key most calls would be the repetition of another, with a
    # number of an organization that does not exist none would reach anything.
    with urllib.request.urlopen(url + "/api/v1/openapi.json") as answer:
        document = json.load(answer)
    everywhere = {f"#/components/parameters/{name}" for name in document["components"]["parameters"]}
    for path in document["paths"].values():
        for operation in path.values():
            operation["parameters"] = [p for p in operation["parameters"] if p.get("$ref") not in everywhere]
    (tmp_path / "openapi.json").write_text(json.dumps(document))
    result = subprocess.run(
        [
            pathlib.Path(sys.executable).parent / "schemathesis",
            "--config-file", FOLDER / "schemathesis.toml",
            "run", tmp_path / "openapi.json", "--url", url,
            "--header", f"Authorization: Bearer {key}",
            "--max-examples", os.environ.get("PATCHBAY_EXAMPLES", "15"),
            "--phases", "examples,coverage,fuzzing",
            # The owner's own organization must not be deleted while others use it.
            "--exclude-path", "/api/v1/organization/deletion",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout[-6_000:] + result.stderr[-2_000:]
    assert re.search(r"Tested: \d\d", result.stdout), result.stdout[-2_000:]
