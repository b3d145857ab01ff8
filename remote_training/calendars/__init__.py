"""Calendar files: what a mail program turns into an entry of its calendar."""
