"""The stages, each a small class: the loss of a batch and a picture of where it stands."""
