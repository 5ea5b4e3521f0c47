"""The containers hold what they promise: command lines that exist, nothing writable, nothing published, no secret.

Whether an engine would take the files is not asked here: there may be none.
"""

from __future__ import annotations

import fnmatch
import re
import shlex
import tomllib
import warnings
from pathlib import Path

import click
import pytest
import typer
import yaml
from typer.main import get_command

from arena.cli.commands import app
from arena.cluster.environment import _ENVIRONMENT
from arena.service.routes import ROUTERS

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "docker/Dockerfile").read_text(encoding="utf-8")
COMPOSE = (ROOT / "docker/compose.yaml").read_text(encoding="utf-8")
STACK = yaml.safe_load(COMPOSE)
SERVICES = STACK["services"]
SECRETS = ("ARENA_TOKEN", "RAY_AUTH_TOKEN", "POSTGRES_PASSWORD")
OURS = sorted(name for name, service in SERVICES.items() if service["image"] == "arena")
VARIABLE = re.compile(r"\$\{(\w+)(?::([-?])([^}]*))?\}")
each_service = pytest.mark.parametrize("name", SERVICES)


def instructions(text):
    """The Dockerfile's instructions, each as its word and the rest, continued lines joined."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(maxsplit=1)) for line in joined.splitlines()]


FILE = instructions(DOCKERFILE)
ENV = dict(pair.split("=", 1) for word, rest in FILE if word == "ENV" for pair in rest.split())


def filled(text):
    """A value as compose reads it: defaults in place, and any word for what has none."""
    return VARIABLE.sub(lambda found: found[3] if found[2] == "-" else "given", str(text))


def group(program):
    """The commands of a program that the image holds."""
    if program == "arena":
        return get_command(app)
    if program == "ray":
        from ray.scripts.scripts import cli

        return cli
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, about SQLAlchemy
        from mlflow.cli import cli

    return cli


@pytest.mark.parametrize("name", OURS)
def test_every_command_is_one_that_its_program_takes(name):
    program, word, *arguments = shlex.split(filled(SERVICES[name]["command"]))
    commands = group(program)
    context = (typer.Context if program == "arena" else click.Context)(commands, info_name=program)
    commands.commands[word].make_context(word, arguments, parent=context)


@each_service
def test_a_container_is_nobody_and_can_write_nowhere_else(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert int(service["user"].split(":")[0]) > 0
    assert not {"privileged", "cap_add", "network_mode", "pid", "ipc", "devices"} & set(service)
    for volume in service.get("volumes", ()):
        assert volume.split(":")[0] in STACK["volumes"], "a folder of the host"
    assert any(place.startswith("/tmp:mode=1777,") for place in service["tmpfs"])


def test_the_image_and_the_containers_agree_on_who_they_are():
    assert ("USER", "10001:10001") in FILE
    assert {SERVICES[name]["user"] for name in OURS} == {"10001:10001"}


def test_only_the_page_and_mlflow_are_published_and_only_to_this_machine():
    ports = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert ports == {"arena": ["127.0.0.1:8000:8000"], "mlflow": ["127.0.0.1:5000:5000"]}


@each_service
def test_only_who_is_published_or_downloads_faces_has_a_way_out(name):
    assert STACK["networks"]["inside"] == {"internal": True}
    assert ("outside" in SERVICES[name]["networks"]) == (name in ("arena", "match", "mlflow"))


def test_compose_refuses_to_start_without_the_secrets_and_knows_none():
    required = {name for name, kind, sentence in VARIABLE.findall(COMPOSE) if kind == "?" and len(sentence) > 20}
    assert required == set(SECRETS)
    for service in SERVICES.values():
        for key, value in service.get("environment", {}).items():
            if re.search("TOKEN|PASSWORD", key):
                assert VARIABLE.fullmatch(value), key


def test_the_example_of_an_environment_names_the_secrets_and_has_none():
    lines = (ROOT / "docker/.env.example").read_text(encoding="utf-8").splitlines()
    names = [line.partition("=") for line in lines if line and not line.startswith("#")]
    assert {name for name, _, _ in names} == {*SECRETS, "COMPOSE_PROFILES"}
    assert not any(value for _, _, value in names)
    assert ".env" in (ROOT / "docker/.gitignore").read_text(encoding="utf-8").splitlines()


@each_service
def test_health_is_known_before_anybody_waits_for_it(name):
    service = SERVICES[name]
    check = service.get("healthcheck", {})
    asked = "HEALTH_URL" in service.get("environment", {}) or name == "arena" or "test" in check
    assert asked != check.get("disable", False)
    for other, how in service.get("depends_on", {}).items():
        assert how["condition"] in ("service_healthy", "service_started")
        assert other in SERVICES
        assert "profiles" not in SERVICES[other], "it may not be there"


def test_the_images_health_check_asks_the_arena():
    assert ENV["HEALTH_URL"] == "http://127.0.0.1:8000/api/health"
    (check,) = [rest for word, rest in FILE if word == "HEALTHCHECK"]
    assert "HEALTH_URL" in check
    assert "/api/health" in {route.path for router in ROUTERS for route in router.routes}


def test_each_profile_has_its_workers_and_only_the_one_needs_a_gpu():
    profiles = {name: service["profiles"] for name, service in SERVICES.items() if "profiles" in service}
    assert profiles == {"worker": ["cpu"], "gpu-worker": ["gpu"], "match": ["match"]}
    (device,) = SERVICES["gpu-worker"]["deploy"]["resources"]["reservations"]["devices"]
    assert "gpu" in device["capabilities"]
    assert not any("deploy" in SERVICES[name] for name in SERVICES if name != "gpu-worker")


def test_drivers_and_workers_find_the_head_with_the_same_secret():
    head = shlex.split(SERVICES["ray-head"]["command"])
    assert head[head.index("--num-cpus") + 1] == "0"
    door, port = (head[head.index(option) + 1] for option in ("--ray-client-server-port", "--port"))
    for name in ("worker", "gpu-worker"):
        assert f"--address ray-head:{port} " in SERVICES[name]["command"]
    for name in ("arena", "match"):
        assert SERVICES[name]["environment"]["ARENA_RAY"] == f"ray://ray-head:{door}"
    sharing = {name for name in SERVICES if "RAY_AUTH_TOKEN" in SERVICES[name].get("environment", {})}
    assert sharing == {"arena", "match", "ray-head", "worker", "gpu-worker"}


def test_who_reads_and_writes_the_home_has_it():
    """The driver, and the referee, which sits on the node that the driver has joined."""
    having = {name for name in SERVICES if "home:/var/lib/arena" in SERVICES[name].get("volumes", ())}
    assert having == {"arena", "match", "ray-head"}
    assert ENV["ARENA_HOME"] == "/var/lib/arena"


def test_the_image_gives_ray_what_the_arena_gives_its_own():
    assert {key: ENV.get(key) for key in _ENVIRONMENT} == _ENVIRONMENT


def parameters(command):
    """The options of a command and of all commands below it."""
    yield from command.params
    for below in getattr(command, "commands", {}).values():
        yield from parameters(below)


def test_every_variable_of_the_arena_is_one_that_it_reads():
    read = {"ARENA_TOKEN", *(option.envvar for option in parameters(get_command(app)) if option.envvar)}
    given = {key for name in OURS for key in SERVICES[name].get("environment", {})}
    assert {key for key in given | set(ENV) if key.startswith("ARENA_")} <= read


def test_the_database_driver_is_in_the_image():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    uri = SERVICES["mlflow"]["environment"]["MLFLOW_BACKEND_STORE_URI"]
    driver = re.match(r"postgresql\+(\w+)://\w+@postgres/", uri)[1]
    assert any(need.startswith(driver) for need in extras["server"])
    assert "'.[server]'" in DOCKERFILE
    assert re.search(rf"^{driver}==", (ROOT / "constraints.txt").read_text(encoding="utf-8"), flags=re.M)


def test_stages_are_named_and_the_base_is_pinned():
    froms = [rest.split() for word, rest in FILE if word == "FROM"]
    stages = [parts[2] for parts in froms if len(parts) == 3]
    assert re.fullmatch(r"python:3\.\d+-slim-\w+", froms[0][0])
    for source, *_ in froms[1:]:
        assert source in stages
    sources = re.findall(r"(?:--from=|mount=from=)(\w+)", DOCKERFILE)
    assert set(sources) == {"packages", "wheel"}
    assert set(sources) <= set(stages)


def ignored(path):
    """Whether .dockerignore keeps a path out: the last pattern that fits it or a folder above it decides."""
    verdict = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        pattern, parts = line.lstrip("!").removeprefix("**/"), Path(path).parts
        above = ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]
        if any(fnmatch.fnmatch(one, pattern) for one in (parts if "**/" in line else above)):
            verdict = not line.startswith("!")
    return verdict


def test_what_is_copied_is_there_and_in_the_context():
    for word, rest in FILE:
        if word == "COPY" and "--from=" not in rest:
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), source
                assert not ignored(source), source


@pytest.mark.parametrize(
    "path",
    [".git/config", "arena-home/arena.db", "docker/.env", ".venv/bin/python", "arena/__pycache__/x.pyc", "tests"],
)
def test_what_is_no_part_of_the_image_stays_out_of_the_context(path):
    assert ignored(path)
