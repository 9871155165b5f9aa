"""Draw and edit pictures: the HiDream-I1 and E1 engines."""
