"""The arrays in a file by name: described without reading them, and read one by one."""
