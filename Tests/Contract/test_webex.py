"""webexpythonsdk, which follows the Link header and knows the error bodies."""

import pytest
from webexpythonsdk import ApiError, WebexAPI


@pytest.fixture
def api(webex_url):
    return WebexAPI(access_token="simulated-bot-token", base_url=f"{webex_url}/v1/")


def test_me(api):
    me = api.people.me()
    assert (me.displayName, me.type) == ("Patchbay", "bot")


def test_rooms_are_paged(api):
    rooms = list(api.rooms.list(max=100, type="group"))
    assert len(rooms) == 258
    assert len({room.id for room in rooms}) == 258
    assert api.rooms.get(rooms[0].id).title == rooms[0].title


def test_people_by_email(api):
    found = list(api.people.list(email="ren.sato@rivermark.example"))
    assert [person.displayName for person in found] == ["Ren Sato"]
    assert list(api.people.list(email="nobody@rivermark.example")) == []


def test_sends_to_a_person_and_reads_it_back(api):
    email = "maya.haddad@rivermark.example"
    first = api.messages.create(toPersonEmail=email, markdown="**One**")
    person = next(iter(api.people.list(email=email)))
    second = api.messages.create(toPersonId=person.id, text="Two", parentId=first.id)
    assert (first.roomType, first.toPersonEmail) == ("direct", email)
    listed = list(api.messages.list_direct(personEmail=email))
    assert [message.id for message in listed] == [second.id, first.id]
    assert listed[1].markdown == "**One**"
    assert listed[0].parentId == first.id


def test_sends_to_a_room(api):
    room = next(iter(api.rooms.list(max=1)))
    message = api.messages.create(roomId=room.id, markdown="Hello")
    assert api.messages.get(message.id).markdown == "Hello"
    edited = api.messages.update(message.id, roomId=room.id, markdown="Hello again")
    assert edited.markdown == "Hello again"
    with pytest.raises(ApiError) as refused:
        list(api.messages.list(roomId=room.id))
    assert refused.value.status_code == 403


def test_refusals(api, webex_url):
    with pytest.raises(ApiError) as refused:
        api.messages.create(toPersonEmail="nobody@rivermark.example", text="x")
    assert refused.value.status_code == 404
    assert refused.value.details["trackingId"].startswith("ROUTER_")
    with pytest.raises(ApiError) as refused:
        api.messages.create(toPersonEmail="ren.sato@rivermark.example", text="é" * 3720)
    assert refused.value.status_code == 400
    with pytest.raises(ApiError) as refused:
        WebexAPI(access_token="wrong", base_url=f"{webex_url}/v1/").people.me()
    assert refused.value.status_code == 401
