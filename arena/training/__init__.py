"""A detector trained alone, outside a match, in the way that a match trains it."""
