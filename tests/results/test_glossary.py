from __future__ import annotations

import dataclasses
import pkgutil
from pathlib import Path

import pytest

from arena.quality.words import MEASURES
from arena.referee.verdict import Verdict
from arena.results.glossary import GLOSSARY, explain, in_markdown
from arena.types import ArenaError

DOCUMENT = Path(__file__).parents[2] / "docs" / "glossary.md"
NO_WORD = {"n", "winner", "people", "resolution", "accuracy_high", "auroc_high"}
"""Fields of a verdict that need none beside the others."""


def test_the_document_is_the_glossary_of_today():
    """Made with: python -c 'from arena.results.glossary import in_markdown; print(in_markdown(), end="")'."""
    assert DOCUMENT.read_text(encoding="utf-8") == in_markdown()


@pytest.mark.parametrize("entry", GLOSSARY, ids=lambda entry: entry.key)
def test_an_entry_is_plain_and_names_what_is_there(entry):
    assert entry.plain.endswith(".")
    assert entry.plain.count(". ") == 0, "one sentence"
    assert len(entry.plain) < 130
    assert entry.exact.endswith(".")
    assert pkgutil.resolve_name(entry.where)


def test_no_word_means_two_things_and_the_terms_are_in_order():
    said = [name.casefold() for entry in GLOSSARY for name in (entry.term, *entry.names)]
    assert len(said) == len(set(said))
    terms = [entry.term.casefold() for entry in GLOSSARY]
    assert terms == sorted(terms)


def test_every_number_of_a_verdict_is_explained():
    for field in dataclasses.fields(Verdict):
        assert field.name in NO_WORD or explain(field.name)
    assert explain("one_face").term == "one face"
    assert {"one_face", "onet_kid"} <= MEASURES.keys()


def test_a_term_is_found_however_it_is_written():
    assert explain("AUROC") == explain("auroc") == explain("area under the curve")
    assert explain("too-close") == explain("Too close")
    with pytest.raises(ArenaError, match="did you mean 'AUROC'"):
        explain("aurok")
