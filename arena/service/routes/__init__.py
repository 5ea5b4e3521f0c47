"""The routes of the service, one module for each of the things one can ask about."""

from arena.service.routes import control, matches, rounds, streams

ROUTERS = (control.router, matches.router, rounds.router, streams.router)
