"""Collecting photos whose licence is known."""
