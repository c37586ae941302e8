"""Signing in through an OpenID Connect provider that others wrote, over real HTTP."""

import base64
import os
import re
import subprocess
import sys
import urllib.parse

import pytest
import requests

from conftest import PATCHBAY
from processes import answering, free_port

PASSWORD = "corvid lantern oatmeal 7"


class Provider:
    """The provider, as a process that can be stopped and started."""

    def __init__(self):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "oidc_provider_mock", "--port", str(self.port)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        answering(self.url + "/.well-known/openid-configuration", self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)

    def person(self, subject, **claims):
        claims = {"email_verified": True} | claims
        requests.put(f"{self.url}/users/{subject}", json=claims, timeout=30).raise_for_status()


@pytest.fixture(scope="module")
def provider():
    provider = Provider()
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture(scope="module")
def patchbay(tmp_path_factory, provider):
    folder, port = tmp_path_factory.mktemp("patchbay"), free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PATCHBAY_")} | {
        "PATCHBAY_DATABASE_URL": f"sqlite:{folder}/patchbay.db",
        "PATCHBAY_SECRET": base64.b64encode(os.urandom(32)).decode(),
        "PATCHBAY_LISTEN": f"127.0.0.1:{port}",
        "PATCHBAY_ADMIN_EMAIL": "admin@rivermark.example",
        "PATCHBAY_ADMIN_PASSWORD": PASSWORD,
        "PATCHBAY_ALLOWED_HOSTS": f"127.0.0.1:{provider.port}",
    }
    key = subprocess.run(
        [*PATCHBAY, "setup", "--api-key"], env=environment, check=True, capture_output=True, text=True
    ).stdout.strip()
    process = subprocess.Popen([*PATCHBAY, "serve"], env=environment)
    api = requests.Session()
    api.headers["Authorization"] = f"Bearer {key}"
    api.base = f"http://127.0.0.1:{port}"
    try:
        answering(api.base + "/healthcheck", process)
        made = api.post(
            api.base + "/api/v1/identity-providers",
            json={
                "name": "Rivermark ID",
                "issuer": provider.url,
                "client_id": "patchbay",
                "client_secret": "known to both",
                "default_role": "viewer",
                "role_mappings": [
                    {"kind": "group", "value": "service-desk", "role": "engineer"},
                    {"kind": "domain", "value": "boss.example", "role": "admin"},
                ],
            },
            timeout=30,
        )
        assert made.status_code == 201, made.text
        assert "known to both" not in made.text
        api.provider = made.json()["id"]
        yield api
    finally:
        process.terminate()
        process.wait(timeout=60)


def depart(patchbay, to="/rules"):
    """A browser on its way: itself, and where it is sent."""
    browser = requests.Session()
    sent = browser.get(f"{patchbay.base}/sign-in/with/{patchbay.provider}?to={to}", allow_redirects=False, timeout=30)
    assert sent.status_code == 303, sent.text
    return browser, sent.headers["location"]


def prove(browser, url, subject):
    """What the person does at the provider. Returns the way back."""
    answer = browser.post(url, data={"sub": subject}, allow_redirects=False, timeout=30)
    assert answer.status_code in (302, 303), answer.text
    return answer.headers["location"]


def enter(patchbay, subject, to="/rules"):
    browser, url = depart(patchbay, to)
    return browser, browser.get(prove(browser, url, subject), allow_redirects=False, timeout=30)


def approve(patchbay, email):
    users = patchbay.get(f"{patchbay.base}/api/v1/users?search={email}", timeout=30).json()["items"]
    assert len(users) == 1 and users[0]["pending"] and not users[0]["active"]
    answer = patchbay.patch(f"{patchbay.base}/api/v1/users/{users[0]['id']}", json={"active": True}, timeout=30)
    assert answer.status_code == 200
    return users[0]


def test_it_asks_with_state_nonce_and_pkce(patchbay):
    _, url = depart(patchbay)
    query = urllib.parse.parse_qs(urllib.parse.urlparse(url).query)
    assert query["code_challenge_method"] == ["S256"] and len(query["code_challenge"][0]) == 43
    assert len(query["state"][0]) == 43 and len(query["nonce"][0]) == 43
    assert query["redirect_uri"] == [f"{patchbay.base}/sign-in/return/{patchbay.provider}"]


def test_a_new_person_waits_for_approval_and_then_comes_in(patchbay, provider):
    provider.person("sub-nora", email="Nora@rivermark.example", name="Nora Holm", groups=["service-desk"])
    browser, answer = enter(patchbay, "sub-nora")
    assert answer.status_code == 403 and "has to approve your account" in answer.text
    assert "patchbay" not in browser.cookies
    user = approve(patchbay, "nora")
    assert (user["role"], user["name"], user["email"]) == ("engineer", "Nora Holm", "Nora@rivermark.example")
    # She is known by her subject from then on, whatever her address is.
    provider.person("sub-nora", email="other@rivermark.example", name="Nora Holm")
    browser, answer = enter(patchbay, "sub-nora")
    assert answer.status_code == 303 and answer.headers["location"] == "/rules"
    page = browser.get(patchbay.base + "/account", timeout=30)
    assert page.status_code == 200 and "Nora@rivermark.example" in page.text
    assert "through an identity provider" in page.text


def test_the_domain_gives_a_role(patchbay, provider):
    provider.person("sub-bo", email="bo@boss.example")
    enter(patchbay, "sub-bo")
    assert approve(patchbay, "bo@boss.example")["role"] == "admin"


def local(patchbay, email, role):
    """An account that nobody at the provider is bound to."""
    made = patchbay.post(
        f"{patchbay.base}/api/v1/users", json={"email": email, "name": "Local", "role": role}, timeout=30
    )
    assert made.status_code == 201, made.text
    return made.json()["id"]


def test_a_known_address_that_is_verified_is_the_same_person(patchbay, provider):
    local(patchbay, "eli@rivermark.example", "engineer")
    provider.person("sub-eli", email="ELI@rivermark.example")
    browser, answer = enter(patchbay, "sub-eli")
    assert answer.status_code == 303
    assert browser.get(patchbay.base + "/tickets", timeout=30).status_code == 200
    # From then on the address is nobody else's, verified or not.
    for subject, verified in (("sub-eve", True), ("sub-eva", False)):
        provider.person(subject, email="eli@rivermark.example", email_verified=verified)
        browser, answer = enter(patchbay, subject)
        assert answer.status_code in (400, 403) and "patchbay" not in browser.cookies


def test_no_provider_admits_a_super_administrator(patchbay, provider):
    provider.person("sub-admin", email="ADMIN@rivermark.example")
    browser, answer = enter(patchbay, "sub-admin")
    assert answer.status_code == 403 and "password and second factor" in answer.text
    assert "patchbay" not in browser.cookies


def test_an_administrator_waits_for_a_confirmation(patchbay, provider):
    user = local(patchbay, "ada@rivermark.example", "admin")
    provider.person("sub-ada", email="ada@rivermark.example")
    assert enter(patchbay, "sub-ada")[1].status_code == 403
    address = f"{patchbay.base}/api/v1/users/{user}"
    assert patchbay.get(address, timeout=30).json()["pending_identity"]["subject"] == "sub-ada"
    assert patchbay.patch(address, json={"identity_subject": "sub-ada"}, timeout=30).status_code == 200
    assert enter(patchbay, "sub-ada")[1].status_code == 303


def test_an_address_that_is_not_vouched_for_is_not_believed(patchbay, provider):
    provider.person("sub-eve", email="admin@rivermark.example", email_verified=False)
    _, answer = enter(patchbay, "sub-eve")
    assert answer.status_code == 400 and "did not verify" in answer.text


def test_who_was_deactivated_stays_out(patchbay, provider):
    provider.person("sub-dee", email="dee@rivermark.example")
    enter(patchbay, "sub-dee")
    user = approve(patchbay, "dee")
    assert enter(patchbay, "sub-dee")[1].status_code == 303
    patchbay.patch(f"{patchbay.base}/api/v1/users/{user['id']}", json={"active": False}, timeout=30)
    _, answer = enter(patchbay, "sub-dee")
    assert answer.status_code == 403 and "cannot sign in" in answer.text


def test_the_way_back_counts_once_and_in_one_browser(patchbay, provider):
    browser, url = depart(patchbay)
    back = prove(browser, url, "sub-eli")
    stranger = requests.get(back, allow_redirects=False, timeout=30)
    assert stranger.status_code == 400 and "another browser" in stranger.text
    assert browser.get(back, allow_redirects=False, timeout=30).status_code == 303
    assert browser.get(back, allow_redirects=False, timeout=30).status_code == 400
    # Somebody else's code under my state.
    victim, url = depart(patchbay)
    other, other_url = depart(patchbay)
    code = urllib.parse.parse_qs(urllib.parse.urlparse(prove(other, other_url, "sub-eli")).query)["code"][0]
    state = urllib.parse.parse_qs(urllib.parse.urlparse(url).query)["state"][0]
    mixed = victim.get(
        f"{patchbay.base}/sign-in/return/{patchbay.provider}?code={code}&state={state}", allow_redirects=False, timeout=30
    )
    assert mixed.status_code == 502 and "patchbay" not in victim.cookies


def test_a_refusal_of_the_provider_is_told_in_words_and_never_as_markup(patchbay):
    browser, url = depart(patchbay)
    state = urllib.parse.parse_qs(urllib.parse.urlparse(url).query)["state"][0]
    answer = browser.get(
        f"{patchbay.base}/sign-in/return/{patchbay.provider}"
        f"?error=access_denied%3Cscript%3E&error_description=%3Cscript%3E&state={state}",
        timeout=30,
    )
    assert answer.status_code == 400 and "access_denied" in answer.text and "<script>" not in answer.text.split("<body")[1]


def test_while_the_provider_is_down_passwords_work(patchbay, provider):
    browser, url = depart(patchbay)
    back = prove(browser, url, "sub-eli")
    provider.stop()
    try:
        answer = browser.get(back, allow_redirects=False, timeout=30)
        assert answer.status_code == 502 and "cannot be reached" in answer.text
        page = browser.get(patchbay.base + "/sign-in", timeout=30)
        assert page.status_code == 200 and "Continue with Rivermark ID" in page.text
        answer = browser.post(
            patchbay.base + "/sign-in",
            data={"email": "admin@rivermark.example", "password": PASSWORD},
            allow_redirects=False,
            timeout=30,
        )
        assert answer.status_code == 303
        # The password came from the configuration: it has to be changed first.
        assert browser.get(patchbay.base + "/", allow_redirects=False, timeout=30).headers["location"] == "/sign-in/password"
        test = patchbay.post(f"{patchbay.base}/api/v1/identity-providers/{patchbay.provider}/test", timeout=30).json()
        assert test["ok"] is False and "cannot be reached" in test["message"]
    finally:
        provider.start()
    # It has forgotten everybody and has other keys, which are fetched anew.
    provider.person("sub-eli", email="eli@rivermark.example")
    assert enter(patchbay, "sub-eli")[1].status_code == 303


def test_signing_in_is_on_record(patchbay):
    entries = patchbay.get(f"{patchbay.base}/api/v1/audit?action=sign_in.create&limit=200", timeout=30).json()["items"]
    assert any(entry["result"] == "done" and entry["auth_method"] == "sign_in" for entry in entries)
    assert any(entry["result"] == "refused" for entry in entries)
    assert not re.search("known to both|" + PASSWORD, str(entries))
