"""The members of a platform's courses: who is there, and who has left."""

from __future__ import annotations

from connectors import contacts
from connectors.runs import State
from engine.vault import Vault
from lrs.core.ifi import Ifi
from tests.contract.lti_course import Course
from tests.unit.connectors.lms_services import reply


async def test_a_roster_is_kept_and_leavers_are_noted(course: Course) -> None:
    await course.launched(memberships=f"{course.lms.url}/members")
    course.members = [
        {"user_id": "u-1", "roles": ["Learner"], "email": "u-1@example.jp", "name": "山田"},
        {"user_id": "u-2", "status": "Inactive"},
    ]
    assert (await course.read()).state is State.OK
    assert await course.roster() == {"u-1": "active", "u-2": "inactive"}
    course.members = course.members[1:]
    course.clock.forward(days=1)
    await course.read()
    assert await course.roster() == {"u-1": "left", "u-2": "inactive"}
    async with course.database.read() as conn:
        ifi = Ifi("account", "u-1", course.lms.url)
        address = await contacts.address(conn, Vault(b"k" * 32), ifi)
    assert address == "u-1@example.jp"


async def test_only_the_differences_are_read_while_the_platform_keeps_them(course: Course) -> None:
    await course.launched(memberships=f"{course.lms.url}/members")
    everybody = {"members": [{"user_id": "u-1"}, {"user_id": "u-2"}]}
    since = f'Link: <{course.lms.url}/since/A1>; rel="differences"'
    course.lms.on("/members", reply(everybody, since))
    change = {"members": [{"user_id": "u-2", "status": "Deleted"}, {"user_id": "u-3"}]}
    course.lms.on("/since/A1", reply(change, since.replace("A1", "B2")))
    await course.read()
    course.clock.forward(days=1)
    await course.read()
    assert await course.roster() == {"u-1": "active", "u-2": "left", "u-3": "active"}
    # The third link is kept no longer over there: all is read again.
    course.clock.forward(days=1)
    assert (await course.read()).state is State.OK
    assert await course.roster() == {"u-1": "active", "u-2": "active", "u-3": "left"}
    asked = [one for one in course.lms.targets() if one.startswith(("/members", "/since"))]
    assert asked == ["/members", "/since/A1", "/since/B2", "/members"]


async def test_an_unreadable_entry_makes_nobody_a_leaver(course: Course) -> None:
    await course.launched(memberships=f"{course.lms.url}/members")
    course.members = [{"user_id": "u-1"}]
    await course.read()
    course.members = [{"user_id": 1}]
    course.clock.forward(days=1)
    run = await course.read()
    assert run.detail is not None
    assert "1 entries have no proper id" in run.detail.en
    assert await course.roster() == {"u-1": "active"}


async def test_a_roster_of_learners_that_are_not_its_own_is_not_taken(course: Course) -> None:
    await course.set_up_lms(may_assert_homepages=["https://other.example.jp"])
    await course.launched(memberships=f"{course.lms.url}/members")
    course.members = [{"user_id": "u-1", "email": "u-1@example.jp"}]
    run = await course.read()
    assert run.detail is not None
    assert "may_assert_homepages" in run.detail.ja
    assert await course.roster() == {}
