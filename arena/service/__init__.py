"""The arena over HTTP: everything a home holds, what happens in it as it happens, and what one can do with it."""
