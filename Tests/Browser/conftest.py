"""Starts the demo and a real Chromium: the console as people see it."""

import json
import os
import pathlib
import queue
import re
import shlex
import shutil
import subprocess
import threading
import time
import urllib.request

import pytest
from playwright.sync_api import expect, sync_playwright

from processes import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
PATCHBAY = shlex.split(os.environ.get("PATCHBAY_BIN", str(ROOT / ".build/debug/patchbay")))
CHROMIUM = next(
    (path for path in map(shutil.which, ["chromium", "chromium-browser", "google-chrome"]) if path), "/usr/bin/chromium"
)
SHOTS = ROOT / "output/screenshots"
START_WITHIN = 120
SIZES = {"desktop": (1280, 800), "phone": (390, 844)}
ROLES = {
    "viewer": "viewer", "engineer": "engineer", "dispatcher": "dispatcher", "admin": "admin", "owner": "owner",
    "super admin": "you",
}

# The server may take 8 s for an answer, and the machine its time.
expect.set_options(timeout=20_000)


class Demo:
    """A running demo, and what it printed."""

    def __init__(self, url, password, key, log):
        self.url = url
        self.password = password
        self.key = key
        self.log = log

    def api(self, method, path, body=None, base=None):
        request = urllib.request.Request(
            (base or f"{self.url}/api/v1") + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            text = answer.read()
            return json.loads(text) if text else None

    def until(self, path, condition, within=150):
        """Asks until the answer is as expected. What happens in the world is chance, so that may take its time."""
        deadline = time.monotonic() + within
        while not condition(found := self.api("GET", path)):
            assert time.monotonic() < deadline, f"{path} did not come to what was expected: {found}"
            time.sleep(0.2)
        return found

    def webex_fault(self, **fault):
        base = self.api("GET", "/integrations/chat/connections")["items"][0]["url"]
        self.api("POST", "/_control/faults", fault, base=base)

    def clear_webex_faults(self):
        base = self.api("GET", "/integrations/chat/connections")["items"][0]["url"]
        self.api("DELETE", "/_control/faults", base=base)


@pytest.fixture(scope="session")
def demo(tmp_path_factory):
    port = free_port()
    log = tmp_path_factory.mktemp("demo") / "log"
    process = subprocess.Popen(
        [*PATCHBAY, "demo", "--port", str(port), "--pace", "0.7"],
        stdout=subprocess.PIPE,
        stderr=log.open("w"),
        text=True,
        # Nobody types as fast as these tests.
        env={
            **os.environ,
            **{f"PATCHBAY_LIMIT_{name}": "10000" for name in ("SEARCHES", "LOOKUPS", "POSTS")},
            "PATCHBAY_CONNECTWISE_BUDGET": "10000",
        },
    )
    lines = queue.Queue()

    def read():
        # Read to the end, or the demo would wait for somebody to take its lines.
        for line in process.stdout:
            lines.put(line)

    threading.Thread(target=read, daemon=True).start()
    found = {}
    try:
        while len(found) < 2:
            line = lines.get(timeout=START_WITHIN)
            if match := re.match(r"\s+(password|API key)\s+(\S+)", line):
                found[match[1]] = match[2]
        demo = Demo(f"http://127.0.0.1:{port}", found["password"], found["API key"], log)
        # Two organizations share one simulated ConnectWise, whose own limit of calls would hold these tests back.
        site = demo.api("GET", "/integrations/psa/connections")["items"][0]["site"]
        demo.api("PUT", "/_control/limit", {"callsPerMinute": None}, base=f"http://{site}")
        yield demo
    finally:
        process.terminate()
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Beside a failure stands how the demo was, since a page that waits for it shows nothing of why."""
    report = yield
    demo = getattr(item, "funcargs", {}).get("demo")
    if report.failed and demo:
        for path in ["/jobs", "/jobs/failed", "/sync/status", "/overview/counts"]:
            try:
                found = json.dumps(demo.api("GET", path))
            except OSError as error:
                found = repr(error)
            report.sections.append((f"demo, {path}", found))
        with demo.log.open() as log:
            report.sections.append(("demo, log", "".join(log.readlines()[-40:])))
    return report


@pytest.fixture(scope="session")
def chromium():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def visit(demo, chromium):
    """Opens a page as somebody; fails at the end when the browser complained about anything."""
    opened = []
    complaints = []

    def open_as(role=None, scheme="light", size="desktop", **options):
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height}, color_scheme=scheme, base_url=demo.url, **options
        )
        opened.append(context)
        context.set_default_timeout(30_000)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.complaints, page.demo = complaints, demo
        if role:
            sign_in(page, ROLES[role], demo.password)
        return page

    yield open_as
    for context in opened:
        # What a test changes on the way may be on its way at this moment.
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
        context.close()
    # A refused form, and an open page of what a fixture has just removed, are answered with a 4xx, which the browser and
    # htmx put on the console; that is meant so.
    unexpected = [text for text in complaints if not re.search(r"status of 4\d\d|Status Error Code 4\d\d", text)]
    assert not unexpected, unexpected


def sign_in(page, account, password):
    page.goto("/sign-in")
    page.get_by_label("E-mail", exact=True).fill(f"{account}@rivermark.example")
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/")
