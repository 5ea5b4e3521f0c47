"""The routes of the service, one module for each of the things one can ask about."""

from arena.service.routes import matches, photos, rounds, streams

ROUTERS = (matches.router, rounds.router, streams.router, photos.router)
