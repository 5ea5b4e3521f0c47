"""What happened in every match, on disk."""
