"""Team A: generators of fake faces. One file per contender."""
