"""
Look at each page of the built documentation in a browser: ``make docs-look``.

It opens them at the widths of a laptop and of a telephone, keeps a screenshot of each, and fails
where anything is wider than its place: the page, a block of code, a table or a picture. The
browser is the ``chromium`` or ``google-chrome`` of this machine, or that of ``playwright install
chromium``.
"""

from __future__ import annotations

import asyncio
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from playwright.async_api import Page

WIDTHS = (1280, 420)
"""Widths of the window, in pixels."""
PAGES = Path(__file__).parent / "_build" / "html"
"""Where ``make docs`` builds them."""
SHOTS = Path(__file__).parent / "_build" / "look"
"""Where the screenshots are kept, one folder a width."""
NOT_OURS = {"genindex.html", "py-modindex.html", "search.html"}
"""Pages that Sphinx makes by itself."""
TOO_WIDE = """
() => [document.documentElement, ...document.querySelectorAll("pre, .table-wrapper, article img")]
  .filter((each) => each.scrollWidth > each.clientWidth + 1
    || each.getBoundingClientRect().right > innerWidth + 1)
  .map((each) => `${each.tagName.toLowerCase()} of ${each.scrollWidth} pixels in `
    + `${each.clientWidth}: ${(each.textContent || each.src).trim().slice(0, 60)}`)
"""
"""Names what is wider than its place."""


async def look(page: Page, width: int, file: Path) -> list[str]:
    """Keep a screenshot of *file*, and return what is too wide in it."""
    await page.set_viewport_size({"width": width, "height": 900})
    await page.goto(file.as_uri())
    shot = SHOTS / str(width) / file.relative_to(PAGES).with_suffix(".png")
    await page.screenshot(path=shot, full_page=True)
    found: list[str] = await page.evaluate(TOO_WIDE)
    return [f"{file.relative_to(PAGES)} at {width}: {each}" for each in found]


async def main() -> int:
    """Look at all pages; return 1 where anything is too wide."""
    files = [each for each in sorted(PAGES.rglob("*.html")) if each.name not in NOT_OURS]
    if not files:
        print(f"There are no pages in {PAGES}; run make docs first.", file=sys.stderr)
        return 2
    browser_path = shutil.which("chromium") or shutil.which("google-chrome")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=browser_path)
        page = await browser.new_page()
        found = [each for w in WIDTHS for file in files for each in await look(page, w, file)]
        await browser.close()
    print("\n".join(found))
    print(f"{len(files)} pages, {len(found)} parts too wide; screenshots in {SHOTS}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
