"""Algorithms: a problem in, a frozen result out; nothing here knows of scikit-learn."""
