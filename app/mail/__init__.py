"""Our own mails: what they look like, and how a mail server is given one."""
