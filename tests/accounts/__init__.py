"""A project's own user model: people sign in with their e-mail address."""
