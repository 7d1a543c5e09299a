import os
from pathlib import Path

from embedded import accounts
from embedded.accounts import Account

SOMEBODY_ELSE = Account(name="other", uid=os.geteuid() + 1, gid=os.getegid() + 1)


def test_only_what_is_in_the_way_is_opened(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "open").mkdir()
    (closed / "open").chmod(0o755)

    opened = accounts.let_through(SOMEBODY_ELSE, [closed / "open"])

    assert closed in opened
    assert closed / "open" not in opened
    assert closed.stat().st_mode & 0o777 == 0o701
    assert accounts.let_through(SOMEBODY_ELSE, [closed / "open"]) == []


def test_an_owner_needs_no_right_for_others(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    mine = tmp_path / "mine"
    mine.mkdir(mode=0o700)
    me = Account(name="me", uid=os.geteuid(), gid=os.getegid())

    assert mine not in accounts.let_through(me, [mine])
    assert mine.stat().st_mode & 0o777 == 0o700


def test_an_ordinary_user_stays_who_he_is() -> None:
    account = accounts.unprivileged()

    assert (account is None) == (os.geteuid() != 0)
