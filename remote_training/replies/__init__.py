"""What comes back by mail: answers from calendars, and mails that could not be delivered."""
