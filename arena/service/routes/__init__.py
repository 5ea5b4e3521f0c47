"""The routes of the service, one module for each of the things one can ask about."""

from arena.service.routes import blind, control, device, figures, matches, page, photos, rounds, streams

ROUTERS = (
    matches.router,
    control.router,
    rounds.router,
    figures.router,
    blind.router,
    photos.router,
    streams.router,
    device.router,
    page.router,
)
