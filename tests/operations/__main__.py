"""Writes the pages of the operations: ``python -m tests.operations``."""

from __future__ import annotations

from tests.operations.page import DOCS, PAGES, texts_of

for page, (service, _) in PAGES.items():
    (DOCS / page).write_text(texts_of(service), "utf-8")
