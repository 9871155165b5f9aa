"""People who sign in, and how they leave."""
