"""The answer of a run: what the programme makes, stops and costs, what limits it, how sure that is, and what to do."""
