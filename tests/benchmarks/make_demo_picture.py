"""`python tests/benchmarks/make_demo_picture.py RUN` draws the README's picture from the report of a run of the demo:
what may be concluded, and one prompt of the gallery. Needs Chromium, as the tests of the page do.
"""

from __future__ import annotations

import argparse
import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from support.browser import chromium

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "images" / "demo-report.png"
WIDTH = 1440
ONLY_SHOWN = """
for (const part of document.querySelectorAll("main > :not(#conclusions, #gallery), footer")) part.style.display = "none"
for (const part of document.querySelectorAll("nav")) part.style.position = "static"
document.activeElement.blur()
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--prompt", default="", help="part of its label; the first shown by default")
    parser.add_argument("--at", type=float, default=1.5, help="position, seconds")
    given = parser.parse_args()
    with sync_playwright() as playwright:
        browser = chromium(playwright)
        page = browser.new_page(viewport={"width": WIDTH, "height": 1200}, color_scheme="light")
        page.goto((given.run.resolve() / "report" / "index.html").as_uri())
        page.locator("#gallery").scroll_into_view_if_needed()  # its clips are looked for when it is seen
        page.locator("#prompt option").first.wait_for(state="attached")
        labels = [label for label in page.locator("#prompt option").all_text_contents() if given.prompt in label]
        if not labels:
            parser.error(f"no prompt of {given.run} is called '{given.prompt}'")
        page.locator("#prompt").select_option(label=labels[0])
        page.locator("#seek").fill(str(given.at))
        page.evaluate(f"() => {{{ONLY_SHOWN}}}")
        page.wait_for_timeout(5000)  # until the videos have been sought and painted
        shot = Image.open(BytesIO(page.screenshot(full_page=True))).convert("RGB")
        shot.quantize(256).save(PICTURE, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
