"""What is derived from the ledger: standings, charts, animations."""
