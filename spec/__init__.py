"""What is meant: the language a spec is written in, and the booking system written in it."""
