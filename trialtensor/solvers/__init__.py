"""Algorithms that take a problem and return a frozen result, independent of scikit-learn."""
