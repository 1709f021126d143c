"""Signals; each is sent after the change is in the database, in the same transaction."""

from django.dispatch import Signal

#: A grant was made. Arguments: ``grant``. A repeated webhook doesn't send it again.
grant_created = Signal()

#: A grant was revoked. Arguments: ``grant``.
grant_revoked = Signal()

#: A signed URL was handed out and counted. Arguments: ``download``.
download_issued = Signal()

#: Somebody was refused. Arguments: ``download``, whose ``reason`` says why.
download_refused = Signal()
