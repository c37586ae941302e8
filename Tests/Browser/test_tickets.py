"""Writing to tickets: from an empty organization to time in ConnectWise, with everything that may go wrong between."""

import re
import time

import pytest
from playwright.sync_api import expect

from conftest import sign_in

# They share a demo, in this order; other files run beside them.
pytestmark = pytest.mark.xdist_group("tickets")


@pytest.fixture
def connection(demo):
    """The demo's connection; its settings are afterwards what they were."""
    path = f"/integrations/psa/connections/{demo.api('GET', '/integrations/psa/connections')['items'][0]['id']}"
    settings = demo.api("GET", f"{path}/settings")
    # Whatever is set then is replaced.
    del settings["version"]
    yield path
    demo.api("PUT", f"{path}/settings", settings)


@pytest.fixture
def feature(demo):
    """Switches ConnectWise off and on; on again in the end."""
    switch = lambda on: demo.api("PATCH", "/feature-flags/connectwise_integration", {"enabled": on})
    yield switch
    switch(True)


@pytest.fixture
def psa(demo):
    """The simulated ConnectWise of the demo, as its control tells and changes it."""
    site = demo.api("GET", "/integrations/psa/connections")["items"][0]["site"]

    class Desk:
        def __init__(self):
            self.site = site

        def __call__(self, method, path, body=None):
            return demo.api(method, f"/_control{path}", body, base=f"http://{site}")

        def ticket(self, summary, **more):
            return self("POST", "/tickets", {"summary": summary, **more})["id"]

        def state(self, number):
            return self("GET", f"/tickets/{number}")

    desk = Desk()
    yield desk
    desk("DELETE", "/faults")
    desk("PATCH", "/switches", {"ignores_status_patches": False, "denied_rights": []})


def notes(state, text):
    """Those with this text; others work on the demo's tickets as well."""
    return [note for note in state["note_records"] if note["text"].endswith(text)]


def update(page, number):
    page.goto(f"/tickets/{number}/update")
    expect(page.locator(".ticket-card")).to_contain_text(f"#{number}")


def test_a_new_user_connects_finds_a_ticket_and_logs_time_within_two_minutes(visit, demo, psa):
    number = psa.ticket("The flux capacitor hums")
    page = visit("super admin")
    page.goto("/organizations/new")
    page.get_by_label("Name").fill(f"Fresh MSP {number}")
    page.get_by_role("button", name="Create organization").click()
    page.locator("tr", has_text=f"Fresh MSP {number}").get_by_role("button", name="Visit").click()
    began = time.monotonic()
    # Nothing is there yet, and every place says what to do first.
    page.goto("/tickets?q=flux")
    expect(page.locator("main")).to_contain_text("No connection to ConnectWise yet")
    page.goto("/tickets")
    expect(page.get_by_role("link", name="Update a ticket")).to_have_count(0)
    page.goto(f"/tickets/{number}/update")
    expect(page.locator("main")).to_contain_text("No connection to ConnectWise yet")
    expect(page.locator("#f-text")).to_have_count(0)
    page.goto("/integrations/members")
    expect(page.locator("main")).to_contain_text("Set up a connection first")
    page.goto("/integrations/posts")
    expect(page.locator("main")).to_contain_text("No posts yet")
    expect(page.locator("main")).to_contain_text("Connect ConnectWise first")
    page.goto("/integrations")
    page.get_by_role("link", name="Connect ConnectWise").click()
    page.get_by_label("Site").fill(psa.site)
    page.get_by_label("Company").fill("rivermark")
    page.get_by_label("Public key").fill("SimulatedPublic1")
    page.get_by_label("Private key").fill("not the right one")
    page.get_by_label("Client ID").fill("11111111-2222-3333-4444-555555555555")
    page.get_by_role("button", name="Test and connect").click()
    # Wrong keys are not saved; the field says so.
    expect(page.get_by_label("Private key")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Private key").fill("SimulatedPrivate")
    page.get_by_role("button", name="Test and connect").click()
    expect(page.get_by_role("status").first).to_contain_text("is connected")
    page.goto("/tickets")
    page.get_by_label("Number or words").fill("flux capacitor")
    page.get_by_role("button", name="Search", exact=True).click()
    page.get_by_role("link", name=re.compile("flux capacitor")).click()
    page.get_by_role("link", name="Update ticket").click()
    page.locator("#f-text").fill("Tightened the **belt**.")
    expect(page.get_by_label("Time, in minutes")).to_have_value("15")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("15 minutes logged")
    expect(page.locator("main")).to_contain_text("Tightened the belt.")
    # Two minutes on a machine that does nothing else meanwhile.
    assert time.monotonic() - began < 360
    state = psa.state(number)
    assert [entry["minutes"] for entry in state["time_records"] if entry["member"] == "PatchbayAPI"] == [15]
    [note] = notes(state, "**belt**.")
    assert note["internalAnalysisFlag"]
    # Somebody whom nobody mapped is named in the note.
    assert note["text"].startswith("By You")
    page.goto("/integrations/members")
    expect(page.locator("main")).to_contain_text("No user is mapped yet")
    # Deleting says what it destroys, and that there is a way that keeps it.
    page.goto("/integrations")
    page.get_by_role("button", name="Delete").click()
    dialog = page.get_by_role("dialog")
    for lost in ["rules", "deliveries", "copied tickets", "member mappings", "To keep everything, disable it instead"]:
        expect(dialog).to_contain_text(lost)
    dialog.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Disable").click()
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(page.get_by_role("status").first).to_contain_text("is disabled")
    page.goto("/integrations")
    expect(page.locator("main")).to_contain_text("The connection is disabled")
    page.get_by_role("button", name="Enable").click()
    expect(page.get_by_role("status").first).to_contain_text("is enabled")
    page.goto("/tickets")
    page.get_by_role("button", name="Back to your own").click()


def test_search_shows_what_is_found_and_says_when_nothing_is(visit, psa):
    number = psa.ticket("Quixotic scanner")
    page = visit("engineer")
    page.goto("/tickets")
    page.get_by_label("Number or words").fill("scanner quixotic")
    page.get_by_role("button", name="Search", exact=True).click()
    row = page.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("Service Desk")
    expect(row).to_contain_text("Priority 3")
    page.get_by_label("Number or words").fill("\" or id>0 or summary contains \"")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("main")).to_contain_text("No tickets found")
    page.get_by_label("Number or words").fill(f"#{number}")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Quixotic scanner")


def test_tickets_are_filtered_by_company_and_status(visit, psa):
    number = psa.ticket("Zephyr one", company="Quarry Steel Fabricators")
    psa.ticket("Zephyr two")
    page = visit("engineer")
    page.goto("/tickets?q=zephyr")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.get_by_label("Search Company").fill("quarry")
    company = page.get_by_label("Company", exact=True)
    expect(company.locator("option")).to_have_text(["All companies", "Quarry Steel Fabricators"])
    company.select_option(label="Quarry Steel Fabricators")
    page.get_by_label("Board", exact=True).select_option(label="Service Desk")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("tbody tr")).to_have_count(1)
    expect(page.locator("tbody tr")).to_contain_text("Zephyr one")
    expect(company.locator("option:checked")).to_have_text("Quarry Steel Fabricators")
    page.get_by_label("Status", exact=True).select_option(label="In Progress")
    page.get_by_role("button", name="Search", exact=True).click()
    expect(page.locator("main")).to_contain_text("No tickets found")
    psa("PATCH", f"/tickets/{number}", {"status": "In Progress", "as": "kbrandt"})
    page.reload()
    expect(page.locator("tbody tr")).to_have_count(1)


def test_the_picker_is_driven_by_the_keyboard(visit, psa):
    number = psa.ticket("Perplexing dongle")
    page = visit("engineer")
    page.clock.install()
    page.goto("/tickets/update")
    box = page.get_by_role("combobox")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/tickets/pick?q=p" in request.url else None)
    # The page's clock stands while somebody types, so that no pause of the machine is taken for his.
    page.clock.pause_at(page.evaluate("Date.now() / 1000 + 60"))
    box.press_sequentially("perplexing")
    page.clock.run_for(1_000)
    expect(page.get_by_role("option")).to_have_count(1)
    assert [url.partition("?")[2] for url in asked] == ["q=perplexing"], "asked once, when the typing rested"
    page.clock.resume()
    expect(box).to_have_attribute("aria-activedescendant", f"pick-{number}")
    box.press("Enter")
    expect(page.locator(".picked .ticket-card")).to_contain_text("Perplexing dongle")
    page.get_by_role("button", name="Clear").click()
    expect(page.locator(".picked .ticket-card")).to_have_count(0)
    box.fill("99999999")
    expect(page.locator(".picks")).to_contain_text("No tickets found")
    box.press("Escape")
    expect(page.locator(".picks")).to_be_empty()
    box.fill(str(number))
    expect(page.get_by_role("option").first).to_contain_text(f"#{number}")
    box.press("ArrowDown")
    box.press("Enter")
    page.get_by_role("button", name="Update this ticket").click()
    expect(page).to_have_url(re.compile(f"/tickets/{number}/update"))


def test_the_panel_warns_counts_and_previews(visit, psa):
    number = psa.ticket("Panel")
    page = visit("engineer")
    update(page, number)
    expect(page.get_by_label("Internal analysis")).to_be_checked()
    # Each choice says who will see it, when it is chosen.
    seen, maybe = page.get_by_text("This note will be visible to the customer"), page.get_by_text("may show it to the customer")
    expect(seen).to_be_hidden()
    expect(maybe).to_be_hidden()
    page.get_by_label("Discussion").check()
    expect(seen).to_be_visible()
    expect(maybe).to_be_hidden()
    page.get_by_label("Resolution").check()
    expect(seen).to_be_hidden()
    expect(maybe).to_be_visible()
    page.get_by_label("Internal analysis").check()
    expect(maybe).to_be_hidden()
    text = page.locator("#f-text")
    text.fill("# Heading\n\n**bold** <error 5> [x](javascript:alert(1))\n\n<script>alert(1)</script>")
    page.get_by_role("button", name="Preview").click()
    preview = page.locator(".preview")
    expect(preview.locator("strong")).to_have_text("bold")
    expect(preview).to_contain_text("<error 5>")
    expect(preview).to_contain_text("<script>alert(1)</script>")
    assert preview.locator("script").count() == 0
    assert "javascript:" not in preview.inner_html()
    page.get_by_role("button", name="Write", exact=True).click()
    text.fill("x" * 15_001)
    expect(page.locator("#text-count")).to_contain_text("may cut notes above 15,000")
    text.fill("x" * 50_001)
    expect(page.locator("#text-count")).to_contain_text("at most 50,000")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_have_text("Please look at the marked fields.")
    expect(page.locator("#e-text")).to_contain_text("Has 50001 characters")
    expect(page.locator("#f-text")).to_have_attribute("aria-describedby", re.compile("e-text"))
    # What was written is still there.
    assert page.locator("#f-text").input_value() == "x" * 50_001


def test_what_is_refused_is_in_sight_and_has_the_focus(visit, psa):
    number = psa.ticket("Focus")
    for size in ["desktop", "phone"]:
        page = visit("engineer", size=size)
        update(page, number)
        page.get_by_label("Time, in minutes").fill("9999")
        page.get_by_role("button", name="Update ticket").click()
        expect(page.get_by_label("Time, in minutes")).to_be_focused()
        expect(page.get_by_label("Time, in minutes")).to_be_in_viewport()
        # The notice stands above the fields.
        notice, field = page.get_by_role("alert").bounding_box(), page.locator("#f-text").bounding_box()
        assert notice["y"] < field["y"]
    psa("PATCH", f"/tickets/{number}", {"status": "Scheduled", "as": "kbrandt"})
    update(page, number)
    psa("PATCH", f"/tickets/{number}", {"status": "New", "as": "kbrandt"})
    page.get_by_label("Time, in minutes").fill("0")
    page.get_by_label("Status (optional)").select_option(label="In Progress")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_be_focused()
    expect(page.get_by_role("alert")).to_be_in_viewport()
    # The same on any form.
    page = visit("admin")
    page.goto("/users/new")
    page.get_by_label("Name").fill("Pat")
    page.get_by_label("E-mail").fill("pat@rivermark.example")
    page.get_by_label("First password").fill("short")
    page.get_by_role("button", name="Create user").click()
    expect(page.get_by_label("First password")).to_be_focused()


def test_the_status_is_preselected_and_closing_has_to_be_meant(visit, demo, psa):
    number = psa.ticket("Status")
    page = visit("engineer")
    update(page, number)
    status = page.get_by_label("Status (optional)")
    expect(status.locator("option:checked")).to_have_text("New (unchanged)")
    offered = status.locator("option").all_inner_texts()
    assert "Closed" not in offered and "Archived" not in offered
    # What takes no time is not offered while time is logged.
    refusing = status.locator("option", has_text="On Hold (does not accept time)")
    expect(refusing).to_be_disabled()
    page.get_by_label("Time, in minutes").fill("0")
    expect(refusing).to_be_enabled()
    page.get_by_label("Time, in minutes").fill("15")
    expect(refusing).to_be_disabled()
    status.select_option(label="In Progress")
    page.get_by_label("Time, in minutes").fill("0")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("Status updated to In Progress")
    assert psa.state(number)["status"] == "In Progress"
    update(page, number)
    page.get_by_label("Time, in minutes").fill("0")
    page.get_by_text("Close the ticket").click()
    page.get_by_label("Closing status").select_option(label="Closed")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.locator("#e-closing")).to_contain_text("Confirm that you want to close the ticket")
    expect(page.get_by_label("Closing status")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Yes, this closes the ticket").check()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status").first).to_contain_text("Status updated to Closed")
    # In the played world a customer's answer may open it again at any moment, so what was done is asked for.
    moved = demo.api("GET", f"/integrations/psa/posts?ticket_id={number}&kind=status")["items"][0]
    assert (moved["state"], moved["status_to"]["name"]) == ("sent", "Closed")


def test_a_status_that_changed_meanwhile_is_told_and_decided_again(visit, psa):
    number = psa.ticket("Meanwhile")
    page = visit("engineer")
    update(page, number)
    psa("PATCH", f"/tickets/{number}", {"status": "Scheduled", "as": "kbrandt"})
    page.locator("#f-text").fill("Called back")
    page.get_by_label("Status (optional)").select_option(label="In Progress")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("Someone else moved the ticket to Scheduled")
    assert psa.state(number)["status"] == "Scheduled"
    # Trying the same again would lead nowhere; the way on is a form with what is missing.
    expect(page.get_by_role("button", name="Retry what is missing")).to_have_count(0)
    page.get_by_role("button", name="Edit and resend").click()
    status = page.get_by_label("Status (optional)")
    expect(status.locator("option:checked")).to_have_text("In Progress")
    expect(status.locator("option").first).to_have_text("Scheduled (unchanged)")
    expect(page.locator("#f-text")).to_have_value("")
    expect(page.get_by_label("Time, in minutes")).to_have_value("0")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("Status updated to In Progress")
    state = psa.state(number)
    assert state["status"] == "In Progress"
    assert len(notes(state, "Called back")) == 1
    assert len([entry for entry in state["time_records"] if entry["minutes"] == 15]) == 1


def test_time_that_was_logged_is_not_logged_again_with_a_refused_status(visit, psa):
    number = psa.ticket("Time, then status")
    page = visit("engineer")
    update(page, number)
    psa("PATCH", f"/tickets/{number}", {"status": "Scheduled", "as": "kbrandt"})
    page.get_by_label("Time, in minutes").fill("20")
    page.get_by_label("Status (optional)").select_option(label="In Progress")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("20 minutes logged")
    expect(page.get_by_role("alert")).to_contain_text("Someone else moved the ticket")
    page.get_by_role("button", name="Edit and resend").click()
    expect(page.get_by_label("Time, in minutes")).to_have_value("0")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("Status updated to In Progress")
    assert len([entry for entry in psa.state(number)["time_records"] if entry["minutes"] == 20]) == 1


def test_a_status_that_waits_for_refused_time_comes_after_it(visit, psa):
    number = psa.ticket("No dial tone, no words", board="Voice")
    page = visit("engineer")
    update(page, number)
    page.get_by_label("Status (optional)").select_option(label="In Progress")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("not valid for the selected location")
    expect(page.locator("tbody tr", has_text="Status: In Progress")).to_contain_text("not attempted")
    page.get_by_label("Allowed work role").select_option(label="Senior Engineer")
    page.get_by_role("button", name="Retry what is missing").click()
    expect(page.get_by_role("status").first).to_contain_text("15 minutes logged. Status updated to In Progress.")
    assert psa.state(number)["status"] == "In Progress"


def test_a_work_role_that_does_not_fit_is_chosen_again_and_the_note_is_not_doubled(visit, psa):
    number = psa.ticket("No dial tone", board="Voice")
    page = visit("engineer")
    update(page, number)
    page.locator("#f-text").fill("Replaced the cable")
    page.get_by_role("button", name="Update ticket").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("note was added")
    expect(alert).to_contain_text("not valid for the selected location")
    # Retrying sends it as it was written, so it cannot be changed here.
    expect(page.get_by_label("Note (already added)")).to_have_value("Replaced the cable")
    expect(page.locator("#f-text")).not_to_be_editable()
    expect(page.get_by_label("Time, in minutes")).to_have_count(0)
    page.get_by_label("Allowed work role").select_option(label="Senior Engineer")
    page.get_by_role("button", name="Retry what is missing").click()
    expect(page.get_by_role("status").first).to_contain_text("15 minutes logged")
    state = psa.state(number)
    assert [note["author"] for note in notes(state, "Replaced the cable")] == ["kbrandt"]
    assert [entry["workRole"] for entry in state["time_records"] if entry["workRole"]] == ["Senior Engineer"]


def test_what_was_refused_can_be_written_anew(visit, psa):
    number = psa.ticket("Dead line", board="Voice")
    page = visit("engineer")
    update(page, number)
    page.locator("#f-text").fill("Swapped the handset")
    page.get_by_label("Time, in minutes").fill("25")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("not valid for the selected location")
    page.get_by_label("Allowed work role").select_option(label="Senior Engineer")
    page.get_by_role("button", name="Edit and resend").click()
    # The note was written; the time is missing, and can be changed.
    expect(page.locator("#f-text")).to_have_value("")
    expect(page.get_by_label("Work role (optional)").locator("option:checked")).to_have_text("Senior Engineer")
    minutes = page.get_by_label("Time, in minutes")
    expect(minutes).to_have_value("25")
    minutes.fill("35")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("35 minutes logged")
    state = psa.state(number)
    assert len(notes(state, "Swapped the handset")) == 1
    assert [entry["minutes"] for entry in state["time_records"] if entry["minutes"] in (25, 35)] == [35]
    # What took its place asks for no attention any more.
    page.goto(f"/integrations/posts?ticket_id={number}")
    expect(page.locator("tbody tr", has_text="25 minutes")).to_contain_text("dismissed")
    expect(page.locator("tbody tr", has_text="failed")).to_have_count(0)


def test_what_somebody_else_tried_again_is_not_written_anew_beside_it(visit, demo, psa):
    number = psa.ticket("Twice")
    page = visit("engineer")
    update(page, number)
    page.locator("#f-text").fill("Only one of them")
    psa("POST", "/faults", {"action": "answer", "status": 400, "method": "POST", "path": "*/notes", "times": 1})
    page.get_by_role("button", name="Update ticket").click()
    page.get_by_role("button", name="Edit and resend").click()
    expect(page.locator("#f-text")).to_have_value("Only one of them")
    post = demo.api("GET", f"/integrations/psa/posts?ticket_id={number}&kind=note")["items"][0]["id"]
    demo.api("POST", f"/integrations/psa/posts/{post}/retry")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("was written, is about to be written, or was already replaced")
    assert len(notes(psa.state(number), "Only one of them")) == 1
    # Whoever means it can still send it, as a further update.
    page.locator("#f-text").fill("One more")
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status").first).to_contain_text("Note added")
    assert len(notes(psa.state(number), "One more")) == 1


def test_while_the_connection_is_disabled_pages_say_so(visit, demo, psa, connection):
    number = psa.ticket("Printer")
    page = visit("admin")
    demo.api("PATCH", connection, {"enabled": False})
    try:
        for path in ("/tickets", f"/tickets/{number}", f"/tickets/{number}/update"):
            page.goto(path)
            expect(page.locator("main")).to_contain_text("ConnectWise is disabled")
    finally:
        demo.api("PATCH", connection, {"enabled": True})
    page.goto(f"/tickets/{number}")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Printer")


def test_a_ticket_whose_status_takes_no_time_asks_for_none(visit, psa):
    number = psa.ticket("On hold")
    psa("PATCH", f"/tickets/{number}", {"status": "On Hold", "as": "dokafor"})
    page = visit("engineer")
    update(page, number)
    expect(page.get_by_label("Time, in minutes")).to_have_value("0")
    expect(page.locator("main")).to_contain_text("The ticket's status does not accept time.")
    page.locator("#f-text").fill("Still waiting")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("Note added")
    assert len(notes(psa.state(number), "Still waiting")) == 1


def test_the_psa_breaks_off_in_the_middle_of_a_post_and_nothing_is_lost_or_doubled(visit, demo, psa):
    number = psa.ticket("In the middle")
    page = visit("engineer")
    update(page, number)
    page.locator("#f-text").fill("Before the storm")
    # ConnectWise takes the note, but its answer never arrives; it fails with the time.
    psa("POST", "/faults", {"action": "cutAfter", "method": "POST", "path": "*/notes", "times": 1})
    psa("POST", "/faults", {"action": "answer", "status": 500, "method": "POST", "path": "*/time/entries", "times": 1})
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("will be sent automatically")
    post = page.locator("tbody tr", has_text="Internal analysis")
    # It is found after five seconds, which a page may take to open.
    expect(post).to_contain_text(re.compile("waiting|written"))
    # Nobody does anything; the page hears by itself that it went on.
    expect(page.locator("#ticket-history tbody tr", has_text="15 minutes")).to_contain_text("written", timeout=90_000)
    state = psa.state(number)
    assert len(notes(state, "Before the storm")) == 1
    assert len([entry for entry in state["time_records"] if entry["minutes"] == 15]) == 1
    page.goto(f"/integrations/posts?ticket_id={number}")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr", has_text="written")).to_have_count(2)


def test_while_the_psa_is_down_the_panel_takes_what_is_written(visit, demo, psa, connection):
    number = psa.ticket("Down")
    settings = demo.api("GET", f"{connection}/settings")
    demo.api("PUT", f"{connection}/settings", {**settings, "default_minutes": 35, "note_type": "resolution"})
    page = visit("engineer")
    psa("POST", "/faults", {"action": "cutBefore", "path": "*/service/tickets/*", "times": None})
    page.goto(f"/tickets/{number}")
    expect(page.locator("main")).to_contain_text("Unexpected response from ConnectWise")
    page.get_by_role("link", name="Update ticket").click()
    expect(page.locator("main")).to_contain_text("ConnectWise does not respond")
    # The connection's settings are ours, and apply.
    expect(page.get_by_label("Time, in minutes")).to_have_value("35")
    expect(page.get_by_label("Resolution")).to_be_checked()
    page.locator("#f-text").fill("Kept for later")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("saved and will be sent automatically")
    psa("DELETE", "/faults")
    # Nobody does anything.
    for _ in range(360):
        if notes(psa.state(number), "Kept for later"):
            break
        time.sleep(0.5)
    assert len(notes(psa.state(number), "Kept for later")) == 1


def test_a_part_that_is_fetched_again_keeps_the_focus(visit, demo, psa):
    number = psa.ticket("Focus stays")
    demo.api("POST", f"/integrations/psa/tickets/{number}/notes", {"text": "First"})
    page = visit("admin", size="phone")
    page.goto(f"/tickets/{number}")
    link = page.locator("#ticket-history tbody a").first
    link.focus()
    held = link.get_attribute("href")
    demo.api("POST", f"/integrations/psa/tickets/{number}/notes", {"text": "Second"})
    expect(page.locator("#ticket-history tbody tr")).to_have_count(2)
    expect(page.locator(f'#ticket-history tbody a[href="{held}"]')).to_be_focused()
    expect(page.locator(f'#ticket-history tbody a[href="{held}"]')).to_be_in_viewport()
    page = visit("admin")
    page.goto("/integrations/posts")
    row = page.locator("tbody tr", has_text="Second")
    row.get_by_role("link").first.focus()
    demo.api("POST", f"/integrations/psa/tickets/{number}/notes", {"text": "Third"})
    expect(page.locator("tbody tr", has_text="Third")).to_have_count(1)
    expect(row.get_by_role("link").first).to_be_focused()


def test_members_are_mapped_on_a_phone(visit):
    page = visit("admin", size="phone")
    page.goto("/integrations/members")
    row = page.locator("tbody tr", has_text="viewer@")
    row.scroll_into_view_if_needed()
    for part in [row.get_by_label("Member of Vera Nilsson"), row.get_by_role("button", name="Save")]:
        expect(part).to_be_in_viewport(ratio=1)
    # An address is not broken in the middle.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert row.locator(".cell-sub").first.evaluate("element => element.getClientRects().length && element.offsetHeight < 30")


def test_a_long_word_in_the_post_history_pushes_nothing_out_of_sight(visit, demo, psa):
    number = psa.ticket("Long word")
    demo.api("POST", f"/integrations/psa/tickets/{number}/notes", {"text": "https://vendor.example/" + "kb" * 80})
    page = visit("admin")
    page.goto(f"/integrations/posts?ticket_id={number}")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.locator(".table-frame").evaluate("frame => frame.scrollWidth <= frame.clientWidth")


def test_an_open_ticket_page_says_that_its_ticket_has_changed(visit, psa):
    number = psa.ticket("Changing")
    page = visit("engineer")
    page.goto(f"/tickets/{number}")
    changed = page.get_by_text("This ticket has changed since you opened it.")
    expect(page.locator("#ticket-history")).to_be_visible()
    psa("PATCH", f"/tickets/{number}", {"status": "Scheduled", "as": "kbrandt"})
    expect(changed).to_be_visible(timeout=60_000)
    page.locator("#ticket-history").get_by_role("link", name="Show").click()
    expect(page.locator("dl.facts").first).to_contain_text("Scheduled")
    expect(changed).to_have_count(0)


def test_a_page_that_is_live_leaves_alone_what_is_typed(visit, demo, psa):
    number = psa.ticket("Live")
    page = visit("admin")
    for path in ["/integrations/posts", "/deliveries"]:
        page.goto(path)
        expect(page.locator(".live")).not_to_have_class(re.compile("is-off"))
        field = page.get_by_label("Ticket", exact=True)
        field.press_sequentially("10")
        with page.expect_response(lambda answer: answer.url.endswith(path) and answer.request.method == "GET"):
            # Each page hears of what it shows. What others do in the world is chance, so a new ticket is told of.
            if path == "/integrations/posts":
                demo.api("POST", f"/integrations/psa/tickets/{number}/notes", {"text": f"Seen on {path}"})
            else:
                psa.ticket("Told")
        if path == "/integrations/posts":
            expect(page.locator("tbody tr", has_text=f"Seen on {path}")).to_have_count(1)
        field.press_sequentially("042")
        expect(field).to_have_value("10042")
        expect(field).to_be_focused()


def test_what_is_written_survives_a_new_sign_in_elsewhere(visit, demo, psa):
    number = psa.ticket("Two tabs")
    page = visit("engineer")
    update(page, number)
    page.locator("#f-text").fill("Half a page of thoughts")
    page.get_by_label("Time, in minutes").fill("0")
    page.context.clear_cookies(name="patchbay")
    other = page.context.new_page()
    sign_in(other, "engineer", demo.password)
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("You have signed in again")
    expect(page.locator("#f-text")).to_have_value("Half a page of thoughts")
    assert notes(psa.state(number), "Half a page of thoughts") == []
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("status").first).to_contain_text("Note added")
    assert len(notes(psa.state(number), "Half a page of thoughts")) == 1


def test_what_is_written_survives_a_page_that_only_says_what_failed(visit, psa):
    number = psa.ticket("Draft")
    page = visit("engineer")
    update(page, number)
    page.locator("#f-text").fill("Not again")
    once = page.locator("input[name=_once]").last.input_value()
    page.route("**/update", lambda route: route.fulfill(status=503, body="<h1>Away</h1>", content_type="text/html"))
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("heading", name="Away")).to_be_visible()
    page.unroute("**/update")
    page.complaints.clear()
    page.goto(f"/tickets/{number}/update")
    expect(page.locator("#f-text")).to_have_value("Not again")
    # Under the same name, so that it is not done twice if it was done after all.
    assert page.locator("input[name=_once]").last.input_value() == once
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("Note added")
    page.goto(f"/tickets/{number}/update")
    expect(page.locator("#f-text")).to_have_value("")


def test_a_customer_chosen_in_another_tab_does_not_redirect_what_is_written(visit, demo, psa):
    number = psa.ticket("Two tabs, two customers", company="Quarry Steel Fabricators")
    tenant = demo.api("GET", "/tenants")["items"][0]
    page = visit("admin")
    update(page, number)
    page.locator("#f-text").fill("Meant for all")
    page.get_by_label("Time, in minutes").fill("0")
    other = page.context.new_page()
    other.goto("/tickets")
    other.locator(".tenancy summary").click()
    other.get_by_role("button", name=tenant["name"]).click()
    expect(other.locator(".tenancy summary")).to_contain_text(tenant["name"])
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_contain_text(f"You look at {tenant['name']} now; this was opened for all customers")
    expect(page.locator("#f-text")).to_have_value("Meant for all")
    assert notes(psa.state(number), "Meant for all") == []
    page.get_by_role("button", name="Switch back to all customers").click()
    expect(page.locator(".tenancy summary")).to_contain_text("All customers")
    expect(page.locator("#f-text")).to_have_value("Meant for all")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("Note added")
    assert len(notes(psa.state(number), "Meant for all")) == 1


def test_after_an_update_the_way_back_leads_to_an_empty_form(visit, psa):
    number = psa.ticket("Back")
    page = visit("engineer")
    update(page, number)
    page.locator("#f-text").fill("Once is enough")
    page.get_by_label("Time, in minutes").fill("0")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("Note added")
    expect(page).to_have_url(re.compile(f"/tickets/{number}$"))
    page.go_back()
    expect(page.locator(".ticket-card")).to_contain_text(f"#{number}")
    expect(page.locator("#f-text")).to_have_value("")
    expect(page.get_by_label("Time, in minutes")).to_have_value("15")
    assert len(notes(psa.state(number), "Once is enough")) == 1


def test_what_is_typed_for_a_ticket_is_kept_until_it_is_taken_or_discarded(visit, demo, psa):
    number = psa.ticket("Typed")
    page = visit("engineer")
    text, back = page.locator("#f-text"), page.get_by_text("What you had typed is back.")

    def type_and_leave(words):
        update(page, number)
        text.fill(words)
        page.goto("/deliveries")
        page.goto(f"/tickets/{number}/update")

    type_and_leave("Half a sentence")
    expect(text).to_have_value("Half a sentence")
    expect(back).to_be_visible()
    page.reload()
    expect(text).to_have_value("Half a sentence")
    page.get_by_role("button", name="Discard").click()
    expect(text).to_have_value("")
    expect(back).to_have_count(0)
    # Cancelled is discarded too.
    type_and_leave("Not worth it")
    expect(text).to_have_value("Not worth it")
    page.get_by_role("link", name="Cancel").click()
    page.wait_for_url(f"**/tickets/{number}")
    update(page, number)
    expect(text).to_have_value("")
    # What is refused at its form stays when somebody leaves.
    text.fill("Refused and left")
    page.get_by_label("Time, in minutes").fill("9999")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("Please look at the marked fields.")
    page.goto("/")
    page.goto(f"/tickets/{number}/update")
    expect(text).to_have_value("Refused and left")
    # Nobody else gets it at the same browser.
    page.context.clear_cookies(name="patchbay")
    sign_in(page, "admin", demo.password)
    update(page, number)
    expect(text).to_have_value("")
    page.context.clear_cookies(name="patchbay")
    sign_in(page, "engineer", demo.password)
    update(page, number)
    expect(text).to_have_value("Refused and left")
    page.get_by_label("Time, in minutes").fill("0")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("Note added")
    update(page, number)
    expect(text).to_have_value("")
    assert len(notes(psa.state(number), "Refused and left")) == 1


def test_with_the_feature_disabled_nothing_is_offered_and_pages_say_why(visit, psa, feature):
    number = psa.ticket("Disabled")
    page = visit("engineer")
    feature(False)
    for path in ["/tickets", f"/tickets/{number}", f"/tickets/{number}/update", "/integrations/posts"]:
        page.goto(path)
        expect(page.locator("main")).to_contain_text("disabled for your organization")
        expect(page.get_by_role("link", name=re.compile("^Update a? ?ticket"))).to_have_count(0)
    feature(True)
    page.goto(f"/tickets/{number}")
    expect(page.get_by_role("link", name="Update ticket")).to_be_visible()


def test_members_are_matched_by_hand_and_by_e_mail(visit, demo):
    demo.api("POST", "/users", {"email": "tom.whitlock@rivermark.example", "name": "Tom Whitlock", "role": "engineer"})
    page = visit("admin")
    page.goto("/integrations/members")
    row = page.locator("tbody tr", has_text="viewer@")
    expect(row).to_contain_text("unmapped")
    row.get_by_label("Member of Vera Nilsson").select_option(label="Livia Rossi (lrossi)")
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Vera Nilsson is mapped to Livia Rossi")
    # One member is one person.
    row = page.locator("tbody tr", has_text="owner@")
    row.get_by_label("Member of Oskar Lindgren").select_option(label="Livia Rossi (lrossi)")
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("is mapped to viewer@")
    page.goto("/integrations/members")
    page.get_by_role("button", name="Match by e-mail").click()
    expect(page.locator("main")).to_contain_text("Matched: 1")
    expect(page.locator("tbody tr", has_text="tom.whitlock@").first).to_be_visible()
    page.get_by_role("link", name="Done").click()
    expect(page.locator("tbody tr", has_text="Vera Nilsson")).to_contain_text("An administrator")
    expect(page.locator("tbody tr", has_text="tom.whitlock@")).to_contain_text("E-mail address")
    page.get_by_label("Show", exact=True).select_option(label="Not mapped")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr", has_text="owner@")).to_have_count(1)
    expect(page.locator("tbody tr", has_text="viewer@")).to_have_count(0)
    page.get_by_label("Show", exact=True).select_option("true")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr", has_text="viewer@")).to_have_count(1)
    expect(page.locator("tbody tr", has_text="owner@")).to_have_count(0)
    page.locator("tbody tr", has_text="viewer@").get_by_label("Member of Vera Nilsson").select_option("")
    page.locator("tbody tr", has_text="viewer@").get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("unmapped")


def test_settings_apply_to_the_next_change(visit, psa, connection):
    page = visit("admin")
    page.goto("/integrations/settings")
    page.get_by_label("Minutes per change").fill("25")
    page.get_by_label("Work role").select_option(label="Senior Engineer")
    page.get_by_text("Update the status after a change").click()
    page.get_by_label("Status after a change on Service Desk").select_option(label="Waiting on Client")
    page.get_by_label("Users without a mapping write as").select_option(label="Kai Brandt")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("25 minutes")
    page.goto("/integrations/members?mapped=false")
    expect(page.locator("tbody tr").first).to_contain_text("Writes as Kai Brandt")
    number = psa.ticket("Settings")
    engineer = visit("engineer")
    update(engineer, number)
    expect(engineer.get_by_label("Time, in minutes")).to_have_value("25")
    # What is left alone is what the connection says, and is called so.
    expect(engineer.get_by_label("Work role").locator("option:checked")).to_have_text(
        "Default of the connection: Senior Engineer"
    )
    engineer.locator("#f-text").fill("By the settings")
    engineer.get_by_role("button", name="Update ticket").click()
    expect(engineer.get_by_role("status").first).to_contain_text("Status updated to Waiting on Client")
    [entry] = [entry for entry in psa.state(number)["time_records"] if entry["minutes"] == 25]
    assert entry["workRole"] == "Senior Engineer"


@pytest.fixture
def tenant(demo):
    """A customer, which is afterwards what it was."""
    tenant = demo.api("GET", "/tenants")["items"][0]
    yield tenant
    company = {name: tenant[name] for name in ("psa_company_id", "psa_company_name")}
    demo.api("PATCH", f"/tenants/{tenant['id']}", company)


def test_a_company_is_searched_among_all_there_are(visit, tenant):
    page = visit("admin")
    page.goto(f"/tenants/{tenant['id']}")
    company = page.get_by_label("Company in ConnectWise (optional)", exact=True)
    expect(company.locator("option:checked")).to_have_text(tenant["psa_company_name"])
    page.get_by_label("Search Company in ConnectWise").fill("quarry")
    # What is chosen stays in the list until something else is.
    expect(company.locator("option")).to_have_text(["None", tenant["psa_company_name"], "Quarry Steel Fabricators"])
    company.select_option(label="Quarry Steel Fabricators")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("tbody tr", has_text=tenant["name"])).to_contain_text("Quarry Steel Fabricators")


def test_missing_rights_are_named(visit, psa):
    psa("PATCH", "/switches", {"denied_rights": ["Time & Expense/Time Entry/Add"]})
    page = visit("admin")
    page.goto("/integrations/rights")
    expect(page.locator("main")).to_contain_text("1 right is missing")
    expect(page.locator("tbody tr", has_text="Time Entry › Add: All")).to_contain_text("missing")
    expect(page.locator("tbody tr", has_text="Service Tickets › Delete")).to_contain_text("can be removed")


def test_a_customer_limits_what_is_found_and_a_limited_person_sees_no_more(visit, demo, psa):
    tenant = demo.api("GET", "/tenants")["items"][0]
    inside = psa.ticket("Obelisk inside", company=tenant["psa_company_name"])
    outside = psa.ticket("Obelisk outside", company="Quarry Steel Fabricators")
    page = visit("admin")
    page.goto("/tickets?q=obelisk")
    expect(page.locator("tbody tr")).to_have_count(2)
    page.locator(".tenancy summary").click()
    page.get_by_role("button", name=tenant["name"]).click()
    expect(page.locator(".tenancy summary")).to_contain_text(tenant["name"])
    page.goto("/tickets?q=obelisk")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.goto(f"/tickets/{outside}").status == 404
    page.locator(".tenancy summary").click()
    page.get_by_role("button", name="All customers").click()
    # A person who is limited.
    email = f"limited{inside}@rivermark.example"
    user = demo.api("POST", "/users", {"email": email, "name": "Lim Ited", "role": "engineer", "password": "obelisk raven 42 tea"})
    page.goto(f"/users/{user['id']}/tenants")
    page.get_by_text("Limit to some customers").click()
    page.get_by_label(tenant["name"]).check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("limited to one customer")
    assert demo.api("GET", f"/users/{user['id']}/tenants")["tenant_ids"] == [tenant["id"]]
    limited = visit()
    limited.goto("/sign-in")
    limited.get_by_label("E-mail", exact=True).fill(email)
    limited.get_by_label("Password", exact=True).fill("obelisk raven 42 tea")
    limited.get_by_role("button", name="Sign in").click()
    # The password was given by somebody else.
    limited.get_by_label("Current password").fill("obelisk raven 42 tea")
    limited.get_by_label("New password", exact=True).fill("copper meadow whistle")
    limited.get_by_label("New password again").fill("copper meadow whistle")
    limited.get_by_role("button", name="Set password").click()
    limited.goto("/tickets?q=obelisk")
    expect(limited.locator("tbody tr")).to_have_count(1)
    expect(limited.locator("tbody tr")).to_contain_text("Obelisk inside")
    assert limited.goto(f"/tickets/{outside}").status == 404
    assert limited.goto(f"/tickets/{outside}/update").status == 404
    assert limited.goto("/connections").status == 403
    limited.goto("/tickets/update")
    limited.get_by_role("combobox").fill("obelisk")
    expect(limited.get_by_role("option")).to_have_count(1)
    update(limited, inside)
    limited.locator("#f-text").fill("Within the limit")
    limited.get_by_label("Time, in minutes").fill("0")
    limited.get_by_role("button", name="Update ticket").click()
    expect(limited.get_by_role("status").first).to_contain_text("Note added")
    limited.goto("/integrations/posts")
    expect(limited.locator("main")).to_contain_text("What you wrote to tickets")
    expect(limited.locator("tbody tr")).to_have_count(1)


def test_without_a_script_a_ticket_is_updated_too(visit, demo, psa):
    number = psa.ticket("No script")
    page = visit(java_script_enabled=False)
    sign_in(page, "engineer", demo.password)
    page.goto(f"/tickets/{number}/update")
    page.locator("#f-text").fill("Plain and simple")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("Note added")
    assert len(notes(psa.state(number), "Plain and simple")) == 1
