"""Markup that tries to run a script or to call home, each in its own way, and pages that let it."""
