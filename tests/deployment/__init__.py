"""What the pages on Lambda, containers and CI have people copy, run as it is."""
