"""The webhooks that Patchbay sends, checked with the reference verifier of the Standard Webhooks specification."""

import base64
import http.server
import json
import os
import queue
import subprocess
import threading
import time
import urllib.request

import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from conftest import PATCHBAY, simulate
from processes import answering, free_port

ADMIN = {"email": "admin@rivermark.example"}


class Receiver:
    """An endpoint on loopback that keeps what it gets and answers as it is told."""

    def __init__(self):
        self.got = queue.Queue()
        self.status = 200
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                # Looked at before the test hears of it, which may change it then.
                status = receiver.status
                receiver.got.put((dict(self.headers.items()), body))
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/hooks/patchbay"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def next(self, kind, within=60):
        deadline = time.monotonic() + within
        while True:
            headers, body = self.got.get(timeout=max(0.1, deadline - time.monotonic()))
            if json.loads(body)["type"] == kind:
                return {name.lower(): value for name, value in headers.items()}, body


class Server:
    def __init__(self, port, key):
        self.base, self.key = f"http://127.0.0.1:{port}", key

    def __call__(self, method, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"{self.base}/api/v1{path}", data=data, method=method,
            headers={"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            text = response.read()
            return json.loads(text) if text else None

    def until(self, path, condition, within=60):
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            found = self("GET", path)
            if condition(found):
                return found
            time.sleep(0.05)
        raise AssertionError(f"{path} did not come to what was expected: {found}")


@pytest.fixture(scope="module")
def receiver():
    receiver = Receiver()
    yield receiver
    receiver.server.shutdown()


@pytest.fixture(scope="module")
def psa_url():
    yield from simulate("connectwise", "--port", "0")


@pytest.fixture(scope="module")
def server(tmp_path_factory, receiver, psa_url):
    folder, port = tmp_path_factory.mktemp("patchbay"), free_port()
    psa = psa_url.removeprefix("http://")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PATCHBAY_")} | {
        "PATCHBAY_DATABASE_URL": f"sqlite:{folder}/patchbay.db",
        "PATCHBAY_SECRET": base64.b64encode(os.urandom(32)).decode(),
        "PATCHBAY_LISTEN": f"127.0.0.1:{port}",
        "PATCHBAY_ADMIN_EMAIL": ADMIN["email"],
        "PATCHBAY_ALLOWED_HOSTS": f"{psa},webhook=127.0.0.1:{receiver.port}",
        "PATCHBAY_CONNECTWISE_SITE": psa,
        "PATCHBAY_CONNECTWISE_COMPANY": "rivermark",
        "PATCHBAY_CONNECTWISE_PUBLIC_KEY": "SimulatedPublic1",
        "PATCHBAY_CONNECTWISE_PRIVATE_KEY": "SimulatedPrivate",
        "PATCHBAY_CONNECTWISE_CLIENT_ID": "contract-test",
    }
    key = subprocess.run(
        [*PATCHBAY, "setup", "--api-key"], env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()
    process = subprocess.Popen([*PATCHBAY, "serve"], env=environment)
    server = Server(port, key)
    try:
        answering(f"http://127.0.0.1:{port}/healthcheck", process)
        yield server
    finally:
        process.terminate()
        process.wait(timeout=60)


@pytest.fixture(scope="module")
def endpoint(server, receiver):
    """A webhook that is told of new tickets and notes on the first board."""
    made = server(
        "POST", "/integrations/chat/connections",
        {"provider": "webhook", "name": "Receiver", "url": receiver.url},
    )
    assert made["secret"].startswith("whsec_") and made["secret"] not in made["token_hint"]
    headers, body = receiver.next("patchbay.test")
    assert Webhook(made["secret"]).verify(body, headers)
    boards = server.until("/cw/boards", lambda found: found["items"])["items"]
    rooms = server.until("/webex/rooms?kind=room", lambda found: found["items"])["items"]
    board = next(board for board in boards if board["name"] == "Service Desk")
    server(
        "POST", "/notifiers/rules",
        {"board_id": board["id"], "recipient_id": rooms[0]["id"], "updates": "all"},
    )
    server.until("/sync/status", lambda found: all(
        sync["state"] == "idle" and sync["finished_at"] for sync in found["items"] if sync["kind"] == "callbacks"))
    return made


def new_ticket(psa_url, summary):
    request = urllib.request.Request(
        f"{psa_url}/_control/tickets", method="POST",
        data=json.dumps({"summary": summary, "board": "Service Desk", "text": "It is broken."}).encode(),
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)["id"]


def test_a_new_ticket_arrives_signed(server, endpoint, receiver, psa_url):
    ticket = new_ticket(psa_url, "Signed and sealed")
    headers, body = receiver.next("ticket.created")
    event = Webhook(endpoint["secret"]).verify(body, headers)
    assert event["data"]["ticket_id"] == str(ticket)
    assert event["data"]["summary"] == "Signed and sealed"
    assert event["data"]["note"]["text"] == "It is broken."
    assert f"recid={ticket}" in event["data"]["link"]
    # The secret is not shown again, and another one does not fit.
    shown = server("GET", f"/integrations/chat/connections/{endpoint['id']}")
    assert endpoint["secret"] not in json.dumps(shown)
    other = "whsec_" + base64.b64encode(os.urandom(32)).decode()
    with pytest.raises(WebhookVerificationError):
        Webhook(other).verify(body, headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(endpoint["secret"]).verify(body + b" ", headers)


def test_a_repetition_has_the_same_id(endpoint, receiver, psa_url):
    receiver.status = 500
    new_ticket(psa_url, "Again, please")
    first, body = receiver.next("ticket.created")
    receiver.status = 200
    second, again = receiver.next("ticket.created")
    assert first["webhook-id"] == second["webhook-id"]
    assert json.loads(body)["data"] == json.loads(again)["data"]
    Webhook(endpoint["secret"]).verify(again, second)


def test_while_a_secret_changes_both_sign(server, endpoint, receiver, psa_url):
    changed = server("POST", f"/integrations/chat/connections/{endpoint['id']}/rotate-secret", {})
    assert changed["secret"] != endpoint["secret"]
    new_ticket(psa_url, "Two signatures")
    headers, body = receiver.next("ticket.created")
    assert len(headers["webhook-signature"].split()) == 2
    for secret in (endpoint["secret"], changed["secret"]):
        Webhook(secret).verify(body, headers)


def test_gone_switches_the_endpoint_off(server, endpoint, receiver, psa_url):
    receiver.status = 410
    ticket = new_ticket(psa_url, "Nobody wants to know")
    receiver.next("ticket.created")
    path = f"/integrations/chat/connections/{endpoint['id']}"
    shown = server.until(path, lambda found: not found["enabled"])
    assert "410" in shown["state_reason"]
    deliveries = server.until(
        f"/deliveries?ticket_id={ticket}", lambda found: found["items"][0]["state"] == "failed")
    assert "410" in deliveries["items"][0]["error"]
