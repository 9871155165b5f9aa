"""Gates: what is not drawn, and who says so."""
