"""What others write stays text; and if ever it did not, what it asks of htmx and of forms would not be done."""

import re
import urllib.error
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import expect

from test_screens import SCREENS

# They share a demo, in this order; other files run beside them.
pytestmark = pytest.mark.xdist_group("injection")

# U+0600 joins with what follows, U+0301 with what precedes: with them `<` and `"` are none for who compares by cluster.
JOINS_NEXT, JOINS_LAST = "\u0600", "\u0301"
EMAIL = "mallory@customer.example"
PASSWORD = "velvet-harbour-93"


@pytest.fixture
def psa(demo):
    """The simulated ConnectWise of the demo."""
    site = demo.api("GET", "/integrations/psa/connections")["items"][0]["site"]
    return lambda method, path, body=None: demo.api(method, f"/_control{path}", body, base=f"http://{site}")


@pytest.fixture
def watched(visit, demo):
    """A page of a super administrator, and what it asks of the server besides what it is opened with."""
    page = visit("super admin")
    page.asked = []
    page.on("request", lambda request: page.asked.append((request.method, urlsplit(request.url).path)))
    # What tests put in is to be asked for below this path, or posted anywhere.
    page.misdeeds = lambda: [
        (method, path) for method, path in page.asked if method != "GET" or path.startswith("/injected")
    ]
    yield page
    users = demo.api("GET", "/users?limit=200")["items"]
    assert [user for user in users if user["email"] == EMAIL] == []


def takeover():
    """A note as it comes by e-mail: a form that makes a super administrator by itself. 249 characters."""
    name = "<input name=name value=M>"
    fields = (
        f"<input name=email value={EMAIL}><input name=role value=super_admin><input name=password value={PASSWORD}>"
    )
    text = f"{JOINS_NEXT}<form hx-post=/users/new hx-trigger=load>{name}{fields}</form>"
    return text + "." * (248 - len(text)) + JOINS_LAST


def test_two_emails_of_a_customer_make_nobody_a_super_administrator(watched, demo, psa):
    page = watched
    note = takeover()
    assert len(note) == 249
    first = psa("POST", "/tickets", {"summary": "Printer", "text": note, "as": "customer"})["id"]
    summary = f"Paper {JOINS_NEXT}<b hx-get=/tickets/{first} hx-trigger=load>{JOINS_LAST}"
    assert len(summary) <= 100
    # The dashboard has the latest events only, and much happens in the demo.
    for _ in range(10):
        second = psa("POST", "/tickets", {"summary": summary, "as": "customer"})["id"]
        demo.until("/overview", lambda found: any(e["summary"] == summary for e in found["recent_events"]))
        page.goto("/")
        if (row := page.locator("tbody tr", has_text=f"#{second}")).count():
            break
    expect(row.first).to_contain_text(f"<b hx-get=/tickets/{first} hx-trigger=load>")
    rest(page)
    # Its own page has the note as text as well, and so has every page that lists the tickets.
    for path in [f"/tickets/{first}", f"/tickets/{second}", "/tickets?q=Paper", f"/deliveries?ticket_id={second}"]:
        page.goto(path)
        rest(page)
        assert page.locator("[hx-post], b[hx-get], form[hx-trigger]").count() == 0, path
    page.goto(f"/tickets/{first}")
    expect(page.locator("main")).to_contain_text("hx-post=/users/new")
    assert page.misdeeds() == []
    # Nor is there anybody who could sign in as they were to.
    answer = page.context.browser.new_context().request.post(
        f"{demo.url}/sign-in", form={"email": EMAIL, "password": PASSWORD}, max_redirects=0
    )
    assert answer.status != 303


# Signs that a browser heeds, beside what makes another character of them for who does not read by code point.
BEFORE, BEHIND = ["", "\u0600", "\U000110bd", "\U0001f1e6"], ["", "\u0301", "\u0338", "\u200d", "\ufe0f"]
EVIL = [f"{before}<i-am-evil i-am-evil=1>{behind}" for before in BEFORE for behind in BEHIND]
EVIL += [f"{before}{sign}{behind} i-am-evil={sign}" for sign in "\"'" for before in BEFORE for behind in BEHIND]


def put(demo, path, body, wanted):
    """Makes something. What refuses a name need not show it."""
    try:
        return demo.api("POST", path, body)[wanted]
    except urllib.error.HTTPError as error:
        assert error.code in (400, 422), body
        return None


def test_no_screen_has_an_element_or_an_attribute_that_came_out_of_a_text(watched, demo, psa):
    page = watched
    made = [
        psa("POST", "/tickets", {"summary": "".join(EVIL[at : at + 2]), "text": "".join(EVIL), "as": "customer"})["id"]
        for at in range(0, len(EVIL), 2)
    ]
    users = [
        put(demo, "/users", {"email": f"evil-{at}@rivermark.example", "name": text, "role": "viewer"}, "id")
        for at, text in enumerate(EVIL)
    ]
    tenants = [put(demo, "/tenants", {"name": text}, "id") for text in EVIL]
    keys = [put(demo, "/users/keys", {"name": text}, "id") for text in EVIL]
    try:
        demo.until(f"/tickets/{made[-1]}/events", lambda found: found["items"])
        reflecting = ["/tickets?q={}", "/users?search={}", "/search?q={}", "/audit?actor={}", "/recipients?q={}"]
        screens = list(SCREENS.values()) + [f"/tickets/{number}" for number in made[:4]]
        screens += [path.replace("{}", quote(text, safe="")) for path in reflecting for text in EVIL[::7]]
        post = demo.until("/integrations/psa/posts", lambda found: True)["items"]
        for path in screens:
            if "{post}" in path and not post:
                continue
            page.goto(path.replace("{ticket}", str(made[0])).replace("{post}", str(post[0]["id"] if post else "")))
            found = page.evaluate("document.querySelectorAll('i-am-evil, [i-am-evil]').length")
            assert found == 0, path
    finally:
        for path, ids in [("/users", users), ("/tenants", tenants), ("/users/keys", keys)]:
            for number in filter(None, ids):
                demo.api("DELETE", f"{path}/{number}")


# What an escaper that failed would let in, somewhere inside of what others wrote.
ATTRIBUTES = {
    "get": '<b hx-get="/injected/get" hx-trigger="load">x</b>',
    "data": '<b data-hx-get="/injected/data" data-hx-trigger="load">x</b>',
    "post": '<form hx-post="/users/new" hx-trigger="load"><input name="email" value="{email}"></form>',
    "delete": '<b hx-delete="/injected/delete" hx-trigger="every 100ms">x</b>',
    "revealed": '<b hx-put="/injected/put" hx-trigger="revealed, intersect">x</b>',
    "out of all": '</td></tr></tbody></table></div></div></section></main></div><b hx-get="/injected/out" hx-trigger="load">x</b>',
    "after the body": '</body></html><b hx-get="/injected/after" hx-trigger="load">x</b>',
    "on the body": '<body hx-get="/injected/body" hx-trigger="load, every 100ms" hx-boost="true">',
    "live": '<div hx-ext="sse" sse-connect="/injected/live" sse-swap="change" hx-get="/injected/sse" hx-trigger="sse:change, load">x</div>',
    "a mark of their own": '<b data-ours="x" hx-get="/injected/marked" hx-trigger="load">x</b><img name="documentElement" data-ours="x" alt="">',
    "another configuration": '<meta name="htmx-config" content=\'{"disableSelector":".none"}\'><b hx-get="/injected/meta" hx-trigger="load">x</b>',
    "script": '<b hx-on:htmx:load="fetch(\'/injected/on\')" hx-on::load="fetch(\'/injected/on\')" hx-vals="js:{{a: fetch(\'/injected/vals\')}}">x</b>',
    "boost": '<div hx-boost="true" hx-trigger="load"><a href="/injected/boost">x</a></div>',
}
# Put in where the text of others stands: in the part that is fetched again, above it, and in what is outside of both.
PLACES = [r'(<div id="live-part">)', r"(</h1>)", r'(<main id="main"[^>]*>)', r"(<title>)"]


def inject(page, address, piece, place, only_fragments=False):
    """Has the answers of an address hold a piece of HTML, as if an escaper had let it through. Once more for another."""

    def change(route):
        answer = route.fetch(max_redirects=0)
        text, is_fragment = answer.text(), route.request.headers.get("hx-request") == "true"
        piece, place, only_fragments = page.injected
        if answer.status == 200 and (is_fragment or not only_fragments):
            text, count = re.subn(place, lambda match: match[1] + piece, text, count=1)
            assert count == 1
        headers = {k: v for k, v in answer.headers.items() if k not in ("content-encoding", "content-length")}
        route.fulfill(status=answer.status, headers=headers, body=text)

    is_new = not hasattr(page, "injected")
    page.injected = (piece, place, only_fragments)
    if is_new:
        page.route(lambda url: urlsplit(url).path == address, change)


def rest(page):
    """Until htmx has looked at the page, and would have sent what it found."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 400)))")


def written(piece):
    return piece.replace("{{", "{").replace("}}", "}").replace("{email}", EMAIL)


@pytest.mark.parametrize("place", PLACES)
def test_attributes_that_others_put_into_a_page_do_nothing(watched, place):
    page = watched
    for name, piece in ATTRIBUTES.items():
        inject(page, "/", ("</title>" if "title" in place else "") + written(piece), place)
        page.goto("/")
        rest(page)
        assert page.misdeeds() == [], name


def test_attributes_in_a_part_that_is_fetched_again_do_nothing(watched):
    page = watched
    for name, piece in ATTRIBUTES.items():
        beside = '<b hx-swap-oob="beforeend:#main">y</b>'
        inject(page, "/", f'<i class="swapped">{written(piece)}</i>{beside}', PLACES[0], only_fragments=True)
        page.goto("/")
        # Twice, as if something had changed: what is ours goes on.
        for _ in range(2):
            with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
                page.evaluate("htmx.trigger(document.querySelector('[sse-connect]'), 'sse:change')")
            expect(page.locator("#live-part .swapped")).to_have_count(1)
            rest(page)
        assert page.misdeeds() == [], name


FORMS = {
    "a form": '<form action="/users/new" method="post"><input name="email" value="{email}"><button id="theirs">x</button></form>',
    "a form with a mark": '<form data-ours="x" action="/users/new" method="post"><button id="theirs">x</button></form>',
    "a field that stands in": '<form action="/users/new" method="post"><input name="getAttribute" data-ours="x"><button id="theirs">x</button></form>',
}


@pytest.mark.parametrize("name", FORMS)
def test_forms_that_others_put_into_a_page_send_nothing(watched, name):
    page = watched
    inject(page, "/sync", written(FORMS[name]), PLACES[1])
    page.goto("/sync")
    # Not by the mouse, which asks elements for attributes too.
    page.evaluate("document.querySelector('#theirs').click()")
    rest(page)
    assert page.misdeeds() == []
    assert urlsplit(page.url).path == "/sync"
    # htmx cannot read such a form.
    page.complaints[:] = [text for text in page.complaints if "getAttribute is not a function" not in text]


def test_a_form_around_ours_does_not_send_our_token(watched):
    page = watched
    # The browser ignores the form inside of a form, so that our fields and buttons belong to theirs.
    inject(page, "/keys/new", '<form action="/users/new" method="post"><input name="role" value="super_admin">', PLACES[1])
    page.goto("/keys/new")
    page.get_by_label("Name", exact=True).fill("nightly")
    page.get_by_role("button", name="Create key").click()
    rest(page)
    assert page.misdeeds() == []


def test_a_button_inside_our_form_does_not_send_it_elsewhere(watched):
    page = watched
    inject(page, "/keys/new", '<button id="theirs" formaction="/users/new">x</button>', r"(<form [^>]*data-keep[^>]*>)")
    page.goto("/keys/new")
    page.get_by_label("Name", exact=True).fill("nightly")
    page.locator("#theirs").click()
    rest(page)
    assert page.misdeeds() == []


def test_our_own_forms_go_on_after_their_part_was_fetched_again(watched, demo):
    page = watched
    page.goto("/sync")
    loaded = page.evaluate("performance.timeOrigin")
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        page.evaluate("htmx.trigger(document.querySelector('[sse-connect]'), 'sse:change')")
    card = page.locator(".card", has=page.get_by_role("heading", name="Tickets"))
    assert page.evaluate("performance.timeOrigin") == loaded
    card.get_by_role("button", name="Run now").click()
    expect(page.get_by_role("status")).to_contain_text("Started")
