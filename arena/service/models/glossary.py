"""The words that need explaining."""

from __future__ import annotations

from arena.results.glossary import Entry
from arena.service.models.base import Model


class Glossary(Model):
    """Every word that needs explaining, in alphabetical order."""

    items: list[Entry]
