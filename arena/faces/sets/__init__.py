"""Faces in one file: packing, the cache, splits by identity, leaks, descriptions."""
