"""Every screen in light and dark, on a desktop and on a phone: it opens, axe finds nothing, the browser is content."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from conftest import SHOTS, SIZES

SCREENS = {
    "dashboard": "/",
    "tickets": "/tickets",
    "tickets-found": "/tickets?q=printer&closed=true",
    "tickets-none": "/tickets?q=nothinglikethis",
    "ticket-update": "/tickets/{ticket}/update",
    "ticket-choose": "/tickets/update",
    "integrations": "/integrations",
    "integration-settings": "/integrations/settings",
    "integration-rights": "/integrations/rights",
    "member-mapping": "/integrations/members",
    "post-history": "/integrations/posts",
    "post": "/integrations/posts/{post}",
    "customers": "/tenants",
    "customer": "/tenants/1",
    "customer-new": "/tenants/new",
    "user-customers": "/users/2/tenants",
    "rules": "/rules",
    "rule-new": "/rules/new",
    "rule": "/rules/1",
    "preview": "/rules/preview?ticket_id={ticket}&event=created",
    "forwards": "/forwards",
    "forward-new": "/forwards/new",
    "deliveries": "/deliveries",
    "deliveries-empty": "/deliveries?state=simulated",
    "delivery": "/deliveries/1",
    "ticket": "/tickets/{ticket}",
    "recipients": "/recipients",
    "recipient-new": "/recipients/new",
    "sync": "/sync",
    "connections": "/connections",
    "connection-psa": "/connections/psa/1",
    "connection-psa-new": "/connections/psa/new",
    "connection-chat": "/connections/chat/1",
    "connection-chat-new": "/connections/chat/new",
    "users": "/users",
    "user": "/users/2",
    "user-new": "/users/new",
    "keys": "/keys",
    "key-new": "/keys/new",
    "flags": "/flags",
    "identity-providers": "/identity-providers",
    "identity-provider-new": "/identity-providers/new",
    "audit": "/audit",
    "audit-entry": "/audit/4",
    "settings": "/settings",
    "organizations": "/organizations",
    "health": "/health",
    "account": "/account",
    "second-factor": "/account/second-factor",
    "docs": "/docs",
    "search": "/search?q=voice",
}


def faults(page):
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]})
    return [
        f"{fault['id']}: {node['target']} {node['failureSummary']}"
        for fault in found.response["violations"]
        for node in fault["nodes"][:3]
    ]


@pytest.fixture(scope="module")
def furnished(demo):
    """Something in every room."""
    rooms = demo.api("GET", "/webex/rooms?kind=room")["items"]
    for source, destination, start, end in [(0, 1, None, "2099-01-01T00:00:00Z"), (2, 3, "2098-01-01T00:00:00Z", None)]:
        demo.api(
            "POST",
            "/notifiers/forwards",
            {
                "source_id": rooms[source]["id"],
                "destination_id": rooms[destination]["id"],
                "starts_at": start,
                "ends_at": end,
                "keep_copy": True,
            },
        )
    ticket = demo.until("/overview", lambda found: found["recent_events"])["recent_events"][0]["ticket_id"]
    demo.until("/deliveries", lambda found: found["items"])
    # So many screens look at this ticket that the limit for look-ups would be reached.
    demo.api("POST", f"/integrations/psa/tickets/{ticket}/notes", {"text": "Something **written** here."})
    post = demo.api("GET", "/integrations/psa/posts")["items"][0]["id"]
    yield {"ticket": ticket, "post": post}
    for forward in demo.api("GET", "/notifiers/forwards")["items"]:
        demo.api("DELETE", f"/notifiers/forwards/{forward['id']}")


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_screen(visit, furnished, scheme, size):
    SHOTS.mkdir(parents=True, exist_ok=True)
    wrong = {}
    stranger = visit(scheme=scheme, size=size)
    stranger.goto("/sign-in")
    stranger.screenshot(path=SHOTS / f"sign-in-{scheme}-{size}.png", caret="initial")
    if found := faults(stranger):
        wrong["sign-in"] = found
    stranger.complaints.clear()
    page = visit("super admin", scheme=scheme, size=size)
    for name, path in SCREENS.items():
        answer = page.goto(path.format(**furnished))
        assert answer.status == 200, path
        page.wait_for_function("document.documentElement.dataset.bsTheme === '%s'" % scheme)
        page.screenshot(path=SHOTS / f"{name}-{scheme}-{size}.png", full_page=name != "docs", caret="initial")
        # The page itself never scrolls sideways; wide tables scroll within their frame.
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} is too wide"
        assert not page.complaints, f"{name}: {page.complaints}"
        # The description of the API is one long list of the same.
        if name != "docs" or (scheme, size) == ("light", "desktop"):
            if found := faults(page):
                wrong[name] = found
            # axe writes styles into the page, which our policy forbids it.
            page.complaints.clear()
    page.close()
    page.complaints.clear()
    assert not wrong, "\n".join(f"{name}: {fault}" for name, found in wrong.items() for fault in found)
