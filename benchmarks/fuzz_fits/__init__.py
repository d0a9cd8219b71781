"""Random models fitted to random data, and the laws that no fit may break."""
