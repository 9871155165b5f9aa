"""Talking with a running Reverie from a terminal."""
