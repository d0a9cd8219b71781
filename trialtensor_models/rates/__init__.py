"""Reference models of adaptation with one or two rates."""
