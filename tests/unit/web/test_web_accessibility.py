"""What can be computed of WCAG 2.2 AA: contrast, labels, headings, languages, names."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from importlib.resources import files
from pathlib import Path

import pytest

from web.views import palette

CSS = (Path(str(files("web"))) / "static/kasane.css").read_text()
_VOID = {"input", "img", "br", "meta", "link", "hr"}
_SVG = {"svg", "path", "rect", "polygon", "polyline", "circle", "text", "title"}


@dataclass
class Page(HTMLParser):
    """What assistive technology finds on a page."""

    language: str = ""
    headings: list[int] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    labels: set[str] = field(default_factory=set)
    fields: list[tuple[str, bool]] = field(default_factory=list)
    described: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    names: list[tuple[str, str]] = field(default_factory=list)
    unnamed: list[str] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag, attrs):
        at = dict(attrs)
        if "style" in at or any(name.startswith("on") for name in at):
            self.inline.append(tag)
        if tag == "html":
            self.language = at["lang"]
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in at:
            self.ids.append(at["id"])
        if tag == "label" and "for" in at:
            self.labels.add(at["for"])
        is_field = tag in {"select", "textarea"} or (tag == "input" and at.get("type") != "hidden")
        if is_field:
            self.fields.append((at.get("id", ""), "label" in self.open or "aria-label" in at))
        self.described += at.get("aria-describedby", "").split()
        self.described += at.get("aria-labelledby", "").split()
        if tag == "img" and "alt" not in at:
            self.unnamed.append("img")
        if tag in {"a", "button", "summary"}:
            self.names.append((tag, at.get("aria-label", "")))
        if tag not in _VOID and tag not in _SVG - {"svg"}:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and self.open[-1] == tag:
            self.open.pop()
            if tag in {"a", "button", "summary"}:
                kind, name = self.names.pop()
                if not name.strip():
                    self.unnamed.append(kind)

    def handle_data(self, data):
        if data.strip():
            self.names = [(kind, name + data) for kind, name in self.names]


def _read(text: str) -> Page:
    page = Page()
    page.feed(text)
    return page


TEXT_PAIRS = [
    (palette.INK, palette.PAPER),
    (palette.INK, palette.SHEET),
    (palette.INK_SOFT, palette.PAPER),
    (palette.INK_SOFT, palette.SHEET),
    (palette.INK_SOFT, "#efece5"),
    (palette.INK, palette.PRIMARY_SOFT),
    (palette.PRIMARY, palette.PAPER),
    (palette.PRIMARY, palette.PRIMARY_SOFT),
    ("#ffffff", palette.PRIMARY),
    ("#ffffff", "#16294a"),
    (palette.MET, palette.MET_SOFT),
    (palette.MET, palette.SHEET),
    (palette.PENDING, palette.PENDING_SOFT),
    (palette.REFUSED, palette.REFUSED_SOFT),
    (palette.REFUSED, palette.PAPER),
    *(("#ffffff", silk.outer) for silk in palette.COMBINATIONS),
    *((palette.INK, silk.middle) for silk in palette.COMBINATIONS),
]
EDGE_PAIRS = [
    (palette.LINE_STRONG, palette.SHEET),
    (palette.LINE_STRONG, palette.PAPER),
    (palette.FOCUS, palette.PAPER),
    (palette.FOCUS, palette.SHEET),
    *((silk.outer, palette.SHEET) for silk in palette.COMBINATIONS),
]


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` colours, 1…21. Source: WCAG 2.2, relative luminance."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_text_stands_out_from_its_ground(ink, ground):
    assert contrast(ink, ground) >= 4.5


@pytest.mark.parametrize(("edge", "ground"), EDGE_PAIRS)
def test_edges_that_carry_meaning_stand_out(edge, ground):
    assert contrast(edge, ground) >= 3


def test_black_on_white_is_the_greatest_contrast():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)


def test_the_style_sheet_uses_the_colours_whose_contrast_was_computed():
    named = {
        name.upper().replace("-", "_"): colour
        for name, colour in re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", CSS)
    }
    for name, colour in named.items():
        if not name.startswith("UNDER"):
            assert getattr(palette, name) == colour, name
    for silk in palette.COMBINATIONS:
        assert re.search(rf"\.under-{silk.name} {{ --under: {silk.middle}", CSS), silk.name


def test_nothing_is_fetched_from_elsewhere():
    assert "url(" not in CSS
    assert "@import" not in CSS
    for template in (Path(str(files("web"))) / "templates").glob("*.html"):
        text = template.read_text()
        # Files of our own, and none of the journeys of a learner or an officer needs one.
        scripts = re.findall(r"<script.*?</script>", text, re.DOTALL)
        assert set(scripts) <= {
            '<script src="/static/copy.js" nonce="{{ visitor.nonce }}" defer></script>',
            '<script src="/static/registered.js" nonce="{{ visitor.nonce }}" defer></script>',
            '<script src="/static/lti.js" nonce="{{ visitor.nonce }}" defer></script>',
        }, template.name
        assert text.count("<script") == len(scripts), template.name
        assert not re.search(r'(src|href)="https?:', text), template.name


PUBLIC = ("/", "/signin", "/signup", "/verify", "/no/such/page", "/lti/about-another")
LEARNERS = (
    "/passport",
    "/passport/identities",
    "/passport/badges/ST-BOTH",
    "/passport/skills/SEC-1",
    "/catalogue",
)
OFFICERS = (
    "/console/syncs",
    "/console/syncs/mapped",
    "/console/registrations",
    "/console/registrations/new",
    "/console/people",
    "/console/people/L-0001",
    "/console/statements",
    "/console/statements?verb=x",
    "/console/forwarding",
    "/console/credentials",
    "/console/tools",
)


@pytest.mark.parametrize("language", ["ja", "en"])
async def test_every_page_is_in_order_for_assistive_technology(house, language):
    await house.set_up()
    await house.graduates()
    await house.officer("sato")
    learner, officer, stranger = (house.reader(language) for _ in range(3))
    await house.learner("yui", "L-0001")
    await learner.sign_in("yui")
    await officer.sign_in("sato")
    listed = (await officer.open("/console/statements")).text
    statement = re.findall(r'href="(/console/statements/[0-9a-f-]{36})"', listed)[:1]
    readers = [(stranger, PUBLIC), (learner, LEARNERS), (officer, [*OFFICERS, *statement])]
    for reader, places in readers:
        for place in places:
            page = _read((await reader.open(place)).text)
            assert page.language == language, place
            assert page.headings[0] == 1, place
            assert page.headings.count(1) == 1, place
            steps = zip(page.headings, page.headings[1:], strict=False)
            assert all(after - before <= 1 for before, after in steps), (place, page.headings)
            assert len(page.ids) == len(set(page.ids)), place
            assert set(page.described) <= set(page.ids), place
            without = [one for one, named in page.fields if not named and one not in page.labels]
            assert without == [], place
            assert page.unnamed == [], place
            assert page.inline == [], place
            assert "main" in page.ids, place
