"""Two-stage stochastic plans, solved by the L-shaped method, with a sampled estimate of the optimality gap."""
