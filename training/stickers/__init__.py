"""The small world the embedded engines live in: scenes of emoji stickers with exact captions, edits and masks."""
