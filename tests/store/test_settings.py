from __future__ import annotations

import pytest

from arena.store.settings import HomeSettings, read_settings
from arena.types import ArenaError


@pytest.mark.parametrize("text", [None, "", "# nothing allowed\n", "show_real_faces: false\n"])
def test_what_is_not_allowed_is_not(tmp_path, text):
    if text is not None:
        (tmp_path / "settings.yaml").write_text(text)
    assert read_settings(tmp_path) == HomeSettings(show_real_faces=False)


def test_what_is_allowed(tmp_path):
    (tmp_path / "settings.yaml").write_text("show_real_faces: true\n")
    assert read_settings(tmp_path).show_real_faces


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("show_real_faces: 'yes'", "show_real_faces in the settings .*settings.yaml must be true or false, not 'yes'"),
        ("show_real_faces: 1", "must be true or false, not 1"),
        ("show_real_faces:", "must be true or false, not None"),
        ("show_faces: true", "know no 'show_faces', only show_real_faces"),
        ("- show_real_faces", "must be 'key: value' lines with the keys show_real_faces"),
        ("a: [", "not valid YAML"),
        (b"\xff\xfe\x00", "not valid YAML"),
    ],
)
def test_what_is_not_understood_is_one_sentence(tmp_path, text, sentence):
    (tmp_path / "settings.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ArenaError, match=sentence) as raised:
        read_settings(tmp_path)
    assert "\n" not in str(raised.value)
