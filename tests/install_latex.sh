#!/bin/sh
# Installs what the tests of LaTeX tables need (pdflatex, booktabs, pdftotext) where it is absent and this may be done.
set -u
ready() { command -v pdflatex >/dev/null && command -v pdftotext >/dev/null && kpsewhich booktabs.sty >/dev/null; }
ready && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    export DEBIAN_FRONTEND=noninteractive
    packages="texlive-latex-recommended lmodern poppler-utils"
    apt-get install -qq -y --no-install-recommends $packages >/dev/null 2>&1 ||
        { apt-get update -qq && apt-get install -qq -y --no-install-recommends $packages; } >/dev/null 2>&1
fi
ready || echo "pdflatex, booktabs or pdftotext is not here, and cannot be installed: the tests that need them are skipped."
