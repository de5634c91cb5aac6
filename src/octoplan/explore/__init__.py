"""What results depend on, where a plan fails, and what is worth finding out: from a run and further simulations."""
