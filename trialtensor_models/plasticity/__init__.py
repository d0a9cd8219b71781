"""How the network learns: rules, their gains, the plastic weights, and feedback on choices."""
