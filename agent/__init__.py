"""Talk, plan, remember."""
