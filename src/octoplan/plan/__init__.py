"""The stochastic programme: two-stage plans, solved by cuts, with the gap of a plan found on samples."""
