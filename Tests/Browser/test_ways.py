"""The main ways through the console, as people go them."""

import re

import pyotp
import pytest
from playwright.sync_api import expect

from conftest import sign_in

# They share a demo, in this order; other files run beside them.
pytestmark = pytest.mark.xdist_group("ways")


def test_a_rule_is_made_and_its_delivery_arrives_live(visit, demo):
    watcher = visit("viewer")
    admin = visit("admin")
    admin.goto("/rules")
    admin.get_by_role("link", name="New rule").first.click()
    admin.get_by_label("Board", exact=True).select_option(label="Service Desk")
    admin.get_by_label("Recipient", exact=True).select_option(label="Dispatch (room)")
    admin.get_by_label("Updates", exact=True).select_option("all")
    admin.get_by_role("button", name="Create rule").click()
    expect(admin.get_by_role("status")).to_contain_text("Dispatch is now notified about Service Desk")
    watcher.goto("/deliveries")
    expect(watcher.locator(".live")).not_to_have_class(re.compile("is-off"))
    loaded = watcher.evaluate("performance.timeOrigin")
    # What happens in the world is chance: once no ticket of this board moved for 40 s.
    expect(watcher.locator("tbody tr", has_text="Dispatch").first).to_be_visible(timeout=150_000)
    expect(watcher.locator("tbody tr", has_text="Dispatch").first).to_contain_text("sent", timeout=60_000)
    assert watcher.evaluate("performance.timeOrigin") == loaded, "the page was not loaded again"
    # Off again, in place.
    admin.goto("/rules")
    row = admin.locator("tbody tr", has_text="Dispatch")
    row.get_by_role("button", name="Disable").click()
    expect(admin.locator("tbody tr", has_text="Dispatch").get_by_role("button", name="Enable")).to_be_visible()
    admin.locator("tbody tr", has_text="Dispatch").get_by_role("link", name="Edit").click()
    admin.get_by_role("button", name="Delete").click()
    admin.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(admin.get_by_role("status")).to_contain_text("deleted")


def make_forward(page, source, destination):
    page.goto("/forwards/new")
    page.get_by_label("From", exact=True).select_option(label=source)
    page.get_by_label("To", exact=True).select_option(label=destination)
    page.get_by_role("button", name="Create forward").click()


def test_a_forwarding_loop_is_refused_with_the_way(visit, demo):
    page = visit("admin")
    make_forward(page, "Security alerts (room)", "Voice team (room)")
    expect(page.get_by_role("status")).to_contain_text("Voice team covers for Security alerts")
    make_forward(page, "Voice team (room)", "Security alerts (room)")
    refusal = page.locator(".error, [role=alert]").filter(has_text="Security alerts")
    expect(refusal.first).to_be_visible()
    expect(page.get_by_label("From", exact=True)).to_have_value(re.compile(r"\d+"))
    page.goto("/forwards")
    page.get_by_role("link", name="Security alerts → Voice team", exact=True).click()
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("deleted")


def test_a_failed_delivery_is_sent_again(visit, demo):
    demo.webex_fault(
        action="answer", status=400, body='{"message":"no"}', method="POST", path="/v1/messages", times=None
    )
    page = visit("dispatcher")
    try:
        page.goto("/deliveries?state=failed")
        failed = page.locator("tbody tr", has_text="failed").first
        # What happens in the world is chance.
        expect(failed).to_be_visible(timeout=150_000)
        # Writes to tickets are counted too.
        expect(page.get_by_role("link", name=re.compile("Deliveries .* to act on"))).to_be_visible()
    finally:
        demo.clear_webex_faults()
    failed.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("status")).to_contain_text("Retrying")
    expect(page.locator(".facts .badge").first).to_contain_text("sent", timeout=60_000)
    admin = visit("admin")
    admin.goto("/deliveries?state=failed")
    if admin.get_by_role("button", name="Retry all failed").count():
        admin.get_by_role("button", name="Retry all failed").click()
        admin.get_by_role("dialog").get_by_role("button", name="Retry all failed").click()
        expect(admin.get_by_role("status")).to_contain_text("Retrying")


def test_sign_in_with_a_second_factor(visit, demo):
    demo.api(
        "POST",
        "/users",
        {"email": "finn@rivermark.example", "name": "Finn", "role": "viewer", "password": "harbour violin nettle"},
    )
    page = visit()
    page.goto("/sign-in?to=/rules")
    page.get_by_label("E-mail", exact=True).fill("finn@rivermark.example")
    page.get_by_label("Password", exact=True).fill("wrong wrong wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Wrong e-mail or password")
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("finn@rivermark.example")
    page.get_by_label("Password", exact=True).fill("harbour violin nettle")
    page.get_by_role("button", name="Sign in").click()
    # The password was given by somebody else.
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    page.get_by_label("Current password").fill("harbour violin nettle")
    page.get_by_label("New password", exact=True).fill("copper meadow whistle")
    page.get_by_label("New password again").fill("copper meadow whistle")
    page.get_by_role("button", name="Set password").click()
    page.goto("/account")
    page.get_by_role("link", name="Set up second factor").click()
    secret = page.locator("p code").inner_text()
    page.get_by_label("Code from the app").fill(pyotp.TOTP(secret).now())
    page.get_by_role("button", name="Enable second factor").click()
    # Counted first, which waits for the page.
    expect(page.locator(".codes code")).to_have_count(10)
    codes = page.locator(".codes code").all_inner_texts()
    page.get_by_role("link", name="I have saved them").click()
    page.get_by_label("Account of Finn").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail", exact=True).fill("finn@rivermark.example")
    page.get_by_label("Password", exact=True).fill("copper meadow whistle")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Second factor")).to_be_visible()
    page.get_by_label("Code", exact=True).fill("000 000")
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("alert")).to_contain_text("automatically")
    page.get_by_label("Code", exact=True).fill(codes[0])
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("status").first).to_contain_text("9 left")


@pytest.mark.parametrize(
    "role, seen",
    [
        ("viewer", []),
        ("engineer", []),
        ("dispatcher", ["New rule", "New forward"]),
        ("admin", ["New rule", "New forward", "Connect ConnectWise", "Users"]),
    ],
)
def test_nobody_sees_a_button_that_would_be_refused(visit, role, seen):
    page = visit(role)
    for path, button in [("/rules", "New rule"), ("/forwards", "New forward"), ("/connections", "Connect ConnectWise")]:
        page.goto(path)
        assert (page.get_by_role("link", name=button).count() > 0) == (button in seen), f"{path} as {role}"
    assert (page.get_by_role("link", name="Users").count() > 0) == ("Users" in seen)
    assert page.goto("/users").status == (200 if "Users" in seen else 403)


def test_everything_by_keyboard(visit):
    page = visit("admin")
    # The two keys belong together for a second and a half, which a busy machine may take.
    page.clock.set_fixed_time(page.evaluate("Date.now() / 1000"))
    page.keyboard.press("g")
    page.keyboard.press("r")
    page.wait_for_url("**/rules")
    page.keyboard.press("j")
    expect(page.locator("tr.is-current")).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/rules/\d+"))
    page.keyboard.press("Control+k")
    search = page.get_by_role("dialog").get_by_label("Search")
    expect(search).to_be_focused()
    search.fill("audit")
    expect(page.locator(".command-item.is-current")).to_contain_text("Audit log")
    page.keyboard.press("Enter")
    page.wait_for_url("**/audit")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("Next and previous row")
    # Who speaks to the computer switches single keys off; the others go on.
    page.get_by_text("Shortcuts of a single key").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.goto("/rules")
    page.keyboard.press("j")
    page.keyboard.press("?")
    expect(page.locator("tr.is-current")).to_have_count(0)
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_the_theme_is_kept(visit):
    page = visit("viewer")
    page.get_by_role("button", name=re.compile("Theme")).click()
    page.get_by_role("button", name=re.compile("Theme")).click()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")


def test_a_password_can_be_looked_at(visit, demo):
    page = visit()
    page.goto("/sign-in")
    password = page.get_by_label("Password", exact=True)
    password.fill("copper meadow")
    expect(password).to_have_attribute("type", "password")
    page.get_by_role("button", name="Show password").click()
    expect(password).to_have_attribute("type", "text")
    expect(password).to_be_focused()
    expect(password).to_have_value("copper meadow")
    page.get_by_role("button", name="Hide password").click()
    expect(password).to_have_attribute("type", "password")
    page.get_by_label("E-mail", exact=True).fill("viewer@rivermark.example")
    password.fill(demo.password)
    page.get_by_role("button", name="Show password").click()
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page).not_to_have_url(re.compile("sign-in"))


def test_what_was_typed_survives_the_end_of_the_session(visit, demo):
    page = visit("admin")
    page.goto("/users/new")
    page.get_by_label("Name", exact=True).fill("Half typed")
    page.context.clear_cookies(name="patchbay")
    page.get_by_label("E-mail", exact=True).fill("half@rivermark.example")
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_role("status")).to_contain_text("signed out")
    page.get_by_label("E-mail", exact=True).fill("admin@rivermark.example")
    page.get_by_label("Password", exact=True).fill(demo.password)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/users/new")
    expect(page.get_by_label("Name", exact=True)).to_have_value("Half typed")
    expect(page.get_by_label("E-mail", exact=True)).to_have_value("half@rivermark.example")


def test_without_a_script(visit, demo):
    page = visit(java_script_enabled=False)
    sign_in(page, "admin", demo.password)
    page.goto("/rules/new")
    page.get_by_label("Board", exact=True).select_option(label="Voice")
    page.get_by_label("Recipient", exact=True).select_option(label="Dispatch (room)")
    page.get_by_role("button", name="Create rule").click()
    expect(page.get_by_role("status")).to_contain_text("Dispatch is now notified about Voice")
    page.locator("tbody tr", has_text="Dispatch").get_by_role("link", name="Edit").click()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Are you sure?")).to_be_visible()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("deleted")
    page.goto("/search?q=10241")
    page.get_by_role("link", name="Ticket #10241").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("#10241")


def test_a_sync_shows_its_progress(visit):
    page = visit("admin")
    page.goto("/sync")
    card = page.locator(".card", has=page.get_by_role("heading", name="Tickets"))
    card.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status")).to_contain_text("Started")
    expect(card.locator(".facts")).to_contain_text("idle", timeout=120_000)


def test_who_would_be_told(visit, demo):
    page = visit("viewer")
    ticket = demo.until("/overview", lambda found: found["recent_events"])["recent_events"][0]["ticket_id"]
    page.goto("/rules/preview")
    page.get_by_role("combobox", name="Ticket").fill(ticket)
    page.get_by_role("button", name="Show").click()
    expect(page.locator("tbody tr").first).to_contain_text("would be notified")


def test_a_key_is_shown_once_and_works(visit, demo):
    page = visit("engineer")
    page.goto("/keys/new")
    expect(page.get_by_label("Expires")).not_to_have_value("")
    page.get_by_label("Name", exact=True).fill("nightly report")
    # Boxes are there for those who want to choose.
    expect(page.get_by_role("checkbox", name="Read: Rules")).to_be_hidden()
    page.get_by_label("Choose scopes").check()
    page.get_by_role("button", name="Create key").click()
    expect(page.locator(".field.boxes .error")).to_contain_text("Must name at least one scope")
    page.get_by_role("checkbox", name="Read: Rules").check()
    page.get_by_role("button", name="Create key").click()
    key = page.locator("#secret").inner_text()
    assert re.fullmatch(r"pb_\d+_\S{43}", key)
    headers = {"Authorization": f"Bearer {key}"}
    assert page.request.get("/api/v1/rules", headers=headers).status == 200
    assert page.request.get("/api/v1/forwards", headers=headers).status == 403
    page.get_by_role("link", name="Done").click()
    row = page.locator("tbody tr", has_text="nightly report")
    expect(row).to_contain_text("rules:read")
    expect(page.locator("#secret")).to_have_count(0)
    assert key not in page.content()
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status")).to_contain_text("deleted")
    assert page.request.get("/api/v1/rules", headers=headers).status == 401


def test_a_preset_gives_a_key_its_scopes(visit, demo):
    page = visit("admin")
    page.goto("/keys/new")
    page.get_by_label("Name", exact=True).fill("status board")
    page.get_by_label("Monitoring:").check()
    page.get_by_role("button", name="Create key").click()
    page.get_by_role("link", name="Done").click()
    row = page.locator("tbody tr", has_text="status board")
    expect(row).to_contain_text("connections:read, deliveries:read, notices:read, overview:read, sync:read")


def test_the_end_of_the_session_is_told_in_time(visit):
    page = visit()
    page.clock.install()
    sign_in(page, "viewer", page.demo.password)
    page.goto("/rules")
    warning = page.locator("#sign-in-warning")
    expect(warning).to_be_hidden()
    page.clock.fast_forward("01:56:00")
    expect(warning).to_be_visible()
    # Half an hour of real time has not passed for the server, so what it answers is two hours from its own now.
    page.clock.set_system_time(page.evaluate("Date.now() / 1000 - 60 * 116"))
    warning.get_by_role("button", name="Stay signed in").click()
    expect(warning).to_be_hidden()


def test_a_list_is_exported(visit, demo):
    demo.until("/deliveries?state=sent", lambda found: len(found["items"]) > 2)
    page = visit("viewer")
    page.goto("/deliveries?state=sent")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export").click()
    text = download.value.path().read_bytes().decode("utf-8-sig")
    lines = text.split("\r\n")
    assert lines[0] == "State,Ticket,Recipient,Why,When"
    assert len(lines) > 3 and all(line.startswith("sent,") for line in lines[1:-1])
    assert re.search(r"\d{4}-\d\d-\d\dT", lines[1])


def test_a_list_is_sorted_by_any_column(visit):
    page = visit("viewer")
    page.goto("/rules")
    head = page.get_by_role("columnheader", name="Recipient")
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    names = page.locator("tbody td:nth-child(3)").all_inner_texts()
    assert names == sorted(names, key=str.lower) and len(names) > 2
    head.get_by_role("link").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert page.locator("tbody td:nth-child(3)").all_inner_texts() == names[::-1]
