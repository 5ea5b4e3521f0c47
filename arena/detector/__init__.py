"""Team B: detectors of fake faces. One file per contender."""
