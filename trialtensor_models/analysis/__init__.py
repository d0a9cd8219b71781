"""Scores of decompositions against a known truth, and recordings compared with simulations."""
