"""The settings of a match: validated once, printed by a dry run, stored with the match."""

from __future__ import annotations

import dataclasses
import difflib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from arena import registry
from arena.play import presets
from arena.referee.marking import Marking
from arena.referee.verdict import Rule
from arena.types import ROLES, ArenaError, Role

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
WITHOUT_CONTENDERS = {"contenders": False}
"""Context of a validation that leaves contenders and their options unchecked, and so imports no torch."""


class WrongSetting(ArenaError):  # noqa: N818 - what is wrong, by its own name
    """A setting is not as it should be. `place`: its dotted place, such as 'exam.size'; '' for the settings as such."""

    def __init__(self, where: str, sentence: str, place: str) -> None:
        super().__init__(f"{where}: {sentence}")
        self.sentence, self.place = sentence, place


class _InsideChoice(ValueError):  # noqa: N818
    """What is wrong, and where below the choice."""

    def __init__(self, sentence: str, *place: str) -> None:
        super().__init__(sentence)
        self.place = place


class Strict(BaseModel):
    """Unknown keys are errors, values never change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, validate_default=True, use_attribute_docstrings=True, allow_inf_nan=False
    )


class Choice(Strict):
    """Who plays, with which options."""

    name: str
    """A contender of `arena contenders`."""
    options: dict[str, Any] = {}
    """Options of this contender; `arena contenders` lists them."""


class Exam(Strict):
    """The referee's exam and the rule that decides it."""

    size: Annotated[int, Field(ge=4, multiple_of=2)] = 1000
    """Images of an exam, half of them real."""
    marking: Marking = "half"
    """What is called fake: the half with the highest scores, or what reaches Team B's alarm threshold."""
    win_accuracy: Annotated[float, Field(gt=0, lt=1)] = 0.5
    """Team B wins a round with at least this accuracy."""
    secret: Literal["random", "seed"] = "random"
    """What exams are drawn from: a secret that nobody can foresee, or the match's seed, which makes a match repeatable.
    With a seed that is given it is the seed, unless this says otherwise."""
    significance: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """A round whose p-value is not below this counts as too close."""
    coding: Literal["as-faces", "none"] = "as-faces"
    """Whether every fake is coded as the files of the real faces were (as-faces) before any detector sees it."""


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
    """Let people who share a photo come into two parts; such leaks are recorded with the match."""
    generator: Choice = Choice(name="dcgan")
    """Team A."""
    detector: Choice = Choice(name="cnn")
    """Team B."""
    knowledge: Literal["whitebox", "none"] = "whitebox"
    """Whether Team A trains against Team B's last snapshot (whitebox) or never sees it (none)."""
    false_alarm_rate: Annotated[float, Field(gt=0, lt=1)] = 0.05
    """Share of its own validation faces that Team B may call fake when it sets its alarm threshold."""
    gallery: Annotated[int, Field(ge=1)] = 150
    """Fakes that Team A publishes after each round, for Team B to train on."""
    reservoir: Annotated[int, Field(ge=0)] = 2000
    """Fakes of older galleries that Team B keeps training on; 0 for none."""
    exam: Exam = Exam()
    """The referee's exam."""
    quality: Annotated[int, Field(ge=0)] = 1
    """How often the referee measures how good the fakes are: every so many rounds; 0 or false for never."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    """Where the teams compute."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Arithmetic of convolutions; auto measures at the start of a match whether bf16 pays."""

    @model_validator(mode="before")
    @classmethod
    def _repeatable(cls, values: Any) -> Any:
        """Who gives a seed wants the same match again, exams included."""
        if not isinstance(values, dict) or "seed" not in values:
            return values
        exam = values.get("exam", {})
        return values | {"exam": {"secret": "seed"} | exam} if isinstance(exam, dict) else values

    @field_validator("generator", "detector", mode="before")
    @classmethod
    def _short_form(cls, value: Any, info: ValidationInfo) -> Any:
        """A name alone, or options alone for the usual contender."""
        if isinstance(value, dict):
            return {"name": cls.model_fields[str(info.field_name)].default.name, **value}
        return {"name": value} if isinstance(value, str) else value

    @field_validator("generator", "detector", mode="after")
    @classmethod
    def _complete(cls, value: Choice, info: ValidationInfo) -> Choice:
        """Fill in every option, so that a stored config says all."""
        if info.context == WITHOUT_CONTENDERS:
            return value
        try:
            contender = registry.find(cast(Role, info.field_name), value.name)
        except ArenaError as error:
            raise _InsideChoice(str(error), "name") from error
        for key in value.options:
            try:
                contender.check_keys([key])
            except ArenaError as error:
                raise _InsideChoice(str(error), "options", key) from error
        try:
            options = TypeAdapter(contender.cls.Options).validate_python(contender.expanded(value.options))
        except ValidationError as error:
            first = error.errors()[0]
            where = "options." if first["loc"] else ""
            raise _InsideChoice(where + _sentence(first), "options", *map(str, first["loc"])) from error
        return Choice(name=value.name, options=dataclasses.asdict(options))

    def dump(self) -> dict[str, Any]:
        """The whole config as plain JSON values."""
        return self.model_dump(mode="json")


def load_config(file: Path | None = None, settings: Iterable[str] = (), **overrides: Any) -> MatchConfig:
    """The config of a YAML file, changed by `key.sub=value` settings and by keyword overrides that are not None.

    A contender named in `overrides` drops the file's options for another one. Raises ArenaError with one sentence.
    """
    return validate(read_settings(file, settings, **overrides), str(file) if file is not None else "the settings")


def read_settings(
    file: Path | None = None, settings: Iterable[str] = (), preset: str | None = None, **overrides: Any
) -> dict[str, Any]:
    """What `load_config` validates: the given settings as plain values, above those of a preset. Raises ArenaError."""
    values = _read_yaml(file) if file is not None else {}
    if preset is not None:
        values = presets.beside(presets.preset(preset), values)
    for role in ROLES:
        _choose(values, role, overrides.pop(role, None))
    for setting in settings:
        key, equals, text = setting.partition("=")
        if not equals or not key:
            raise ArenaError(f"--set takes key=value, for example detector.options.width=64, not {setting!r}")
        _set(values, key.split("."), read_value(text, setting))
    return values | {key: value for key, value in overrides.items() if value is not None}


def validate(values: Mapping[str, Any], where: str = "the config", contenders: bool = True) -> MatchConfig:
    """A config from plain values. Raises WrongSetting that names the first wrong key and what it should be.

    `contenders`: False leaves contenders and their options as they are given, which takes no torch and no time.
    """
    try:
        return MatchConfig.model_validate(values, context=None if contenders else WITHOUT_CONTENDERS)
    except ValidationError as error:
        first = error.errors()[0]
        inside = getattr(first.get("ctx", {}).get("error"), "place", ())
        place = ".".join(map(str, (*first["loc"], *inside)))
        raise WrongSetting(where, _sentence(first), place) from error


def validate_stored(values: Mapping[str, Any], where: str) -> MatchConfig:
    """A match's config as the ledger holds it, maybe for long: what had no choice then keeps what was played then."""
    exam = values.get("exam", {})
    then: dict[str, Any] = {"exam": {"coding": "none", **exam, "marking": Rule.of(exam).marking}}
    for role in ROLES:
        name, options = values[role]["name"], values[role]["options"]
        then[role] = {"name": name, "options": registry.find(role, name).as_stored(options)}
    return validate({"quality": 0, **values, **then}, where)


def with_absolute_faces(config: MatchConfig) -> MatchConfig:
    """A match must find its faces again from any folder."""
    path = Path(config.faces)
    return config.model_copy(update={"faces": str(path.resolve())}) if path.exists() else config


def check_name(name: str) -> str:
    """A name that is safe as a folder and in an address. Raises ArenaError otherwise."""
    if not NAME.fullmatch(name):
        raise ArenaError(f"a match cannot be named {name!r}: use up to 64 letters, digits, '-', '_' and '.'")
    return name


def numbered_names(config: MatchConfig) -> Iterator[str]:
    """Names for a match of these contenders, without end."""
    return (f"{config.generator.name}-{config.detector.name}-{i}" for i in itertools.count(1))


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


def read_value(text: str, setting: str) -> Any:
    """What stands behind the equals sign of `setting`, as YAML. Raises ArenaError."""
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ArenaError(f"the value in {setting} is not valid YAML") from error


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
