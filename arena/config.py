"""The settings of a match: validated once, printed by a dry run, stored with the match."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, ValidationInfo, field_validator

from arena import registry
from arena.types import ROLES, ArenaError, Role

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Strict(BaseModel):
    """Unknown keys are errors, values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True, allow_inf_nan=False
    )


class Contestant(Strict):
    """Who plays, with which options."""

    name: str
    """A contender of `arena contenders`."""
    options: dict[str, Any] = {}
    """Options of this contender; `arena contenders` lists them."""


class Exam(Strict):
    """The referee's exam and the rule that decides it."""

    size: Annotated[int, Field(ge=4, multiple_of=2)] = 1000
    """Images of an exam, half of them real."""
    win_accuracy: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Team B wins a round with at least this accuracy."""
    significance: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """A round whose p-value is not below this is called too close."""


class MatchConfig(Strict):
    """Everything that decides how a match goes. The same config and seed give the same match."""

    rounds: Annotated[int, Field(ge=1)] = 5
    """Rounds to play."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Every random choice of the match follows from it."""
    faces: str = "procedural:6000"
    """Where the real faces come from: a folder, a zip or another source; sub-folders are identities."""
    image_size: Annotated[int, Field(ge=8, le=1024, multiple_of=8)] = 64
    """Side of the square images in pixels."""
    parts: tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]] = (
        0.5,
        0.35,
        0.15,
    )
    """Shares of the faces for Team A, Team B and the referee, split by identity."""
    allow_leaks: bool = False
    """Play although near-duplicates of a face are in two parts; they are recorded with the match."""
    generator: Contestant = Contestant(name="dcgan")
    """Team A."""
    detector: Contestant = Contestant(name="cnn")
    """Team B."""
    knowledge: Literal["whitebox", "none"] = "whitebox"
    """Whether Team A trains against Team B's last snapshot (whitebox) or never sees it (none)."""
    false_alarm_rate: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Share of its own validation faces that Team B may call fake when it sets its alarm threshold."""
    gallery: Annotated[int, Field(ge=1)] = 500
    """Fakes that Team A publishes after each round, for Team B to train on."""
    reservoir: Annotated[int, Field(ge=0)] = 2000
    """Fakes of older galleries that Team B keeps training on; 0 for none."""
    exam: Exam = Exam()
    """The referee's exam."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the teams compute."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of convolutions; auto measures at the start of a match whether bf16 pays."""

    @field_validator("generator", "detector", mode="before")
    @classmethod
    def _short_form(cls, value: Any) -> Any:
        return {"name": value} if isinstance(value, str) else value

    @field_validator("generator", "detector", mode="after")
    @classmethod
    def _complete(cls, value: Contestant, info: ValidationInfo) -> Contestant:
        """Fill in every option, so that a stored config says all."""
        try:
            contender = registry.find(cast(Role, info.field_name), value.name)
            contender.check_keys(value.options)
        except ArenaError as error:
            raise ValueError(str(error)) from error
        try:
            options = TypeAdapter(contender.cls.Options).validate_python(value.options)
        except ValidationError as error:
            where = "options." if error.errors()[0]["loc"] else ""
            raise ValueError(where + _sentence(error.errors()[0])) from error
        return Contestant(name=value.name, options=dataclasses.asdict(options))

    def dump(self) -> dict[str, Any]:
        """The whole config as plain JSON values."""
        return self.model_dump(mode="json")


def load_config(file: Path | None = None, settings: Iterable[str] = (), **overrides: Any) -> MatchConfig:
    """The config of a YAML file, changed by `key.sub=value` settings and by keyword overrides that are not None.

    A contender named in `overrides` drops the file's options for another one. Raises ArenaError with one sentence.
    """
    values = _read_yaml(file) if file is not None else {}
    for role in ROLES:
        _choose(values, role, overrides.pop(role, None))
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise ArenaError(f"--set takes key=value, for example detector.options.width=64, not {setting!r}")
        _set(values, key.split("."), _parse(text, setting))
    for role in ROLES:
        if isinstance(values.get(role), dict):
            values[role].setdefault("name", MatchConfig.model_fields[role].default.name)
    values |= {key: value for key, value in overrides.items() if value is not None}
    return validate(values, str(file) if file is not None else "the settings")


def validate(values: Mapping[str, Any], where: str = "the config") -> MatchConfig:
    """A config from plain values. Raises ArenaError that names the first wrong key and what it should be."""
    try:
        return MatchConfig.model_validate(values)
    except ValidationError as error:
        raise ArenaError(f"{where}: {_sentence(error.errors()[0])}") from error


def check_name(name: str) -> str:
    """A name that is safe as a folder and in an address. Raises ArenaError otherwise."""
    if not NAME.fullmatch(name):
        raise ArenaError(f"a match cannot be called {name!r}: use up to 64 letters, digits, '-', '_' and '.'")
    return name


def _read_yaml(file: Path) -> dict[str, Any]:
    try:
        values = yaml.safe_load(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ArenaError(f"there is no config file {file}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ArenaError(f"the config file {file} cannot be read: {error}") from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f" in line {mark.line + 1}" if mark is not None else ""
        raise ArenaError(f"{file} is not valid YAML{place}: {getattr(error, 'problem', error)}") from error
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise ArenaError(f"{file} must hold settings as 'key: value' lines, not a {type(values).__name__}")
    return values


def _parse(text: str, setting: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ArenaError(f"the value of --set {setting} is not valid YAML") from error


def _choose(values: dict[str, Any], role: str, name: str | None) -> None:
    """Seat the contender of this name; options stay when the file gives them for the same one."""
    given = values.get(role)
    usual = MatchConfig.model_fields[role].default.name
    if name is not None and not (isinstance(given, dict) and given.get("name", usual) == name):
        values[role] = {"name": name}


def _set(values: dict[str, Any], path: list[str], value: Any) -> None:
    for key in path[:-1]:
        inner = values.get(key)
        if isinstance(inner, str) and key in ROLES:
            inner = {"name": inner}
        values[key] = inner = dict(inner) if isinstance(inner, dict) else {}
        values = inner
    values[path[-1]] = value


def _sentence(error: Any) -> str:
    place = ".".join(str(part) for part in error["loc"])
    if error["type"] == "extra_forbidden":
        known = _fields_at(error["loc"][:-1])
        close = difflib.get_close_matches(str(error["loc"][-1]), known, n=1)
        return f"there is no setting {place!r}" + (f", did you mean {close[0]!r}?" if close else "")
    if error["type"] == "value_error":
        return f"{place}: {error['ctx']['error']}" if place else str(error["ctx"]["error"])
    return f"{place}: {error['msg'][0].lower()}{error['msg'][1:]}, not {error['input']!r}"


def _fields_at(path: tuple[int | str, ...]) -> list[str]:
    model: Any = MatchConfig
    for part in path:
        model = model.model_fields[part].annotation
    return list(model.model_fields)
