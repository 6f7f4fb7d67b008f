"""The tables of a page, as a reader of the page sees them."""

from __future__ import annotations

from html.parser import HTMLParser


def rows_of(html: str, section: str) -> list[list[str]]:
    """The cells of each body row in the section labelled by `section`, in the page's order."""
    reader = _Rows(section)
    reader.feed(html)
    return reader.rows


class _Rows(HTMLParser):
    def __init__(self, section: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._section = section
        self._inside = False
        self._in_body = False
        self._in_cell = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "section":
            self._inside = dict(attrs).get("aria-labelledby") == self._section
        elif self._inside and tag == "tbody":
            self._in_body = True
        elif self._in_body and tag == "tr":
            self.rows.append([])
        elif self._in_body and tag in {"td", "th"}:
            self.rows[-1].append("")
            self._in_cell = True

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._in_cell = False
        elif tag == "tbody":
            self._in_body = False

    def handle_data(self, data: str) -> None:
        if self._in_cell and data.strip():
            self.rows[-1][-1] = f"{self.rows[-1][-1]} {data.strip()}".strip()
