"""The page: a slider moves, and the answer moves with it."""
