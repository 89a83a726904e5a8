"""What answers wait for, how long that is, and how many messages it takes: read off the spec, with no chance in it."""
