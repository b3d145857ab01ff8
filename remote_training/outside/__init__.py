"""Clock, mail, meeting providers: the only room that touches the network."""
