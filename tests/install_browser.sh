#!/bin/sh
# Installs the Chromium that the tests of the report's page need, where there is none: the system's package where that
# may be installed, else Playwright's own, which needs no rights. $1: the folder of the environment's programs.
set -u
ready() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" >/dev/null && return 0
    done
    ls "${PLAYWRIGHT_BROWSERS_PATH:-$HOME/.cache/ms-playwright}"/chromium*/*/chrome* >/dev/null 2>&1
}
ready && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    { apt-get install -qq -y --no-install-recommends chromium ||
        { apt-get update -qq && apt-get install -qq -y --no-install-recommends chromium; }; } >/dev/null 2>&1
fi
ready || "$1/playwright" install chromium >/dev/null 2>&1
ready || echo "There is no Chromium here and none can be installed: the tests of the report in a browser fail where CI is set, else they are skipped."
