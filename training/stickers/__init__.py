"""The small world the embedded engines live in: emoji stickers with exact captions, edits and masks."""
