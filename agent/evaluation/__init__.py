"""How well a brain reads: decision points with a right answer, and what a brain made of them."""
