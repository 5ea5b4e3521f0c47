"""Real and synthetic faces: where they come from and how they are split."""
