"""A project whose accounts have neither user name nor e-mail address, and a UUID as their key."""
