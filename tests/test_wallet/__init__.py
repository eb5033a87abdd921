"""The hosted wallet: signing in with a mail, and each page of it."""
