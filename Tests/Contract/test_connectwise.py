"""pyconnectwise, which speaks only https and finds pages only by `page=N>` at the end of a link."""

import pytest
from pyconnectwise import ConnectWiseManageAPIClient
from pyconnectwise.exceptions import (
    AuthenticationFailedException,
    MalformedRequestException,
    NotFoundException,
    ObjectExistsError,
    PermissionsFailedException,
)
from pyconnectwise.models.manage import Ticket


@pytest.fixture
def make_client(connectwise_url, authority, monkeypatch):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(authority))

    def make(**changes):
        arguments = {
            "company_name": "rivermark",
            "manage_url": connectwise_url.removeprefix("https://"),
            "client_id": "5b1d0000-0000-4000-8000-000000000000",
            "public_key": "SimulatedPublic1",
            "private_key": "SimulatedPrivate",
        }
        return ConnectWiseManageAPIClient(**{**arguments, **changes})

    return make


@pytest.fixture
def client(make_client):
    return make_client()


def test_lists_tickets(client):
    tickets = client.service.tickets.get(params={"conditions": "closedFlag = false", "orderBy": "id desc"})
    assert len(tickets) == 25
    assert all(isinstance(ticket, Ticket) for ticket in tickets)
    assert [ticket.id for ticket in tickets] == sorted((ticket.id for ticket in tickets), reverse=True)
    assert all(ticket.board.name and ticket.company.identifier for ticket in tickets)


def test_pages_through_all(client):
    pages = client.service.tickets.paginated(1, 60, params={"fields": "id,summary,status/name"})
    ids = [ticket.id for ticket in pages.all()]
    assert len(ids) == len(set(ids)) == client.service.tickets.count.get().count


def test_gets_one(client):
    ticket = client.service.tickets.id(10001).get()
    assert ticket.id == 10001
    assert ticket.summary
    assert ticket.info["lastUpdated"]


def test_creates_a_ticket_and_a_note(client):
    ticket = client.service.tickets.post(
        data={"summary": "Made by pyconnectwise", "company": {"identifier": "AtlasTile"}}
    )
    assert ticket.board.name == "Service Desk"
    note = client.service.tickets.id(ticket.id).notes.post(
        data={"text": "A note\nof two lines", "internalAnalysisFlag": True}
    )
    assert note.text == "A note\nof two lines"
    assert note.member.identifier == "PatchbayAPI"
    assert [n.id for n in client.service.tickets.id(ticket.id).notes.get()] == [note.id]


def test_patches(client):
    changed = client.service.tickets.id(10002).patch(
        data=[
            {"op": "replace", "path": "summary", "value": "Patched"},
            {"op": "replace", "path": "status", "value": {"name": "In Progress"}},
        ]
    )
    assert (changed.summary, changed.status.name) == ("Patched", "In Progress")
    assert changed.info["updatedBy"] == "PatchbayAPI"


def test_reads_the_other_lists(client):
    assert client.system.info.get().version
    assert {board.name for board in client.service.boards.get()} >= {"Service Desk", "Voice"}
    assert any(status.closed_status for status in client.service.boards.id(1).statuses.get())
    assert client.system.members.get(params={"conditions": "identifier='rsato'"})[0].first_name == "Ren"
    assert len(client.company.companies.get()) == 25
    assert client.company.contacts.get(params={"pageSize": 3})[2].company.id
    assert client.time.entries.get(params={"conditions": "chargeToType='ServiceTicket'"})[0].actual_hours


def test_registers_a_callback_once(client):
    entry = {"url": "https://patchbay.example/hooks?id=", "objectId": 1, "type": "ticket", "level": "owner"}
    made = client.system.callbacks.post(data=entry)
    assert made.id
    with pytest.raises(ObjectExistsError):
        client.system.callbacks.post(data=entry)
    client.system.callbacks.id(made.id).delete()


def test_refusals(client, make_client):
    with pytest.raises(NotFoundException):
        client.service.tickets.id(1).get()
    with pytest.raises(MalformedRequestException):
        client.service.tickets.get(params={"conditions": "nonsense = 1"})
    with pytest.raises(AuthenticationFailedException):
        make_client(private_key="wrong").service.tickets.get()
    with pytest.raises(PermissionsFailedException):
        make_client(client_id="").service.tickets.get()
