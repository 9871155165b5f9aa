"""Training data: caches, records, loaders."""
