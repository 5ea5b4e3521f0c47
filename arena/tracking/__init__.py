"""MLflow: what a match looks like there, how it gets there, and its UI. The only package that knows MLflow."""
