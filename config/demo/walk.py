"""The walk: the whole flow through the public doors, told as it happens."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from config.demo import proofs, story
from config.demo.installation import eventually
from config.demo.narrator import Narrator
from config.demo.portals.provider import Provider
from config.demo.stage import Stage
from config.demo.tables import rows_of
from config.demo.visitor import Visitor
from connectors.runs import State
from engine.text import LANGUAGES, Text
from web.views.skill_map import STATES as SKILLS
from web.views.syncs import STATES, TYPES

_SYNCS = "/console/syncs"
_RESULTS = {
    "stored": Text(ja="新しく保存", en="stored"),
    "duplicate": Text(ja="すでに届いているもの", en="known already"),
    "changed": Text(ja="訂正として保存", en="stored as a correction"),
    "ignored": Text(ja="成績が確定していない・古いため対象外", en="not final or older: ignored"),
    "quarantined": Text(ja="保留", en="held"),
    "conflict": Text(ja="保留（同じIDで内容が違う）", en="held (same id, other content)"),
}
_RUNS = [Text(ja="実行", en="Run"), Text(ja="結果と件数", en="Outcome and counts")]
_READ_TO_THE_END = (STATES[State.OK].ja, STATES[State.PARTIAL].ja)
_HELD = [Text(ja="保留した記録", en="Held record"), Text(ja="ポータル", en="Portal")]
_DONE = {
    "linked": Text(ja="つながりました", en="connected"),
    "already_linked": Text(ja="すでにつながっています", en="connected already"),
    "approved": Text(ja="承認され、つながりました", en="approved and connected"),
    "disputed": Text(ja="ほかの方とつながっています", en="somebody else's"),
}
_GRADED = Text(ja="{given}/100 採点済み", en="{given}/100, fully graded")
_NOT_GRADED = Text(ja="採点待ち", en="waiting for a grade")


class Walk:
    """One telling of the story on a stage that is open."""

    def __init__(self, stage: Stage, narrator: Narrator) -> None:
        self._stage = stage
        self._kasane, self._town = stage.kasane, stage.town
        self._narrator = narrator

    def tell(self) -> None:
        """Tell every chapter."""
        provider = self._set_up()
        with (
            self._kasane.visitor(story.LEARNER.login, story.PASSWORD) as learner,
            self._kasane.visitor(story.OFFICERS[0].login, story.PASSWORD) as officer,
            self._kasane.visitor(story.OFFICERS[1].login, story.PASSWORD) as second,
        ):
            chapters = (
                partial(self._pushed, provider),
                self._scored,
                partial(self._scheduled, officer),
                partial(self._proved, learner, officer, second),
                partial(self._badges, learner),
            )
            for chapter in chapters:
                chapter()

    def _set_up(self) -> Provider:
        self._narrator.chapter(Text(ja="準備", en="Setting up"))
        with self._narrator.waiting(
            Text(
                ja="データベースと設定を用意しています", en="Preparing the database and the set-up"
            )
        ):
            provider = self._stage.set_up()
        for entry in self._stage.connectors:
            title = Text.of(entry["title"])
            told = Text(ja="つなぐ先：{title}（{type}）", en="Connected: {title} ({type})")
            self._narrator.say(told.format(title=title, type=TYPES[entry["type"]]))
        return provider

    def _pushed(self, provider: Provider) -> None:
        self._narrator.chapter(
            Text(ja="ポータルAがxAPIで送る（OAuth 2）", en="Portal A pushes xAPI (OAuth 2)")
        )
        for result in provider.ingest(story.PUSHED).raise_for_status().json()["results"]:
            self._tell_result(result["result"], _reason(result))

    def _scored(self) -> None:
        self._narrator.chapter(
            Text(
                ja="外部講座のツールが成績を送る（LTI AGS）",
                en="A course's tool posts scores (LTI AGS)",
            )
        )
        for score in story.SCORES:
            answer = self._town.tool.post_score(self._town.lineitem, score)
            result = answer.raise_for_status().json()
            final = score["gradingProgress"] == "FullyGraded"
            graded = _GRADED if final else _NOT_GRADED
            self._tell_result(result["result"], graded.format(given=score["scoreGiven"]))

    def _tell_result(self, result: str, detail: Text) -> None:
        text = _RESULTS.get(result, Text.of(result))
        line = Text(
            ja=f"{text.ja}　{detail.ja}".rstrip("　"), en=f"{text.en}: {detail.en}".rstrip(": ")
        )
        (self._narrator.held if result in {"quarantined", "conflict"} else self._narrator.say)(line)

    def _scheduled(self, officer: Visitor) -> None:
        self._narrator.chapter(
            Text(
                ja="時計が鳴る：図書館から読み取り、事務局Cのフォルダを見る",
                en="The bell rings: read the library, look into office C's folder",
            )
        )
        self._town.office.drop("graduates.csv", story.graduates())
        self._town.office.drop("broken.csv", story.cut_off())

        def all_in() -> bool:
            """The latest run of the library read to its end; both files were put away."""
            page = officer.open(f"{_SYNCS}?lang=ja&quiet=1").text
            runs = rows_of(page, "runs")
            library = [row[1] for row in runs if "D図書館" in row[0]]
            read = bool(library) and any(state in library[0] for state in _READ_TO_THE_END)
            return read and not list(self._town.office.folder.glob("*.csv"))

        with self._narrator.waiting(
            Text(
                ja="次の予定時刻を待っています（1分以内）",
                en="Waiting for the next slot (a minute at most)",
            )
        ):
            eventually(all_in, within=120)
        for language in LANGUAGES:
            page = officer.open(f"{_SYNCS}?lang={language}").text
            runs, held = rows_of(page, "runs"), rows_of(page, "held")
            self._narrator.table(
                [one.in_(language) for one in _RUNS],
                [(row[0], "  ".join(row[1:])) for row in runs[:6]],
            )
            self._narrator.table(
                [one.in_(language) for one in _HELD], [(row[0], row[1]) for row in held[:10]]
            )

    def _proved(self, learner: Visitor, officer: Visitor, second: Visitor) -> None:
        self._narrator.chapter(
            Text(
                ja="結衣さんが、四つのIDが自分のものだと証明する",
                en="Yui proves that four identities are hers",
            )
        )
        mails = self._kasane.data / "mail"

        def code() -> str:
            return proofs.mailed_code(eventually(lambda: sorted(mails.glob("*.eml")))[-1])

        linked = self._linked(learner)
        ways: tuple[tuple[str, Text, Callable[[], str]], ...] = (
            (
                story.AT_PORTAL_A,
                Text(ja="ポータルAにサインイン（OpenID Connect）", en="Signed in at portal A"),
                lambda: proofs.by_sign_in(learner, "portal-a", story.AT_PORTAL_A),
            ),
            (
                story.AT_LMS,
                Text(ja="大学LMSの授業から開く（LTI 1.3）", en="Opened from the LMS (LTI 1.3)"),
                lambda: proofs.by_launch(learner, self._town.lms.launch_url(story.AT_LMS)),
            ),
            (
                story.AT_OFFICE,
                Text(ja="名簿のアドレスに届いたコード", en="A code to the address on record"),
                lambda: proofs.by_code(learner, "c-office", story.AT_OFFICE, code),
            ),
            (
                story.AT_LIBRARY,
                Text(ja="担当者2名による確認", en="Two officers compared the papers"),
                lambda: proofs.by_two_officers(
                    officer, second, story.LEARNER.person, story.LIBRARY, story.AT_LIBRARY
                ),
            ),
        )
        for name, text, prove in ways:
            done = "already_linked" if name in linked else prove()
            told = Text(ja="{way}：{name}（{done}）", en="{way}: {name} ({done})")
            became = _DONE.get(done, Text.of(done))
            self._narrator.say(told.format(way=text, name=name, done=became))

    def _linked(self, learner: Visitor) -> set[str]:
        """The identities that the learner's page offers to let go of."""
        learner.open(proofs.IDENTITIES)
        keys = [form.fields.get("identity", "").casefold() for form in learner.forms()]
        names = (story.AT_PORTAL_A, story.AT_LMS, story.AT_OFFICE, story.AT_LIBRARY)
        return {name for name in names if any(key.endswith(name.casefold()) for key in keys)}

    def _badges(self, learner: Visitor) -> None:
        self._narrator.chapter(Text(ja="スキルとバッジ", en="Skills and badges"))

        def all_awarded() -> Any:
            passport = learner.json("/passport.json")
            return passport if len(passport["badges"]) >= story.BADGES else None

        with self._narrator.waiting(Text(ja="判定と署名を待っています", en="Deciding and signing")):
            passport = eventually(all_awarded, within=60)
        names = story.names()
        for skill in passport["skills"]:
            told = Text(ja="スキル「{title}」：{state}", en="Skill “{title}”: {state}")
            self._narrator.say(told.format(title=names[skill["id"]], state=SKILLS[skill["state"]]))
        for badge in passport["badges"]:
            address = f"{self._kasane.url}/badges/{badge['award']}"
            eventually(partial(_is_there, learner, address), within=60)
            told = Text(ja="バッジ「{name}」", en="Badge “{name}”")
            self._narrator.say(told.format(name=names[badge["id"]]))
            self._narrator.place(address)
        self._narrator.card(Text(ja="ご覧ください", en="Look at it"), self._stage.addresses())


def _is_there(visitor: Visitor, address: str) -> bool:
    return visitor.open(address).is_success


def _reason(result: dict[str, Any]) -> Text:
    return Text.of(result.get("detail") or result.get("reason") or "")
