"""Ray, imported nowhere else."""
