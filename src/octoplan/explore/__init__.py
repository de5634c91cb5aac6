"""What matters, where a plan fails, and what is worth finding out: from a run and from further simulations."""
