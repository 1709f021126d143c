"""Signals; those of models are sent after the change was written, in the same transaction.

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

#: A cached signing key was fetched, refreshed, not to be had or served stale. Arguments:
#: ``distribution``, its alias, and ``event``, a ``cf_protected.key_sources.cached.KeyEvent``.
#: Sent by the thread that fetched the key, which may be one of the background.
signing_key_event = Signal()
