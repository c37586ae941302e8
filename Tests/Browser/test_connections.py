"""Whose connection a page is about, what was written by whom and when, and two who change one thing."""

import datetime
import re

import pytest
from playwright.sync_api import expect

from conftest import SHOTS
from test_screens import faults

# They share a demo, in this order; other files run beside them.
pytestmark = pytest.mark.xdist_group("connections")


@pytest.fixture
def customer(demo):
    """A customer without a connection of its own; gone afterwards, with the one that it got."""
    tenant = demo.api("POST", "/tenants", {"name": "Kestrel Aviation"})
    yield tenant
    demo.api("DELETE", f"/tenants/{tenant['id']}")


@pytest.fixture
def shared(demo):
    """The organization's connection; its settings are afterwards what they were."""
    [connection] = [each for each in demo.api("GET", "/integrations/psa/connections")["items"] if not each.get("tenant_id")]
    path = f"/integrations/psa/connections/{connection['id']}/settings"
    settings = demo.api("GET", path)
    del settings["version"]
    yield connection
    demo.api("PUT", path, settings)


def shoot(page, name, size):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}-{size}.png", full_page=True)
    # The page itself never scrolls sideways.
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
    assert not (found := faults(page)), f"{name}: {found}"
    # axe writes styles into the page, which our policy forbids it.
    page.complaints.clear()


def choose(page, name, button="Show"):
    page.get_by_label("Connection of").select_option(label=name)
    page.get_by_role("button", name=button, exact=True).click()


def test_a_customer_gets_a_connection_of_its_own(visit, demo, customer, shared):
    page = visit("admin")
    page.goto("/integrations")
    # As calm as without customers.
    expect(page.get_by_label("Connection of")).to_have_count(0)
    page.get_by_role("link", name="Add a connection for a customer").click()
    page.get_by_label("Used for", exact=True).select_option(label=customer["name"])
    page.get_by_label("Name").fill("Kestrel's ConnectWise")
    page.get_by_label("Site").fill(shared["site"])
    page.get_by_label("Company").fill("rivermark")
    page.get_by_label("Public key").fill("SimulatedPublic1")
    page.get_by_label("Private key").fill("not the right one")
    page.get_by_label("Client ID").fill("11111111-2222-3333-4444-555555555555")
    page.get_by_role("button", name="Test and connect").click()
    expect(page.get_by_label("Private key")).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_label("Used for", exact=True).locator("option:checked")).to_have_text(customer["name"])
    shoot(page, "connection-of-customer-new", "desktop")
    page.get_by_label("Private key").fill("SimulatedPrivate")
    page.get_by_role("button", name="Test and connect").click()
    expect(page.get_by_role("status").first).to_contain_text("is connected")

    page.goto("/integrations")
    expect(page.locator("main")).to_contain_text(shared["name"])
    choose(page, customer["name"])
    expect(page.locator("main")).to_contain_text("Kestrel's ConnectWise")
    expect(page).to_have_url(re.compile(rf"/integrations\?tenant={customer['id']}$"))
    # It can be kept, and Back works.
    page.reload()
    expect(page.locator("main")).to_contain_text("Kestrel's ConnectWise")
    choose(page, "The organization")
    expect(page.locator("main")).not_to_contain_text("Kestrel's ConnectWise")
    page.go_back()
    expect(page.locator("main")).to_contain_text("Kestrel's ConnectWise")
    expect(page.get_by_label("Connection of").locator("option:checked")).to_have_text(customer["name"])

    # Settings, rights and members are those of this connection, and the way back leads to it.
    page.get_by_role("link", name="Edit").last.click()
    expect(page.locator("main")).to_contain_text(f"For {customer['name']}")
    page.get_by_label("Minutes per change").fill("40")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("40 minutes")
    expect(page.locator("main")).to_contain_text("Kestrel's ConnectWise")
    assert demo.api("GET", f"/integrations/psa/connections/{shared['id']}/settings")["default_minutes"] == 15
    page.get_by_role("link", name="Check rights").click()
    expect(page.locator("main")).to_contain_text("every right that Patchbay needs")
    page.get_by_role("navigation", name="Breadcrumb").get_by_role("link").click()
    page.get_by_role("link", name="Member mapping").click()
    expect(page.locator("main")).to_contain_text("No user is mapped yet")
    row = page.locator("tbody tr", has_text="owner@")
    row.get_by_label("Member of Oskar Lindgren").select_option(label="Kai Brandt (kbrandt)")
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").first).to_contain_text("Oskar Lindgren is mapped to Kai Brandt")
    expect(page.locator("tbody tr", has_text="owner@")).to_contain_text("Kai Brandt")
    page.get_by_label("Show", exact=True).select_option(label="Mapped")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Clear").click()
    expect(page.get_by_label("Connection of").locator("option:checked")).to_have_text(customer["name"])
    choose(page, "The organization", "Filter")
    expect(page.locator("tbody tr", has_text="owner@")).to_contain_text("unmapped")

    # A disabled one says what is used in its place; deleting says what goes, and then all is calm again.
    page.goto(f"/integrations?tenant={customer['id']}")
    page.get_by_role("button", name="Test").click()
    expect(page.get_by_role("status").first).to_contain_text("responds")
    page.goto(f"/integrations?tenant={customer['id']}")
    page.get_by_role("button", name="Disable").click()
    expect(page.get_by_role("dialog")).to_contain_text("through the organization's connection")
    page.get_by_role("dialog").get_by_role("button", name="Disable").click()
    expect(page.get_by_role("status").first).to_contain_text("is disabled")
    page.goto(f"/integrations/members?tenant={customer['id']}")
    expect(page.locator("main")).to_contain_text(f"The connection of {customer['name']} is disabled")
    page.get_by_role("main").get_by_role("link", name="Connection").last.click()
    expect(page.locator("main")).to_contain_text(f"{customer['name']} uses the organization's connection")
    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("status").first).to_contain_text("deleted")
    page.goto("/integrations")
    expect(page.get_by_label("Connection of")).to_have_count(0)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_choice_of_a_connection_fits(visit, demo, customer, shared, size):
    page = visit("admin", size=size)
    page.goto("/integrations")
    shoot(page, "integrations-calm", size)
    demo.api(
        "POST",
        f"/tenants/{customer['id']}/connectwise/credentials",
        {
            "name": "Kestrel's ConnectWise",
            "site": shared["site"],
            "company": "rivermark",
            "public_key": "SimulatedPublic1",
            "private_key": "SimulatedPrivate",
            "client_id": "own",
        },
    )
    for name, path in {
        "integrations-organization": "/integrations",
        "integrations-customer": f"/integrations?tenant={customer['id']}",
        "members-customer": f"/integrations/members?tenant={customer['id']}",
        "connections-customer": "/connections",
        "connection-new-customer": "/connections/psa/new",
        "posts-filters": "/integrations/posts",
    }.items():
        page.goto(path)
        expect(page.locator("h1")).to_be_visible()
        shoot(page, name, size)


def test_what_was_written_is_found_by_person_and_day(visit, demo):
    ticket = demo.api("GET", "/overview")["recent_events"][0]["ticket_id"]
    demo.api("POST", f"/integrations/psa/tickets/{ticket}/notes", {"text": "Found by day"})
    page = visit("admin", timezone_id="Pacific/Kiritimati")
    today = datetime.datetime.now(datetime.timezone(datetime.timedelta(hours=14))).date()
    day = datetime.timedelta(days=1)
    page.goto(f"/integrations/posts?ticket_id={ticket}")
    row = page.locator("tbody tr", has_text="Found by day")
    page.get_by_label("From", exact=True).fill(str(today))
    page.get_by_label("To", exact=True).fill(str(today))
    page.get_by_label("Requested by", exact=True).select_option(label="You")
    page.get_by_role("button", name="Filter").click()
    expect(row.first).to_be_visible()
    expect(page.get_by_label("From", exact=True)).to_have_value(str(today))
    page.get_by_label("From", exact=True).fill(str(today - 2 * day))
    page.get_by_label("To", exact=True).fill(str(today - day))
    page.get_by_role("button", name="Filter").click()
    expect(page.locator("main")).to_contain_text("No matching posts")
    page.goto("/integrations/posts")
    page.get_by_label("Requested by", exact=True).select_option(label="Oskar Lindgren")
    page.get_by_role("button", name="Filter").click()
    expect(row).to_have_count(0)
    engineer = visit("engineer")
    engineer.goto("/integrations/posts")
    expect(engineer.get_by_label("From", exact=True)).to_be_visible()
    expect(engineer.get_by_label("Requested by", exact=True)).to_have_count(0)


@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_settings_saved_in_two_tabs_are_not_lost_unseen(visit, demo, shared, size):
    path = f"/integrations/settings/{shared['id']}"
    first, second = visit("admin"), visit("owner", size=size)
    for page in (first, second):
        page.goto(path)
    minutes = "Minutes per change"
    first.get_by_label(minutes).fill("25")
    first.get_by_role("button", name="Save").click()
    expect(first.get_by_role("status").first).to_contain_text("Defaults saved")
    second.get_by_label(minutes).fill("35")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("alert")).to_contain_text("Someone else changed these defaults")
    expect(second.get_by_label(minutes)).to_have_value("35")
    expect(second.locator("main")).to_contain_text("25 minutes")
    shoot(second, "settings-stale", size)
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("status").first).to_contain_text("Defaults saved")
    expect(second.locator("main")).to_contain_text("35 minutes")
