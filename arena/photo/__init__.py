"""A detector's judgement of a stranger's photo."""
