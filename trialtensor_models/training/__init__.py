"""Scripts that make the packaged networks anew."""
