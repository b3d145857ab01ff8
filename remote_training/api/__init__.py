"""What programs may ask, by address: exports, codebook, time-points, classes, bookings."""
