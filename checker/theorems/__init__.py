"""What is proved of the booking system, for every number of replicas."""
