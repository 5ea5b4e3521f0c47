"""The arena: a generator of fake faces and a detector of fake faces train against each other in rounds."""

__version__ = "0.1.0"
