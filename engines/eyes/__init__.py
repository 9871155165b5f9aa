"""Eyes: what is in a picture."""
