"""What a child process can do that loads nothing: say again what it hears."""

from moreish.fitting.channel import Channel


def work(owner: Channel) -> None:
    """Until the owner is gone."""
    while True:
        owner.send(owner.receive())
