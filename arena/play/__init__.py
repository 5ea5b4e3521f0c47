"""The story of a match: its config, its rounds, who sits where, and whether the ledger tells the truth."""
