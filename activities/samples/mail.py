"""Mail to a person, by the notifier that `NOTIFIER` names."""

from __future__ import annotations

from collections.abc import Mapping

from activities import effects
from activities.context import current_task
from activities.notifiers import chosen
from wire import Json


def send_mail(mail: Mapping[str, Json]) -> dict[str, Json]:
    """Send a mail, once per visit.

    In: `{"to", "subject", "text"?}`.  Out: `{"message_id", "channel"}`.  Raises
    `NotificationError` where it could not be delivered and trying again may help.
    """
    task = current_task()
    effects.check(task, "SendMail")
    notifier = chosen(task.settings)
    message = {name: mail[name] for name in ("to", "subject", "text") if name in mail}
    notifier.send(task.idempotency_key, {"event": "mail", **message})
    return {"message_id": task.idempotency_key, "channel": notifier.channel}
