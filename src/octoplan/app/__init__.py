"""The interactive page: results are recomputed when an input is changed."""
