"""Doors for programs: HTTP interfaces beside the page."""
