"""Writing to tickets: from an empty organization to time in ConnectWise, with everything that may go wrong between."""

import re
import time

import pytest
from playwright.sync_api import expect

from conftest import sign_in


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
    page.get_by_role("button", name="Make it").click()
    page.locator("tr", has_text=f"Fresh MSP {number}").get_by_role("button", name="Visit").click()
    began = time.monotonic()
    # Nothing is there yet, and every place says what to do first.
    page.goto("/tickets?q=flux")
    expect(page.locator("main")).to_contain_text("No connection to ConnectWise yet")
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
    page.get_by_label("Client id").fill("11111111-2222-3333-4444-555555555555")
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
    expect(page.get_by_role("status").first).to_contain_text("15 minutes were logged")
    expect(page.locator("main")).to_contain_text("Tightened the belt.")
    assert time.monotonic() - began < 120
    state = psa.state(number)
    assert [entry["minutes"] for entry in state["time_records"] if entry["member"] == "PatchbayAPI"] == [15]
    [note] = notes(state, "**belt**.")
    assert note["internalAnalysisFlag"]
    # Somebody whom nobody mapped is named in the note.
    assert note["text"].startswith("By You")
    page.goto("/integrations/members")
    expect(page.locator("main")).to_contain_text("Nobody")
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


def test_the_picker_is_driven_by_the_keyboard(visit, psa):
    number = psa.ticket("Perplexing dongle")
    page = visit("engineer")
    page.goto("/tickets/update")
    box = page.get_by_role("combobox")
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/tickets/pick?q=p" in request.url else None)
    box.press_sequentially("perplexing", delay=20)
    expect(page.get_by_role("option")).to_have_count(1)
    assert len(asked) == 1, "asked once, when the typing rested"
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
    expect(page.locator(".choice", has_text="Description")).to_contain_text("This note will be visible to the customer")
    expect(page.locator(".choice", has_text="Resolution")).to_contain_text("may show it to the customer")
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
    expect(page.get_by_role("alert")).to_contain_text("characters")
    # What was written is still there.
    assert page.locator("#f-text").input_value() == "x" * 50_001


def test_the_status_is_preselected_and_closing_has_to_be_meant(visit, psa):
    number = psa.ticket("Status")
    page = visit("engineer")
    update(page, number)
    status = page.get_by_label("Status (optional)")
    expect(status.locator("option:checked")).to_have_text("New (as it is)")
    offered = status.locator("option").all_inner_texts()
    assert "Closed" not in offered and "Archived" not in offered
    assert any("takes no more time" in choice for choice in offered)
    status.select_option(label="In Progress")
    page.get_by_label("Time, in minutes").fill("0")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("In Progress now")
    assert psa.state(number)["status"] == "In Progress"
    update(page, number)
    page.get_by_label("Time, in minutes").fill("0")
    page.get_by_text("Close the ticket").click()
    page.get_by_label("Closing status").select_option(label="Closed")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("this closes the ticket")
    page.get_by_label("Yes, this closes the ticket").check()
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status").first).to_contain_text("Closed now")
    assert psa.state(number)["closed"]


def test_a_status_that_changed_meanwhile_is_told(visit, psa):
    number = psa.ticket("Meanwhile")
    page = visit("engineer")
    update(page, number)
    psa("PATCH", f"/tickets/{number}", {"status": "Scheduled", "as": "kbrandt"})
    page.get_by_label("Time, in minutes").fill("0")
    page.get_by_label("Status (optional)").select_option(label="In Progress")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("alert")).to_contain_text("Somebody moved the ticket to Scheduled")
    assert psa.state(number)["status"] == "Scheduled"


def test_a_work_role_that_does_not_fit_is_chosen_again_and_the_note_is_not_doubled(visit, psa):
    number = psa.ticket("No dial tone", board="Voice")
    page = visit("engineer")
    update(page, number)
    page.locator("#f-text").fill("Replaced the cable")
    page.get_by_role("button", name="Update ticket").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The note was written")
    expect(alert).to_contain_text("not valid for the selected location")
    assert page.locator("#f-text").input_value() == "Replaced the cable"
    page.get_by_label("Work role that is valid here").select_option(label="Senior Engineer")
    page.get_by_role("button", name="Try again what is missing").click()
    expect(page.get_by_role("status").first).to_contain_text("15 minutes were logged")
    state = psa.state(number)
    assert [note["author"] for note in notes(state, "Replaced the cable")] == ["kbrandt"]
    assert [entry["workRole"] for entry in state["time_records"] if entry["workRole"]] == ["Senior Engineer"]


def test_the_psa_breaks_off_in_the_middle_of_a_post_and_nothing_is_lost_or_doubled(visit, demo, psa):
    number = psa.ticket("In the middle")
    page = visit("engineer")
    update(page, number)
    page.locator("#f-text").fill("Before the storm")
    # ConnectWise takes the note, but its answer never arrives; the time fails before it is taken.
    psa("POST", "/faults", {"action": "cutAfter", "method": "POST", "path": "*/notes", "times": 1})
    psa("POST", "/faults", {"action": "cutBefore", "method": "POST", "path": "*/time/entries", "times": 2})
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("goes on by itself")
    post = page.locator("tbody tr", has_text="Internal analysis")
    expect(post).to_contain_text("waiting")
    post.get_by_role("link").first.click()
    page.get_by_role("button", name="Try now").click()
    page.goto(f"/tickets/{number}")
    for _ in range(20):
        if [entry for entry in psa.state(number)["time_records"] if entry["minutes"] == 15]:
            break
        for waiting in demo.api("GET", f"/integrations/psa/posts?ticket_id={number}&state=queued")["items"][:1]:
            demo.api("POST", f"/integrations/psa/posts/{waiting['id']}/retry", {})
        time.sleep(0.5)
    state = psa.state(number)
    assert len(notes(state, "Before the storm")) == 1
    assert len([entry for entry in state["time_records"] if entry["minutes"] == 15]) == 1
    # The page hears of it by itself.
    expect(page.locator("#ticket-history tbody tr", has_text="15 minutes")).to_contain_text("written", timeout=10_000)
    page.goto(f"/integrations/posts?ticket_id={number}")
    expect(page.locator("tbody tr")).to_have_count(2)
    expect(page.locator("tbody tr", has_text="written")).to_have_count(2)


def test_while_the_psa_is_down_the_panel_takes_what_is_written(visit, demo, psa):
    number = psa.ticket("Down")
    page = visit("engineer")
    psa("POST", "/faults", {"action": "cutBefore", "path": "*/service/tickets/*", "times": None})
    page.goto(f"/tickets/{number}")
    expect(page.locator("main")).to_contain_text("did not answer as it should")
    page.goto(f"/tickets/{number}/update")
    expect(page.locator("main")).to_contain_text("ConnectWise cannot be asked")
    page.locator("#f-text").fill("Kept for later")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("stored and goes on by itself")
    psa("DELETE", "/faults")
    connection = demo.api("GET", "/integrations/psa/connections")["items"][0]["id"]
    demo.api("POST", f"/integrations/psa/connections/{connection}/test")
    for _ in range(30):
        if notes(psa.state(number), "Kept for later"):
            break
        for waiting in demo.api("GET", f"/integrations/psa/posts?ticket_id={number}&state=queued")["items"][:1]:
            demo.api("POST", f"/integrations/psa/posts/{waiting['id']}/retry", {})
        time.sleep(0.5)
    assert len(notes(psa.state(number), "Kept for later")) == 1


def test_members_are_matched_by_hand_and_by_e_mail(visit, demo):
    demo.api("POST", "/users", {"email": "tom.whitlock@rivermark.example", "name": "Tom Whitlock", "role": "engineer"})
    page = visit("admin")
    page.goto("/integrations/members")
    row = page.locator("tbody tr", has_text="viewer@")
    expect(row).to_contain_text("unmapped")
    row.get_by_label("Member of Vera Nilsson").select_option(label="Livia Rossi (lrossi)")
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Vera Nilsson is Livia Rossi now")
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
    expect(page.locator("tbody tr", has_text="Vera Nilsson")).to_contain_text("an administrator")
    expect(page.locator("tbody tr", has_text="tom.whitlock@")).to_contain_text("e-mail address")
    page.locator("tbody tr", has_text="viewer@").get_by_label("Member of Vera Nilsson").select_option("")
    page.locator("tbody tr", has_text="viewer@").get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("unmapped")


def test_settings_apply_to_the_next_change(visit, psa):
    page = visit("admin")
    page.goto("/integrations/settings")
    page.get_by_label("Time for a change, in minutes").fill("25")
    page.get_by_text("Move the ticket after a change").click()
    page.get_by_label("Status after a change on Service Desk").select_option(label="Waiting on Client")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("25 minutes")
    number = psa.ticket("Settings")
    engineer = visit("engineer")
    update(engineer, number)
    expect(engineer.get_by_label("Time, in minutes")).to_have_value("25")
    engineer.locator("#f-text").fill("By the settings")
    engineer.get_by_role("button", name="Update ticket").click()
    expect(engineer.get_by_role("status").first).to_contain_text("Waiting on Client now")
    page.goto("/integrations/settings")
    page.get_by_label("Time for a change, in minutes").fill("15")
    page.get_by_text("Move the ticket after a change").click()
    page.get_by_role("button", name="Save").click()


def test_missing_rights_are_named(visit, psa):
    psa("PATCH", "/switches", {"denied_rights": ["Time & Expense/Time Entry/Add"]})
    page = visit("admin")
    page.goto("/integrations/rights")
    expect(page.locator("main")).to_contain_text("1 rights are missing")
    expect(page.locator("tbody tr", has_text="Time Entry › Add: All")).to_contain_text("missing")
    expect(page.locator("tbody tr", has_text="Service Tickets › Delete")).to_contain_text("can be taken away")


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
    page.get_by_text("Limited to some customers").click()
    page.get_by_label(tenant["name"]).check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("limited to 1 customers")
    assert demo.api("GET", f"/users/{user['id']}/tenants")["tenants"] == [tenant["id"]]


def test_without_a_script_a_ticket_is_updated_too(visit, demo, psa):
    number = psa.ticket("No script")
    page = visit(java_script_enabled=False)
    sign_in(page, "engineer", demo.password)
    page.goto(f"/tickets/{number}/update")
    page.locator("#f-text").fill("Plain and simple")
    page.get_by_role("button", name="Update ticket").click()
    expect(page.get_by_role("status").first).to_contain_text("The note was written")
    assert len(notes(psa.state(number), "Plain and simple")) == 1
