"""Files from outside are opened in small processes of their own, which can do little and are replaced."""
