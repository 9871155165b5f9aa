"""Captions by a vision language model: asked for, checked by rules and by a second look, every reply kept."""
