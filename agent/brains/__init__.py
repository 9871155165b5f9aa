"""Who reads language."""
