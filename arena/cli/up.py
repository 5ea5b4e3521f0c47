"""`arena up`: everything at once, and one Ctrl-C that ends it."""

from __future__ import annotations

from typing import Annotated

import typer

from arena.cli.options import (
    DEFAULT_HOME,
    ConfigArgument,
    DetectorOption,
    DeviceOption,
    FacesOption,
    GeneratorOption,
    HomeOption,
    LeaksOption,
    MlflowOption,
    MostOption,
    NameOption,
    PortOption,
    RayOption,
    RoundsOption,
    SeedOption,
    SetOption,
    ShowTokenOption,
    access,
)
from arena.play.config import read_settings


def up(
    config: ConfigArgument = None,
    rounds: RoundsOption = None,
    faces: FacesOption = None,
    generator: GeneratorOption = None,
    detector: DetectorOption = None,
    seed: SeedOption = None,
    name: NameOption = None,
    allow_leaks: LeaksOption = None,
    device: DeviceOption = None,
    settings: SetOption = None,
    home: HomeOption = DEFAULT_HOME,
    ray: RayOption = "local",
    mlflow: MlflowOption = None,
    port: PortOption = "8000",
    mlflow_port: Annotated[
        int,
        typer.Option(min=1, max=65535, metavar="N", help="Port of MLflow's UI; --port auto takes the next free one."),
    ] = 5000,
    most_matches: MostOption = None,
    show_token: ShowTokenOption = False,
) -> None:
    """Serve the page and MLflow's UI, and play a match if any of its settings is given. One Ctrl-C ends all of it.

    Matches that the page starts end with it too; `arena resume` or the page goes on with them.
    """
    from arena.cli.together import NewMatch, hold
    from arena.service.starts import Terms

    chosen = {"rounds": rounds, "faces": faces, "generator": generator, "detector": detector, "seed": seed}
    chosen |= {"device": device, "allow_leaks": allow_leaks}
    given = read_settings(config, settings or (), None, **chosen)
    new = NewMatch(name, given) if given or config or name else None
    hold(home, access(port, show_token), Terms(ray, mlflow, most_matches), new, mlflow_port)
