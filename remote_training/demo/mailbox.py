"""The demo mailbox: mails are kept as files, nothing leaves the machine."""
