"""The arena over HTTP: everything a home holds, read only, and what happens in it as it happens."""
