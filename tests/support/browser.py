"""Chromium, for what looks at the report's page: the one that is installed, else installed now."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import Browser, Error, Playwright

INSTALL = Path(__file__).resolve().parents[1] / "install_browser.sh"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"]


def chromium(playwright: Playwright) -> Browser:
    """A browser that is running.

    Raises:
        playwright.sync_api.Error: there is none, and tests/install_browser.sh could not install one.
    """

    def launched() -> Browser:
        program = next(filter(None, map(shutil.which, NAMES)), None)
        return playwright.chromium.launch(executable_path=program, args=ARGUMENTS)

    try:
        return launched()
    except Error:
        subprocess.run(["sh", str(INSTALL), str(Path(sys.executable).parent)], check=False, timeout=600)
        return launched()
