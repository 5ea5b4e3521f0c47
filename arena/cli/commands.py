"""The commands of `arena`. Each reads its options, calls one thing and shows what came back."""

from __future__ import annotations

import typer

from arena.cli import (
    detect,
    doctor,
    explain,
    export,
    faces,
    forge,
    look,
    measure,
    play,
    probe,
    prune,
    report,
    sampling,
    score,
    serve,
    train,
    ui,
    up,
    version,
)

app = typer.Typer(
    help="A generator of fake faces and a detector of fake faces train against each other, scored by a referee.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.callback()(version.version)
app.command("up")(up.up)
app.command("run")(play.run)
app.command("resume")(play.resume)
app.command("stop")(serve.stop)
app.command("matches")(look.matches)
app.command("standings")(look.standings)
app.command("show")(look.show)
app.command("report")(report.report)
app.command("contenders")(look.contenders)
app.command("verify")(look.verify)
app.command("prune")(prune.prune)
app.command("sample")(sampling.sample)
app.command("animate")(sampling.animate)
app.command("interpolate")(sampling.interpolate)
app.command("measure")(measure.measure)
app.command("train")(train.train)
app.command("detect")(detect.detect)
app.command("score")(score.score)
app.command("labels")(score.labels)
app.command("forge")(forge.forge)
app.command("probe")(probe.probe)
app.command("export")(export.export)
app.command("serve")(serve.serve)
app.command("mlflow")(ui.mlflow)
app.command("doctor")(doctor.doctor)
app.command("explain")(explain.explain)
app.add_typer(faces.app)
