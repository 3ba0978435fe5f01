"""Cases whose target is a cash register of the Kazakh chain; the judge plays the OFD it dials."""
