"""Trainable networks: one owner and one state each, the training loop, fast blocks."""
