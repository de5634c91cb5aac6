"""Results of simulations: runs, measures with their intervals, comparisons, exports, and the run folder on disk."""
