"""How long bookings and checks take and how fresh answers are, by trials with random delays."""
