"""The acceptance scenarios, step by step through the public doors, on both databases.

A scenario's file says what is configured, what happens, and what must be true after each step.
"""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from jsonschema import Draft201909Validator

from config.demo import proofs
from config.demo.installation import Installation, eventually
from config.demo.portals.provider import Provider
from config.demo.town import LMS_B, PORTAL_A, Town
from config.demo.visitor import Visitor

_SCENARIOS = Path(__file__).parent / "scenarios"
_SCHEMA = Path(__file__).parents[1] / "golden/openbadges/achievementcredential.schema.json"
_PASSWORD = "correct horse 7"
_SYNCS = "/console/syncs"
_HAS_SKILL = {"evidenced", "certified"}
_OFFICERS = ("officer-1", "officer-2")
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

Json = Any


def _by_typing(learner: Visitor, address: str) -> str:
    """The learner types an address, which proves nothing."""
    learner.open(proofs.IDENTITIES)
    learner.submit(f"{proofs.IDENTITIES}/claim", address=address)
    return proofs.done(learner)


def _text(words: str) -> dict[str, str]:
    return {"ja": words, "en": words}


def _rulebook(config: Json, version: str) -> Json:
    """The scenario's map, mappings and badges as one rulebook."""
    return {
        "version": version,
        "skill_map": {
            "id": "acceptance",
            "version": config["skill_map"]["version"],
            "title": _text("受け入れ試験"),
            "nodes": config["skill_map"]["nodes"],
        },
        "activities": [
            {
                "source": entry["connector"],
                "activity": entry["activity"],
                "skill": entry["node"],
                **({"min_scaled": entry["min_scaled"]} if "min_scaled" in entry else {}),
            }
            for entry in config["activity_map"]
        ],
        "badges": [
            {
                "id": badge["id"],
                "kind": badge.get("kind", "badge"),
                "name": _text(badge["id"]),
                "description": _text(badge["id"]),
                "criteria": _text(" + ".join(badge["requires_nodes"])),
                "rule": {"all": [{"skill": node} for node in badge["requires_nodes"]]},
                **({"overlay": badge["overlay"]} if "overlay" in badge else {}),
            }
            for badge in config["badges"]
        ],
    }


def _connectors(config: Json, town: Town) -> Json:
    """The scenario's connectors, at the addresses of the portals that stand for them."""
    answering = {entry["id"]: entry for entry in town.connectors()}
    # The door's name is said otherwise in the file that an operator writes.
    said_otherwise = {"homePage", "auth", "scopes"}
    return {
        "connectors": [
            answering[entry["id"]] | {k: v for k, v in entry.items() if k not in said_otherwise}
            for entry in config["connectors"]
        ]
    }


class Walk:
    """One scenario under way: who is signed in where, and what each step's door answered."""

    def __init__(self, kasane: Installation, town: Town, scenario: Json) -> None:
        self._kasane = kasane
        self._town = town
        self._config = scenario["config"]
        self._browsers: dict[str, Visitor] = {}
        self._waiting: list[Json] = []
        self._provider: Provider

    def set_up(self) -> None:
        """What the operator does once: connectors, rulebook, credentials, accounts; then serve."""
        files = self._kasane.folder
        connectors, rulebook = files / "connectors.yaml", files / "rulebook.yaml"
        connectors.write_text(yaml.safe_dump(_connectors(self._config, self._town)))
        rulebook.write_text(yaml.safe_dump(_rulebook(self._config, "2026.1")))
        self._kasane.run("connectors", "apply", str(connectors))
        self._kasane.run("rulebook", "publish", str(rulebook))
        made = self._kasane.run("credentials", "add", "portal-a")
        self._provider = Provider(
            kasane=self._kasane.url, connector="portal-a", key=made["id"], secret=made["secret"]
        )
        for learner in self._config["learners"]:
            login = learner.lower()
            self._kasane.account(login, _PASSWORD, role="learner", person=learner, name=learner)
        for officer in _OFFICERS:
            self._kasane.account(officer, _PASSWORD, role="staff", name=officer)
        self._kasane.start()

    def close(self) -> None:
        """Close every browser."""
        for browser in self._browsers.values():
            browser.close()

    def take(self, step: Json) -> None:
        """Do the step through its door, then see that everything it promises is true."""
        answered = getattr(self, f"_{step['do']}")(step)
        expected = dict(step.get("expect", {}))
        for name, value in expected.pop("result", {}).items():
            assert answered.get(name, 0 if value == 0 else None) == value, f"{name} of {answered}"
        if "learners" in expected or "evidence_count" in expected:
            self._finish_waiting_links()
        for learner, standing in expected.pop("learners", {}).items():
            self._see(partial(self._standing, learner, standing), standing)
        for place, count in expected.pop("evidence_count", {}).items():
            self._see(partial(self._evidence, *place.split("/")), count)
        if (unmapped := expected.pop("unmapped_inbox", None)) is not None:
            self._see(self._unmapped, unmapped)
        if (reasons := expected.pop("quarantine_reasons", None)) is not None:
            self._see(self._reasons, set(reasons))
        assert not expected, f"promises nobody looked at: {expected}"

    # The doors, one for each kind of step; each returns what the door said.

    def _xapi_push(self, step: Json) -> Json:
        answer = self._provider.ingest(step["statements"])
        assert answer.status_code == 200, answer.text
        return answer.json()["counts"]

    def _ags_score(self, step: Json) -> Json:
        answer = self._town.tool.post_score(self._town.lineitem, step["score"])
        assert answer.is_success, answer.text
        return {answer.json()["result"]: 1}

    def _csv_import(self, step: Json) -> Json:
        content = (_SCENARIOS / "files" / step["file"]).read_bytes()
        return self._officer().upload(f"/ingest/{step['connector']}/file", step["file"], content)

    def _map(self, step: Json) -> Json:
        officer = self._officer()
        officer.open(_SYNCS)
        officer.submit(
            f"{_SYNCS}/map",
            having=step["activity"],
            skill=step["node"],
            min_percent=str(round(step["min_scaled"] * 100)),
        )
        officer.submit(f"{_SYNCS}/map")
        return {"mapped": int(officer.page.url.params.get("done") == "activity_mapped")}

    def _unlink(self, step: Json) -> Json:
        owner = self._browser(self._config["learners"][0])
        return {"ended": int(proofs.unlink(owner, step["actor"]["account"]["name"]) == "unlinked")}

    def _link(self, step: Json) -> Json:
        if step["proof"] == "email_code_to_address_on_row" and "expect" not in step:
            # A code can go only to an address on record: these wait for the list that brings it.
            self._waiting.append(step)
            return {}
        return self._prove(step)

    def _finish_waiting_links(self) -> None:
        while self._waiting:
            assert self._prove(self._waiting.pop(0))["linked"] == 1

    def _prove(self, step: Json) -> Json:
        learner = self._browser(step["learner"])
        account = step["actor"].get("account", {})
        match step["proof"]:
            case "self_claim":
                done = _by_typing(learner, step["actor"]["mbox"].removeprefix("mailto:"))
            case "oidc_login":
                done = proofs.by_sign_in(learner, "portal-a", account["name"])
            case "lti_launch":
                done = proofs.by_launch(learner, self._town.lms.launch_url(account["name"]))
            case "email_code_to_address_on_row":
                read = partial(self._mailed_code, len(self._mails()))
                done = proofs.by_code(learner, "c-office", account["name"], read)
            case "roster_confirmed_by_two_officers":
                officers = [self._browser(officer) for officer in _OFFICERS]
                done = proofs.by_two_officers(
                    *officers, step["learner"], account["homePage"], account["name"]
                )
            case other:
                pytest.fail(f"no such proof: {other}")
        return {
            "linked": int(done in {"linked", "approved"}),
            "pending": int(done == "pending"),
            "rejected": int(done == "disputed"),
        }

    # What can be seen from outside.

    def _see(self, look: Any, expected: Json) -> None:
        seen: list[Json] = []

        def look_again() -> bool:
            seen[:] = [look()]
            return seen == [expected]

        try:
            eventually(look_again)
        except TimeoutError:
            assert seen[0] == expected

    def _standing(self, learner: str, asked: Json) -> Json:
        passport = self._browser(learner).json("/passport.json")
        standing = {
            "nodes": sorted(one["id"] for one in passport["skills"] if one["state"] in _HAS_SKILL),
            "badges": sorted(one["id"] for one in passport["badges"]),
            "revoked": sorted(one["id"] for one in passport["revoked"]),
        }
        return {name: standing[name] for name in asked}

    def credentials(self) -> list[Json]:
        """Every credential of the scenario's learners, as a stranger fetches it."""
        found = []
        for learner in self._config["learners"]:
            passport = self._browser(learner).json("/passport.json")
            for badge in [*passport["badges"], *passport["revoked"]]:
                url = f"{self._kasane.url}/credentials/{badge['award']}"
                answer = eventually(partial(_answered, url))
                found.append(answer.json())
        return found

    def _evidence(self, learner: str, skill: str) -> int:
        passport = self._browser(learner).json("/passport.json")
        count: int = passport["evidence_count"].get(skill, 0)
        return count

    def _unmapped(self) -> list[str]:
        """The activities that the console asks an officer to map, among the scenario's own."""
        officer = self._officer()
        officer.open(_SYNCS)
        forms = [form for form in officer.forms() if form.action == f"{_SYNCS}/map"]
        return sorted(form.fields["activity"] for form in forms)

    def _reasons(self) -> set[str]:
        """The codes of what is held, on the sync page, and of what is disputed, on the people's."""
        held = re.findall(
            r'<code class="small soft">(\w+)</code>', self._officer().open(_SYNCS).text
        )
        disputes = self._officer().open(proofs.PEOPLE).text
        return {*held, *re.findall(r'<code class="small soft">(\w+)</code>', disputes)}

    def _browser(self, login: str) -> Visitor:
        if login not in self._browsers:
            self._browsers[login] = self._kasane.visitor(login.lower(), _PASSWORD)
        return self._browsers[login]

    def _officer(self) -> Visitor:
        return self._browser(_OFFICERS[0])

    def _mails(self) -> list[Path]:
        return sorted((self._kasane.data / "mail").glob("*.eml"))

    def _mailed_code(self, before: int) -> str:
        """The code in the one message that came after the first `before`."""
        eventually(lambda: len(self._mails()) > before)
        return proofs.mailed_code(self._mails()[-1])


def _answered(url: str) -> httpx.Response | None:
    answer = httpx.get(url, headers={"Accept": "application/json"}, timeout=30)
    return answer if answer.is_success else None


def _scenario(name: str) -> Json:
    return json.loads((_SCENARIOS / f"{name}.json").read_text())


@pytest.mark.parametrize("name", ["S01_three_portals_stack", "S03_csv_twice"])
def test_every_step_of_the_scenario_keeps_its_promises(
    installation: Installation, tmp_path: Path, name: str
) -> None:
    scenario = _scenario(name)
    links = [
        step["actor"]["account"] for step in scenario["steps"] if "account" in step.get("actor", {})
    ]
    members = {one["name"] for one in links if one["homePage"] == PORTAL_A}
    students = {one["name"] for one in links if one["homePage"] == LMS_B}
    with Town(tmp_path, installation.url, members=members, students=students) as town:
        walk = Walk(installation, town, scenario)
        walk.set_up()
        try:
            for number, step in enumerate(scenario["steps"], start=1):
                print(f"step {number}: {step['do']} {step.get('note', '')}")  # noqa: T201
                walk.take(step)
            issued = walk.credentials()
        finally:
            walk.close()
    assert issued
    schema = Draft201909Validator(json.loads(_SCHEMA.read_text()))
    for document in issued:
        assert [error.message for error in schema.iter_errors(document)] == []
        # The schema allows one proof, and one piece of evidence, to stand by itself.
        assert isinstance(document["proof"], list)
        assert isinstance(document["evidence"], list)
