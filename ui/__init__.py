"""Show and listen: the Gradio chat."""
