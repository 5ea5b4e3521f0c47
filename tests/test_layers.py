"""Each layer sees only the layers below it, a library is imported in its own place only, and importing does nothing."""

from __future__ import annotations

import ast
import graphlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import arena

ROOT = Path(arena.__file__).parent

LAYERS = (
    ("types", "seeds", "files", "locks", "images", "children", "commandline", "declarations", "registry", "snapshot"),
    ("networks", "faces"),
    ("generator", "detector", "referee", "quality"),
    ("store",),
    ("results", "photo"),
    ("play",),
    ("training",),
    ("export",),
    ("cluster", "tracking", "service"),
    ("cli", "__main__"),
)
"""The modules and packages of the arena, lowest first; docs/architecture.md says what each layer is for."""

SIBLINGS = (
    ("networks", "faces"),
    ("generator", "detector", "referee", "quality"),
    ("results", "photo"),
    ("cluster", "tracking", "service"),
)
"""Neighbours in a layer that never import each other."""

HOMES = {
    "ray": ("cluster",),
    "mlflow": ("tracking",),
    "fastapi": ("service",),
    "starlette": ("service",),
    "uvicorn": ("service",),
    "httpx2": ("service",),
    "pydantic": ("play", "service"),
    "typer": ("cli",),
    "rich": ("cli",),
    "facenet_pytorch": ("faces",),
    "av": ("faces",),
    "torch_fidelity": ("quality",),
    "scrapy": ("faces",),
    "plotly": ("results",),
    "matplotlib": ("results",),
    "timm": ("networks",),
    "skops": ("detector",),
    "onnx": ("export",),
    "onnxruntime": ("export",),
}
"""Where a library may be imported, also inside functions."""

LOWEST_NEEDS = {"numpy", "torch", "PIL", "safetensors"}
HEAVY = ("ray", "mlflow", "fastapi", "facenet_pytorch", "pydantic", "typer", "rich")
CORE = (*LAYERS[0], "networks", "generator", "detector", "referee", "quality")


def modules():
    """Every module of the arena by its dotted name."""
    found = {}
    for path in sorted(ROOT.rglob("*.py")):
        parts = ("arena", *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()


def unit(module):
    """The module or package right under `arena` that a module belongs to; '' for the arena itself."""
    return module.split(".")[1] if "." in module else ""


def imports(tree):
    """Dotted names that a module imports, wherever in the file; `from arena import x` counts as arena.x."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute here"
            joined = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (name if name in MODULES else node.module for name in joined)


IMPORTS = {name: sorted(set(imports(ast.parse(path.read_text(encoding="utf-8"))))) for name, path in MODULES.items()}
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


def ours(module):
    return [name for name in IMPORTS[module] if name.split(".")[0] == "arena" and unit(name) not in ("", unit(module))]


def libraries(module):
    return {name.split(".")[0] for name in IMPORTS[module]} - {"arena", *sys.stdlib_module_names}


def test_every_module_has_a_layer():
    assert {unit(module) for module in MODULES} - {""} <= set(LEVEL), "name the layer of a new module in this test"


@pytest.mark.parametrize("module", MODULES)
def test_sees_only_the_layers_below(module):
    assert not (unit(module) == "" and any(name.startswith("arena") for name in IMPORTS[module]))
    for name in ours(module):
        assert LEVEL[unit(name)] <= LEVEL[unit(module)], f"{module} imports {name} from a layer above"
        for family in SIBLINGS:
            assert not (unit(name) in family and unit(module) in family), f"{module} imports its sibling {name}"


@pytest.mark.parametrize("module", MODULES)
def test_imports_a_library_only_where_it_lives(module):
    for library in libraries(module):
        assert unit(module) in HOMES.get(library, (unit(module),)), f"{module} imports {library}"
    if unit(module) in LAYERS[0]:
        assert libraries(module) <= LOWEST_NEEDS


def test_no_modules_import_each_other_in_a_circle():
    """Also not inside functions, where Python would allow it: a circle is one thing in several files."""
    graph = {module: {name for name in IMPORTS[module] if name in MODULES} - {module} for module in MODULES}
    order = graphlib.TopologicalSorter(graph)
    try:
        order.prepare()
    except graphlib.CycleError as circle:
        pytest.fail(f"these import each other: {' <- '.join(circle.args[1])}")


def test_one_module_alone_knows_the_face_detector():
    assert sum("facenet_pytorch" in libraries(module) for module in MODULES) <= 1


def test_the_tests_eyes_are_open():
    tree = ast.parse("import ray.util\ndef f():\n    from arena import registry\n    from arena.types import Role")
    assert list(imports(tree)) == ["ray.util", "arena.registry", "arena.types"]
    assert ours("arena.generator.team")
    assert libraries("arena.generator.team") == {"numpy", "torch"}
    assert any("ray" in libraries(module) for module in MODULES)


def in_fresh_python(program, *arguments, **environment):
    """Run a program in a new interpreter that sees this arena."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT.parent), "PYTHONDONTWRITEBYTECODE": "1", **environment}
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_core_needs_no_heavy_library():
    program = """
import importlib, sys
heavy, modules = (argument.split(",") for argument in sys.argv[1:])
sys.modules.update(dict.fromkeys(heavy))
for module in modules:
    importlib.import_module(module)
from arena import registry
assert registry.contenders() and not registry.broken(), registry.broken()
"""
    core = [module for module in MODULES if unit(module) in CORE]
    in_fresh_python(program, ",".join(HEAVY), ",".join(core))


def test_importing_does_nothing(tmp_path):
    program = """
import importlib, os, sys, threading
def world():
    return torch.get_num_threads(), torch.initial_seed(), dict(os.environ), os.getcwd(), set(threading.enumerate())
os.chdir(sys.argv[1])
for library in ("torch", *sys.argv[2].split(",")):  # what these do is their own affair
    importlib.import_module(library)
import torch
before = world()
for module in sys.argv[3].split(","):
    importlib.import_module(module)
assert world() == before
assert "ray" not in sys.modules or not sys.modules["ray"].is_initialized()
assert not os.listdir(os.environ["ARENA_HOME"])
assert not os.listdir(".")
"""
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    others = {"ray", "mlflow"} & {library for module in MODULES for library in libraries(module)}
    importable = [module for module in MODULES if not module.endswith("__main__")]
    arguments = str(here), ",".join(sorted(others)), ",".join(importable)
    assert in_fresh_python(program, *arguments, ARENA_HOME=str(home)) == ""
