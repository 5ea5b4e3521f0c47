"""What leaves the arena: detectors in forms that others run."""
