"""Signals; each is sent after its change was written, in the same transaction.

A receiver that raises undoes the change, so a webhook that is sent again starts anew.
Work that has to wait for the commit, such as mail, belongs into
``transaction.on_commit``.
"""

from django.dispatch import Signal

#: A grant was made. Arguments: ``grant``. A repeated webhook doesn't send it again.
grant_created = Signal()

#: A grant was revoked. Arguments: ``grant``.
grant_revoked = Signal()

#: A signed URL was handed out and counted. Arguments: ``download``.
download_issued = Signal()

#: Somebody was refused. Arguments: ``download``, whose ``reason`` says why.
download_refused = Signal()
