"""A real Chromium, and what a page of ours must look like in it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
PHONE = {"width": 390, "height": 844}
DESK = {"width": 1280, "height": 900}
# Quiet: nothing is fetched, nothing is asked.
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@contextmanager
def chromium(*flags: str) -> Iterator[Browser]:
    """A Chromium: one that is installed, else what `.ci/chromium` gets; else the test fails."""
    found = subprocess.run(
        [ROOT / ".ci" / "chromium"], capture_output=True, text=True, check=False, timeout=600
    )
    if found.returncode:
        pytest.fail(found.stderr)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=found.stdout.strip().splitlines()[-1], args=[*_FLAGS, *flags]
        )
        yield opened
        opened.close()


def fits(page: Page) -> None:
    """Nothing is wider than the screen."""
    width = page.viewport_size["width"] if page.viewport_size else 0
    for box in page.locator("main > *").all():
        found = box.bounding_box()
        assert found is None or found["x"] + found["width"] <= width + 1, page.url


# What assistive technology finds wrong with a page, as a list of words.
_FAULTS = """() => {
  const all = (what) => [...document.querySelectorAll(what)];
  const named = (e) => (e.getAttribute('aria-label') || e.textContent || '').trim();
  const labelled = (e) => e.labels?.length || e.getAttribute('aria-label')
    || e.getAttribute('aria-labelledby');
  const told = [];
  const levels = all('h1,h2,h3,h4,h5,h6').map((e) => +e.tagName[1]);
  if (levels.filter((l) => l === 1).length !== 1 || levels[0] !== 1) told.push('h1');
  levels.reduce((a, b) => { if (b - a > 1) told.push(`h${a} to h${b}`); return b; }, 1);
  all('a[href], button, summary').filter((e) => !named(e)).forEach((e) => told.push(e.outerHTML));
  all('input:not([type=hidden]), select, textarea').filter((e) => !labelled(e))
    .forEach((e) => told.push(e.outerHTML));
  all('img').filter((e) => !e.hasAttribute('alt')).forEach((e) => told.push(e.outerHTML));
  const ids = all('[id]').map((e) => e.id);
  ids.filter((id, at) => ids.indexOf(id) !== at).forEach((id) => told.push(`#${id} twice`));
  all('[aria-labelledby],[aria-describedby]').forEach((e) =>
    ['aria-labelledby', 'aria-describedby'].forEach((a) => (e.getAttribute(a) || '')
      .split(/\\s+/).filter((id) => id && !document.getElementById(id))
      .forEach((id) => told.push(`${a} ${id}`))));
  if (all('main').length !== 1) told.push('main');
  if (!document.title.trim()) told.push('title');
  all('th').filter((e) => !e.scope).forEach((e) => told.push(`th ${e.textContent}`));
  return told;
}"""


def in_order(page: Page, where: str, language: str) -> None:
    """The page fits its screen, says its language, can be pressed by a thumb, and is named."""
    answer = page.goto(where)
    assert answer is not None
    assert answer.status == 200, where
    fits(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), where
    assert page.locator("html").get_attribute("lang") == language[:2], where
    smallest = page.evaluate(
        "Math.min(...[...document.querySelectorAll('main a.button, main button, nav a')]"
        ".map(e => e.getBoundingClientRect().height).filter(height => height > 0))"
    )
    assert smallest >= 24, where
    assert page.evaluate(_FAULTS) == [], where
